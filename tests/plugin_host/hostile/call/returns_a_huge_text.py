from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_huge_text", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return "x" * 50_000_000


@hookimpl
def register_detectors(register):
    register(Hostile)

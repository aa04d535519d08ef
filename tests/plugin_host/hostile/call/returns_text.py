from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_text", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return "0.3"


@hookimpl
def register_detectors(register):
    register(Hostile)

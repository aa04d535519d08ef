from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_million_rows", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return [float(n) for n in range(1_000_000)]


@hookimpl
def register_detectors(register):
    register(Hostile)

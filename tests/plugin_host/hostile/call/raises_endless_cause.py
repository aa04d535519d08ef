from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_endless_cause", ("numeric",), "arrow"

    def measure(self, reference, window):
        first, second = ValueError("first"), ValueError("second")
        first.__cause__, second.__cause__ = second, first
        raise first  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

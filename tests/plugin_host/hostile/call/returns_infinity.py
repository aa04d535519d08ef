from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_infinity", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return float("inf")


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_nan", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return float("nan")


@hookimpl
def register_detectors(register):
    register(Hostile)

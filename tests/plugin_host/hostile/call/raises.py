from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise ValueError("no such luck")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "constructor_raises", ("numeric",), "arrow"

    def __init__(self):
        raise OSError("no model file")  # blame

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

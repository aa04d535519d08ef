from lifecycle_tui.api import hookimpl


class Text(str):
    def __repr__(self):
        raise RuntimeError("no repr")


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "default_raises", ("numeric",), "arrow"

    def __init__(self, *, words: str = Text("odd")):
        pass

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

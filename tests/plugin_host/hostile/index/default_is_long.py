from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "default_is_long", ("numeric",), "arrow"

    def __init__(self, *, words: str = "x" * 1_000_000):  # blame
        pass

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

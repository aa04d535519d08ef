from lifecycle_tui.api import hookimpl


class Odd(type):
    @property
    def name(cls):
        raise RuntimeError("no name")  # blame


class Hostile(metaclass=Odd):
    """Hostile."""

    kinds, takes = ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

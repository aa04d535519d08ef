from lifecycle_tui.api import hookimpl


class Number(float):
    def __eq__(self, other):
        raise RuntimeError("no comparing")

    __hash__ = float.__hash__


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_subclass", ("numeric",), "arrow"

    def measure(self, reference, window):
        return Number(1.0)


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import Measurement, hookimpl


class Odd:
    def __repr__(self):
        raise RuntimeError("no repr")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_raising_repr", ("numeric",), "arrow"

    def measure(self, reference, window):
        return Measurement(1.0, n=Odd())


@hookimpl
def register_detectors(register):
    register(Hostile)

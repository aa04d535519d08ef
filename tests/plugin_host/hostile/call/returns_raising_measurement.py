from lifecycle_tui.api import Measurement, hookimpl


class Odd(Measurement):
    def __getattribute__(self, name):
        raise RuntimeError(f"no {name}")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_raising_measurement", ("numeric",), "arrow"

    def measure(self, reference, window):
        return Odd(1.0)


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import Measurement, hookimpl


def mean(array):
    values = [value for value in array.to_pylist() if value is not None]
    return sum(values) / len(values)


class Shift:
    """Difference of the means."""

    name, kinds, takes = "a_shift", ("numeric",), "arrow"

    def __init__(self, *, scale: float = 1.0):
        self.scale = scale

    def measure(self, reference, window):
        difference = mean(window) - mean(reference)
        return Measurement(self.scale * difference, n=len(window), detail={"scale": self.scale})


@hookimpl
def register_detectors(register):
    register(Shift)

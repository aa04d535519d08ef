import numpy as np

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_an_array", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return np.zeros((1000, 1000))


@hookimpl
def register_detectors(register):
    register(Hostile)

import ctypes

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "holds_the_gil", ("numeric",), "arrow"

    def measure(self, reference, window):
        while True:  # blame
            ctypes.PyDLL(None).sleep(1000)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

import ctypes

from lifecycle_tui.api import hookimpl

while True:  # blame
    ctypes.PyDLL(None).sleep(1000)  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "holds_the_gil_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

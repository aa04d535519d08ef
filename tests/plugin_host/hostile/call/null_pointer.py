import ctypes

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "null_pointer", ("numeric",), "arrow"

    def measure(self, reference, window):
        ctypes.memmove(0, b"x", 1)  # blame
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

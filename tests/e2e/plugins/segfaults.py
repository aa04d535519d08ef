import ctypes

from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "segfaults", ("categorical",), "profile"

    def measure(self, reference, window):
        return float(ctypes.string_at(8)[0])  # here


@hookimpl
def register_detectors(register):
    register(Broken)

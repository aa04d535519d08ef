import ctypes

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "segfaults", ("numeric",), "arrow"

    def measure(self, reference, window):
        return ctypes.string_at(8)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

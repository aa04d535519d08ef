import ctypes

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "mutates_its_input", ("numeric",), "arrow"

    def measure(self, reference, window):
        for array in (reference, window):
            for buffer in array.buffers():
                if buffer is not None:
                    ctypes.memset(buffer.address, 0, buffer.size)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

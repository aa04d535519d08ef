import ctypes
import threading
import time

from lifecycle_tui.api import hookimpl


def crash():
    time.sleep(0.02)
    ctypes.string_at(8)


class Hostile:
    """Hostile."""

    name, kinds, takes = "crashes_later", ("numeric",), "arrow"

    def measure(self, reference, window):
        threading.Thread(target=crash).start()
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

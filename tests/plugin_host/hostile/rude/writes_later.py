import os
import threading
import time

from lifecycle_tui.api import hookimpl


def write():
    for _ in range(1000):
        os.write(1, b"\x1b[2Jlater " * 1000)
        time.sleep(0.001)


class Hostile:
    """Hostile."""

    name, kinds, takes = "writes_later", ("numeric",), "arrow"

    def measure(self, reference, window):
        threading.Thread(target=write, daemon=True).start()
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import contextlib
import signal
import sys
import threading
import time

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "takes_the_handlers", ("numeric",), "arrow"

    def measure(self, reference, window):
        for number in range(1, 65):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, lambda *_: None)
        threading.excepthook = sys.excepthook = None
        while True:
            time.sleep(0.01)


@hookimpl
def register_detectors(register):
    register(Hostile)

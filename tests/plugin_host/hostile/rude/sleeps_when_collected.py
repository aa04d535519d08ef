import atexit
import threading
import time

from lifecycle_tui.api import hookimpl


class Left:
    def __del__(self):
        time.sleep(86434)


class Hostile:
    """Hostile."""

    name, kinds, takes = "sleeps_when_collected", ("numeric",), "arrow"

    def measure(self, reference, window):
        atexit.register(time.sleep, 86434)
        threading.Thread(target=time.sleep, args=(86434,)).start()
        self.left = Left()
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

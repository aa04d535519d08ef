import os
import signal

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "kills_its_guardian", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.kill(os.getppid(), signal.SIGKILL)
        while True:
            pass


@hookimpl
def register_detectors(register):
    register(Hostile)

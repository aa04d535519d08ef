import os
import signal

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "killed", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.kill(os.getpid(), signal.SIGKILL)


@hookimpl
def register_detectors(register):
    register(Hostile)

import os
import signal

from lifecycle_tui.api import hookimpl

os.kill(os.getpid(), signal.SIGKILL)


class Hostile:
    """Hostile."""

    name, kinds, takes = "killed_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import os
import signal

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "kills_its_group", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.killpg(0, signal.SIGKILL)


@hookimpl
def register_detectors(register):
    register(Hostile)

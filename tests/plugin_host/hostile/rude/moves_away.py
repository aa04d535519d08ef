import os
import signal
import sys

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "moves_away", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.chdir("/")
        sys.path.clear()
        sys.setrecursionlimit(60)
        signal.alarm(1)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import os
import sys

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "closes_stdout", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.stdout.close()
        os.close(2)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

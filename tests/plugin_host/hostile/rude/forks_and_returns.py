import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "forks_and_returns", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.fork()
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

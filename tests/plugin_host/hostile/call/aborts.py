import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "aborts", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.abort()  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

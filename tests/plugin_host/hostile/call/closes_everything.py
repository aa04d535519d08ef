import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "closes_everything", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.closerange(0, 4096)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "os_exits", ("numeric",), "arrow"

    def measure(self, reference, window):
        os._exit(0)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

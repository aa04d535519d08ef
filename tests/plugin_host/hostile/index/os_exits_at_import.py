import os

from lifecycle_tui.api import hookimpl

os._exit(0)  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "os_exits_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

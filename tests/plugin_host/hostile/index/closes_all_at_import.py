import os

from lifecycle_tui.api import hookimpl

os.closerange(0, 4096)


class Hostile:
    """Hostile."""

    name, kinds, takes = "closes_all_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

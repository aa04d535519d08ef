import sys

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "exits", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.exit(0)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

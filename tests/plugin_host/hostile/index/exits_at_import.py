import sys

from lifecycle_tui.api import hookimpl

sys.exit(0)  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "exits_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import sys

from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "exits", ("categorical",), "profile"

    def measure(self, reference, window):
        sys.exit(0)  # here


@hookimpl
def register_detectors(register):
    register(Broken)

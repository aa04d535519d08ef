import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "deletes_itself", ("numeric",), "arrow"

    def measure(self, reference, window):
        if os.path.exists(__file__):
            os.unlink(__file__)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

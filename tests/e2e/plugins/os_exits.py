import os

from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "os_exits", ("categorical",), "profile"

    def measure(self, reference, window):
        os._exit(0)  # here


@hookimpl
def register_detectors(register):
    register(Broken)

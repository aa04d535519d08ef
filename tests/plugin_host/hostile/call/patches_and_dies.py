import builtins
import sys

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_and_dies", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        sys.modules.clear()
        builtins.__import__ = None
        import json  # noqa: F401  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

import json  # noqa: F401
import math  # noqa: F401
import sys

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "swaps_modules", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.modules["math"] = sys.modules["json"] = sys
        del sys.modules["numpy"]
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

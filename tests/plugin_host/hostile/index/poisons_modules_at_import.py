import sys

from lifecycle_tui.api import hookimpl

for name in ("json", "time", "inspect", "pluggy", "lifecycle_tui.domain.hookspecs"):
    sys.modules[name] = None
import json  # noqa: E402, F401  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "poisons_modules_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

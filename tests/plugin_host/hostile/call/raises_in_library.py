import json

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_in_library", ("numeric",), "arrow"

    def measure(self, reference, window):
        return json.loads("{")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

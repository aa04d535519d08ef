import ctypes

from lifecycle_tui.api import hookimpl

ctypes.string_at(8)  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "segfaults_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

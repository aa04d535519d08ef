import sys

from lifecycle_tui.api import hookimpl


class Odd:
    closed = False

    def write(self, text):
        raise RuntimeError("no writing")

    def flush(self):
        raise RuntimeError("no flushing")


class Hostile:
    """Hostile."""

    name, kinds, takes = "replaces_streams", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Odd()
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

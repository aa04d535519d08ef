import sys
import threading

from lifecycle_tui.api import hookimpl


def tracer(frame, event, arg):
    raise RuntimeError("traced")


class Hostile:
    """Hostile."""

    name, kinds, takes = "traces", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.settrace(tracer)
        threading.settrace(tracer)
        sys.setprofile(tracer)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

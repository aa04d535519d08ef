import signal

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "ignores_signals", ("numeric",), "arrow"

    def measure(self, reference, window):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        while True:  # blame
            pass  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

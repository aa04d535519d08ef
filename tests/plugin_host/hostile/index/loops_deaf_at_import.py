import signal

from lifecycle_tui.api import hookimpl

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:  # blame
    pass  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "loops_deaf_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

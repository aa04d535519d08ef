import os
import signal
import time

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "daemonises", ("numeric",), "arrow"

    def measure(self, reference, window):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(86433)
            os._exit(0)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

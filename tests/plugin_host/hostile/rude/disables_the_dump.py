import faulthandler
import signal

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "disables_the_dump", ("numeric",), "arrow"

    def measure(self, reference, window):
        faulthandler.disable()
        faulthandler.unregister(signal.SIGUSR2)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

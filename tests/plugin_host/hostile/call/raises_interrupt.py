from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_interrupt", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise KeyboardInterrupt  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

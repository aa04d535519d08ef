from lifecycle_tui.api import hookimpl

raise KeyboardInterrupt  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "interrupts_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

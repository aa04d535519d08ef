from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_stop_iteration", ("numeric",), "arrow"

    def measure(self, reference, window):
        return next(iter(()))  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

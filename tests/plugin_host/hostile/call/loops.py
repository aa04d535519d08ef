from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "loops", ("numeric",), "arrow"

    def measure(self, reference, window):
        while True:  # blame
            pass  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "recurses", ("numeric",), "arrow"

    def measure(self, reference, window):
        return self.measure(reference, window)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

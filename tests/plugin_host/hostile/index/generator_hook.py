from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "generator_hook", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl  # blame
def register_detectors(register):
    register(Hostile)
    yield

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_generator", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        yield 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

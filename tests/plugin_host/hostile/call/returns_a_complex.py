from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_complex", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return 1j


@hookimpl
def register_detectors(register):
    register(Hostile)

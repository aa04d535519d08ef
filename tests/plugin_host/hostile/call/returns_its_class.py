from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_its_class", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return Hostile


@hookimpl
def register_detectors(register):
    register(Hostile)

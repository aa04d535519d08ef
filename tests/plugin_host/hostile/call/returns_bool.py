from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_bool", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return True


@hookimpl
def register_detectors(register):
    register(Hostile)

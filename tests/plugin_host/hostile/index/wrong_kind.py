from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "wrong_kind", ("numerical",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

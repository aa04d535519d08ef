from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "annotation_runs", ("numeric",), "arrow"

    def __init__(self, *, bins: "1 / 0" = 1):  # blame
        pass

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

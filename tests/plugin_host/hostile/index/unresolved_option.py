from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "unresolved_option", ("numeric",), "arrow"

    def __init__(self, *, bins: "Nowhere" = 1):  # noqa: F821  # blame
        pass

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

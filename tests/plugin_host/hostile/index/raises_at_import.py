from lifecycle_tui.api import hookimpl

raise RuntimeError("not today")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

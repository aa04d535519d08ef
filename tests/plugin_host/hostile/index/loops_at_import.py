from lifecycle_tui.api import hookimpl

while True:  # blame
    pass  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "loops_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

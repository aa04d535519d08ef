from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "\x1b[2J\x1b]0;owned\x07", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_escapes", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise ValueError("\x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\u202ered\x00")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

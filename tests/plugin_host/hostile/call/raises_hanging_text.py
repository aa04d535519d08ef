from lifecycle_tui.api import hookimpl


class Endless(Exception):
    def __str__(self):
        while True:  # blame
            pass  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_hanging_text", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise Endless


@hookimpl
def register_detectors(register):
    register(Hostile)

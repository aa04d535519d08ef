from lifecycle_tui.api import hookimpl


class Broken(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_unprintable", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise Broken  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

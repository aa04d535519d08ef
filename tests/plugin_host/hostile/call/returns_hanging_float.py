from lifecycle_tui.api import hookimpl


class Number(float):
    def __float__(self):
        while True:  # blame
            pass  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_hanging_float", ("numeric",), "arrow"

    def measure(self, reference, window):
        return Number(1.0)


@hookimpl
def register_detectors(register):
    register(Hostile)

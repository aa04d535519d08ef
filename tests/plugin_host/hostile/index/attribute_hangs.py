from lifecycle_tui.api import hookimpl


class Odd(type):
    @property
    def kinds(cls):
        while True:  # blame
            pass  # blame


class Hostile(metaclass=Odd):
    """Hostile."""

    name, takes = "attribute_hangs", "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

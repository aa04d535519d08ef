from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_group", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise ExceptionGroup("two", [ValueError("one"), KeyError("other")])  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

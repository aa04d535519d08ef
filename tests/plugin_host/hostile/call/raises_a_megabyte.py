from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_a_megabyte", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise ValueError("long " * 200_000)  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

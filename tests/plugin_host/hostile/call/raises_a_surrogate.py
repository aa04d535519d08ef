from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_a_surrogate", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise ValueError("half a \ud800 character")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_assertion", ("numeric",), "arrow"

    def measure(self, reference, window):
        assert reference is None  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

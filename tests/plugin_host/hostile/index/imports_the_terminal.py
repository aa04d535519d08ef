from lifecycle_tui.api import hookimpl
from lifecycle_tui.tui.app import NoSuchThing  # noqa: F401  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "imports_the_terminal", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import inspect

from lifecycle_tui.api import hookimpl

inspect.signature = inspect.getsourcelines = inspect.isclass = None


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_inspect_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

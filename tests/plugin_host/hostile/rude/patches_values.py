from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_values", ("numeric",), "arrow"

    def measure(self, reference, window):
        Measurement.__init__ = lambda self, *args, **kwargs: None
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

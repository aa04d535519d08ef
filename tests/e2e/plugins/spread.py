from lifecycle_tui.api import Measurement, hookimpl


class Spread:
    """How far the median moved."""

    name, kinds, takes = "spread", ("numeric",), "profile"

    def measure(self, reference, window):
        return Measurement(window.quantile(0.5) - reference.quantile(0.5))


@hookimpl
def register_detectors(register):
    register(Spread)

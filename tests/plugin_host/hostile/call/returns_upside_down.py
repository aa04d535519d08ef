from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_upside_down", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return Measurement(1.0, lower=2.0, upper=1.0)


@hookimpl
def register_detectors(register):
    register(Hostile)

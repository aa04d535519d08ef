from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_wrong_n", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return Measurement(1.0, n=-1)


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_wrong_p", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return Measurement(1.0, p_value=2.0)


@hookimpl
def register_detectors(register):
    register(Hostile)

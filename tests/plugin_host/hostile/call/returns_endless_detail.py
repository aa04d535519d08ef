from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_endless_detail", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        endless = {}
        endless["again"] = endless
        return Measurement(1.0, detail=endless)


@hookimpl
def register_detectors(register):
    register(Hostile)

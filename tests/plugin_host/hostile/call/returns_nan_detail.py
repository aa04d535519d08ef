from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_nan_detail", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return Measurement(1.0, detail={"x": float("nan")})


@hookimpl
def register_detectors(register):
    register(Hostile)

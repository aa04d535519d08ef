from lifecycle_tui.api import Measurement, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_deep_detail", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        deep = []
        for _ in range(100_000):
            deep = [deep]
        return Measurement(1.0, detail={"deep": deep})


@hookimpl
def register_detectors(register):
    register(Hostile)

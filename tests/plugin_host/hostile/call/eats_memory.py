from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "eats_memory", ("numeric",), "arrow"

    def measure(self, reference, window):
        return len([bytearray(1 << 20) for _ in range(1 << 20)])  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

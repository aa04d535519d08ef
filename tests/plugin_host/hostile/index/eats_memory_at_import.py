from lifecycle_tui.api import hookimpl

HOARD = [bytearray(1 << 20) for _ in range(1 << 20)]  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "eats_memory_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_memory_error", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise MemoryError  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

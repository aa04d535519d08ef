from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "async_measure", ("numeric",), "arrow"

    async def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "async_hook", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl  # blame
async def register_detectors(register):
    register(Hostile)

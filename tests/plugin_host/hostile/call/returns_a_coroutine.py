from lifecycle_tui.api import hookimpl


async def wait():
    return 1.0


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_coroutine", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return wait()


@hookimpl
def register_detectors(register):
    register(Hostile)

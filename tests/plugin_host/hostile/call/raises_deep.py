from lifecycle_tui.api import hookimpl


def deeper(level):
    if level == 0:
        return 1 / 0  # blame
    return deeper(level - 1)


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_deep", ("numeric",), "arrow"

    def measure(self, reference, window):
        return deeper(3)


@hookimpl
def register_detectors(register):
    register(Hostile)

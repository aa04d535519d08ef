from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "raises", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1 / (len(window) - len(window))  # here


@hookimpl
def register_detectors(register):
    register(Broken)

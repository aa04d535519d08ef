from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "loops", ("numeric",), "profile"

    def measure(self, reference, window):
        while True:  # here
            pass  # here


@hookimpl
def register_detectors(register):
    register(Broken)

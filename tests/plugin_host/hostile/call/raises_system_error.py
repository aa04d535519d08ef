from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_system_error", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise SystemError("the interpreter is in a bad state")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

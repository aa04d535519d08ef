from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "hook_takes_too_much", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl  # blame
def register_detectors(register, config):
    register(Hostile)

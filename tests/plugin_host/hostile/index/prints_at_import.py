from lifecycle_tui.api import hookimpl

print("hello from the plugin")


class Hostile:
    """Hostile."""

    name, kinds, takes = "prints_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

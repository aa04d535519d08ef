import a_library_that_nobody_has  # blame

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "missing_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return a_library_that_nobody_has.measure(reference, window)


@hookimpl
def register_detectors(register):
    register(Hostile)

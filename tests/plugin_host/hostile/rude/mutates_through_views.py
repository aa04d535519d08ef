from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "mutates_through_views", ("numeric",), "pandas"

    def measure(self, reference, window):
        for values in (reference.values, window.values):
            values.setflags(write=True)
            values[:] = 0
        reference.drop(reference.index, inplace=True)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

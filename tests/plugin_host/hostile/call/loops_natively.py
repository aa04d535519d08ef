import itertools

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "loops_natively", ("numeric",), "arrow"

    def measure(self, reference, window):
        return sum(itertools.count())  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)

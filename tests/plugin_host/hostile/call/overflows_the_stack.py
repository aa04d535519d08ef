import sys

from lifecycle_tui.api import hookimpl


def dig(depth):
    return max(map(dig, [depth + 1]))  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "overflows_the_stack", ("numeric",), "arrow"

    def measure(self, reference, window):
        sys.setrecursionlimit(1 << 30)
        return dig(0)


@hookimpl
def register_detectors(register):
    register(Hostile)

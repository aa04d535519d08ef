import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "spams", ("numeric",), "arrow"

    def measure(self, reference, window):
        for _ in range(200):
            os.write(1, b"spam " * 20_000)
        print("last words")
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

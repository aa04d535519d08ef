import os

from lifecycle_tui.api import hookimpl

for _ in range(200):
    os.write(2, b"\x1b[2J spam" * 10_000)
raise ImportError("and gone")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "spams_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

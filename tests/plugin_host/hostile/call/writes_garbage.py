import contextlib
import os

from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "writes_garbage", ("numeric",), "arrow"

    def measure(self, reference, window):
        for fd in range(3, 256):  # blame
            with contextlib.suppress(OSError):  # blame
                os.write(fd, b"garbage" * 100)  # blame
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

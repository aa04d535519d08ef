import contextlib
import os

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "writes_escapes", ("numeric",), "arrow"

    def measure(self, reference, window):
        for fd in (1, 2):
            os.write(fd, b"\x1b[2J\x1b[?1049h\x1b]0;owned\x07" + bytes(range(256)) * 1000)
        with contextlib.suppress(OSError), open("/dev/tty", "wb") as terminal:
            terminal.write(b"\x1b[2J")
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

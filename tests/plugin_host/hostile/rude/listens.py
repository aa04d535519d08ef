import socket

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "listens", ("numeric",), "arrow"

    server = None

    def measure(self, reference, window):
        if self.server is None:
            self.server = socket.create_server(("127.0.0.1", 0))
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

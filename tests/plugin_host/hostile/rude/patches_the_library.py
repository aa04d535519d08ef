import builtins
import os
import random
import socket
import time

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_the_library", ("numeric",), "arrow"

    def measure(self, reference, window):
        time.time = lambda: 0.0
        socket.socket = os.kill = builtins.print = None
        random.random = lambda: 4.0
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

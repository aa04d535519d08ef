import builtins
import json
import os
import struct

from lifecycle_tui.api import hookimpl


def broken(*args, **kwargs):
    raise RuntimeError("patched")


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_everything", ("numeric",), "arrow"

    def measure(self, reference, window):
        json.dumps = json.loads = os.write = os.read = struct.pack = broken
        builtins.sum = broken
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

import json
import math

from lifecycle_tui.api import Measurement, hookimpl


class Sum:
    """Sum of the window's values."""

    name, kinds, takes = "z_sum", ("numeric",), "arrow"

    def measure(self, reference, window):
        values = json.loads(json.dumps([value for value in window.to_pylist() if value is not None]))
        return Measurement(math.fsum(values), n=len(values))


@hookimpl
def register_detectors(register):
    register(Sum)

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "patches_numbers", ("numeric",), "arrow"

    def measure(self, reference, window):
        for name in ("mean", "sum", "float64", "asarray"):
            setattr(np, name, lambda *args, **kwargs: 0.0)
        pc.mean = pc.sum = lambda *args, **kwargs: pa.scalar(0.0)
        math.fsum = lambda values: 0.0
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)

"""A version's errors in time order: what change detectors of streams are fed. NumPy alone.

Called by the built-in metrics `errors_*` through `lifecycle_tui.api`, and by the job that makes a reference.
"""

from __future__ import annotations

import numpy as np

MOST = 10_000
"""Errors of one window that are looked at, evenly thinned."""


def errors(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) float64: of labels 1 where the prediction is wrong, else 0; of numbers the absolute error."""
    if target.dtype.kind == "f":
        return np.abs(target - prediction.astype(np.float64))
    return (target != prediction).astype(np.float64)


def in_time(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Places that bring (n,) values into order of time, equal times by value: no order of rows matters."""
    return np.lexsort((values, time))


def thinned(values: np.ndarray, most: int = MOST) -> tuple[np.ndarray, int]:
    """Every k-th value, k the smallest that leaves at most `most`; and k."""
    step = max(1, -(-len(values) // most))
    return values[::step], step

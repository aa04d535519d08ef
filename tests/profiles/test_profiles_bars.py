"""Bars of columns whose numbers are as large as numbers get."""

import warnings

import numpy as np
import pyarrow as pa

from lifecycle_tui.profiles.bars import bars
from lifecycle_tui.profiles.profiler import Profiler


def test_numbers_at_both_ends_of_the_floats_have_finite_edges() -> None:
    reference = Profiler("numeric")
    reference.update(pa.array(np.resize([1e308, -1e308, 1.7e308, -1.7e308, 1e-320, 0.0], 600)))
    window = Profiler("numeric", reference.result().grid)
    window.update(pa.array(np.resize([1e308, 0.0], 100)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = bars(reference.result(), window.result())
    assert drawn is not None and drawn.edges
    assert np.isfinite(drawn.edges).all() and (np.diff(drawn.edges) >= 0).all()
    assert sum(drawn.window) == 100

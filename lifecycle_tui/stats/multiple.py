"""Correction of several p-values looked at together. Called by `monitoring` before any verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979).

    Calling those at most alpha significant keeps the chance of even one false alarm at or below alpha,
    whatever the dependence between the tests.

    Raises:
        ValueError: if one is not in [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return []
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, stepped)
    return [float(x) for x in adjusted]

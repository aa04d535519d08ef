"""Densities of two profiles over the same values, for pictures. Called by the report's gathering."""

from __future__ import annotations

import math

import numpy as np

from lifecycle_tui.profiles.numeric import NumericProfile

POINTS = 80
_TAIL = 0.005
"""Share of the values of each side that may lie beyond either end of the picture."""


def densities(
    reference: NumericProfile, window: NumericProfile, points: int = POINTS
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]] | None:
    """Values and both sides' densities there, per unit of the column; None where there is nothing to draw.

    Gaussian kernel over a histogram of four bins a point (Silverman 1986, Density Estimation, 3.5: binning first costs
    nothing that shows), bandwidth 0.9 min(s, IQR / 1.34) n^(-1/5) (3.31), the smaller of the two sides' and at least a
    point apart. Values beyond the ends are left out, so that a far outlier does not flatten the picture.
    """
    if not reference.finite or not window.finite:
        return None
    low, high = _ends(reference, window)
    if not (math.isfinite(low) and math.isfinite(high) and low < high and math.isfinite(high - low)):
        return None
    edges = np.linspace(low, high, 4 * points + 1)
    step = (high - low) / (4 * points)
    width = max(4 * step, min(_bandwidth(reference), _bandwidth(window)))
    at = np.linspace(low, high, points)
    middles = (edges[:-1] + edges[1:]) / 2
    kernel = np.exp(-(((at[:, None] - middles[None, :]) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))
    sides = [kernel @ (side.histogram(edges).counts / side.finite) for side in (reference, window)]
    if not all(np.isfinite(side).all() for side in sides):
        return None
    return tuple(at.tolist()), tuple(sides[0].tolist()), tuple(sides[1].tolist())


def _ends(*sides: NumericProfile) -> tuple[float, float]:
    """From the lowest to the highest of both sides' outer quantiles, held to finite values."""
    low, high = math.inf, -math.inf
    for side in sides:
        a, b = side.quantiles((_TAIL, 1 - _TAIL))
        low = min(low, max(a, side.minimum))
        high = max(high, min(b, side.maximum))
    return low, high


def _bandwidth(side: NumericProfile) -> float:
    q1, q3 = side.quantiles((0.25, 0.75))
    spread = min((s for s in (side.std, (q3 - q1) / 1.34) if math.isfinite(s) and s > 0), default=0.0)
    return float(0.9 * spread * side.finite**-0.2)

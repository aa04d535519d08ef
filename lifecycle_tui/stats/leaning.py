"""Whether P(positive | score) leans on the features, too: only then can weights put an estimate right.

Rao's score test (1948, Proceedings of the Cambridge Philosophical Society 44) of features added to the calibration
curve: the curve's own freedom is taken out, so that its error does not look like the features'. Made once, on labelled
rows of the reference; called by `monitoring.estimators`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.calibration import Calibration, hat_matrix
from lifecycle_tui.stats.tails import chi2_sf

_WORTH = 20.0
"""So many rows must speak for a column: the laws are those of many rows."""

_BLOCK = 1024


class Leaning(NamedTuple):
    """The test's outcome.

    Attributes:
        p_value: of "the score says all": the smaller one of that of all columns together and that of the column that
            speaks loudest, either times the number of tests.
        columns: (d,) p-value of each column by itself (1 where too few rows speak for it).
    """

    p_value: float
    columns: np.ndarray


def leaning(curve: Calibration, score: np.ndarray, target: np.ndarray, design: np.ndarray) -> Leaning:
    """Test labelled rows.

    Args:
        score, target: (n,), targets 0 or 1.
        design: (n, d) features as numbers of about unit scale. Tested are each by itself and in how it changes the
            score's slope, and all of them together.
    """
    n, d = design.shape
    found = np.ones(d)
    # A column that is the same in every row says nothing.
    telling = np.flatnonzero((design != design[:1]).any(axis=0)) if n else np.empty(0, np.int64)
    if not len(telling):
        return Leaning(1.0, found)
    position = curve.position(score)
    chance = curve.chances(position)
    sums = _Sums(len(curve.knots), len(telling))
    centre = design[:, telling].mean(axis=0)
    for start in range(0, n, _BLOCK):
        at = slice(start, start + _BLOCK)
        sums.add(curve, position[at], chance[at], target[at] - chance[at], design[at][:, telling] - centre)
    own = sums.own + 1e-6 * np.eye(len(curve.knots))
    held = np.linalg.solve(own, np.column_stack([sums.shared, sums.bent_shared, sums.hat_slope]))
    plain, bent, at_hats = held[:, : len(telling)], held[:, len(telling) : -1], held[:, -1]
    slope, curvature = sums.slope - sums.shared.T @ at_hats, sums.curvature - sums.shared.T @ plain
    together, degrees = _quadratic(slope, curvature)
    alone = _alone(slope, np.diagonal(curvature), sums.largest)
    bending = _alone(
        sums.bent_slope - sums.bent_shared.T @ at_hats,
        sums.bent_curvature - (sums.bent_shared * bent).sum(axis=0), sums.bent_largest,
    )  # fmt: skip
    found[telling] = np.minimum(alone, bending)
    loudest = 2 * 2 * len(telling) * float(found.min())
    return Leaning(min(1.0, 2 * together if degrees else 1.0, loudest), found)


class _Sums:
    """Scores and information of k hats, d columns, and (on the diagonal) the columns times the score's position."""

    def __init__(self, k: int, d: int) -> None:
        self.own, self.hat_slope = np.zeros((k, k)), np.zeros(k)
        self.shared, self.slope, self.curvature = np.zeros((k, d)), np.zeros(d), np.zeros((d, d))
        self.largest = np.zeros(d)
        self.bent_shared, self.bent_slope = np.zeros((k, d)), np.zeros(d)
        self.bent_curvature, self.bent_largest = np.zeros(d), np.zeros(d)

    def add(
        self, curve: Calibration, position: np.ndarray, chance: np.ndarray, residual: np.ndarray, x: np.ndarray
    ) -> None:  # fmt: skip
        """Add some rows, few enough to stay in the processor's cache."""
        hats, spread = hat_matrix(position, curve.knots), chance * (1 - chance)
        along = np.clip(position, -8.0, 8.0)
        weighted = x * spread[:, None]
        squares = weighted * x
        self.own += (hats * spread[:, None]).T @ hats
        self.hat_slope += hats.T @ residual
        self.shared += hats.T @ weighted
        self.slope += residual @ x
        self.curvature += x.T @ weighted
        self.largest = np.maximum(self.largest, squares.max(axis=0))
        self.bent_shared += (hats * along[:, None]).T @ weighted
        self.bent_slope += (residual * along) @ x
        squares *= np.square(along)[:, None]
        self.bent_curvature += squares.sum(axis=0)
        self.bent_largest = np.maximum(self.bent_largest, squares.max(axis=0))


def _alone(slope: np.ndarray, curvature: np.ndarray, largest: np.ndarray) -> np.ndarray:
    spoken = (curvature > _WORTH * largest) & (largest > 0)
    found = np.ones(len(slope))
    for j in np.flatnonzero(spoken):
        found[j] = float(chi2_sf(float(slope[j] ** 2 / curvature[j]), 1))
    return found


def _quadratic(slope: np.ndarray, curvature: np.ndarray) -> tuple[float, int]:
    """p-value of the score statistic along the directions that the rows show, and how many these are."""
    power, axes = np.linalg.eigh(curvature)
    kept = power > 1e-4 * max(float(power[-1]), 1e-300)
    kept &= power > _WORTH * 0.05
    if not kept.any():
        return 1.0, 0
    along = axes[:, kept].T @ slope
    degrees = int(kept.sum())
    return float(chi2_sf(float(np.sum(np.square(along) / power[kept])), degrees)), degrees

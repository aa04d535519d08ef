"""How well rows fit the correlations of a reference: PCA reconstruction error. Called by the built-in detector `pca`
through `lifecycle_tui.api`.

Semantics as NannyML's (`data_reconstruction`): standardise, keep the principal components that explain `share` of the
variance, and take each row's Euclidean distance from its reconstruction.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FARTHEST = 1e6
"""A standardised value is cut here, so that one broken cell does not make every other number infinite."""


class Components(NamedTuple):
    """Principal components of standardised rows.

    Attributes:
        mean, scale: (d,), of the fitted rows; scale 1 for a column of one value.
        axes: (k, d), orthonormal rows.
    """

    mean: np.ndarray
    scale: np.ndarray
    axes: np.ndarray

    def errors(self, points: np.ndarray) -> np.ndarray:
        """(n,) distances of standardised rows from their projection on the axes."""
        rows = np.clip((points - self.mean) / self.scale, -FARTHEST, FARTHEST)
        return np.sqrt(((rows - rows @ self.axes.T @ self.axes) ** 2).sum(axis=1))


def components(points: np.ndarray, share: float = 0.65) -> Components:
    """Fit to (n, d) finite rows: the fewest components whose variance is more than `share` of all.

    Raises:
        ValueError: fewer than 2 rows or no column, or a share outside 0..1.
    """
    if len(points) < 2 or not points.shape[1] or not 0 < share < 1:
        raise ValueError(f"no components of {points.shape[0]} rows and {points.shape[1]} columns with share {share}")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = points.mean(axis=0), points.std(axis=0)
    # A column of one value has a spread of rounding alone (scikit-learn's rule for StandardScaler).
    scale = np.where(np.isfinite(scale) & (scale > 10 * np.finfo(float).eps * np.abs(mean)), scale, 1.0)
    rows = np.clip((points - mean) / scale, -FARTHEST, FARTHEST)
    centre = rows.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(rows - centre, rowvar=False, ddof=1).reshape(points.shape[1], -1))
    values = np.maximum(values[::-1], 0.0)
    if values.sum() <= 0:
        return Components(mean, scale, np.zeros((0, points.shape[1])))
    kept = int(np.searchsorted(np.cumsum(values) / values.sum(), share, side="right")) + 1
    return Components(mean, scale, vectors[:, ::-1].T[: min(kept, len(values))])

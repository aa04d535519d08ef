"""How much likelier a row is in a window than in the reference: importance weights for the reference's rows.

The ratio of densities is the odds of a logistic regression that tells the two samples apart (Sugiyama, Suzuki and
Kanamori 2012, Density Ratio Estimation in Machine Learning, 4.1). Weighting a calibration by it makes the estimate
right where inputs move in ways that the score does not show (PAPE, arXiv:2401.08348). For `monitoring.estimates`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.calibration import expit
from lifecycle_tui.stats.tails import chi2_sf

_RIDGE = 1.0
_FITTED = 5_000
"""Rows of the reference, the first ones, that the regression is fitted on; all are weighted by it."""

_HIGHEST = 0.995
"""Weights above this quantile are cut to it: a few rows must not stand for a whole window."""


class Ratio(NamedTuple):
    """Weights of the reference's rows.

    Attributes:
        weight: (n,) mean 1.
        effective: as many unweighted rows would be worth as much (Kish 1965).
        p_value: of the likelihood ratio test that nothing tells the samples apart.
    """

    weight: np.ndarray
    effective: float
    p_value: float


def density_ratio(reference: np.ndarray, window: np.ndarray) -> Ratio:
    """Weights that make the reference's rows like the window's.

    Args:
        reference, window: (n, d) and (m, d) design matrices without missing values, columns of about unit scale, rows
            in random order; a constant column adds nothing.
    """
    n, m = min(len(reference), _FITTED), len(window)
    if not n or not m:
        return Ratio(np.ones(n), float(n), 1.0)
    moving = (np.ptp(reference, axis=0) > 0) | (np.ptp(window, axis=0) > 0)
    whole = reference[:, moving].astype(np.float64)
    x = np.vstack([whole[:n], window[:, moving]])
    centre = x.mean(axis=0)
    x = np.column_stack([np.ones(n + m), x - centre])
    y = np.concatenate([np.zeros(n), np.ones(m)])
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0
    beta = np.zeros(x.shape[1])
    beta[0] = math.log(m / n)
    now = math.inf
    for _ in range(25):
        eta = x @ beta
        loss = float(np.logaddexp(0, eta).sum() - np.dot(y, eta) + np.dot(ridge, beta * beta) / 2)
        if now - loss < 1e-6 * (1 + abs(loss)):
            break
        now = loss
        p = expit(eta)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge + 1e-9)
        beta = beta - np.linalg.solve(curvature, x.T @ (p - y) + ridge * beta)
    eta = x @ beta
    fitted = float(np.dot(y, eta) - np.logaddexp(0, eta).sum())
    none = m * math.log(m / (n + m)) + n * math.log(n / (n + m))
    degrees = max(1, int(np.linalg.matrix_rank(x.T @ x)) - 1)
    p_value = float(chi2_sf(max(0.0, 2 * (fitted - none)), degrees))
    odds = (whole - centre) @ beta[1:] + beta[0] - math.log(m / n)
    weight = np.exp(np.clip(odds, -30, 30))
    weight = np.minimum(weight, np.quantile(weight, _HIGHEST))
    weight = weight / weight.mean()
    return Ratio(weight, float(weight.sum() ** 2 / np.square(weight).sum()), p_value)

"""Two samples of points compared by a kernel: maximum mean discrepancy (MMD) and energy distance.

Called by the built-in detectors `mmd` and `energy` through `lifecycle_tui.api`. Both are one number, E k(X,X') +
E k(Y,Y') - 2 E k(X,Y), of a kernel k: Gaussian for MMD (Gretton, A. et al. (2012), A kernel two-sample test, JMLR 13,
723-773), minus the Euclidean distance for the energy distance (Székely, G. and Rizzo, M. (2013), Energy statistics,
J. Stat. Plan. Inference 143, 1249-1272; Sejdinovic, D. et al. (2013), Annals of Statistics 41, 2263-2291).

Where nothing has changed, n m / (n + m) times the biased estimate has the law of Σ λᵢ Zᵢ², λᵢ the eigenvalues of the
centred Gram matrix of both samples together, divided by N - 1: its mean is then exactly that over all permutations
(Gretton, A. et al. (2009), A fast, consistent kernel two-sample test, NIPS 22, which divides by N). That law has an
explicit tail (`quadratic_sf`), so that p-values reach as far down as the evidence does, without any resampling. Large
samples are cut into blocks of independent rows whose statistics add up (Zaremba, W. et al. (2013), B-tests, NIPS 26).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.quadratic import quadratic_sf

Gram = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Points (n, d) and (m, d) → kernel values (n, m)."""

SPECTRUM = 800
"""Rows whose Gram matrix gives the eigenvalues; the trace is that of all."""


class KernelTest(NamedTuple):
    """How far two samples are apart.

    Attributes:
        squared: unbiased estimate of the squared distance; below 0 by chance where there is none.
        error: its standard error.
        share: `squared` as a share of the most that it could be, 0..1: of E k(X,X') + E k(Y,Y') for MMD, of 2 E|X-Y|
            for the energy distance (then it is Székely and Rizzo's energy coefficient H).
        p_value: that the statistic is at least this large if both samples come from one law.
        n, m: rows that were compared. blocks: how many they were cut into.
    """

    squared: float
    error: float
    share: float
    p_value: float
    n: int
    m: int
    blocks: int


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n, m) Euclidean distances between points (n, d) and (m, d)."""
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    return np.sqrt(np.maximum(squares, 0.0))


def median_distance(points: np.ndarray, most: int = 1000) -> float:
    """Median distance between different points, the usual width of a Gaussian kernel; 1 where more than half are equal.

    Args:
        most: of so many points, evenly spaced among all.
    """
    if len(points) > most:
        points = points[np.linspace(0, len(points) - 1, most).astype(np.int64)]
    apart = distances(points, points)[np.triu_indices(len(points), 1)]
    middle = float(np.median(apart)) if len(apart) else 0.0
    if middle > 1e-9:
        return middle
    some = apart[apart > 1e-9]
    return float(np.median(some)) if len(some) else 1.0


def gaussian(width: float) -> Gram:
    """exp(-|x - y|² / (2 width²)); the median heuristic takes `width = median_distance(reference)`."""
    return lambda first, second: np.exp(-(distances(first, second) ** 2) / (2 * width * width))


def minus_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """-|x - y|: with it the squared distance is the energy distance 2 E|X-Y| - E|X-X'| - E|Y-Y'|."""
    return -distances(first, second)


def kernel_test(reference: np.ndarray, window: np.ndarray, gram: Gram, *, block: int = 1000) -> KernelTest:
    """Compare two samples of points.

    Args:
        reference, window: (n, d) and (m, d), finite, rows in any order that the samples share (they are dealt to the
            blocks in turn).
        block: at most about so many rows of the smaller sample are compared at once, and twice as many of the larger.

    Raises:
        ValueError: fewer than 2 rows on a side.
    """
    n, m = len(reference), len(window)
    if min(n, m) < 2:
        raise ValueError(f"two rows on each side are needed, not {n} and {m}")
    blocks = max(1, math.ceil(min(n, m) / block))
    parts = [_part(reference[_dealt(n, i, blocks, block)], window[_dealt(m, i, blocks, block)], gram)
             for i in range(blocks)]  # fmt: skip
    spectrum = _spectrum(reference[_dealt(n, 0, blocks, block)], window[_dealt(m, 0, blocks, block)], gram)
    total = float(spectrum.sum())
    statistic = sum(part.statistic for part in parts)
    p_value = 1.0
    if total > 0:
        weights = np.concatenate([spectrum * (part.trace / total) for part in parts])
        p_value = quadratic_sf(statistic, weights) if (weights > 0).any() else 1.0
    squared = float(np.mean([part.squared for part in parts]))
    most = float(np.mean([part.most for part in parts]))
    error = math.sqrt(sum(part.variance for part in parts)) / blocks
    share = min(1.0, max(0.0, squared / most)) if most > 0 else 0.0
    return KernelTest(squared, error, share, p_value, sum(p.n for p in parts), sum(p.m for p in parts), blocks)


class _Part(NamedTuple):
    squared: float
    statistic: float
    trace: float
    variance: float
    most: float
    n: int
    m: int


def _dealt(rows: int, index: int, blocks: int, block: int) -> np.ndarray:
    """The rows of one block: every `blocks`-th, thinned evenly to twice the block's size."""
    at = np.arange(index, rows, blocks)
    return at if len(at) <= 2 * block else at[np.linspace(0, len(at) - 1, 2 * block).astype(np.int64)]


def _part(x: np.ndarray, y: np.ndarray, gram: Gram) -> _Part:
    n, m = len(x), len(y)
    k_xx, k_yy, k_xy = gram(x, x), gram(y, y), gram(x, y)
    sum_x, sum_y, across = k_xx.sum(axis=1), k_yy.sum(axis=1), k_xy.sum()
    own_x, own_y = np.diagonal(k_xx), np.diagonal(k_yy)
    within_x = float((sum_x - own_x).sum()) / (n * (n - 1))
    within_y = float((sum_y - own_y).sum()) / (m * (m - 1))
    between = float(across) / (n * m)
    biased = float(sum_x.sum()) / n**2 + float(sum_y.sum()) / m**2 - 2 * between
    total = float(sum_x.sum() + sum_y.sum() + 2 * across)
    trace = (float(own_x.sum() + own_y.sum()) - total / (n + m)) / (n + m - 1)
    # Hoeffding: twice each row's mean kernel value to its own side less that to the other.
    pull_x = (sum_x - own_x) / (n - 1) - k_xy.mean(axis=1)
    pull_y = (sum_y - own_y) / (m - 1) - k_xy.mean(axis=0)
    variance = 4 * float(pull_x.var(ddof=1)) / n + 4 * float(pull_y.var(ddof=1)) / m
    most = within_x + within_y if float(own_x[0]) > 0 else -2 * between
    return _Part(within_x + within_y - 2 * between, n * m / (n + m) * biased, trace, variance, most, n, m)


def _spectrum(x: np.ndarray, y: np.ndarray, gram: Gram) -> np.ndarray:
    """Eigenvalues of the centred Gram matrix of both together, of evenly spaced rows where there are many."""
    both = np.concatenate([x, y])
    if len(both) > SPECTRUM:
        both = both[np.linspace(0, len(both) - 1, SPECTRUM).astype(np.int64)]
    k = gram(both, both)
    means = k.mean(axis=0)
    values = np.linalg.eigvalsh(k - means[:, None] - means[None, :] + k.mean())
    return np.maximum(values, 0.0)

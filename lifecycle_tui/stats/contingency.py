"""Do two samples of labels come from one law? The 2 × k contingency table, also where counts are small.

Called by `profiles.compare.chi2`. The statistic is Pearson's; what needs care is its law when labels are rare, where
the textbook chi-square law is wrong in both directions.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.stats.tails import chi2_sf, hypergeometric_weights

RESAMPLES = 9_999
RESAMPLED_LABELS = 200
"""Tables with more labels than this are judged by matched moments instead of resampling: cheaper, and their
statistic is a sum of so many terms that the fitted law is good."""

_BATCH = 999
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Outcome of the contingency test.

    Attributes:
        statistic: Pearson's chi-square, with Yates' correction if `yates`.
        df: labels that occur, minus one.
        p_value: see `method`.
        method: "asymptotic" (chi-square law), "exact" (all tables with these margins), "resampled" (seeded by
            the table itself, so the same table always gives the same number), "moments" (a scaled chi-square law
            with the statistic's exact mean and variance).
        yates: whether the continuity correction was used (two labels only, as SciPy does).
        smallest: smallest expected count.
    """

    statistic: float
    df: int
    p_value: float
    method: str
    yates: bool
    smallest: float


def chi_square(first: np.ndarray, second: np.ndarray, *, correction: bool = True) -> ChiSquare:
    """Pearson's test that two samples of labels follow one law.

    Args:
        first, second: counts of the same labels, shape (k,), non-negative whole numbers. Labels that occur in neither
            are left out.
        correction: Yates' continuity correction of the statistic when two labels remain.

    With one label left or an empty sample there is nothing to compare: statistic 0, df 0, p 1.

    Raises:
        ValueError: if shapes differ or a count is negative.
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if a.shape != b.shape or a.ndim != 1 or bool((a < 0).any() or (b < 0).any()):
        raise ValueError("chi_square needs two vectors of counts of one length")
    seen = (a + b) > 0
    a, b = a[seen], b[seen]
    n, m = int(a.sum()), int(b.sum())
    if len(a) < 2 or n == 0 or m == 0:
        return ChiSquare(0.0, 0, 1.0, "exact", False, float(min(n, m)))
    columns = (a + b).astype(np.float64)
    expected_a, expected_b = columns * (n / (n + m)), columns * (m / (n + m))
    yates = correction and len(a) == 2
    statistic = _statistic(a, b, expected_a, expected_b, yates)
    smallest = float(min(expected_a.min(), expected_b.min()))
    p, method = _p_value(a, b, statistic, expected_a, expected_b, yates)
    return ChiSquare(statistic, len(a) - 1, p, method, yates, smallest)


def _statistic(a: np.ndarray, b: np.ndarray, ea: np.ndarray, eb: np.ndarray, yates: bool) -> float:
    gap_a, gap_b = np.abs(a - ea), np.abs(b - eb)
    if yates:
        gap_a, gap_b = gap_a - np.minimum(0.5, gap_a), gap_b - np.minimum(0.5, gap_b)
    return float((gap_a * gap_a / ea).sum() + (gap_b * gap_b / eb).sum())


def _p_value(
    a: np.ndarray, b: np.ndarray, statistic: float, ea: np.ndarray, eb: np.ndarray, yates: bool
) -> tuple[float, str]:
    k = len(a)
    if _large_enough(np.concatenate([ea, eb])):
        return chi2_sf(statistic, k - 1), "asymptotic"
    if k == 2:
        return _two_labels(a, b, statistic, ea, eb, yates), "exact"
    tail = _matched(a + b, int(a.sum()), int(b.sum()), statistic)
    if k > RESAMPLED_LABELS:
        return tail, "moments"
    extreme, drawn = _resample(a, b, statistic)
    if extreme == 0:  # beyond what resampling can resolve: the fitted tail, never above the resolution
        return min(tail, 1.0 / (drawn + 1)), "moments"
    return (extreme / drawn if drawn < RESAMPLES else (extreme + 1) / (drawn + 1)), "resampled"


def _large_enough(expected: np.ndarray) -> bool:
    """Yarnold's rule (1970): the smallest expectation is at least 5 × the share of expectations below 5.

    Two labels, where the law has one degree of freedom, must all be at least 5.
    """
    below = float((expected < 5).mean())
    if len(expected) <= 4:
        return below == 0
    return float(expected.min()) >= 5 * below


def _two_labels(a: np.ndarray, b: np.ndarray, statistic: float, ea: np.ndarray, eb: np.ndarray, yates: bool) -> float:
    """P(statistic at least as large) over every table with the same margins."""
    n, m = int(a.sum()), int(b.sum())
    first, weights = hypergeometric_weights(n + m, int(a[0] + b[0]), n)
    x = np.arange(first, first + len(weights), dtype=np.float64)
    gap = np.abs(x - ea[0])  # the four gaps of a 2 × 2 table are equal
    if yates:
        gap = gap - np.minimum(0.5, gap)
    statistics = gap * gap * float((1 / ea).sum() + (1 / eb).sum())
    return min(1.0, float(np.sort(weights[statistics >= statistic * (1 - 1e-9) - 1e-12]).sum()))


def _resample(a: np.ndarray, b: np.ndarray, statistic: float) -> tuple[int, int]:
    """(how many of the resampled tables are at least as extreme, how many were drawn).

    Sequential (Besag & Clifford 1991): it stops at `_ENOUGH` extreme tables, so quiet tables cost one batch.
    """
    pairs = np.stack([a + b, a], axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]  # the order of labels must not matter
    pooled, n = pairs[:, 0], int(a.sum())
    total = int(pooled.sum())
    digest = hashlib.blake2b(np.ascontiguousarray(pairs, dtype="<i8").tobytes(), digest_size=8).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))
    expected = pooled * (n / total)
    factor = total / (total - n)  # the second row's gaps are the first's, its expectations (total − n)/n times
    extreme = drawn = 0
    while drawn < RESAMPLES:
        tables = generator.multivariate_hypergeometric(pooled, n, size=_BATCH, method="marginals")
        statistics = ((tables - expected) ** 2 / expected).sum(axis=1) * factor
        hits = np.flatnonzero(statistics >= statistic * (1 - 1e-9))
        if extreme + len(hits) >= _ENOUGH:
            return _ENOUGH, drawn + int(hits[_ENOUGH - extreme - 1]) + 1
        extreme += len(hits)
        drawn += _BATCH
    return extreme, drawn


def _matched(pooled: np.ndarray, n: int, m: int, statistic: float) -> float:
    """Tail of the scaled chi-square law that has the statistic's mean and variance (Pearson type III)."""
    mean, variance = chi_square_moments(pooled, n, m)
    if variance <= 0:
        return 1.0
    return chi2_sf(statistic * 2 * mean / variance, 2 * mean * mean / variance)


def chi_square_moments(pooled: np.ndarray, n: int, m: int) -> tuple[float, float]:
    """Exact mean and variance of Pearson's statistic of a 2 × k table, given both margins.

    With c labels' totals, N = n + m and x the first row (multivariate hypergeometric), the statistic is
    N²/(nm)·(T − n²/N), T = Σ x²/c. E[T] and E[T²] follow from factorial moments; they are formed in whole numbers,
    because their difference is tiny beside them.

    Args:
        pooled: totals of the labels, shape (k,), positive.
    """
    total, k = n + m, len(pooled)
    if total < 4:
        return _moments_by_listing(pooled, n, m)
    squares = int((pooled.astype(object) ** 2).sum())
    top, bottom = float((1.0 / pooled).sum()).as_integer_ratio()  # Σ 1/c
    falling = [math.perm(n, r) * math.perm(total - r, 4 - r) for r in range(5)]  # n^(r)/N^(r), over N^(4)
    whole = math.perm(total, 4)
    # Sum over one label of x⁴/c², and over two labels of x²y²/(cd); times `bottom` where 1/c occurs.
    one = bottom * (
        falling[4] * (squares - 6 * total + 11 * k) + 6 * falling[3] * (total - 3 * k) + 7 * falling[2] * k
    ) + top * (-6 * falling[4] + 12 * falling[3] - 7 * falling[2] + falling[1])
    rest = total - k  # Σ (c − 1)
    rest_squares = squares - 2 * total + k
    two = falling[4] * (rest * rest - rest_squares) + falling[3] * 2 * (k - 1) * rest + falling[2] * k * (k - 1)
    first = falling[2] * rest + falling[1] * k  # E[T] · N^(4)
    numerator = (one + bottom * two) * whole - bottom * first * first
    variance = numerator * total**4 / (bottom * whole**2 * n**2 * m**2)
    return total / (total - 1) * (k - 1), variance


def _moments_by_listing(pooled: np.ndarray, n: int, m: int) -> tuple[float, float]:
    """The same for two or three rows in all, by listing which of them fall in the first sample."""
    from itertools import combinations

    total, k = n + m, len(pooled)
    labels = np.repeat(np.arange(k), pooled)
    values = []
    for chosen in combinations(range(total), n):
        x = np.bincount(labels[list(chosen)], minlength=k)
        values.append(float(((x - pooled * n / total) ** 2 / (pooled * n * m / total**2)).sum()))
    return float(np.mean(values)), float(np.var(values))

"""Two-sample Cramér–von Mises and Anderson–Darling tests from counts of ordered groups of ties.

Called by `profiles.ranks`. Both statistics are quadratic forms in E = A − n·H, A the first sample's cumulated counts
and H the pooled shares, so given the pooled ties their null law is known: exactly by listing, by drawing samples, or
as a weighted sum of chi-squares whose weights are eigenvalues.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lifecycle_tui.stats.quadratic import quadratic_sf

GROUPS = 128
"""Null laws are found on at most about this many groups of neighbouring ranks (ties are never cut)."""

_LISTED = 20_000
_RESAMPLES = 9_999
_BATCH = 333
_ENOUGH = 20
_FEW = 30
_MOST_DRAWN = 1_000_000_000  # NumPy draws from fewer values than this


@dataclass(frozen=True, slots=True)
class RankTest:
    """Outcome of a rank test.

    Attributes:
        statistic: on all groups of ties that were given.
        p_value: asymptotic of that statistic; where exact or resampled, of the one on at most about `GROUPS` groups.
        method: "exact" (all ways to deal out the pooled values), "resampled" (seeded by the counts), "asymptotic"
            (weighted sum of chi-squares, saddlepoint).
    """

    statistic: float
    p_value: float
    method: str


def cramer_von_mises(first: np.ndarray, second: np.ndarray) -> RankTest:
    """T = nm/N · ∫(F − G)² dH, F, G and H the distribution functions of both samples and of all N = n + m values.

    Anderson, *Annals of Mathematical Statistics* 33, 1962. Without ties it is SciPy's statistic; see
    `rank_statistic` for what SciPy makes of ties.

    Args:
        first, second: counts of the same ordered groups of ties, shape (k,), each with at least one value.
    """
    return _test(first, second, _cvm_form)


def anderson_darling(first: np.ndarray, second: np.ndarray) -> RankTest:
    """The mid-rank statistic A²akN for two samples (Scholz and Stephens, *JASA* 82, 1987, equation 7).

    SciPy reports it standardised, (A² − 1)/σ.

    Args:
        first, second: as in `cramer_von_mises`.
    """
    return _test(first, second, _anderson_form)


def rank_statistic(first: np.ndarray, second: np.ndarray) -> float:
    """The Cramér–von Mises statistic from mid-ranks, U/(nmN) − (4nm − 1)/(6N), as SciPy has it.

    Without ties it is `cramer_von_mises`. With ties and n ≠ m it holds a term (n − m)/4 · Σ c²e that is linear in the
    counts and is no distance, so no p-value is made of it here.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    n, m = float(a.sum()), float(b.sum())
    a_middle, b_middle = np.cumsum(a) - a / 2, np.cumsum(b) - b / 2
    u = n * float((a * b_middle**2 + a * (a * a - 1) / 12).sum())
    u += m * float((b * a_middle**2 + b * (b * b - 1) / 12).sum())
    return u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m))


@dataclass(frozen=True, slots=True)
class _Form:
    """A statistic Σ weights · y², y = E at the groups' ends, or the means of E at both ends where `middle`."""

    weights: np.ndarray
    middle: bool

    def value(self, excess: np.ndarray) -> np.ndarray:
        """`excess` is E at the groups' ends, shape (..., k)."""
        y = excess
        if self.middle:
            y = y.copy()
            y[..., 1:] += excess[..., :-1]
            y /= 2
        return np.asarray((y * y) @ self.weights)

    def mean(self, pooled: np.ndarray, n: int, m: int) -> float:
        """Exact expectation under the null."""
        h = np.cumsum(pooled) / (n + m)
        variance = h * (1 - h)
        if self.middle:
            before = np.concatenate([[0.0], h[:-1]])
            variance = (variance + 2 * before * (1 - h) + before * (1 - before)) / 4
        return float((self.weights * variance).sum()) * (n * m / (n + m - 1))

    def eigenvalues(self, pooled: np.ndarray, n: int, m: int) -> np.ndarray:
        """Weights of the chi-squares whose sum the statistic is under the null, for many rows."""
        total = n + m
        h = np.cumsum(pooled) / total
        covariance = np.minimum.outer(h, h) - np.outer(h, h)  # of E, over nm/(N − 1) · N: a Brownian bridge
        if self.middle:
            before = np.zeros_like(covariance)
            before[1:] = covariance[:-1]
            rows = (covariance + before) / 2
            shifted = np.zeros_like(rows)
            shifted[:, 1:] = rows[:, :-1]
            covariance = (rows + shifted) / 2
        root = np.sqrt(self.weights * (n * m / (total - 1)))
        return np.linalg.eigvalsh(covariance * np.outer(root, root))


def _cvm_form(pooled: np.ndarray, n: int, m: int) -> _Form:
    # F − G = E · N/(nm): T = nm/N² · Σ c (F − G)².
    return _Form(pooled / (n * m), middle=False)


def _anderson_form(pooled: np.ndarray, n: int, m: int) -> _Form:
    total = n + m
    c = pooled.astype(np.float64)
    middle = np.cumsum(c) - c / 2
    below = middle * (total - middle) - total * c / 4
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(below > 0, (total - 1.0) * total * c / below, 0.0) / total * (total / (n * m))
    return _Form(weights, middle=True)


def _test(first: np.ndarray, second: np.ndarray, form_of: Callable[[np.ndarray, int, int], _Form]) -> RankTest:
    seen = (first + second) > 0
    a, b = first[seen].astype(np.int64), second[seen].astype(np.int64)
    n, m = int(a.sum()), int(b.sum())
    if n < 1 or m < 1:
        raise ValueError("a rank test needs a value on each side")
    statistic = _statistic(a, a + b, n, m, form_of)
    mean = form_of(a + b, n, m).mean(a + b, n, m)
    cuts = _cuts(a + b)
    a, pooled = np.add.reduceat(a, cuts), np.add.reduceat(a + b, cuts)
    if len(pooled) < 2:
        return RankTest(statistic, 1.0, "exact")
    form = form_of(pooled, n, m)
    observed = _statistic(a, pooled, n, m, form_of)
    if n + m <= _LISTED and math.comb(n + m, min(n, m, 4)) <= _LISTED and math.comb(n + m, min(n, m)) <= _LISTED:
        return RankTest(statistic, _listed(pooled, n, m, form, observed), "exact")
    # What varies within the coarse groups is many small terms: nearly its mean.
    tail = quadratic_sf(statistic - mean + form.mean(pooled, n, m), form.eigenvalues(pooled, n, m))
    loose = n + m - int(pooled.max())  # rows outside the largest group: a lone atom leaves few to compare
    enough = min(n, m) >= _FEW and loose * min(n, m) >= _FEW * (n + m)
    if enough or n + m >= _MOST_DRAWN:
        return RankTest(statistic, tail, "asymptotic")
    extreme, drawn = _resample(a, pooled, n, m, form, observed)
    if extreme == 0:  # beyond what resampling resolves: the law's tail, never above the resolution
        return RankTest(statistic, min(tail, 1 / (drawn + 1)), "asymptotic")
    p = extreme / drawn if drawn < _RESAMPLES else (extreme + 1) / (drawn + 1)
    return RankTest(statistic, p, "resampled")


def _statistic(
    a: np.ndarray, pooled: np.ndarray, n: int, m: int, form_of: Callable[[np.ndarray, int, int], _Form]
) -> float:
    excess = np.cumsum(a) - np.cumsum(pooled) * (n / (n + m))
    return float(form_of(pooled, n, m).value(excess))


def _cuts(pooled: np.ndarray) -> np.ndarray:
    """First groups of the coarse groups that end at the quantiles i/`GROUPS`; a group with two ends is alone."""
    if len(pooled) <= GROUPS:
        return np.arange(len(pooled))
    through = np.cumsum(pooled)
    ends = np.searchsorted(through * GROUPS, np.arange(1, GROUPS) * int(through[-1]))
    alone = ends[:-1][ends[1:] == ends[:-1]]
    cuts = np.unique(np.concatenate([[0], ends + 1, alone]))
    return cuts[cuts < len(pooled)]


def _listed(pooled: np.ndarray, n: int, m: int, form: _Form, observed: float) -> float:
    """P(statistic at least as large) over all ways to deal out the pooled values."""
    total, drawn = n + m, min(n, m)
    groups = np.repeat(np.arange(len(pooled)), pooled)
    chosen = groups[np.array(list(combinations(range(total), drawn)), dtype=np.intp)]
    tables = np.zeros((len(chosen), len(pooled)))
    np.add.at(tables, (np.arange(len(chosen))[:, None], chosen), 1)
    values = form.value(np.cumsum(tables, axis=1) - np.cumsum(pooled) * (drawn / total))
    return float((values >= observed * (1 - 1e-9) - 1e-12).mean())


def _resample(a: np.ndarray, pooled: np.ndarray, n: int, m: int, form: _Form, observed: float) -> tuple[int, int]:
    """(how many drawn samples are at least as extreme, how many were drawn); stops at `_ENOUGH` (Besag, Clifford)."""
    said = np.ascontiguousarray(np.stack([pooled, a]), dtype="<i8").tobytes()
    generator = np.random.Generator(
        np.random.PCG64(int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little"))
    )
    expected = np.cumsum(pooled) * (n / (n + m))
    extreme = drawn = 0
    while drawn < _RESAMPLES:
        tables = generator.multivariate_hypergeometric(pooled, n, size=_BATCH, method="marginals")
        values = form.value(np.cumsum(tables, axis=1) - expected)
        hits = np.flatnonzero(values >= observed * (1 - 1e-9) - 1e-12)
        if extreme + len(hits) >= _ENOUGH:
            return _ENOUGH, drawn + int(hits[_ENOUGH - extreme - 1]) + 1
        extreme += len(hits)
        drawn += _BATCH
    return extreme, drawn

"""P-values of the two-sample tests that drift verdicts rest on: Kolmogorov–Smirnov, and two proportions.

Called by `profiles.compare` (which finds the statistic) and by `monitoring`. Pure numbers; no data is read here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lifecycle_tui.stats.tails import chi2_sf, hypergeometric_weights, kolmogorov_sf

EXACT_CELLS = 1_000_000
"""Largest n·m for which the KS p-value is counted exactly (some ten milliseconds)."""

FISHER_SUPPORT = 2_000
"""Two proportions are tested exactly while the rarer outcome occurs at most this often in both samples together."""


@dataclass(frozen=True, slots=True)
class PValue:
    """A p-value and how it was found: "exact", "asymptotic", "resampled", "moments"."""

    value: float
    method: str


def ks_pvalue(d: float, n: int, m: int) -> PValue:
    """Two-sided p-value of the two-sample Kolmogorov–Smirnov distance.

    Exact (lattice paths) while n·m ≤ `EXACT_CELLS`, else the corrected asymptotic law. With ties both are
    conservative: the true probability is at most this.

    Args:
        d: the distance, 0..1.
        n, m: sample sizes, both positive.

    Raises:
        ValueError: if a sample is empty or d is outside [0, 1].
    """
    if n < 1 or m < 1 or not 0 <= d <= 1:
        raise ValueError(f"no KS test with d={d}, n={n}, m={m}")
    if n * m <= EXACT_CELLS:
        return PValue(ks_exact(d, n, m), "exact")
    return PValue(ks_asymptotic(d, n, m), "asymptotic")


def ks_asymptotic(d: float, n: int, m: int) -> float:
    """Kolmogorov's limiting law at t + 1/(6√e) + (t − 1)/(4e), t = d√e, e = nm/(n + m) (Vrbik 2018).

    Against the exact finite-sample one-sample law it is within 4e-6 for e ≥ 5000 and 3e-4 at e = 50.
    """
    e = n * m / (n + m)
    root = math.sqrt(e)
    t = d * root
    if t < 0.2:
        return 1.0
    return kolmogorov_sf(t + 1 / (6 * root) + (t - 1) / (4 * e))


def ks_exact(d: float, n: int, m: int) -> float:
    """P(D ≥ d) by counting lattice paths from (0, 0) to (n, m) that leave |i/n − j/m| < d (Hodges 1958).

    Paths are counted by the step at which they first leave, so every term is positive and the result keeps about
    nine digits even where it is 1e-200. Cost: about min(n, m) vector operations over 2d·max(n, m) cells.
    """
    if n > m:
        n, m = m, n
    bar = round(d * n * m)  # |i·m − j·n| ≥ bar is "left": whole numbers, no rounding of ratios
    if bar <= 0:
        return 1.0
    low, high = _band(0, n, m, bar)
    row = np.ones(high - low + 1)  # paths that stay inside and are at (i, low..high)
    scale = 0.0
    exits: list[tuple[np.ndarray, float, int, int]] = []  # (paths, their log scale, i and first j they leave to)
    for i in range(n + 1):
        if high < m:  # leave by going on in j
            exits.append((row[-1:], scale, i, high + 1))
        if i == n:
            break
        next_low, next_high = _band(i + 1, n, m, bar)
        lost = min(next_low - low, len(row))
        if lost > 0:  # leave by going on in i
            exits.append((row[:lost], scale, i + 1, low))
        if lost == len(row):
            break
        row = np.cumsum(row[lost:])
        if next_high > high:
            row = np.concatenate([row, np.full(next_high - high, row[-1])])
        low, high = next_low, next_high
        if row[-1] > 1e150:
            scale += math.log(row[-1])
            row = row / row[-1]
    return _share(exits, n, m)


def _band(i: int, n: int, m: int, bar: int) -> tuple[int, int]:
    """The j for which |i·m − j·n| < bar, within 0..m."""
    return max(0, (i * m - bar) // n + 1), min(m, -((-i * m - bar) // n) - 1)


def _share(exits: list[tuple[np.ndarray, float, int, int]], n: int, m: int) -> float:
    """Share of all paths that leave: each exit's paths times the free ways on from there to (n, m)."""
    if not exits:
        return 0.0
    sizes = [len(paths) for paths, *_ in exits]
    i = np.repeat([e[2] for e in exits], sizes)
    j = np.concatenate([np.arange(first, first + len(paths)) for paths, _, _, first in exits])
    with np.errstate(divide="ignore"):  # no path at all: a share of nought
        logs = np.log(np.concatenate([e[0] for e in exits]))
    logs += np.repeat([e[1] for e in exits], sizes)
    fact = _log_factorials(n + m)
    logs += fact[n - i + m - j] - fact[n - i] - fact[m - j] - (fact[n + m] - fact[n] - fact[m])
    return min(1.0, float(np.exp(logs).sum()))


def _log_factorials(n: int) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))])


@lru_cache(maxsize=256)
def ks_detectable(n: int, m: int, alpha: float) -> float | None:
    """The smallest KS distance that samples of n and m could call drift at level alpha; None if not even 1 could.

    From the asymptotic law by bisection: what a person needs to judge a quiet window by.
    """
    if n < 1 or m < 1:
        return None
    # Complete separation has p = 2 n! m! / (n + m)!, the smallest there is.
    if math.log(2) + math.lgamma(n + 1) + math.lgamma(m + 1) - math.lgamma(n + m + 1) > math.log(alpha):
        return None
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if ks_asymptotic(middle, n, m) <= alpha:
            high = middle
        else:
            low = middle
    return high


def two_proportions(k1: int, n1: int, k2: int, n2: int) -> PValue:
    """Two-sided p-value that k1 of n1 and k2 of n2 come from one proportion.

    Fisher's exact test (outcomes at most as likely as the one seen) while the rarer outcome occurs at most
    `FISHER_SUPPORT` times in all; above that the pooled chi-square test with one degree of freedom.

    Raises:
        ValueError: if a count is negative or above its total.
    """
    if not (0 <= k1 <= n1 and 0 <= k2 <= n2):
        raise ValueError(f"not two proportions: {k1} of {n1}, {k2} of {n2}")
    hits, total = k1 + k2, n1 + n2
    if n1 == 0 or n2 == 0 or hits in (0, total):
        return PValue(1.0, "exact")
    if min(hits, total - hits) <= FISHER_SUPPORT:
        if hits > total - hits:  # the rarer outcome is the one to count
            k1, hits = n1 - k1, total - hits
        first, weights = hypergeometric_weights(total, hits, n1)
        # The slack is SciPy's: outcomes as likely as the one seen, up to rounding, count too.
        at_most = weights <= weights[k1 - first] * (1 + 1e-7)
        return PValue(min(1.0, float(np.sort(weights[at_most]).sum())), "exact")
    pooled = hits / total
    z2 = (k1 / n1 - k2 / n2) ** 2 / (pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return PValue(chi2_sf(z2, 1), "asymptotic")

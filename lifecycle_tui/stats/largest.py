"""The largest of many differences of shares, and how likely it is by chance: sums of exact tails over all labels.

Called by `profiles.distances` (L-infinity of categories), `profiles.text_tests` (tokens) and `profiles.ranks` (rows
beyond a range). Every bound holds whatever the dependence between labels is, because only chances of single ones are
added up.
"""

from __future__ import annotations

import math

import numpy as np

from lifecycle_tui.stats.tails import hypergeometric_weights, normal_sf
from lifecycle_tui.stats.two_sample import PValue, two_proportions

EXACT_SUPPORT = 20_000
"""Labels that occur more often than this in both samples together are judged by the normal law."""

CANDIDATES = 64
"""How many labels get their exact p-value: those with the largest likelihood ratio."""


def largest_difference_pvalue(distance: float, pooled: np.ndarray, n: int, m: int) -> PValue:
    """Bound on P(some label's shares differ by at least `distance`), all rows dealt out at random.

    The sum over labels of P(|x/n − (c − x)/m| ≥ distance), x hypergeometric. Labels too rare to reach it add nothing.

    Args:
        distance: the largest difference seen, 0..1.
        pooled: how often each label occurs in both samples together, shape (k,).
        n, m: rows of both samples, positive.
    """
    total = n + m
    if distance <= 0:
        return PValue(1.0, "exact")
    sizes, labels = np.unique(np.minimum(pooled, total - pooled) if len(pooled) == 2 else pooled, return_counts=True)
    if len(pooled) == 2:  # both labels say the same
        labels = np.ones_like(labels)
    method, chance = "exact", 0.0
    for size, times in zip(sizes[::-1].tolist(), labels[::-1].tolist(), strict=True):
        if max(min(size, n) / n, min(size, m) / m) < distance * (1 - 1e-9) or chance >= 1:
            break
        if size > EXACT_SUPPORT and total - size > EXACT_SUPPORT:
            method = "asymptotic"
            share = size / total
            spread = math.sqrt(share * (1 - share) * (1 / n + 1 / m) * total / (total - 1))
            chance += times * 2 * normal_sf(distance / spread)
            continue
        first, weights = hypergeometric_weights(total, size, n)
        x = np.arange(first, first + len(weights))
        far = np.abs(x / n - (size - x) / m) >= distance * (1 - 1e-9)
        chance += times * float(np.sort(weights[far]).sum())
    return PValue(min(1.0, chance), method)


def most_changed(first: np.ndarray, second: np.ndarray, n: int, m: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The labels whose shares of `n` and `m` rows differ most surely, and the chance of any so sure.

    Each label is tested by itself (Fisher's exact test while it is rare). The smallest p is multiplied by the number of
    labels that could have reached it at all, given how often they occur in both samples together (Tarone,
    *Biometrics* 46, 1990): labels too rare for that cost nothing.

    Args:
        first, second: rows that have each label, shape (k,); a row may have many.

    Returns:
        (places of at most `CANDIDATES` labels, surest first; their p-values; the corrected smallest one).
    """
    pooled = first + second
    if not len(pooled) or n < 1 or m < 1:
        return np.empty(0, dtype=np.intp), np.empty(0), 1.0
    ratio = _likelihood_ratio(first, second, n, m)
    places = np.argsort(-ratio, kind="stable")[:CANDIDATES]
    p = np.array([two_proportions(int(first[i]), n, int(second[i]), m).value for i in places.tolist()])
    order = np.argsort(p, kind="stable")
    places, p = places[order], p[order]
    sizes, labels = np.unique(pooled[pooled > 0], return_counts=True)
    reach = np.array([least_pvalue(int(c), n, m) for c in sizes.tolist()])
    able = int(labels[reach <= p[0] * (1 + 1e-9)].sum())
    return places, p, min(1.0, float(p[0]) * max(1, able))


def beyond_pvalue(beyond: int, n: int, m: int) -> float:
    """P(at least `beyond` of m new values lie outside the range of n old ones), all values exchangeable: exact.

    Cut at the ends, the new values outside lie where on a circle of all values they would come before the second old
    one: at most one old value is among the first `beyond` + 1. Ties make it smaller still.

    Args:
        n, m: sizes of both samples, positive.
    """
    if beyond <= 0 or n < 2:
        return 1.0
    if beyond > m:
        return 0.0
    every = _log_choose(n + m, beyond + 1)
    none_old = math.exp(_log_choose(m, beyond + 1) - every) if beyond < m else 0.0
    return min(1.0, none_old + n * math.exp(_log_choose(m, beyond) - every))


def _likelihood_ratio(first: np.ndarray, second: np.ndarray, n: int, m: int) -> np.ndarray:
    """G statistics of the 2 × 2 tables "has the label": it orders them nearly as the exact test does."""
    total = n + m
    pooled = (first + second).astype(np.float64)
    found = np.zeros(len(pooled))
    for has, rows in ((first, n), (second, m)):
        for count, expected in ((has, pooled * (rows / total)), (rows - has, (total - pooled) * (rows / total))):
            some = count > 0
            found[some] += 2 * count[some] * np.log(count[some] / expected[some])
    return found


def least_pvalue(count: int, n: int, m: int) -> float:
    """The smallest p-value that a label in `count` rows of both samples could have: all of it on one side."""
    logs = []
    for rows, others in ((n, m), (m, n)):
        most = min(count, rows)  # as many as fit on this side, the rest on the other
        logs.append(_log_choose(rows, most) + _log_choose(others, count - most) - _log_choose(n + m, count))
    return min(1.0, math.exp(min(logs)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

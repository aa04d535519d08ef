"""Evidence that the labels of a sum of windows do not follow the reference's law, reliable far into the tail.

Pearson's statistic has a chi-square law near its middle only; after correction over a thousand columns and a year of
windows it is the far tail that counts. The likelihood-ratio statistic has the right exponent there, if no expectation
is small: labels are pooled until none is. Called by `accumulate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.stats.tails import chi2_sf

KEPT = 0.5
"""A sum that keeps less than this of its evidence without its weightiest part is one incident; a change that lasts
keeps seven tenths."""

ONE_SIDED, SURER = 1.645, 2.326
"""95 % and 99 % of a normal law lie below: of the newest window, and of several newest ones, looked at too."""

SMALLEST = 8.0
"""Least expected count of a pooled label in the smaller sample."""


@dataclass(frozen=True)
class Labels:
    """Counts of the same labels, the last one of all others: shape (k,)."""

    reference: np.ndarray
    window: np.ndarray


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """Chance of a difference as large; the total variation over the pooled labels, and its standard error."""

    p_value: float
    distance: float
    error: float
    df: int


def label_evidence(
    labels: Labels, factor: float = 1.0, df: int | None = None, freedom: float = 1.0
) -> LabelEvidence | None:
    """The two-sample likelihood-ratio test (G²) over pooled labels, with Williams' correction.

    Williams, D. A. (1976), Improved likelihood ratio tests for complete contingency tables, *Biometrika* 63, 33-37.

    Args:
        factor: how many times more counts vary between windows than by sampling (overdispersion), at least 1.
        df: degrees of freedom that this factor was estimated with; None where it is not an estimate.
        freedom: as `overdispersion` gives it.

    Returns:
        None where fewer than two pooled labels are left.
    """
    pooled = pool(labels)
    if pooled is None:
        return None
    a, b = pooled.reference.astype(np.float64), pooled.window.astype(np.float64)
    statistic, degrees = likelihood_ratio(a, b)
    p = overdispersed_tail(statistic, degrees, factor, df, freedom)
    share_a, share_b = a / a.sum(), b / b.sum()
    distance = 0.5 * float(np.abs(share_a - share_b).sum())
    up = share_b > share_a
    pa, pb = float(share_a[up].sum()), float(share_b[up].sum())
    error = math.sqrt(factor * (pa * (1 - pa) / a.sum() + pb * (1 - pb) / b.sum()))
    return LabelEvidence(p, distance, error, degrees)


def contradicts(reference: np.ndarray, parts: Sequence[np.ndarray], factor: float = 1.0) -> bool:
    """Whether a sum's change is gone, or one incident that the sum still holds.

    Differences are projected on the sum's. The newest window contradicts where it lies below one half of the sum's, or
    below the windows before it, by more than 1.645 standard errors (multinomial, times the overdispersion `factor`);
    the newest two, four, eight by more than 2.326; the whole does where without its weightiest part it keeps too
    little of its evidence (see `parts`).

    Args:
        parts: counts that make up the sum: of the newest window, of the one before, of the two before those, ….
    """
    together = np.sum(parts, axis=0)
    if not parts[0].sum():
        return True
    law = reference / reference.sum()
    gap = together / together.sum() - law
    # As chi-square weighs them: a label that is new is small in shares, and all there is in evidence.
    pooled = (reference + together) / float(reference.sum() + together.sum())
    change = np.divide(gap, pooled, out=np.zeros_like(gap), where=pooled > 0)
    length = float((gap * change).sum())
    if length <= 0 or len(parts) < 2:
        return False
    along, variance = _along(parts[0], law, change, factor)
    if along < length / 2 - ONE_SIDED * math.sqrt(variance):
        return True
    for count in range(1, len(parts)):
        recent, others = np.sum(parts[:count], axis=0), np.sum(parts[count:], axis=0)
        if not others.sum():
            continue
        now, of_now = _along(recent, law, change, factor)
        before, of_before = _along(others, law, change, factor)
        if before - now > (ONE_SIDED if count == 1 else SURER) * math.sqrt(of_now + of_before):
            return True
    weights = [float(((part - part.sum() * law) * change).sum()) for part in parts]
    at = int(np.argmax(weights))
    left = float(together.sum() - parts[at].sum())
    return left > 0 and (sum(weights) - weights[at]) / math.sqrt(left) < KEPT * sum(weights) / math.sqrt(together.sum())


def _along(counts: np.ndarray, law: np.ndarray, change: np.ndarray, factor: float) -> tuple[float, float]:
    """(how far these labels lie from the law along a change, the variance of that)."""
    share = counts / counts.sum()
    spread = float((share * change**2).sum()) - float((share * change).sum()) ** 2
    return float(((share - law) * change).sum()), max(0.0, spread) * factor / float(counts.sum())


def pool(labels: Labels) -> Labels | None:
    """The same with the rarest labels joined to all others until no expectation is below `SMALLEST`.

    Which are pooled follows from the reference and the windows' sizes, as good as never from what is tested.
    """
    a, b = labels.reference, labels.window
    n, m = float(a.sum()), float(b.sum())
    if n <= 0 or m <= 0:
        return None
    expected = (a + b) / (n + m) * min(n, m)
    order = np.argsort(-expected[:-1], kind="stable")
    kept = order[expected[order] >= SMALLEST]
    left = float(expected.sum() - expected[kept].sum())
    while len(kept) and 1e-9 < left < SMALLEST:
        left += float(expected[kept[-1]])
        kept = kept[:-1]
    rest = np.ones(len(a), bool)
    rest[kept] = False
    groups_a, groups_b = [*a[kept], a[rest].sum()], [*b[kept], b[rest].sum()]
    if groups_a[-1] + groups_b[-1] == 0:
        groups_a, groups_b = groups_a[:-1], groups_b[:-1]
    return None if len(groups_a) < 2 else Labels(np.array(groups_a), np.array(groups_b))


def likelihood_ratio(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """(G² of the 2 × k table with Williams' correction, degrees of freedom); k at least 2, every label occurs."""
    n, m = float(a.sum()), float(b.sum())
    both = a + b
    total = n + m
    statistic = 0.0
    for counts, size in ((a, n), (b, m)):
        some = counts > 0
        statistic += 2 * float((counts[some] * np.log(counts[some] * total / (both[some] * size))).sum())
    degrees = len(a) - 1
    q = 1 + (total / n + total / m - 1) * (float((total / both).sum()) - 1) / (6 * total * degrees)
    return max(0.0, statistic) / q, degrees


@dataclass(frozen=True)
class Apart:
    """One of the reference's windows against the others: G², its degrees of freedom, and where it differs.

    Attributes:
        residuals: of each label, in standard errors of its count: their squares add up to Pearson's statistic.
    """

    statistic: float
    degrees: int
    residuals: np.ndarray


def apart(reference: np.ndarray, counts: np.ndarray) -> Apart | None:
    """A window's counts against the reference's, its own rows taken out; None with nothing to compare."""
    others = np.maximum(reference - counts, 0)
    pooled = pool(Labels(others, counts))
    if pooled is None:
        return None
    expected = others / others.sum() * counts.sum()
    error = np.sqrt(expected * (1 + counts.sum() / others.sum()))
    residuals = np.where(expected > 0, (counts - expected) / np.where(error > 0, error, 1.0), 0.0)
    return Apart(*likelihood_ratio(pooled.reference.astype(float), pooled.window.astype(float)), residuals)


def overdispersion(found: Sequence[Apart]) -> tuple[float, float]:
    """(how many times more labels vary between windows than by sampling, the share of degrees of freedom it has).

    The former is the mean of G² over its degrees of freedom, at least 1. Where some labels vary with the days and
    others do not, G² is a sum of chi-squares with unlike weights λ, whose tail is longer; its effective degrees of
    freedom are (Σ λ)² / Σ λ² (Satterthwaite 1946; Rao & Scott, *Ann. Stat.* 12, 1984). Σ λ² is the mean of (r s)² over
    pairs of windows with residuals r and s, which has no bias.
    """
    degrees = sum(one.degrees for one in found)
    over = sum(one.statistic for one in found) / degrees if degrees else 1.0
    if over <= 1 or len(found) < 2:
        return 1.0, 1.0
    together = np.array([one.residuals for one in found])
    products = together @ together.T
    own = float(np.trace(products)) / len(found)
    square = (float((products**2).sum()) - float((np.diag(products) ** 2).sum())) / (len(found) * (len(found) - 1))
    usual = degrees / len(found)
    share = own**2 / (square * usual) if square > 0 else 1.0
    return over, min(1.0, max(share, 1 / usual))


def overdispersed_tail(x: float, degrees: int, factor: float, df: int | None, freedom: float) -> float:
    """P(G² ≥ x) where G² is `factor` times larger than by sampling, with so large a share of its degrees of freedom.

    Of sums of chi-squares that have these, the one with the longest tail has one large weight and equal others. It is
    matched in three moments (Pearson 1959, *Biometrika* 46), never below what one factor for all would give.
    """
    p = scaled_tail(x / factor, degrees, df)
    if freedom >= 1 or degrees < 2:
        return p
    mean, others = factor * degrees, degrees - 1
    second = mean**2 / max(1.0, freedom * degrees)
    root = math.sqrt(max(0.0, (mean / others) ** 2 - (1 + 1 / others) * (mean**2 / others - second)))
    large = (mean / others + root) / (1 + 1 / others)
    third = large**3 + others * (max(0.0, mean - large) / others) ** 3
    fewer = second**3 / third**2
    scale = math.sqrt(fewer / second)
    return max(p, scaled_tail(x * scale, fewer, df, fewer - mean * scale))


def scaled_tail(x: float, degrees: float, df: int | None, more: float = 0.0) -> float:
    """P(χ² ≥ x · s² + more), s² ~ χ²(df)/df where the factor was an estimate: an F law."""
    single = chi2_sf(x + more, degrees)
    if df is None or single > 0.05:
        return single
    log_s2 = np.linspace(-14, 7, 121) * math.sqrt(2 / df)
    weight = np.exp(0.5 * df * (log_s2 - np.expm1(log_s2)))
    weight /= weight.sum()
    return float(sum(w * chi2_sf(x * s2 + more, degrees) for w, s2 in zip(weight, np.exp(log_s2), strict=True)))

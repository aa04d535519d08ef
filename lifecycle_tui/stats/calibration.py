"""A score's calibration curve, P(positive | score), with its own uncertainty; called by the label-free estimates.

The curve is a piecewise linear function on the log-odds scale, added to the score's own log-odds where scores are
probabilities. How far it may bend is decided by cross-validation, from a straight line (Platt's sigmoid, 1999, a
recalibration by two numbers) upwards: a model that is calibrated already is left nearly as it is, and pays for two
parameters. Isotonic regression, which peers use, has no usable error and steps at the ends of the score.

Penalised likelihood of Eilers and Marx (1996, Statistical Science 11, 89-121) with hat functions and second divided
differences; the covariance is the Bayesian one, which holds the smoothing's bias too (Wahba 1983, JRSS B 45; Wood 2006,
Generalized Additive Models, 4.8). All is computed from counts in at most 1,024 bins of the score, so that the order of
rows changes nothing and 200,000 rows cost milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.tails import chi2_sf

BINS = 1024
FOLD_BINS = 128
KNOTS = 18
FOLDS = 5
_EDGE = 1e-6
_STIFFNESS = tuple(10.0**power for power in (-1, 0, 1, 2, 3, 4, 6))
_LEAST_FREEDOM = 4.0
"""Effective parameters that the covariance allows for at least: that no bend is seen is not that there is none."""


Places = tuple[np.ndarray, np.ndarray]
"""Of positions: the knot to the left (n,), and the share of the way to the next one (n,)."""


@dataclass(frozen=True)
class Calibration:
    """A fitted curve: log-odds of a positive = score's own log-odds (if `offset`) + linear between `knots`.

    Attributes:
        axis: two rows, (score, position): scores become positions by linear interpolation; None where the position is
            the score's log-odds.
        knots: (k,) positions, ascending.
        values: (k,) at the knots.
        covariance: (k, k) of `values`.
        stiffness: the chosen penalty.
        low, high: range of the scores seen.
        rows, positives: what it was fitted on (effective numbers where rows are weighted).
        gain: mean log-likelihood a row gained over the scores as they are, cross-validated; None where these are no
            probabilities.
    """

    axis: np.ndarray | None
    knots: np.ndarray
    values: np.ndarray
    covariance: np.ndarray
    stiffness: float
    low: float
    high: float
    rows: float
    positives: float
    gain: float | None = None

    @property
    def offset(self) -> bool:
        """Whether the curve is a correction of the score's own log-odds."""
        return self.axis is None

    def position(self, score: np.ndarray) -> np.ndarray:
        """(n,) where scores lie on the curve's axis."""
        if self.axis is None:
            return log_odds(score)
        return np.interp(score, self.axis[0], self.axis[1])

    def chances(self, position: np.ndarray) -> np.ndarray:
        """(n,) probability of a positive at positions."""
        correction = np.interp(position, self.knots, self.values)
        return expit(position + correction if self.offset else correction)

    def hats(self, position: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(k,) sums of weight · hat function: the gradient in `values` of what has the row-wise gradient `weight`."""
        return self.hats_at(_places(position, self.knots), weight)

    def hats_at(self, places: Places, weight: np.ndarray) -> np.ndarray:
        """The same for positions whose places are known."""
        left, share = places
        right, k = weight * share, len(self.knots)
        found = np.bincount(left, weight - right, k)
        found[1:] += np.bincount(left, right, k)[:-1]
        return found

    def placed(self, position: np.ndarray) -> tuple[np.ndarray, Places]:
        """(n,) chances at ascending positions, and their places."""
        inner = np.searchsorted(position, self.knots[1:-1], "left")
        counts = np.diff(np.concatenate([[0], inner, [len(position)]]))
        left = np.repeat(np.arange(len(self.knots) - 1), counts)
        share = np.clip((position - np.repeat(self.knots[:-1], counts)) / np.repeat(np.diff(self.knots), counts), 0, 1)
        correction = np.repeat(self.values[:-1], counts) + np.repeat(np.diff(self.values), counts) * share
        return expit(position + correction if self.offset else correction), (left, share)


class Binned(NamedTuple):
    """Counts by bin of the score: mean position, rows, positives, each (b,)."""

    position: np.ndarray
    rows: np.ndarray
    positives: np.ndarray


def expit(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x)."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, np.float64)))


def log_odds(score: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), probabilities kept a millionth away from 0 and 1."""
    p = np.clip(np.asarray(score, np.float64), _EDGE, 1 - _EDGE)
    return np.log(p / (1 - p))


def are_probabilities(score: np.ndarray) -> bool:
    """Whether all scores lie in 0..1 (that there are none says nothing against it)."""
    return not len(score) or bool(score.min() >= 0 and score.max() <= 1)


def calibrate(score: np.ndarray, target: np.ndarray, *, probabilities: bool | None = None) -> Calibration:
    """Fit the curve, its freedom chosen by 5-fold cross-validation; the folds follow from scores and targets alone.

    Args:
        score: (n,) finite.
        target: (n,) 0 or 1, both of them there.
        probabilities: whether scores are to be taken for probabilities; by default if they lie in 0..1.

    Raises:
        ValueError: one class, or no row.
    """
    n, positives = len(score), float(np.sum(target))
    if not 0 < positives < n:
        raise ValueError("a calibration needs positives and negatives")
    score, hit = np.asarray(score, np.float64), np.asarray(target) == 1
    if probabilities is None:
        probabilities = are_probabilities(score)
    ordered = np.sort(score)
    axis = None if probabilities else _axis(ordered)

    def placed(values: np.ndarray) -> np.ndarray:
        return log_odds(values) if axis is None else np.interp(values, axis[0], axis[1])

    position, targets = placed(ordered), _targets(np.sort(score[hit]), np.sort(score[~hit]))
    knots = _knots(position, min(positives, n - positives))
    # Folds follow from the place in the order of scores alone, scattered: every fifth row of equal scores, ordered by
    # target, would give every fold the same labels, and the wildest curve the best likelihood.
    scattered = (np.arange(n, dtype=np.uint64) * np.uint64(2654435761) >> np.uint64(13)) % np.uint64(FOLDS)
    folds = [_binned(position[scattered == i], targets[scattered == i], FOLD_BINS) for i in range(FOLDS)]
    whole = _binned(position, targets)
    penalty = _penalty(knots)
    stiffness, held = _chosen(folds, knots, penalty, probabilities)
    values, _ = _fitted(whole, hat_matrix(whole.position, knots), penalty * stiffness, probabilities, None)
    covariance = _covariance(whole, knots, penalty, stiffness, values, probabilities)
    gain = None
    if probabilities:
        plain = sum(_likelihood(fold, expit(fold.position)) for fold in folds)
        gain = (held - plain) / n
    return Calibration(
        axis, knots, values, covariance, stiffness, float(ordered[0]), float(ordered[-1]), float(n), positives, gain
    )


def weighted(base: Calibration, score: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Calibration:
    """The curve of `base` fitted anew to weighted rows, e.g. by a density ratio; its freedom stays what it was.

    The covariance is the penalised sandwich (White 1982, Econometrica 50): weighted rows are not more rows.
    """
    weight = weight / weight.mean()
    position = base.position(score)
    effective = float(weight.sum() ** 2 / np.square(weight).sum())
    penalty = _penalty(base.knots) * base.stiffness
    order = np.argsort(position, kind="stable")
    starts = _runs(position[order], BINS)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values[order], starts)

    rows = np.maximum(summed(weight), 1e-300)
    binned = Binned(summed(weight * position) / rows, rows, summed(weight * target))
    design = hat_matrix(binned.position, base.knots)
    values, curvature = _fitted(binned, design, penalty, base.offset, base.values)
    chance = expit((binned.position if base.offset else 0.0) + design @ values)
    squares, hits = summed(np.square(weight)), summed(np.square(weight) * target)
    inverse = np.linalg.inv(curvature)
    # Of each bin the squared residuals w² (y - p)², y being 0 or 1.
    residuals = hits * (1 - 2 * chance) + squares * np.square(chance)
    meat = (design * residuals[:, None]).T @ design
    covariance = inverse @ (meat + penalty) @ inverse
    share = float(np.dot(weight, target) / weight.sum())
    return Calibration(
        base.axis, base.knots, values, covariance, base.stiffness, float(score.min()), float(score.max()),
        effective, effective * share, base.gain,
    )  # fmt: skip


def moved(base: Calibration, new: Calibration) -> float:
    """p-value of "the weighted curve is the plain one but for chance" (Hausman 1978, Econometrica 46): under it the
    plain curve is the sharper of two right ones, so the difference varies by the difference of their covariances."""
    off = new.values - base.values
    power, axes = np.linalg.eigh(new.covariance - base.covariance)
    kept = power > 1e-3 * max(float(power[-1]), 1e-300)
    if not kept.any():
        return 1.0
    along = axes[:, kept].T @ off
    return float(chi2_sf(float(np.sum(np.square(along) / power[kept])), int(kept.sum())))


def _axis(score: np.ndarray) -> np.ndarray:
    """Positions of scores in any scale: the log-odds of their rank in the reference."""
    levels = np.unique(np.quantile(score, np.linspace(0, 1, 129)))
    below, upto = np.searchsorted(score, levels, "left"), np.searchsorted(score, levels, "right")
    rank = (below + upto) / 2
    rank = np.clip(rank / len(score), 0.5 / len(score), 1 - 0.5 / len(score))
    return np.vstack([levels, log_odds(rank)])


def _knots(position: np.ndarray, rarer: float) -> np.ndarray:
    """At most 18, at quantiles; fewer where the rarer class is small. One more beyond a constant, to span something."""
    count = int(np.clip(rarer / 8, 3, KNOTS))
    levels = np.unique(position)
    found = levels if len(levels) <= count else np.unique(np.quantile(position, np.linspace(0, 1, count)))
    return found if len(found) > 1 else np.array([found[0], found[0] + 1.0])


def _places(position: np.ndarray, knots: np.ndarray) -> Places:
    """Knot to the left of each position, and the share of the way to the next one (0..1)."""
    left = np.clip(np.searchsorted(knots, position, "right") - 1, 0, len(knots) - 2)
    share = np.clip((position - knots[left]) / (knots[left + 1] - knots[left]), 0.0, 1.0)
    return left, share


def hat_matrix(position: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """(n, k) hat functions."""
    left, share = _places(position, knots)
    found = np.zeros((len(position), len(knots)))
    rows = np.arange(len(position))
    found[rows, left] = 1 - share
    found[rows, left + 1] += share
    return found


def _penalty(knots: np.ndarray) -> np.ndarray:
    """(k, k): squared change of slope over the knots' range, and a hint of shrinkage, so that perfectly separated
    classes have a solution."""
    k = len(knots)
    found = np.zeros((k, k))
    if k > 2:
        gaps = np.diff(knots) / (knots[-1] - knots[0])
        bend = np.zeros((k - 2, k))
        for i in range(k - 2):
            bend[i, i : i + 3] = 1 / gaps[i], -1 / gaps[i] - 1 / gaps[i + 1], 1 / gaps[i + 1]
            bend[i] /= np.sqrt((gaps[i] + gaps[i + 1]) / 2)
        found += bend.T @ bend / 1000
    return found


_RIDGE = 1e-3


def _targets(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """(n,) targets in the order of all scores, given those of each class sorted; of equal scores negatives first."""
    found = np.zeros(len(positive) + len(negative))
    found[np.arange(len(positive)) + np.searchsorted(negative, positive, "right")] = 1.0
    return found


def _binned(position: np.ndarray, target: np.ndarray, most: int = BINS) -> Binned:
    """Counts of rows sorted by position: by distinct position, or by at most `most` runs of about equally many rows,
    equal ones together."""
    n = len(position)
    if not n:
        return Binned(position, position, position)
    starts = _runs(position, most)
    rows = np.diff(np.append(starts, n)).astype(np.float64)
    return Binned(np.add.reduceat(position, starts) / rows, rows, np.add.reduceat(target, starts))


def _runs(position: np.ndarray, most: int) -> np.ndarray:
    """Where at most `most` runs of sorted positions begin, equal ones together."""
    starts = np.flatnonzero(np.diff(position, prepend=np.nan) != 0)
    if len(starts) <= most:
        return starts
    cuts = position[np.linspace(0, len(position), most, endpoint=False).astype(np.int64)]
    return np.unique(np.searchsorted(position, cuts, "left"))


def _fitted(
    data: Binned,
    design: np.ndarray,
    penalty: np.ndarray,
    offset: bool,
    start: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Values at the knots by Newton's method with halved steps, and the penalised curvature there."""
    k = design.shape[1]
    base = data.position if offset else np.zeros(len(data.position))
    penalty = penalty + _RIDGE * np.eye(k)
    if start is None:
        share = np.clip(data.positives.sum() / max(data.rows.sum(), 1.0), _EDGE, 1 - _EDGE)
        start = np.zeros(k) if offset else np.full(k, np.log(share / (1 - share)))
    values, eta = start.copy(), base + design @ start

    def loss(at: np.ndarray, eta: np.ndarray) -> float:
        return float(np.dot(data.rows, np.logaddexp(0, eta)) - np.dot(data.positives, eta) + at @ penalty @ at / 2)

    now = loss(values, eta)
    for _ in range(50):
        p = expit(eta)
        slope = design.T @ (data.rows * p - data.positives) + penalty @ values
        curvature = (design * (data.rows * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, slope)
        size, along = 1.0, design @ step
        while (new := loss(values - size * step, eta - size * along)) > now + 1e-12 * abs(now) and size > 1e-4:
            size /= 2
        values, eta, before, now = values - size * step, eta - size * along, now, new
        if before - now < 1e-7 * (1 + abs(now)):
            break
    p = expit(eta)
    return values, (design * (data.rows * p * (1 - p))[:, None]).T @ design + penalty


def _likelihood(data: Binned, p: np.ndarray) -> float:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(np.dot(data.positives, np.log(p)) + np.dot(data.rows - data.positives, np.log1p(-p)))


def _chosen(folds: list[Binned], knots: np.ndarray, penalty: np.ndarray, offset: bool) -> tuple[float, float]:
    """The stiffness of the highest held-out log-likelihood, and that likelihood; from the stiffest on, until it has
    fallen clearly."""
    designs = [hat_matrix(fold.position, knots) for fold in folds]
    others = []
    for i in range(len(folds)):
        rest = [j for j in range(len(folds)) if j != i]
        data = Binned(*(np.concatenate([getattr(folds[j], name) for j in rest]) for name in Binned._fields))
        others.append((data, np.concatenate([designs[j] for j in rest])))
    starts: list[np.ndarray | None] = [None] * len(folds)
    best = (-np.inf, _STIFFNESS[-1])
    for stiffness in reversed(_STIFFNESS):
        held = 0.0
        for i, fold in enumerate(folds):
            values, _ = _fitted(*others[i], penalty * stiffness, offset, starts[i])
            starts[i] = values
            eta = designs[i] @ values
            held += _likelihood(fold, expit(fold.position + eta if offset else eta))
        if held > best[0]:
            best = (held, stiffness)
        elif held < best[0] - 2.0:
            break
    return best[1], best[0]


def _covariance(
    data: Binned, knots: np.ndarray, penalty: np.ndarray, stiffness: float, values: np.ndarray, offset: bool
) -> np.ndarray:
    design = hat_matrix(data.position, knots)
    p = expit((data.position if offset else 0.0) + design @ values)
    own = (design * (data.rows * p * (1 - p))[:, None]).T @ design
    ridge = _RIDGE * np.eye(len(knots))
    while True:
        inverse = np.linalg.inv(own + penalty * stiffness + ridge)
        if np.trace(inverse @ own) >= min(_LEAST_FREEDOM, len(knots) - 0.5) or stiffness < _STIFFNESS[0]:
            return np.asarray((inverse + inverse.T) / 2)
        stiffness /= 4

"""Averages over classes and numbers of a whole table of classes: micro and weighted means, balanced accuracy,
specificity, Matthews' correlation. Equal to scikit-learn's, with intervals.

Built-in metrics call these through `lifecycle_tui.api`; macro means are in `metrics_classes`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lifecycle_tui.stats.intervals import (
    Estimate,
    around,
    effective_size,
    nothing,
    satterthwaite,
    spread,
    wilson,
)
from lifecycle_tui.stats.metrics_classes import _averaged, _count, _Counts, _listed, _part, _ratio, accuracy
from lifecycle_tui.stats.metrics_scores import _delong, _newcombe

Days = np.ndarray | None


def specificity(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Share of the rows that are not positive (0) and are predicted so; Wilson's interval. None without any."""
    return _part(target, target != 1, prediction != 1, weight, day, "negative rows")


def balanced_accuracy(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Mean over the classes that occur of the share of their rows that are predicted so."""
    counts = _count(target, prediction, weight)
    if counts.weight.sum() <= 0:
        return nothing(len(target), "no rows")
    there = counts.actual > 0
    k = int(there.sum())
    scores = _ratio(counts.hits, counts.actual)
    right = counts.true == counts.pred
    slope = _ratio(np.ones(len(there)), counts.actual)
    contributions = (right - scores[counts.true]) * slope[counts.true] * counts.weight / k
    smooth = (counts.hits + 1) / (counts.actual + 2)
    least = (smooth * (1 - smooth) * slope)[there]
    kept = counts._replace(actual=counts.actual[there], predicted=counts.predicted[there])
    found = _averaged(scores[there], least, kept, contributions, counts.true, day, None)
    return found._replace(definition="mean of the classes' recall")


def matthews(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Matthews' correlation of truth and prediction, -1..1, for any number of classes. None where either is constant.

    Gorodkin, J. (2004), Comparing two K-category assignments by a K-category correlation coefficient, Computational
    Biology and Chemistry 28, 367-374. The interval is the delta method's on Fisher's scale, artanh.
    """
    counts = _count(target, prediction, weight)
    n, total = len(target), float(counts.weight.sum())
    if total <= 0:
        return nothing(n, "no rows")
    t, p = counts.actual / total, counts.predicted / total
    right = counts.true == counts.pred
    agreed, by_chance = float(counts.hits.sum()) / total, float(np.dot(t, p))
    spread_t, spread_p = 1 - float(np.dot(t, t)), 1 - float(np.dot(p, p))
    if (counts.actual > 0).sum() < 2 or (counts.predicted > 0).sum() < 2:
        what = "truth" if (counts.actual > 0).sum() < 2 else "prediction"
        return nothing(n, f"every {what} is of one class: there is nothing to correlate")
    value = (agreed - by_chance) / math.sqrt(spread_t * spread_p)
    value = min(1.0, max(-1.0, value))
    along = (right - agreed) - (p[counts.true] + t[counts.pred] - 2 * by_chance)
    along = along / math.sqrt(spread_t * spread_p)
    along = along + value * (
        (t[counts.true] - (1 - spread_t)) / spread_t + (p[counts.pred] - (1 - spread_p)) / spread_p
    )
    contributions = along * counts.weight / total * math.sqrt(n / max(1, n - 1))
    found = spread(contributions, day, df=satterthwaite(contributions, counts.true))
    lower, upper = around((1 + value) / 2, found._replace(error=found.error / 2), "logit")
    if lower is None or upper is None or found.error == 0:
        # All right or all wrong: as sure as the smallest class is large.
        sizes = np.maximum(counts.actual, counts.predicted)
        lower, upper = wilson((1 + value) / 2, float(sizes[sizes > 0].min()), found.quantile)
    return Estimate(value, 2 * lower - 1, 2 * upper - 1, n)


def micro(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Precision, recall and F1 over all classes' rows together: where a row has one class, all three are accuracy."""
    return accuracy(target, prediction, weight, day)._replace(definition="micro")


def weighted_precision(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Mean of the classes' precision, each as much as it has rows; a class never predicted counts 0."""
    counts = _count(target, prediction, weight)
    scores = _ratio(counts.hits, counts.predicted)
    right = counts.true == counts.pred
    along = (right - scores[counts.pred]) * _ratio(counts.actual, counts.predicted)[counts.pred]
    missing = [str(label) for label in counts.labels[(counts.predicted == 0) & (counts.actual > 0)]]
    message = f"{_listed(missing)} never predicted: counted as 0" if missing else None
    return _weighted(counts, scores, along, day, message)


def weighted_recall(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Mean of the classes' recall, each as much as it has rows: that is accuracy."""
    return accuracy(target, prediction, weight, day)._replace(definition="weighted")


def weighted_f1(target: np.ndarray, prediction: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Mean of the classes' F1, each as much as it has rows."""
    counts = _count(target, prediction, weight)
    size = counts.predicted + counts.actual
    scores = _ratio(2 * counts.hits, size)
    right = counts.true == counts.pred
    slope = _ratio(counts.actual, size)
    along = (2 * right - scores[counts.true]) * slope[counts.true] - (scores * slope)[counts.pred]
    return _weighted(counts, scores, along, day, None)


def _weighted(counts: _Counts, scores: np.ndarray, along: np.ndarray, day: Days, message: str | None) -> Estimate:
    """Σ actual·score / rows. `along`: how a row moves the scores times their classes' rows."""
    n, total = len(counts.true), float(counts.weight.sum())
    if total <= 0:
        return nothing(n, "no rows")
    value = min(1.0, float(np.dot(counts.actual, scores)) / total)
    contributions = (along + scores[counts.true] - value) * counts.weight / total * math.sqrt(n / max(1, n - 1))
    found = spread(contributions, day, df=satterthwaite(contributions, counts.true))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = wilson(value, effective_size(None, n), found.quantile)
    return Estimate(value, lower, upper, n, message, "weighted")


def weighted_roc_auc(
    target: np.ndarray, score: np.ndarray, classes: Sequence[str], weight: Days = None, day: Days = None
) -> Estimate:
    """Mean of the AUC of each class against the rest, each as much as it has rows; one without weighs nothing."""
    n = len(target)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    total, value, along, smallest = float(w.sum()), 0.0, np.zeros(n), (math.inf, math.inf)
    own = np.zeros(n)
    for index, label in enumerate(classes):
        mine = target == label
        auc, contributions, sizes = _delong(mine, score[:, index], weight)
        if auc is None:
            continue
        share = float(w[mine].sum()) / total
        value += share * auc
        along += share * contributions
        own[mine] = auc
        smallest = min(smallest, sizes)
    if math.isinf(smallest[0]):
        return nothing(n, "only one class is there: AUC needs two" if n else "no rows")
    contributions = along + (own - value) * w / total
    _, group = np.unique(target, return_inverse=True)
    found = spread(contributions, day, df=satterthwaite(contributions, group))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = _newcombe(min(1.0, value), *smallest, found.quantile)
    return Estimate(value, lower, upper, n, None, "one against the rest, weighted")


def micro_roc_auc(
    target: np.ndarray, score: np.ndarray, classes: Sequence[str], weight: Days = None, day: Days = None
) -> Estimate:
    """AUC of all (row, class) pairs together: a row's own class is positive. Pairs of a row go together."""
    n, k = len(target), len(classes)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    places = {label: i for i, label in enumerate(classes)}
    names, place = np.unique(target, return_inverse=True)
    strange = [str(name) for name in names.tolist() if name not in places]
    if strange or not n:
        return nothing(n, f"no score for the class {strange[0]!r}" if strange else "no rows")
    mine = np.array([places[name] for name in names.tolist()])[place]
    positive = (mine[:, None] == np.arange(k)).ravel()
    value, contributions, sizes = _delong(positive, score.ravel(), None if weight is None else np.repeat(weight, k))
    if value is None:
        return nothing(n, "only one class is there: AUC needs two")
    found = spread(contributions.reshape(n, k).sum(axis=1), day, df=max(1, n - 1))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = _newcombe(value, sizes[0], float(n), found.quantile)
    return Estimate(value, lower, upper, n, None, "one against the rest, micro")


def average_precision(target: np.ndarray, score: np.ndarray, weight: Days = None, day: Days = None) -> Estimate:
    """Area under the precision-recall curve as steps: Σ (R_i - R_{i-1}) P_i over the distinct scores, falling.

    None without positive rows. The interval is the infinitesimal jackknife's (each row's derivative, its own effect on
    the precision at every lower score included) on the log-odds scale; see `intervals`.

    Args:
        target: (n,) 0 or 1.
        score: (n,) in any monotone scale.
    """
    n = len(target)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    value, contributions, positives = _average_precision(target == 1, score, weight)
    if value is None:
        return nothing(n, "no positive rows" if n else "no rows")
    found = spread(contributions, day, df=satterthwaite(contributions, (target == 1).astype(np.int64)))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = wilson(min(1.0, value), positives, found.quantile)
    return Estimate(value, lower, upper, n)


def macro_average_precision(
    target: np.ndarray, score: np.ndarray, classes: Sequence[str], weight: Days = None, day: Days = None
) -> Estimate:
    """Mean over the classes that occur of the average precision of each against the rest.

    Args:
        score: (n, k) in the order of `classes`.
    """
    n = len(target)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    values, along, absent, fewest = [], np.zeros(n), list[str](), math.inf
    for index, label in enumerate(classes):
        value, contributions, positives = _average_precision(target == label, score[:, index], weight)
        if value is None:
            absent.append(str(label))
            continue
        values.append(value)
        along += contributions
        fewest = min(fewest, positives)
    if not values:
        return nothing(n, "no class has rows" if n else "no rows")
    value, (_, group) = float(np.mean(values)), np.unique(target, return_inverse=True)
    found = spread(along / len(values), day, df=satterthwaite(along, group))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = wilson(min(1.0, value), fewest, found.quantile)
    message = f"without {_listed(absent)}: no rows" if absent else None
    return Estimate(value, lower, upper, n, message, "one against the rest, macro")


def _average_precision(positive: np.ndarray, score: np.ndarray, weight: Days) -> tuple[float | None, np.ndarray, float]:
    """Average precision, the rows' contributions to its error, and the (effective) number of positives."""
    n = len(score)
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    _, level = np.unique(-score, return_inverse=True)
    levels = int(level.max()) + 1 if n else 0
    above = np.bincount(level[positive], weights=w[positive], minlength=levels)
    beside = np.bincount(level[~positive], weights=w[~positive], minlength=levels)
    hits, misses = np.cumsum(above), np.cumsum(beside)
    total = float(hits[-1]) if levels else 0.0
    if total <= 0:
        return None, np.zeros(n), 0.0
    rows = hits + misses
    precision = _ratio(hits, rows)
    value = min(1.0, float(np.dot(above, precision)) / total)
    # A row at a level moves the precision at its own level and at all lower ones.
    lifts, lowers = (np.cumsum((above * _ratio(others, rows**2))[::-1])[::-1] / total for others in (misses, hits))
    along = np.where(positive, (precision[level] - value) / total + lifts[level], -lowers[level])
    m = int(positive.sum())
    grown = math.sqrt(m / (m - 1)) if m > 1 else 1.0
    return value, along * w * grown, effective_size(None if weight is None else w[positive], m)

"""Accuracy, precision, recall and F1 of predicted classes, equal to scikit-learn's, with intervals.

Built-in metrics call these through `lifecycle_tui.api`. Binary targets and predictions are 0 and 1; multiclass ones are
labels (text), averaged over the classes that occur in either ("macro"), each class counting the same.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.intervals import (
    Estimate,
    around,
    effective_size,
    nothing,
    proportion,
    satterthwaite,
    spread,
    wilson,
)


def accuracy(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Share of rows whose predicted class is the true one; Wilson's interval."""
    return proportion(np.asarray(target == prediction, dtype=bool), weight, day)


def precision(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Share of rows predicted positive that are; Wilson's interval. None if no row is predicted positive."""
    return _part(target, prediction == 1, target == 1, weight, day, "rows predicted positive")


def recall(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Share of positive rows that are predicted so; Wilson's interval. None if no row is positive."""
    return _part(target, target == 1, prediction == 1, weight, day, "positive rows")


def _part(
    target: np.ndarray,
    chosen: np.ndarray,
    hits: np.ndarray,
    weight: np.ndarray | None,
    day: np.ndarray | None,
    what: str,
) -> Estimate:
    found = proportion(
        hits[chosen], None if weight is None else weight[chosen], None if day is None else day[chosen], what=what
    )
    if found.value is None:
        return found._replace(n=len(target))
    return found


def f1(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN). None if no row is or is predicted positive.

    F1 = 2 J / (1 + J) with J the share of true positives among the rows that are or are predicted positive: given
    their number J is a proportion, so Wilson's interval for J carried over covers F1 (the transform is F* of Hand,
    Christen and Kirielle 2021, Machine Learning 110).
    """
    either = (target == 1) | (prediction == 1)
    both = (target == 1) & (prediction == 1)
    found = _part(target, either, both, weight, day, "rows that are or are predicted positive")
    if found.value is None or found.lower is None or found.upper is None:
        return found
    return found._replace(value=_f(found.value), lower=_f(found.lower), upper=_f(found.upper))


def _f(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def macro_precision(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean over the classes of the share of rows predicted so that are; a class never predicted counts 0."""
    counts = _count(target, prediction, weight)
    return _macro(counts, counts.predicted, counts.pred, day, "never predicted")


def macro_recall(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean over the classes of the share of their rows that are predicted so; a class only predicted counts 0."""
    counts = _count(target, prediction, weight)
    return _macro(counts, counts.actual, counts.true, day, "predicted, but never true")


def macro_f1(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean over the classes of their F1."""
    counts = _count(target, prediction, weight)
    k = len(counts.labels)
    if counts.weight.sum() <= 0:
        return nothing(len(counts.true), "no rows")
    size = counts.predicted + counts.actual
    scores = _ratio(2 * counts.hits, size)
    # d(2 TP / size) for a row: 2/size where it hits, -F/size for its true class and again for its predicted one.
    slope = _ratio(np.ones(k), size)
    right = counts.true == counts.pred
    contributions = 2 * right * slope[counts.true]
    contributions = contributions - (scores * slope)[counts.true] - (scores * slope)[counts.pred]
    # As in `f1`: J is a proportion of the rows that are or are predicted so, and dF/dJ = 2 / (1 + J)².
    either = size - counts.hits
    smooth = (counts.hits + 1) / (either + 2)
    least = np.square(2 / np.square(1 + smooth)) * smooth * (1 - smooth) * _ratio(np.ones(k), either)
    return _averaged(scores, least, counts, contributions * counts.weight / k, counts.true, day, None)


class _Counts(NamedTuple):
    """Rows as class numbers, and weighted counts by class: truly so, predicted so, both."""

    true: np.ndarray
    pred: np.ndarray
    weight: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray
    hits: np.ndarray
    labels: np.ndarray


def _count(target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> _Counts:
    """Weights are scaled to sum to their effective sample size, so that counts mean rows."""
    n = len(target)
    labels, codes = np.unique(np.concatenate([target, prediction]), return_inverse=True)
    true, pred = codes[:n], codes[n:]
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    if weight is not None and w.sum() > 0:
        w = w * (effective_size(w, n) / w.sum())
    right = true == pred
    actual, predicted, hits = (
        np.bincount(rows, weights=counted, minlength=len(labels))
        for rows, counted in ((true, w), (pred, w), (true[right], w[right]))
    )
    return _Counts(true, pred, w, actual, predicted, hits, labels)


def _macro(counts: _Counts, size: np.ndarray, group: np.ndarray, day: np.ndarray | None, empty: str) -> Estimate:
    """Mean over classes of hits / size, where `group` says to which class's size a row belongs."""
    k = len(size)
    if counts.weight.sum() <= 0:
        return nothing(len(counts.true), "no rows")
    scores = _ratio(counts.hits, size)
    right = counts.true == counts.pred
    contributions = (right - scores[group]) * _ratio(np.ones(k), size)[group] * counts.weight / k
    smooth = (counts.hits + 1) / (size + 2)
    least = smooth * (1 - smooth) * _ratio(np.ones(k), size)
    missing = [str(label) for label in counts.labels[size == 0]]
    message = f"{_listed(missing)} {empty}: counted as 0" if missing else None
    return _averaged(scores, least, counts, contributions, group, day, message)


def _averaged(
    scores: np.ndarray,
    least: np.ndarray,
    counts: _Counts,
    contributions: np.ndarray,
    group: np.ndarray,
    day: np.ndarray | None,
    message: str | None,
) -> Estimate:
    """The mean of the classes' scores with an interval on the log-odds scale.

    Classes of a few rows would look surer than they are: their variances are not taken below `least`, which counts one
    hit and one miss more (Agresti and Coull 1998), and Student's t takes Satterthwaite's degrees of freedom.
    """
    n, k, value = len(counts.true), len(scores), float(scores.mean())
    found = spread(contributions, day, df=satterthwaite(contributions, group))
    found = found._replace(error=max(found.error, math.sqrt(float(least.sum())) / k))
    lower, upper = around(value, found, "logit")
    if lower is None:
        # All right or all wrong: the smallest class's size speaks for all.
        sizes = np.maximum(counts.actual, counts.predicted)
        lower, upper = wilson(min(1.0, max(0.0, value)), float(sizes[sizes > 0].min()), found.quantile)
    return Estimate(value, lower, upper, n, message, "macro")


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotients, 0 where the divisor is."""
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def _listed(labels: list[str]) -> str:
    shown = ", ".join(labels[:3])
    return shown if len(labels) <= 3 else f"{shown} and {len(labels) - 3} more"

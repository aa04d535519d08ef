"""What a metric over several classes will turn out to be without labels: expectation and 99 % interval.

Each class is calibrated against the rest, then a row's chances are renormalised to 1 (Zadrozny and Elkan 2002, KDD).
Every metric here is a smooth function of the one-hot labels: its gradient gives the draws' spread (rows are
independent, classes within a row multinomial) and, through the curves, the calibrations' error. Called by
`monitoring.estimates`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.calibration import Calibration
from lifecycle_tui.stats.expected import Expected, of_ratio, of_sum


class ClassRows(NamedTuple):
    """Unlabelled rows of several classes.

    Attributes:
        score: (n, k) as the model gave them.
        raw: (n, k) each class calibrated by itself; `chance` the same, rows summing to 1.
        said: (n,) class numbers; None without predictions.
    """

    score: np.ndarray
    raw: np.ndarray
    chance: np.ndarray
    said: np.ndarray | None


def class_rows(curves: Sequence[Calibration], score: np.ndarray, said: np.ndarray | None) -> ClassRows:
    """The rows as the expectations take them, in an order that follows from their values."""
    keys = [*score.T] if said is None else [*score.T, said]
    order = np.lexsort(keys)
    score = np.asarray(score, np.float64)[order]
    raw = np.column_stack([c.chances(c.position(score[:, i])) for i, c in enumerate(curves)])
    raw = np.maximum(raw, 1e-12)
    return ClassRows(score, raw, raw / raw.sum(axis=1, keepdims=True), None if said is None else said[order])


def _spread(curves: Sequence[Calibration], rows: ClassRows, slope: np.ndarray) -> tuple[float, float, float]:
    """The labels' variance, the calibrations' variance and the labels' third cumulant of a metric whose gradient in
    the one-hot labels is `slope` (n, k)."""
    p = rows.chance
    mean = (p * slope).sum(axis=1, keepdims=True)
    off = slope - mean
    drawn, third = float((p * off * off).sum()), float((p * off**3).sum())
    # dp_j / dq_c = (1[j = c] - p_j) / sum q, and dq_c / d(log-odds) = q_c (1 - q_c).
    total = rows.raw.sum(axis=1, keepdims=True)
    along = off / total * rows.raw * (1 - rows.raw)
    fitted = 0.0
    for i, curve in enumerate(curves):
        hats = curve.hats(curve.position(rows.score[:, i]), along[:, i])
        fitted += float(hats @ curve.covariance @ hats)
    return drawn, max(0.0, fitted), third


def expect_class_accuracy(curves: Sequence[Calibration], rows: ClassRows) -> Expected:
    """Share of rows whose predicted class is the true one."""
    if rows.said is None or not len(rows.said):
        return Expected(None, message="no rows with predictions")
    n, k = rows.chance.shape
    right = np.zeros((n, k))
    right[np.arange(n), rows.said] = 1 / n
    value = float((rows.chance * right).sum())
    return of_sum(value, *_spread(curves, rows, right))


def expect_loss(curves: Sequence[Calibration], rows: ClassRows, kind: str) -> Expected:
    """Multiclass log loss, or Brier's score summed over the classes ("brier"), of the model's own probabilities."""
    n = len(rows.score)
    if not n:
        return Expected(None, message="no rows")
    if kind == "log_loss":
        loss = -np.log(np.clip(rows.score, np.finfo(np.float64).eps, 1.0))
    else:
        squares = np.square(rows.score)
        loss = squares.sum(axis=1, keepdims=True) - squares + np.square(1 - rows.score)
    value = float((rows.chance * loss).sum() / n)
    return of_sum(value, *_spread(curves, rows, loss / n), top=2.0 if kind == "brier" else None)


def expect_macro(curves: Sequence[Calibration], rows: ClassRows, kind: str) -> Expected:
    """Macro precision, recall or F1 ("precision", "recall", "f1"): the mean of the classes' own."""
    if rows.said is None or not len(rows.said):
        return Expected(None, message="no rows with predictions")
    n, k = rows.chance.shape
    said = np.zeros((n, k))
    said[np.arange(n), rows.said] = 1.0
    hits, actual, predicted = (rows.chance * said).sum(axis=0), rows.chance.sum(axis=0), said.sum(axis=0)
    there = (actual > 0.5) | (predicted > 0)
    count = max(1, int(there.sum()))
    size = {"precision": predicted, "recall": actual, "f1": (actual + predicted) / 2}[kind]
    safe = np.where(size > 0, size, 1.0)
    scores = np.where(there & (size > 0), hits / safe, 0.0)
    slope = said / safe
    if kind == "recall":
        slope = slope - scores / safe
    elif kind == "f1":
        slope = slope - scores / (2 * safe)
    slope = np.where(there & (size > 0), slope, 0.0) / count
    drawn, fitted, _ = _spread(curves, rows, slope)
    return of_ratio(float(scores[there].sum() / count), drawn, fitted, float(actual[there].min(initial=n)))


def expect_macro_auc(curves: Sequence[Calibration], rows: ClassRows) -> Expected:
    """Mean over the classes of the AUC of each against the rest."""
    n, k = rows.chance.shape
    slope, values, rarest = np.zeros((n, k)), [], float(n)
    for i in range(k):
        p, score = rows.chance[:, i], rows.score[:, i]
        order = np.argsort(score, kind="stable")
        p_sorted, sorted_score = p[order], score[order]
        starts = np.flatnonzero(np.diff(sorted_score, prepend=np.nan) != 0)
        level = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, n)))
        above, below = np.add.reduceat(p_sorted, starts), np.add.reduceat(1 - p_sorted, starts)
        positives, negatives = float(above.sum()), float(below.sum())
        pairs = positives * negatives - float((p * (1 - p)).sum())
        if pairs <= 0:
            continue
        lower = (np.cumsum(below) - below / 2)[level] - (1 - p_sorted) / 2
        higher = (positives - np.cumsum(above) + above / 2)[level] - p_sorted / 2
        value = float(np.dot(p_sorted, lower)) / pairs
        own = (lower - higher - value * (negatives - positives) + value * (1 - 2 * p_sorted)) / pairs
        slope[order, i] = own
        values.append(value)
        rarest = min(rarest, positives, negatives)
    if not values:
        return Expected(None, message="only one class is expected: AUC needs two")
    drawn, fitted, _ = _spread(curves, rows, slope / len(values))
    return of_ratio(float(np.mean(values)), drawn, fitted, rarest)


Expectation = Callable[[Sequence[Calibration], ClassRows], Expected]

OF_CLASSES: dict[str, Expectation] = {
    "accuracy": expect_class_accuracy,
    "precision": lambda curves, rows: expect_macro(curves, rows, "precision"),
    "recall": lambda curves, rows: expect_macro(curves, rows, "recall"),
    "f1": lambda curves, rows: expect_macro(curves, rows, "f1"),
    "auc": expect_macro_auc,
    "log_loss": lambda curves, rows: expect_loss(curves, rows, "log_loss"),
    "brier": lambda curves, rows: expect_loss(curves, rows, "brier"),
}
"""Metrics over several classes that can be expected, by name."""

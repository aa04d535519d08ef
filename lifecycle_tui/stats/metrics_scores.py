"""ROC AUC, log loss and Brier score of scores and probabilities, equal to scikit-learn's, with intervals.

Built-in metrics call these through `lifecycle_tui.api`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lifecycle_tui.stats.intervals import Estimate, around, effective_size, mean_of, nothing, satterthwaite, spread

_EPS = float(np.finfo(np.float64).eps)


def roc_auc(
    target: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Probability that a positive row scores above a negative one, ties counting half.

    The interval is DeLong's, on the log-odds scale. DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845,
    by midranks in O(n log n): Sun and Xu (2014), IEEE Signal Processing Letters 21, 1389-1393; rows of a day taken
    together as in Obuchowski (1997), Biometrics 53, 567-578. Where the classes do not overlap DeLong's variance is 0:
    the interval is then Newcombe's (2006, Statistics in Medicine 25, method 5), which does not collapse there.

    Args:
        target: (n,) 0 or 1.
        score: (n,) in any monotone scale.
    """
    n = len(target)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    value, contributions, sizes = _delong(target == 1, score, weight)
    if value is None:
        return nothing(n, "only one class is there: AUC needs both" if n else "no rows")
    found = spread(contributions, day, df=satterthwaite(contributions, (target == 1).astype(np.int64)))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = _newcombe(value, *sizes, found.quantile)
    return Estimate(value, lower, upper, n)


def macro_roc_auc(
    target: np.ndarray,
    score: np.ndarray,
    classes: Sequence[str],
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Mean over the classes of the AUC of each against the rest; classes without rows are left out and named.

    Args:
        target: (n,) labels.
        score: (n, k) in the order of `classes`.
    """
    n = len(target)
    if np.isnan(score).any():
        return nothing(n, "some scores are not numbers")
    values, sums, smallest, absent = [], np.zeros(n), (math.inf, math.inf), []
    for index, label in enumerate(classes):
        value, contributions, sizes = _delong(target == label, score[:, index], weight)
        if value is None:
            absent.append(label)
            continue
        values.append(value)
        sums += contributions
        smallest = min(smallest, sizes)
    if not values:
        return nothing(n, "only one class is there: AUC needs two" if n else "no rows")
    value, (_, group) = float(np.mean(values)), np.unique(target, return_inverse=True)
    found = spread(sums / len(values), day, df=satterthwaite(sums, group))
    lower, upper = around(value, found, "logit")
    if lower is None or found.error == 0:
        lower, upper = _newcombe(value, *smallest, found.quantile)
    message = f"without {', '.join(map(str, absent))}: no rows" if absent else None
    return Estimate(value, lower, upper, n, message, "one against the rest, macro")


def _delong(
    positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None
) -> tuple[float | None, np.ndarray, tuple[float, float]]:
    """AUC, the rows' contributions to its error, and the (effective) number of positives and negatives.

    Without weights the squared contributions sum to DeLong's S10/m + S01/n exactly.
    """
    w = None if weight is None else weight.astype(np.float64)
    _, place = np.unique(score, return_inverse=True)
    levels = int(place.max()) + 1 if len(place) else 0
    above = np.bincount(place[positive], weights=None if w is None else w[positive], minlength=levels).astype(float)
    below = np.bincount(place[~positive], weights=None if w is None else w[~positive], minlength=levels).astype(float)
    total_above, total_below = float(above.sum()), float(below.sum())
    contributions = np.zeros(len(score))
    if total_above <= 0 or total_below <= 0:
        return None, contributions, (0.0, 0.0)
    # Share of the other class that a row beats, ties half: its placement.
    beats = (np.cumsum(below) - below / 2) / total_below
    beaten = 1 - (np.cumsum(above) - above / 2) / total_above
    value = float(np.dot(above, beats) / total_above)
    for chosen, placement, total in ((positive, beats, total_above), (~positive, beaten, total_below)):
        rows = int(chosen.sum())
        own = 1.0 if w is None else w[chosen]
        grown = math.sqrt(rows / (rows - 1)) if rows > 1 else 0.0
        contributions[chosen] = (placement[place[chosen]] - value) * own / total * grown
    sizes = tuple(
        effective_size(None if w is None else w[chosen], int(chosen.sum())) for chosen in (positive, ~positive)
    )
    return value, contributions, (sizes[0], sizes[1])


def _newcombe(value: float, m: float, n: float, quantile: float) -> tuple[float, float]:
    """The values t with |value - t| ≤ quantile · sd(t), sd by Hanley and McNeil's (1982) exponential model."""
    balance = max(0.0, (m + n) / 2 - 1)

    def outside(t: float) -> bool:
        variance = t * (1 - t) * (1 + balance * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return (value - t) ** 2 > quantile**2 * variance

    ends = []
    for far in (0.0, 1.0):
        inner, outer = value, far
        for _ in range(60):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if outside(middle) else (middle, outer)
        ends.append(far if inner == far or not outside(far) else inner)
    return ends[0], ends[1]


def log_loss(
    target: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean negative log likelihood (natural logarithm) of 0/1 targets; scores are clipped at the float's precision.

    None if the scores are not probabilities.
    """
    refused = _not_probabilities(score)
    if refused:
        return nothing(len(target), refused)
    chance = np.clip(score.astype(np.float64), _EPS, 1 - _EPS)
    positive = target == 1
    return mean_of(-np.log(np.where(positive, chance, 1 - chance)), weight, day, "log")


def multi_log_loss(
    target: np.ndarray,
    score: np.ndarray,
    classes: Sequence[str],
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """The same for labels: of the probability (n, k) given to each row's true class; rows must sum to 1 within 1 %."""
    chance, refused = _of_truth(target, score, classes)
    if refused:
        return nothing(len(target), refused)
    assert chance is not None
    return mean_of(-np.log(np.clip(score[chance], _EPS, 1 - _EPS)), weight, day, "log")


def brier(
    target: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean squared difference of probability and 0/1 outcome, within 0..1. None if scores are not probabilities."""
    refused = _not_probabilities(score)
    if refused:
        return nothing(len(target), refused)
    return _capped(mean_of(np.square(score - (target == 1)), weight, day, "log"), 1.0)


def multi_brier(
    target: np.ndarray,
    score: np.ndarray,
    classes: Sequence[str],
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Mean over the rows of the summed squared differences over all classes, within 0..2."""
    chance, refused = _of_truth(target, score, classes)
    if refused:
        return nothing(len(target), refused)
    assert chance is not None
    wanted = np.zeros(score.shape)
    wanted[chance] = 1.0
    found = mean_of(np.square(score - wanted).sum(axis=1), weight, day, "log")
    return _capped(found, 2.0)._replace(definition="sum over classes")


def _capped(found: Estimate, most: float) -> Estimate:
    return found if found.upper is None else found._replace(upper=min(most, found.upper))


def _not_probabilities(score: np.ndarray) -> str | None:
    if len(score) and not bool(((score >= 0) & (score <= 1)).all()):
        return "the scores are not probabilities: some lie outside 0..1"
    return None


def _of_truth(
    target: np.ndarray, score: np.ndarray, classes: Sequence[str]
) -> tuple[tuple[np.ndarray, np.ndarray] | None, str | None]:
    """Index of the true class's probability in each row, or why there is none."""
    refused = _not_probabilities(score)
    if refused:
        return None, refused
    if len(score) and float(np.abs(score.sum(axis=1) - 1).max()) > 0.01:
        return None, "the scores are not probabilities: rows do not sum to 1"
    codes = {label: index for index, label in enumerate(classes)}
    labels, place = np.unique(target, return_inverse=True)
    strange = [str(label) for label in labels if label not in codes]
    if strange:
        return None, f"no score for the class {strange[0]!r}"
    columns = np.array([codes[label] for label in labels], dtype=np.int64)[place] if len(labels) else place
    return (np.arange(len(target)), columns), None

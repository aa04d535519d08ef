"""Which segment explains that a version's key metric fell: names and losses around the search of `stats.worst_segment`.

Given the labelled rows of a window in which the metric is worse than on the reference, and rows of the reference, every
column is cut into parts (values, or quarters and halves of the reference's numbers) and the part, or the pair of parts
of two columns, is looked for whose loss rose most beyond that of all other rows. Called by `agent.work.searching`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.segments import OTHER, Values, codes_of, shown
from lifecycle_tui.stats.worst_segment import Candidate, Column, Rows, Worst, worst_segment

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.domain.protocols import Outcomes

NAME = "segments.worst"
MOST_LABELS = 12
"""Values of a feature that are parts of their own."""

MOST_COLUMNS = 60
LEVEL = 0.05
"""A segment is named where the half that did not choose it would stand out so by chance this often, at most."""

_BY_ORDER = frozenset({"auc", "average_precision"})
_BY_CHANCE = frozenset({"log_loss", "brier", "ece", "calibration_slope"})


@dataclass(frozen=True)
class Labelled:
    """Rows whose truth is known, aligned.

    Attributes:
        outcomes: without groups.
        columns: features as Arrow arrays.
        groups: values of the segment columns, (n,) object arrays of text.
        keys: (n,) uint64, a hash of each row's content.
    """

    outcomes: Outcomes
    columns: Mapping[str, pa.Array]
    groups: Mapping[str, np.ndarray]
    keys: np.ndarray


@dataclass(frozen=True)
class _Part:
    """One way to part rows: codes of both sides, and the words for each level."""

    base: str
    window: np.ndarray
    reference: np.ndarray
    words: tuple[str, ...]


def worst(metric: str, window: Labelled, reference: Labelled, values: Values) -> Signal:
    """The signal `segments.worst` of a version in a window.

    Args:
        metric: the key metric, which is worse than on the reference.
    """
    lost, usual = row_losses(metric, window.outcomes), row_losses(metric, reference.outcomes)
    n = len(window.outcomes)
    if lost is None or usual is None:
        return _none(metric, n, f"{metric} has no loss of single rows to search by", unknown=True)
    parts = _parts(window, reference, values)
    bases = {name: i for i, name in enumerate(dict.fromkeys(part.base for part in parts))}
    columns = [Column(bases[part.base], len(part.words)) for part in parts]
    now, base = (
        Rows(_codes([getattr(part, side) for part in parts], len(loss)), loss, (rows.keys & 1).astype(bool))
        for side, loss, rows in (("window", lost, window), ("reference", usual, reference))
    )
    found = worst_segment(columns, now, base)
    if found is None:
        return _none(metric, n, f"{metric} is worse; there are too few rows to say where", unknown=True)
    return _signal(metric, found, parts, n)


def _codes(columns: list[np.ndarray], rows: int) -> np.ndarray:
    import numpy as np

    return np.column_stack(columns) if columns else np.empty((rows, 0), np.int64)


def _none(metric: str, n: int, says: str, *, unknown: bool = False) -> Signal:
    value = None if unknown else 0.0
    return Signal(NAME, value, n=n, state="unknown" if unknown else "ok", message=says, detail={"metric": metric})


def not_fallen(metric: str, n: int) -> Signal:
    """The signal where there is nothing to explain."""
    return _none(metric, n, f"{metric} is no worse than on the reference")


def not_searched(metric: str, n: int, why: str) -> Signal:
    """The signal where the search cannot be made."""
    return _none(metric, n, f"not searched: {why}", unknown=True)


def _signal(metric: str, found: Worst, parts: list[_Part], n: int) -> Signal:
    ranked = [_told(candidate, parts, found.fall) for candidate in found.ranked]
    one = _told(found.found, parts, found.fall)
    says = " and ".join(one["segment"].values())
    detail: dict[str, Any] = {"metric": metric, "p_value": found.p_value, "fall": found.fall, "ranked": ranked}
    if found.p_value > LEVEL or found.found.explained <= 0:
        message = f"{metric} is worse, in no segment more than elsewhere (the most: {says}, p {found.p_value:.2g})"
        return Signal(NAME, 0.0, n=n, message=message, detail=detail)
    share = one["share_of_fall"]
    how_much = "" if share is None else f", {min(1.0, share):.0%} of it"
    message = f"{metric} is worse above all where {says}: {found.found.rows:,} rows{how_much} (p {found.p_value:.2g})"
    return Signal(NAME, found.found.explained, n=n, message=message, detail={**detail, **one})


def _told(candidate: Candidate, parts: list[_Part], fall: float) -> dict[str, Any]:
    segment = {
        parts[at].base: parts[at].words[level] for at, level in zip(candidate.columns, candidate.levels, strict=True)
    }
    share = candidate.explained / fall if fall > 0 else None
    return {
        "segment": segment,
        "rows": candidate.rows,
        "explained": candidate.explained,
        "share_of_fall": share,
        "z": candidate.z,
    }


def row_losses(metric: str, outcomes: Outcomes) -> np.ndarray | None:
    """(n,) what each row adds to the metric's loss, so that their mean is it where the metric is a mean of rows.

    Accuracy and what else is of predicted classes: 0 or 1. AUC and average precision: how much of the other class a row
    is on the wrong side of (DeLong's placement), weighed so that the mean is 1 - AUC. Log loss, and the Brier score for
    what else is of probabilities. MAE: absolute errors; MAPE: as shares; what else is of numbers: squares. None for
    rankings.
    """
    import numpy as np

    target, said, score = outcomes.target, outcomes.prediction, outcomes.score
    if outcomes.query is not None or (not outcomes.classes and said is None):
        return None
    if not outcomes.classes:
        assert said is not None
        error = np.abs(target - said)
        if metric == "mape":
            error = np.divide(error, np.abs(target), out=np.zeros_like(error), where=target != 0)
        found = error if metric in ("mae", "mape") else error**2
        return found if bool(np.isfinite(found).all()) else None
    if score is not None and score.ndim == 1:
        if metric in _BY_ORDER:
            return _misplaced(target == 1, score)
        if metric in _BY_CHANCE or said is None:
            chance = np.clip(np.where(target == 1, score, 1 - score), 1e-15, 1.0)
            return -np.log(chance) if metric == "log_loss" else (1 - chance) ** 2
    if score is not None and score.ndim == 2 and (metric in _BY_ORDER or metric in _BY_CHANCE or said is None):
        names = {name: i for i, name in enumerate(outcomes.classes)}
        own = score[np.arange(len(target)), [names.get(name, 0) for name in target.tolist()]]
        return 1 - own if metric != "log_loss" else -np.log(np.clip(own, 1e-15, 1.0))
    return None if said is None else (target != said).astype(np.float64)


def _misplaced(positive: np.ndarray, score: np.ndarray) -> np.ndarray | None:
    import numpy as np

    n, m = len(score), int(positive.sum())
    if m in (0, n):
        return None
    _, level = np.unique(score, return_inverse=True)
    above = np.bincount(level[positive], minlength=int(level.max()) + 1)
    below = np.bincount(level[~positive], minlength=len(above))
    beaten_by = (n - m) - np.cumsum(below) + below / 2  # negatives above a positive
    beats = np.cumsum(above) - above / 2  # positives below a negative
    half = n / 2 / m / (n - m)
    found: np.ndarray = np.where(positive, beaten_by[level], beats[level]) * half
    return found


def _parts(window: Labelled, reference: Labelled, values: Values) -> list[_Part]:
    found: list[_Part] = []
    for name, named in values.items():
        if name in window.groups and name in reference.groups:
            words = tuple(f"{name}={value}" for value in (*named, OTHER))
            found.append(
                _Part(name, codes_of(window.groups[name], named), codes_of(reference.groups[name], named), words)
            )
    for name in sorted(window.columns)[:MOST_COLUMNS]:
        if name in reference.columns and name not in values:
            found += _feature(name, window.columns[name], reference.columns[name])
    return found


def _feature(name: str, window: pa.Array, reference: pa.Array) -> list[_Part]:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_floating(reference.type):
        now, base = (np.asarray(side.to_numpy(zero_copy_only=False), np.float64) for side in (window, reference))
        known = base[np.isfinite(base)]
        if not len(known):
            return []
        found = []
        for shares in ((0.25, 0.5, 0.75), (0.5,)):
            edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
            found.append(_Part(name, _cells(now, edges), _cells(base, edges), _words(name, edges)))
        return found
    if not pa.types.is_dictionary(reference.type):
        return []
    sides = [np.array([shown(v or "") for v in side.to_pylist()], object) for side in (window, reference)]
    labels, counts = np.unique(sides[1].astype(str), return_counts=True)
    named = [str(labels[i]) for i in np.lexsort((labels, -counts))[:MOST_LABELS]]
    words = tuple(f"{name}={value}" for value in (*named, OTHER))
    return [_Part(name, codes_of(sides[0], named), codes_of(sides[1], named), words)]


def _cells(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """0 .. len(edges), and one more for what is missing."""
    import numpy as np

    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))


def _words(name: str, edges: np.ndarray) -> tuple[str, ...]:
    told = [f"{edge:.6g}" for edge in edges.tolist()]
    between = (f"{low} < {name} <= {high}" for low, high in pairwise(told))
    return (f"{name} <= {told[0]}", *between, f"{name} > {told[-1]}", f"{name} is missing")

"""What label-free estimates are made with: learned once from the reference's scores and labels, kept as an artefact.

Classification: a calibration curve for each class, and a sample of the reference's rows whose weights say how the curve
looks where the window's inputs lie. Regression: a model of the loss. Fitted by the job that evaluates (`agent.work.
estimating`), used by `estimates`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.monitoring.estimate_features import FeatureCode, design, feature_codes, matrix, width
from lifecycle_tui.monitoring.estimate_rows import Reach, ScoredRows, outcome_columns
from lifecycle_tui.monitoring.maturing import Arrivals, arrivals
from lifecycle_tui.monitoring.performance import Coding

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.stats.calibration import Calibration
    from lifecycle_tui.stats.losses import LossLine, Trees

FORMAT = 3
"""Raised when what is learned, or its form, changes: stored estimators are then made anew."""

LEAST_ROWS = 100
"""Labelled rows that a calibration, or a model of the loss, needs."""

LEAST_OF_CLASS = 20
"""Rows of each class that a calibration needs."""

LEANING = 1e-3
"""p-value of "the score says all that the features say" below which windows are weighted: weights cost variance, and
time, and put right only what the score leaves unsaid."""

SPEAKS = 0.01
"""p-value below which a feature of a calibration that leans on some is one that weights look at."""

LOSSES = {"mae": 1, "rmse": 2}
"""Metrics of regression that can be estimated: the power of the absolute error whose mean they are made of."""


class CannotEstimate(LifecycleError):
    """There is nothing that estimates could be made with; the message says why."""


@dataclass(frozen=True)
class Sampled:
    """Some rows of the reference: their design matrix (n, d), scores (n,) or (n, k) and targets (n,)."""

    design: np.ndarray
    score: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Estimator:
    """What was learned of one version.

    Attributes:
        curves: one (binary: of the positive class), or one for each class; empty for regression.
        codes: of the features that windows must bring along: for weighting, or for a model of the loss.
        sampled: for weighting; None where there are no features, or the calibration does not lean on them.
        leaning: p-value of "the score says all that the features say"; None where that was not tested.
        losses: metric → the trees that say a row's loss, and the line that puts them right.
        probabilities: whether the scores were probabilities on the reference.
        arrivals: of a binary task, how long its labels took.
        chance_outside: share of further rows of the reference's kind that would lie outside its reach.
        rows, labels: of the reference, and how many of them had labels.
    """

    task: str
    classes: tuple[str, ...]
    rows: int
    labels: int
    codes: tuple[FeatureCode, ...] = ()
    curves: tuple[Calibration, ...] = ()
    sampled: Sampled | None = None
    losses: Mapping[str, tuple[Trees, LossLine]] = field(default_factory=dict)
    probabilities: bool = True
    chance_outside: float = 0.0
    arrivals: Arrivals | None = None
    leaning: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Features of which a window's sample is needed."""
        return tuple(c.name for c in self.codes) if self.sampled is not None or self.losses else ()


def learn(coding: Coding, rows: ScoredRows, reach: Mapping[str, Reach], metrics: Iterable[str]) -> Estimator:
    """Learn from a version's rows on the reference.

    Raises:
        CannotEstimate: too few labels, one class, no scores.
    """
    import numpy as np

    if rows.target is None or rows.known is None or not rows.known.any():
        raise CannotEstimate("the reference has no labels to learn from")
    labels = int(rows.known.sum())
    if labels < LEAST_ROWS:
        raise CannotEstimate(f"the reference has {labels} labelled rows with scores: {LEAST_ROWS} are needed")
    codes = feature_codes(reach, rows.sample)
    outside = float(1 - np.prod([1 - r.chance for r in reach.values()])) if reach else 0.0
    facts = (coding.task, coding.classes, rows.rows, labels)
    if coding.task in ("binary", "multiclass"):
        if rows.score is None:
            raise CannotEstimate("the data has predictions alone: estimates need scores")
        score, target = rows.score[rows.known], rows.target[rows.known]
        curves = _curves(coding, score, target)
        kept, sampled, leans = _sampled(rows, codes, curves)
        return Estimator(
            *facts, kept, curves, sampled, probabilities=all(c.offset for c in curves), chance_outside=outside,
            arrivals=arrivals(rows) if coding.task == "binary" else None, leaning=leans,
        )  # fmt: skip
    if coding.task != "regression":
        raise CannotEstimate(f"{coding.task} models cannot be estimated without labels")
    if not codes:
        raise CannotEstimate("there are no features to learn the size of the loss from")
    losses = {name: _loss_model(rows, codes, LOSSES[name]) for name in metrics if name in LOSSES}
    return Estimator(*facts, codes, losses=losses, chance_outside=outside)


def _curves(coding: Coding, score: np.ndarray, target: np.ndarray) -> tuple[Calibration, ...]:
    import numpy as np

    from lifecycle_tui.stats.calibration import are_probabilities, calibrate

    wanted: Sequence[tuple[int, np.ndarray]] = (
        [(1, score)] if score.ndim == 1 else [(i, score[:, i]) for i in range(score.shape[1])]
    )
    found = []
    for number, values in wanted:
        positive = target == number
        few = min(int(positive.sum()), int((~positive).sum()))
        if few < LEAST_OF_CLASS:
            label = coding.classes[number] if number < len(coding.classes) else str(number)
            raise CannotEstimate(
                f"the reference has {int(positive.sum())} rows of {label} and {int((~positive).sum())} of others: "
                f"{LEAST_OF_CLASS} of each are needed"
            )
        found.append(calibrate(values, positive.astype(np.float64), probabilities=are_probabilities(score.ravel())))
    return tuple(found)


def positions(curves: Sequence[Calibration], score: np.ndarray) -> list[np.ndarray]:
    """Scores (n,) or (n, k) on the axes of their curves."""
    return [c.position(score if score.ndim == 1 else score[:, i]) for i, c in enumerate(curves)]


def _sampled(
    rows: ScoredRows, codes: tuple[FeatureCode, ...], curves: tuple[Calibration, ...]
) -> tuple[tuple[FeatureCode, ...], Sampled | None, float | None]:
    """The features that the calibration leans on and the sample's labelled rows, for weighting; nothing of either
    where it leans on none; and the p-value that says so."""
    import numpy as np

    from lifecycle_tui.stats.leaning import leaning

    if rows.sample is None or not codes:
        return (), None, None
    table = rows.sample.table
    target, score = outcome_columns(table, "target"), outcome_columns(table, "score")
    if target is None or score is None:
        return (), None, None
    known = np.isfinite(target)
    if int(known.sum()) < LEAST_ROWS:
        return (), None, None
    x = design(codes, table, ())[known]
    said = positions(curves, score)
    target, score = target[known], score[known]
    tested = [leaning(curve, *of_class(score, target, i, len(curves)), x) for i, curve in enumerate(curves)]
    p_value = min(1.0, len(curves) * min(t.p_value for t in tested))
    if p_value >= LEANING:
        return (), None, p_value
    alone, kept, first = np.minimum.reduce([t.columns for t in tested]), [], 0
    for code in codes:
        after = first + width(code)
        if alone[first:after].min() < SPEAKS:
            kept.append(code)
        first = after
    # All together say something, and none by itself: then all are looked at.
    kept = kept or list(codes)
    made = design(kept, table, said)[known]
    return tuple(kept), Sampled(made.astype(np.float32), score, target), p_value


def of_class(score: np.ndarray, target: np.ndarray, place: int, curves: int) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the curve at `place` and its targets as 0 and 1 (of two classes the positive one has the curve)."""
    number = 1 if curves == 1 else place
    return score if score.ndim == 1 else score[:, place], (target == number) * 1.0


def _loss_model(rows: ScoredRows, codes: tuple[FeatureCode, ...], power: int) -> tuple[Trees, LossLine]:
    """Boosted trees on features and prediction, and their recalibration on rows that the trees had not seen."""
    import numpy as np

    from lifecycle_tui.stats.losses import loss_line

    assert rows.sample is not None
    table = rows.sample.table
    target, said = outcome_columns(table, "target"), outcome_columns(table, "said")
    if target is None or said is None:
        raise CannotEstimate("the data has no predictions to learn the loss of")
    known = np.isfinite(target)
    if int(known.sum()) < LEAST_ROWS:
        raise CannotEstimate(f"{int(known.sum())} labelled rows of the reference: {LEAST_ROWS} are needed")
    x = matrix(codes, table, said)[known]
    loss = np.abs(target - said)[known] ** power
    # The sample is in the order of its keys: as good as shuffled, and the same for the same rows.
    fold = np.arange(len(loss)) % 3
    held = np.empty(len(loss))
    for i in range(3):
        held[fold == i] = boosted(x[fold != i], loss[fold != i]).predict(x[fold == i])
    return boosted(x, loss), loss_line(np.maximum(held, 0.0), loss)


def boosted(x: np.ndarray, y: np.ndarray) -> Trees:
    """scikit-learn's histogram boosting, small, as plain arrays (no pickle is kept, and using it imports nothing)."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    from lifecycle_tui.stats.losses import Trees

    # So few rows are learned sooner by one thread than by several that wait for each other.
    with threadpool_limits(1):
        fitted = HistGradientBoostingRegressor(
            max_iter=60, max_leaf_nodes=8, learning_rate=0.1, min_samples_leaf=20, max_bins=64, early_stopping=False,
            random_state=0,
        ).fit(x, y)  # fmt: skip
    starts, parts, before = [], [], 0
    for (tree,) in fitted._predictors:
        nodes = tree.nodes
        starts.append(before)
        leaf = nodes["is_leaf"].astype(bool)
        parts.append(
            (
                np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
                np.where(leaf, -1, nodes["left"].astype(np.int64) + before).astype(np.int32),
                np.where(leaf, -1, nodes["right"].astype(np.int64) + before).astype(np.int32),
                nodes["num_threshold"].astype(np.float64),
                nodes["missing_go_to_left"].astype(bool),
                nodes["value"].astype(np.float64),
            )
        )
        before += len(nodes)
    joined = {name: np.concatenate(column) for name, column in zip(_TREES[1:], zip(*parts, strict=True), strict=True)}
    trees = Trees(np.array(starts, np.int64), **joined, base=float(np.ravel(fitted._baseline_prediction)[0]))
    some = x[:200]
    # What is read here is not scikit-learn's public face: a release that changes it must not change numbers in silence.
    if not np.allclose(trees.predict(some), fitted.predict(some), rtol=1e-9, atol=1e-12):
        raise CannotEstimate("this release of scikit-learn keeps its trees in a way that is not known here")
    return trees


def dump(estimator: Estimator) -> bytes:
    """As an npz archive of plain arrays and one JSON text."""
    import numpy as np

    arrays: dict[str, Any] = {}
    curves = []
    for i, c in enumerate(estimator.curves):
        arrays |= {f"c{i}_knots": c.knots, f"c{i}_values": c.values, f"c{i}_covariance": c.covariance}
        if c.axis is not None:
            arrays[f"c{i}_axis"] = c.axis
        curves.append([c.stiffness, c.low, c.high, c.rows, c.positives, c.gain])
    if estimator.sampled is not None:
        s = estimator.sampled
        arrays |= {"s_design": s.design, "s_score": s.score, "s_target": s.target}
    if estimator.arrivals is not None:
        arrays["arrivals"] = estimator.arrivals.delays
    lines = {}
    for name, (trees, line) in sorted(estimator.losses.items()):
        arrays |= {f"t_{name}_{key}": getattr(trees, key) for key in _TREES}
        arrays[f"l_{name}_covariance"] = line.covariance
        lines[name] = [trees.base, line.intercept, line.slope, line.ratio, line.low, line.high, line.rows]
    meta = {
        "format": FORMAT, "task": estimator.task, "classes": estimator.classes, "rows": estimator.rows,
        "labels": estimator.labels, "codes": [c.as_json() for c in estimator.codes], "curves": curves, "lines": lines,
        "probabilities": estimator.probabilities, "chance_outside": estimator.chance_outside,
        "leaning": estimator.leaning,
    }  # fmt: skip
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


_TREES = ("start", "feature", "left", "right", "threshold", "missing_left", "value")


def load(data: bytes) -> Estimator:
    """What `dump` wrote.

    Raises:
        CannotEstimate: it is of another format.
    """
    import numpy as np

    from lifecycle_tui.stats.calibration import Calibration
    from lifecycle_tui.stats.losses import LossLine, Trees

    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        meta = json.loads(arrays["meta"].tobytes())
        if meta["format"] != FORMAT:
            raise CannotEstimate("it was learned by another release")
        curves = tuple(
            Calibration(
                arrays.get(f"c{i}_axis"), arrays[f"c{i}_knots"], arrays[f"c{i}_values"],
                arrays[f"c{i}_covariance"], *facts,
            )
            for i, facts in enumerate(meta["curves"])
        )  # fmt: skip
        sampled = None
        if "s_design" in arrays:
            sampled = Sampled(arrays["s_design"], arrays["s_score"], arrays["s_target"])
        came = Arrivals(arrays["arrivals"]) if "arrivals" in arrays else None
        losses = {
            name: (
                Trees(**{key: arrays[f"t_{name}_{key}"] for key in _TREES}, base=base),
                LossLine(intercept, slope, arrays[f"l_{name}_covariance"], *rest),
            )
            for name, (base, intercept, slope, *rest) in meta["lines"].items()
        }
    return Estimator(
        meta["task"], tuple(meta["classes"]), meta["rows"], meta["labels"],
        tuple(FeatureCode.from_json(c) for c in meta["codes"]), curves, sampled, losses, meta["probabilities"],
        meta["chance_outside"], came, meta["leaning"],
    )  # fmt: skip

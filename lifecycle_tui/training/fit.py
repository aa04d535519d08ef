"""Fits the built-in estimators and validates them forward in time. Called by the job that trains.

Never a random split: what a version could not have known when it predicted, it is not shown (DESIGN §7).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.features import Encoder, learn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import Task

ESTIMATORS = ("hist-gradient-boosting",)
"""Built-in names for `training.estimator`; the first is the default for every task."""

NUMERIC = ("regression", "ranking")
"""Tasks whose target is a number (for ranking: how relevant a row is)."""

FOLDS = 5

MANY_CELLS = 5_000_000
"""Cells of a feature matrix from which several threads are worth starting."""


@dataclass(frozen=True)
class TrainingRows:
    """Labelled rows to learn from, in canonical order (time, then content).

    Attributes:
        table: normalised features.
        target: (n,) float64 for regression; str labels otherwise.
        time: (n,) int64 microseconds since 1970 UTC, or None.
        arrived: (n,) int64, when each label was known; None: with the row.
    """

    table: pa.Table
    target: np.ndarray
    time: np.ndarray | None = None
    arrived: np.ndarray | None = None


@dataclass(frozen=True)
class Prediction:
    """What a version says of some rows.

    Attributes:
        prediction: (n,) float64, or labels as str.
        score: regression: None; binary: probability of the positive label (n,); multiclass: (n, k).
        classes: labels in the order of `score`'s columns.
    """

    prediction: np.ndarray
    score: np.ndarray | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FittedModel:
    """A fitted version: encoder, estimator and what is needed to read its answers."""

    task: Task
    estimator_name: str
    encoder: Encoder
    estimator: Any
    classes: tuple[str, ...] = ()
    positive: str | None = None
    cutoff: float = 0.5
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, table: pa.Table) -> Prediction:
        """Predictions for every row of `table`."""
        import numpy as np

        x = self.encoder.encode(table)
        if self.task in NUMERIC:
            with _threads(x):
                return Prediction(np.asarray(self.estimator.predict(x), np.float64) if len(x) else np.empty(0))
        with _threads(x):
            probability = self.estimator.predict_proba(x) if len(x) else np.empty((0, len(self.classes)))
        labels = np.array(self.classes)
        if self.task == "binary":
            positive = self.classes.index(str(self.positive))
            score = probability[:, positive]
            said = labels[np.where(score >= self.cutoff, positive, 1 - positive)]
            return Prediction(said, score, self.classes)
        return Prediction(labels[probability.argmax(axis=1)] if len(x) else labels[:0], probability, self.classes)


def fit(
    rows: TrainingRows,
    task: Task,
    kinds: Mapping[str, ColumnKind],
    *,
    estimator: str | None = None,
    positive: str | None = None,
    cutoff: float | None = None,
) -> FittedModel:
    """Fit the named built-in estimator (the default one for None) on all of `rows`.

    Raises:
        TrainingError: no features, too few rows, one class only, or an estimator this program cannot build.
    """
    name = estimator or ESTIMATORS[0]
    if name not in ESTIMATORS:
        raise TrainingError(
            f'estimator "{name}" is not built in',
            hint=f"built-in estimators: {', '.join(ESTIMATORS)}; a team's own are trained from the next release on",
        )
    usable = {n: k for n, k in kinds.items() if k in ("numeric", "categorical") and n in rows.table.column_names}
    if not usable:
        raise TrainingError(
            "there is no feature to learn from", hint="declare numeric or categorical columns, or ignore fewer"
        )
    if len(rows.target) < 30:
        raise TrainingError(
            f"{len(rows.target)} labelled rows are too few to train on",
            hint="30 at the least; widen the reference or wait for labels",
        )
    encoder = learn(rows.table, usable)
    classes: tuple[str, ...] = ()
    if task not in NUMERIC:
        classes = tuple(sorted(set(rows.target.tolist())))
        positive = _positive(task, classes, positive)
    model = _build(task, encoder)
    x = encoder.encode(rows.table)
    with _threads(x):
        model.fit(x, rows.target)
    return FittedModel(
        task,
        name,
        encoder,
        model,
        classes=classes,
        positive=positive,
        cutoff=0.5 if cutoff is None else cutoff,
        parameters={k: v for k, v in model.get_params(deep=False).items() if isinstance(v, str | int | float | bool)},
    )


def _threads(x: np.ndarray) -> AbstractContextManager[Any]:
    """One thread for a small matrix: on a busy machine waiting for the others costs ten times the work."""
    from threadpoolctl import threadpool_limits

    return nullcontext() if x.size >= MANY_CELLS else threadpool_limits(1)


def forward_predictions(
    rows: TrainingRows,
    fit_one: Callable[[TrainingRows], FittedModel],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, Prediction]:
    """Predictions for the later rows by versions fitted on the earlier ones only.

    The rows are cut into `FOLDS` + 1 blocks of equal size in time order. Block i is predicted by a version fitted on
    the rows of earlier blocks whose label had arrived when block i began.

    Returns:
        positions (m,) into `rows` and their predictions, in order; blocks that could not be fitted are absent.
    """
    import numpy as np

    n = len(rows.target)
    edges = [round(n * i / (FOLDS + 1)) for i in range(FOLDS + 2)]
    at: list[np.ndarray] = []
    said: list[Prediction] = []
    for i in range(1, FOLDS + 1):
        known = np.arange(edges[i])
        if rows.arrived is not None and rows.time is not None and edges[i] < n:
            known = known[rows.arrived[known] <= rows.time[edges[i]]]
        block = np.arange(edges[i], edges[i + 1])
        if progress:
            progress(i - 1, FOLDS)
        try:
            model = fit_one(take(rows, known))
        except TrainingError:
            continue  # too few rows or one class so early: this block has no honest prediction
        at.append(block)
        said.append(_aligned(model.predict(rows.table.take(block)), said))
    if not said:
        return np.empty(0, np.int64), Prediction(rows.target[:0])
    width = {p.classes for p in said}
    score = None
    if said[0].score is not None and len(width) == 1:
        score = np.concatenate([p.score for p in said if p.score is not None])
    return np.concatenate(at), Prediction(np.concatenate([p.prediction for p in said]), score, said[0].classes)


def _aligned(prediction: Prediction, earlier: list[Prediction]) -> Prediction:
    """With the score dropped where an early fold had not seen every class (its columns would not match)."""
    if earlier and earlier[0].classes != prediction.classes:
        return Prediction(prediction.prediction, None, prediction.classes)
    return prediction


def take(rows: TrainingRows, at: np.ndarray) -> TrainingRows:
    """The rows at those positions."""
    return TrainingRows(
        rows.table.take(at),
        rows.target[at],
        None if rows.time is None else rows.time[at],
        None if rows.arrived is None else rows.arrived[at],
    )


def canonical(rows: TrainingRows) -> TrainingRows:
    """The rows ordered by time, then by content: the order of files and rows never changes a fitted version."""
    return take(rows, canonical_order(rows))


def canonical_order(rows: TrainingRows) -> np.ndarray:
    """(n,) positions that bring the rows into canonical order, for what must be ordered along with them."""
    import numpy as np

    keys: list[np.ndarray] = [np.unique(rows.target, return_inverse=True)[1]]
    for name in sorted(rows.table.column_names, reverse=True):
        column = rows.table.column(name).combine_chunks()
        if hasattr(column, "dictionary"):
            column = column.cast("string")
        values = column.to_numpy(zero_copy_only=False)
        if values.dtype == object:
            values = np.array(["" if v is None else str(v) for v in values])
        keys.append(np.unique(values, return_inverse=True)[1])
    if rows.time is not None:
        keys.append(rows.time)
    return np.lexsort(keys)


def _positive(task: Task, classes: tuple[str, ...], positive: str | None) -> str | None:
    if task != "binary":
        if len(classes) < 2:
            raise TrainingError("all labels are the same: there is nothing to learn")
        return None
    if len(classes) != 2:
        raise TrainingError(f"a binary target needs two labels and has {len(classes)}: {', '.join(classes[:5])}")
    if positive is None:
        return classes[1]
    if positive not in classes:
        raise TrainingError(f'the positive label "{positive}" is not among the labels {", ".join(classes)}')
    return positive


def _build(task: Task, encoder: Encoder) -> Any:
    """A fresh estimator; seeded, so that fitting the same rows twice gives the same version."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task in NUMERIC else HistGradientBoostingClassifier
    return kind(categorical_features=encoder.categorical or None, early_stopping=False, random_state=0)

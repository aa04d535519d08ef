"""Fits an estimator and validates it forward in time. Called by the job that trains.

Never a random split: what a version could not have known when it predicted, it is not shown (DESIGN §7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training import estimators, team
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.features import Encoder, learn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import Task

FOLDS = 5
LEAST_ROWS = 30
"""Fewer labelled rows are not trained on."""


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
    """A fitted version: encoder, estimator and what is needed to read its answers.

    Attributes:
        estimator_name: a built-in name or "module:function".
        classes: labels in order; empty for a number.
        parameters: of the estimator, plain values.
        rows: how many it learned from when it was made.
    """

    task: Task
    estimator_name: str
    encoder: Encoder
    estimator: Any
    classes: tuple[str, ...] = ()
    positive: str | None = None
    cutoff: float = 0.5
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0

    def predict(self, table: pa.Table) -> Prediction:
        """Predictions for every row of `table`.

        Raises:
            TrainingError: a team's estimator failed or gave something else than an answer a row.
        """
        import numpy as np

        labels = np.array(self.classes)
        if not table.num_rows:
            return self._nothing(labels)
        x = self.encoder.design(table)
        with estimators.threads(x.size), team.blaming(f"{self.estimator_name} cannot score"):
            if self.task in NUMERIC:
                return Prediction(numbers(self.estimator.predict(x), len(x), self.estimator_name))
            raw = self.estimator.predict_proba(x)
        probability = probabilities(raw, len(x), self.estimator, self.classes, self.estimator_name)
        if self.task == "binary":
            positive = self.classes.index(str(self.positive))
            score = probability[:, positive]
            said = labels[np.where(score >= self.cutoff, positive, 1 - positive)]
            return Prediction(said, score, self.classes)
        return Prediction(labels[probability.argmax(axis=1)], probability, self.classes)

    def _nothing(self, labels: np.ndarray) -> Prediction:
        import numpy as np

        if self.task in NUMERIC:
            return Prediction(np.empty(0))
        score = np.empty(0) if self.task == "binary" else np.empty((0, len(self.classes)))
        return Prediction(labels[:0], score, self.classes)


def numbers(raw: Any, rows: int, name: str) -> np.ndarray:
    """An estimator's predictions as float64 (rows,).

    Raises:
        TrainingError: not one finite number a row.
    """
    import numpy as np

    try:
        found = np.asarray(raw, np.float64)
    except (TypeError, ValueError) as exc:
        raise TrainingError(f"{name}: predict returned no numbers: {exc}") from None
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.shape != (rows,) or not np.isfinite(found).all():
        what = f"an array of shape {found.shape}" if found.shape != (rows,) else "missing or infinite values"
        raise TrainingError(f"{name}: predict returned {what} for {rows} rows", hint="one finite number a row")
    return found


def probabilities(raw: Any, rows: int, estimator: Any, classes: tuple[str, ...], name: str) -> np.ndarray:
    """An estimator's probabilities as float64 (rows, classes), columns in the order of `classes`.

    Raises:
        TrainingError: of another shape, with missing values, or of other labels.
    """
    import numpy as np

    found = np.asarray(raw, np.float64)
    known = tuple(label_text(c) for c in getattr(estimator, "classes_", classes))
    if found.shape != (rows, len(known)) or not np.isfinite(found).all():
        raise TrainingError(
            f"{name}: predict_proba returned an array of shape {found.shape} for {rows} rows and {len(known)} labels",
            hint="one probability for each row and label, none missing",
        )
    if known == classes:
        return found
    if sorted(known) != sorted(classes):
        raise TrainingError(f"{name} knows the labels {', '.join(known)}; the data has {', '.join(classes)}")
    return found[:, [known.index(c) for c in classes]]


def label_text(value: Any) -> str:
    """An estimator's label as the data writes it."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def fit(
    rows: TrainingRows,
    task: Task,
    kinds: Mapping[str, ColumnKind],
    *,
    estimator: str | None = None,
    positive: str | None = None,
    cutoff: float | None = None,
    folder: str | Path = "",
) -> FittedModel:
    """Fit the named estimator (the default one for None) on all of `rows`.

    Args:
        estimator: a built-in name, or a team's "module:function" in `folder`.

    Raises:
        TrainingError: no features, too few rows, one class only, or an estimator that cannot be built or fitted.
    """
    name = estimator or ESTIMATORS[0]
    own = team.is_own(name)
    form = "frame" if own else estimators.recipe(name).form
    usable = {n: k for n, k in kinds.items() if k in ("numeric", "categorical") and n in rows.table.column_names}
    if not usable:
        raise TrainingError(
            "there is no feature to learn from", hint="declare numeric or categorical columns, or ignore fewer"
        )
    if len(rows.target) < LEAST_ROWS:
        raise TrainingError(
            f"{len(rows.target)} labelled rows are too few to train on",
            hint="30 at the least; widen the reference or wait for labels",
        )
    encoder = learn(rows.table, usable, form)
    classes: tuple[str, ...] = ()
    if task not in NUMERIC:
        classes = tuple(sorted(set(rows.target.tolist())))
        positive = _positive(task, classes, positive)
    model = team.build(name, folder) if own else estimators.recipe(name).build(task, encoder, rows.target)
    if task not in NUMERIC and not hasattr(model, "predict_proba"):
        raise TrainingError(
            f"{name} gives an estimator without predict_proba: a {task} model needs probabilities",
            hint="wrap it, e.g. in sklearn.calibration.CalibratedClassifierCV",
        )
    x = encoder.design(rows.table)
    with estimators.threads(x.size), team.blaming(f"{name} cannot be fitted"):
        model.fit(x, fit_target(rows.target, encoder, task))
    return FittedModel(
        task,
        name,
        encoder,
        model,
        classes=classes,
        positive=positive,
        cutoff=0.5 if cutoff is None else cutoff,
        parameters=estimators.parameters(model),
        rows=len(rows.target),
    )


def fit_target(target: np.ndarray, encoder: Encoder, task: Task) -> np.ndarray:
    """The target as the estimator gets it: a team's own gets labels that are whole numbers as int64."""
    import numpy as np

    if task in NUMERIC or encoder.form != "frame":
        return target
    whole = all(re.fullmatch(r"-?(0|[1-9]\d{0,17})", label) for label in set(target.tolist()))
    return target.astype(np.int64) if whole else target.astype(object)


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

"""Versions that were fitted elsewhere with scikit-learn: any estimator or pipeline, given the rows as a data frame.

Made by `versions` for files that are not artefacts of this program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.training import answers, estimators, team
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.features import as_numbers
from lifecycle_tui.training.fit import Prediction, label_text, numbers, probabilities

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

NAME = "the artefact's estimator"


@dataclass(frozen=True)
class Foreign:
    """A fitted estimator from elsewhere.

    Attributes:
        features: columns in the order that it was fitted on; empty: those of the rows, sorted by name.
        coded: columns whose categories it knows as numbers.
    """

    spec: ModelSpec
    estimator: Any
    features: tuple[str, ...] = ()
    coded: frozenset[str] = frozenset()

    def predict(self, table: pa.Table) -> Prediction:
        """Predictions for every row.

        Raises:
            TrainingError: a column is missing, or the estimator fails or answers nonsense.
        """
        import numpy as np

        rows = table.num_rows
        task, estimator = self.spec.task, self.estimator
        x = self._input(table)
        with estimators.threads(x.size), team.blaming(f"{NAME} cannot score"):
            if task in NUMERIC:
                return Prediction(numbers(estimator.predict(x), rows, NAME) if rows else np.empty(0))
            classes = tuple(label_text(c) for c in getattr(estimator, "classes_", ()))
            if not hasattr(estimator, "predict_proba"):
                said = np.array([label_text(v) for v in estimator.predict(x)] if rows else [], object)
                return Prediction(said, None, classes)
            if not rows:
                return Prediction(np.empty(0, object), np.empty((0, len(classes)) if task != "binary" else 0), classes)
            raw = probabilities(estimator.predict_proba(x), rows, estimator, classes, NAME)
        return self.said(raw, classes)

    def said(self, probability: np.ndarray, classes: tuple[str, ...]) -> Prediction:
        """Probabilities (n, k) as the task's answer."""
        return from_probabilities(self.spec, probability, classes)

    def _input(self, table: pa.Table) -> Any:
        """A data frame; a plain matrix for an estimator that was fitted without names."""
        found = frame(table, self.features or tuple(sorted(table.column_names)), self.coded)
        named = hasattr(self.estimator, "feature_names_in_")
        return found if named or any(dtype.kind != "f" for dtype in found.dtypes) else found.to_numpy()


def make(spec: ModelSpec, estimator: Any, features: tuple[str, ...]) -> Foreign:
    """A scorable from what a file held.

    Args:
        features: the model's features, for an estimator that does not know the names of its own.

    Raises:
        TrainingError: it is no estimator for this task.
    """
    if isinstance(estimator, type) or not callable(getattr(estimator, "predict", None)):
        raise TrainingError(
            f"the artefact holds a {type(estimator).__name__}, which predicts nothing",
            hint="register the fitted estimator or pipeline itself",
        )
    if spec.task == "binary":
        labels = getattr(estimator, "classes_", None)
        if labels is None or len(labels) != 2:
            count = "no labels" if labels is None else f"{len(labels)} labels"
            raise TrainingError(f"the artefact's estimator knows {count}; {spec.name} is a binary model")
    names = getattr(estimator, "feature_names_in_", None)
    return Foreign(spec, estimator, features if names is None else tuple(map(str, names)), _coded(estimator))


def from_probabilities(spec: ModelSpec, probability: np.ndarray, classes: tuple[str, ...]) -> Prediction:
    """Labels and scores of a classifier, by the model's positive label and cutoff."""
    import numpy as np

    labels = np.array(classes, object)
    if spec.task != "binary":
        return Prediction(labels[probability.argmax(axis=1)], probability, classes)
    negative, positive = answers.ends(spec, classes)
    if positive not in classes:
        raise TrainingError(f'the version knows the labels {", ".join(classes)}, and positive is "{positive}"')
    score = probability[:, classes.index(positive)]
    cutoff = 0.5 if spec.columns.cutoff is None else spec.columns.cutoff
    return Prediction(np.where(score >= cutoff, positive, negative).astype(object), score, classes)


def frame(table: pa.Table, features: tuple[str, ...], coded: frozenset[str] = frozenset()) -> pd.DataFrame:
    """Columns as pandas has them after reading a file: float64, or text with NaN where it is missing.

    Raises:
        TrainingError: a column is not there, or is text where the estimator knows numbers.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    missing = [name for name in features if name not in table.column_names]
    if missing:
        raise TrainingError(
            f"the version needs the columns {', '.join(missing[:5])}, which are no features of the model",
            hint=f"the model's features are {', '.join(table.column_names[:20])}",
        )
    columns: dict[str, Any] = {}
    for name in features:
        column = table.column(name)
        if not (pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)):
            columns[name] = as_numbers(column)
            continue
        values = column.cast(pa.string()).to_pylist()
        if name in coded:
            columns[name] = np.array([_number(v) for v in values], np.float64)
        else:
            columns[name] = np.array([np.nan if v is None else v for v in values], object)
    return pd.DataFrame(columns, columns=list(features))


def _number(text: str | None) -> float:
    """A label as a number; one that is none is as unknown as a missing one."""
    try:
        return float(text) if text is not None else float("nan")
    except ValueError:
        return float("nan")


def _coded(estimator: Any) -> frozenset[str]:
    """Columns that an encoder in the estimator has learnt as numbers (a code that pandas read from a file)."""
    import numpy as np

    found: set[str] = set()
    for part in _parts(estimator):
        names, categories = getattr(part, "feature_names_in_", None), getattr(part, "categories_", None)
        if names is None or not isinstance(categories, list) or len(names) != len(categories):
            continue
        pairs = zip(names, categories, strict=True)
        found.update(str(name) for name, known in pairs if np.asarray(known).dtype.kind in "iuf")
    return frozenset(found)


def _parts(estimator: Any) -> Iterator[Any]:
    """Everything of scikit-learn's that an estimator is made of."""
    seen: set[int] = set()
    stack: list[Any] = [estimator]
    while stack and len(seen) < 10_000:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, list | tuple):
            stack.extend(part[:1000])
        elif isinstance(part, dict):
            stack.extend(part.values())
        elif hasattr(part, "get_params") and hasattr(part, "__dict__"):
            yield part
            stack.extend(vars(part).values())

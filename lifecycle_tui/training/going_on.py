"""Goes on from a version's fitted state: more trees, more passes, or the newest rows alone. Called through `requests`.

What cannot be gone on from raises a `TrainingError` that says why; the strategy decides whether to fit anew.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training import estimators, team
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import FittedModel, TrainingRows, fit_target

if TYPE_CHECKING:
    import numpy as np

HISTOGRAM, FOREST = "hist-gradient-boosting", "random-forest"


def go_on(model: FittedModel, rows: TrainingRows, iterations: int, most: int) -> FittedModel:
    """A version that begins with the fitted state of `model` and learns from `rows`; `model` stays as it is.

    Args:
        iterations: further boosting rounds, trees, or passes over the rows.
        most: rounds or trees that a version may have; beyond, it should be fitted anew.

    Raises:
        TrainingError: the estimator cannot go on, or the rows do not fit it.
    """
    x, y = _seen(model, rows)
    estimator = copy.deepcopy(model.estimator)
    name = model.estimator_name
    with estimators.threads(x.size), team.blaming(f"{name} cannot go on"):
        if name == HISTOGRAM:
            _refuse_many(estimator.n_iter_, iterations, most, "rounds")
            _same_labels(model, rows)
            _more_rounds(estimator, x, y, iterations)
        elif name == FOREST:
            _refuse_many(len(estimator.estimators_), iterations, most, "trees")
            _same_labels(model, rows)
            estimator.set_params(warm_start=True, n_estimators=len(estimator.estimators_) + iterations)
            estimator.fit(x, y)
            estimator.set_params(warm_start=False)
        elif hasattr(estimator, "partial_fit"):
            for _ in range(iterations):
                _pass(estimator, model, x, y)
        else:
            raise TrainingError(f"{name} cannot go on from a fitted state")
    return _again(model, estimator, rows)


def learn(model: FittedModel, rows: TrainingRows) -> FittedModel:
    """The version after one pass over `rows` alone; `model` stays as it is.

    Raises:
        TrainingError: its estimator has no partial_fit, or the rows do not fit it.
    """
    refuse_rigid(model)
    x, y = _seen(model, rows)
    estimator = copy.deepcopy(model.estimator)
    with estimators.threads(x.size), team.blaming(f"{model.estimator_name} cannot learn on"):
        _pass(estimator, model, x, y)
    return _again(model, estimator, rows)


def refuse_rigid(model: FittedModel) -> None:
    """Raise a `TrainingError` for an estimator that cannot learn row by row."""
    if not hasattr(model.estimator, "partial_fit"):
        raise TrainingError(
            f"{model.estimator_name} cannot learn from new rows alone: it has no partial_fit",
            hint='use estimator = "sgd", or a function of your own whose estimator has partial_fit',
        )


def _seen(model: FittedModel, rows: TrainingRows) -> tuple[Any, np.ndarray]:
    """The rows as the estimator takes them."""
    if not len(rows.target):
        raise TrainingError("there is no row to go on with")
    if model.task not in NUMERIC:
        new = sorted(set(rows.target.tolist()) - set(model.classes))
        if new:
            raise TrainingError(f"the label {new[0]} is new: the champion knows {', '.join(model.classes)}")
    return model.encoder.design(rows.table), fit_target(rows.target, model.encoder, model.task)


def _same_labels(model: FittedModel, rows: TrainingRows) -> None:
    missing = sorted(set(model.classes) - set(rows.target.tolist()))
    if missing:
        raise TrainingError(f"no row has the label {missing[0]}, which the champion knows")


def _refuse_many(has: int, more: int, most: int, what: str) -> None:
    if has + more > most:
        raise TrainingError(f"the champion has {has} {what}, and {more} more would be over {most}")


def _pass(estimator: Any, model: FittedModel, x: Any, y: np.ndarray) -> None:
    if model.task in NUMERIC:
        estimator.partial_fit(x, y)
    else:
        estimator.partial_fit(x, y, classes=fit_target(_classes(model), model.encoder, model.task))


def _classes(model: FittedModel) -> np.ndarray:
    import numpy as np

    return np.array(model.classes)


def _again(model: FittedModel, estimator: Any, rows: TrainingRows) -> FittedModel:
    parameters = estimators.parameters(estimator)
    return replace(model, estimator=estimator, parameters=parameters, rows=len(rows.target))


def _more_rounds(estimator: Any, x: np.ndarray, y: np.ndarray, iterations: int) -> None:
    with _kept_bins(estimator):
        estimator.set_params(warm_start=True, max_iter=estimator.n_iter_ + iterations)
        estimator.fit(x, y)
    estimator.set_params(warm_start=False)


@contextmanager
def _kept_bins(estimator: Any) -> Iterator[None]:
    """Keep bins and category codes of the fitted state through a further `fit`.

    scikit-learn's warm start is made for the same rows: it bins them anew and numbers their categories anew, while the
    trees that are there go by the old bins. On other rows their predictions, and so all further gradients, are wrong.
    """
    mapper, parts = getattr(estimator, "_bin_mapper", None), ("_bin_data", "_preprocess_X", "_check_categories")
    if mapper is None or not all(callable(getattr(estimator, part, None)) for part in parts):
        raise TrainingError("this version of scikit-learn cannot go on from a boosted state")
    preprocess = estimator._preprocess_X

    def bin_data(x: Any, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        estimator._bin_mapper = mapper
        return np.asfortranarray(mapper.transform(x))

    def preprocess_x(x: Any, *, reset: bool) -> Any:
        found = preprocess(x, reset=False)
        known = None if estimator._preprocessor is None else estimator._check_categories()
        return (found, known) if reset else found

    estimator._bin_data, estimator._preprocess_X = bin_data, preprocess_x
    try:
        yield
    finally:
        del estimator._bin_data, estimator._preprocess_X

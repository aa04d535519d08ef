"""The built-in estimators by name: how each is built, what it takes, and how it goes on from a fitted state.

All are seeded, so that fitting the same rows twice gives the same version. Used by `fit` and `going_on`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.features import Encoder, Form

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.domain.specs import Task

NUMERIC = ("regression", "ranking")
"""Tasks whose target is a number (for ranking: how relevant a row is)."""

MANY_CELLS = 5_000_000
"""Cells of a feature matrix from which several threads are worth starting."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a named estimator is made.

    Attributes:
        form: what it takes, see `features.Form`.
        build: task, encoder, target (n,) → a fresh estimator.
    """

    form: Form
    build: Callable[[Task, Encoder, np.ndarray], Any]


def recipe(name: str) -> Recipe:
    """The built-in recipe of that name.

    Raises:
        TrainingError: there is none.
    """
    found = _RECIPES.get(name)
    if found is None:
        raise TrainingError(
            f'estimator "{name}" is not built in',
            hint=f'built in are {", ".join(ESTIMATORS)}; a function of your own is named "module:function"',
        )
    return found


def parameters(estimator: Any) -> dict[str, Any]:
    """Parameters of a fitted estimator that are plain values, for the version's record; {} where it tells none."""
    try:
        found = estimator.get_params(deep=False)
        return {str(k): v for k, v in found.items() if isinstance(v, str | int | float | bool)}
    except Exception:  # a team's own class may have no such method, or one with a mind of its own
        return {}


def threads(cells: int) -> AbstractContextManager[Any]:
    """One thread for a small matrix: on a busy machine waiting for the others costs ten times the work."""
    from threadpoolctl import threadpool_limits

    stack = ExitStack()
    if cells < MANY_CELLS:
        stack.enter_context(threadpool_limits(1))
    else:
        from joblib import parallel_config

        stack.enter_context(parallel_config(backend="threading", n_jobs=-1))
    return stack


def _histogram(task: Task, encoder: Encoder, target: np.ndarray) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task in NUMERIC else HistGradientBoostingClassifier
    return kind(categorical_features=encoder.categorical or None, early_stopping=False, random_state=0)


def _forest(task: Task, encoder: Encoder, target: np.ndarray) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task in NUMERIC else RandomForestClassifier
    return kind(n_estimators=100, min_samples_leaf=3, random_state=0)


def _linear(task: Task, encoder: Encoder, target: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    return Ridge(alpha=1.0) if task in NUMERIC else LogisticRegression(max_iter=1000, random_state=0)


def _sgd(task: Task, encoder: Encoder, target: np.ndarray) -> Any:
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    # A step that shrinks with the number of inputs, so that many one-hot columns do not make it diverge; and only
    # slowly with time, so that a version that learns on keeps following.
    width = sum(max(len(f.labels) and 2, 1) for f in encoder.features)
    step = {"learning_rate": "invscaling", "eta0": round(0.5 / (50 + width), 6), "power_t": 0.25, "random_state": 0}
    if task not in NUMERIC:
        return SGDClassifier(loss="log_loss", **step)
    # "No better than before" depends on the unit of the target.
    return SGDRegressor(tol=1e-3 * float(target.var()), **step)


_RECIPES = {
    "hist-gradient-boosting": Recipe("codes", _histogram),
    "random-forest": Recipe("narrow", _forest),
    "linear": Recipe("scaled", _linear),
    "sgd": Recipe("scaled", _sgd),
}
assert tuple(_RECIPES) == ESTIMATORS

"""What a strategy does with its request: fit, go on, save. These are the functions of `api` for strategies.

A built-in strategy runs them in the job's process, a team's in the plugins' process; both get the same values.
"""

from __future__ import annotations

from dataclasses import replace

from lifecycle_tui.domain.delivery import ESTIMATORS, FitRequest
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training import artefact, going_on
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import FittedModel, TrainingRows, fit


def fit_model(request: FitRequest) -> FittedModel:
    """The request's estimator, fitted on all of its rows.

    Raises:
        TrainingError: it cannot be built or fitted; the message is for the person who waits.
    """
    return fit(
        rows_of(request),
        request.task,
        request.kinds,
        estimator=request.estimator,
        positive=request.positive,
        cutoff=request.cutoff,
        folder=request.folder,
    )


def load_model(request: FitRequest) -> FittedModel | None:
    """The champion, if there is one to go on from.

    Raises:
        TrainingError: it was not made by this program, or asks for another estimator, other features or another
            positive label than the request.
    """
    if request.parent is None:
        return None
    model = artefact.load(request.parent, trusted=request.trust, pickle=request.pickle, folder=request.folder)
    wanted = request.estimator or ESTIMATORS[0]
    if (model.estimator_name, model.task) != (wanted, request.task):
        raise TrainingError(f"the champion is a {model.estimator_name} for {model.task}, and {wanted} is asked for")
    now = {n for n, k in request.kinds.items() if k in ("numeric", "categorical") and n in request.table.column_names}
    kinds = {f.name: f.kind for f in model.encoder.features}
    changed = sorted(now ^ set(kinds)) or sorted(n for n in now if request.kinds[n] != kinds[n])
    if changed:
        raise TrainingError(f"the features have changed since the champion was fitted: {', '.join(changed[:5])}")
    if request.task == "binary" and request.positive not in (None, model.positive):
        raise TrainingError(f"the champion's positive label is {model.positive}, and {request.positive} is asked for")
    return replace(model, cutoff=0.5 if request.cutoff is None else request.cutoff)


def continue_model(model: FittedModel, request: FitRequest, *, iterations: int = 50, most: int = 1000) -> FittedModel:
    """A version that goes on from `model` with the request's rows: more trees, or more passes.

    Args:
        iterations: further boosting rounds, trees, or passes over the rows.
        most: rounds or trees that a version may have in all.

    Raises:
        TrainingError: its estimator cannot go on, or the rows do not fit it.
    """
    return going_on.go_on(model, rows_of(request), iterations, most)


def learn_more(model: FittedModel, request: FitRequest) -> FittedModel:
    """The version after one pass over those of the request's rows that are newer than the champion's.

    Without timestamps, or where it is not known how far the champion's rows went, these are all rows.

    Raises:
        TrainingError: no row is newer, or the estimator has no partial_fit.
    """
    import pyarrow.compute as pc

    going_on.refuse_rigid(model)
    if request.time is None or request.parent_end is None:
        return going_on.learn(model, rows_of(request))
    newest = int(request.parent_end.timestamp() * 1_000_000)
    newer = pc.greater(request.time, newest)
    if not pc.any(newer).as_py():
        raise TrainingError(
            "no labelled row is newer than those that the champion learned from", hint="wait for labels"
        )
    some = replace(
        request,
        table=request.table.filter(newer),
        target=request.target.filter(newer),
        time=request.time.filter(newer),
    )
    return going_on.learn(model, rows_of(some))


def dump_model(model: FittedModel, request: FitRequest) -> bytes:
    """The artefact of a version, for `FitResult.artifact`.

    Raises:
        TrainingError: it holds types that the workspace does not trust.
    """
    return artefact.dump(model, trusted=request.trust, pickle=request.pickle)


def rows_of(request: FitRequest) -> TrainingRows:
    """The request's rows as `fit` takes them."""
    import numpy as np

    target = request.target.to_numpy(zero_copy_only=False)
    target = target.astype(np.float64) if request.task in NUMERIC else np.array([str(v) for v in target])
    time = None if request.time is None else request.time.to_numpy(zero_copy_only=False)
    return TrainingRows(request.table, target, time)

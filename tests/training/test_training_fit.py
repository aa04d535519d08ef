"""Versions fitted by the built-in estimator: forward validation, determinism, artefacts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.artefact import dump, load
from lifecycle_tui.training.fit import FittedModel, TrainingRows, canonical, fit, forward_predictions, take

KINDS = {"x": "numeric", "c": "categorical", "note": "text"}


def make(n: int = 400, seed: int = 0) -> TrainingRows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    c = rng.choice(["a", "b", None], n)
    table = pa.table(
        {
            "x": pa.array(x, mask=rng.random(n) < 0.1),
            "c": pa.array(c).dictionary_encode(),
            "note": pa.array(["t"] * n),
        }
    )
    return TrainingRows(table, 3 * x + (c == "a") * 2.0, np.arange(n, dtype=np.int64) * 1000)


def labels(rows: TrainingRows, names: list[str]) -> TrainingRows:
    cut = np.quantile(rows.target, np.linspace(0, 1, len(names) + 1)[1:-1])
    return TrainingRows(rows.table, np.array(names)[np.searchsorted(cut, rows.target)], rows.time)


@pytest.mark.parametrize(
    ("task", "names"), [("regression", None), ("binary", ["no", "yes"]), ("multiclass", ["p", "q", "r"])]
)
def test_artefact_round_trip_scores_the_same(task: str, names: list[str] | None) -> None:
    rows = make() if names is None else labels(make(), names)
    model = fit(rows, task, KINDS)
    again = load(dump(model))
    said, read = model.predict(rows.table), again.predict(rows.table)
    assert (said.prediction == read.prediction).all()
    if names:
        assert said.score is not None and (said.score == read.score).all()
        assert (said.prediction == rows.target).mean() > 0.8


def test_row_order_never_changes_a_version() -> None:
    rows = make()
    shuffled = take(rows, np.random.default_rng(1).permutation(len(rows.target)))
    one, two = (fit(canonical(r), "regression", KINDS).predict(rows.table).prediction for r in (rows, shuffled))
    assert (one == two).all()


def test_forward_validation_never_sees_the_future() -> None:
    rows = make(600)
    seen: list[int] = []

    def spy(part: TrainingRows) -> FittedModel:
        assert part.time is not None
        seen.append(int(part.time.max()))
        return fit(part, "regression", KINDS)

    at, said = forward_predictions(rows, spy)
    assert at[0] == 100 and at[-1] == 599 and len(said.prediction) == 500
    assert seen == [99_000, 199_000, 299_000, 399_000, 499_000]


def test_forward_validation_waits_for_late_labels() -> None:
    rows = make(600)
    assert rows.time is not None
    late = TrainingRows(rows.table, rows.target, rows.time, rows.time + 150_000)
    seen: list[int] = []

    def spy(part: TrainingRows) -> FittedModel:
        seen.append(len(part.target))
        return fit(part, "regression", KINDS)

    at, _ = forward_predictions(late, spy)
    assert seen == [0, 51, 151, 251, 351]  # the first block has no label in time and stays without a prediction
    assert at[0] == 200


@pytest.mark.parametrize(
    ("rows", "kinds", "task", "says"),
    [
        (make(10), KINDS, "regression", "too few"),
        (make(), {"note": "text"}, "regression", "no feature"),
        (labels(make(), ["a", "b", "c"]), KINDS, "binary", "needs two labels"),
        (labels(make(), ["a"]), KINDS, "multiclass", "nothing to learn"),
    ],
)
def test_what_cannot_be_trained_says_why(rows: TrainingRows, kinds: dict, task: str, says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        fit(rows, task, kinds)


def test_unknown_estimator_and_positive() -> None:
    with pytest.raises(TrainingError, match="not built in"):
        fit(make(), "regression", KINDS, estimator="gradient-boosting")
    with pytest.raises(TrainingError, match="positive"):
        fit(labels(make(), ["no", "yes"]), "binary", KINDS, positive="maybe")


def test_unseen_and_absent_columns_score_as_missing() -> None:
    model = fit(make(), "regression", KINDS)
    table = pa.table({"c": pa.array(["zzz", "a"]).dictionary_encode()})
    assert np.isfinite(model.predict(table).prediction).all()


def test_a_foreign_artefact_is_refused() -> None:
    import functools

    from skops.io import dumps

    with pytest.raises(TrainingError, match="not trusted"):
        load(dumps({"format": 1, "estimator": functools.partial(print, "gotcha")}))
    with pytest.raises(TrainingError, match="cannot be read"):
        load(b"not a zip")
    with pytest.raises(TrainingError, match="not an artefact"):
        load(dumps({"format": 99}))

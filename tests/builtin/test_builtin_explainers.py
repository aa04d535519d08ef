"""The explainers: exact where the answer is known in closed form or by enumeration; the same for the same seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import DataError, PluginFault
from lifecycle_tui.domain.explaining import MOST_CELLS, ExplainRequest, Explanation
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.explained import as_explanation, as_probe
from lifecycle_tui.plugin_host.results import BadResult

BUILTIN = PluginCatalog.open(None, enabled=False)
WEIGHTS = np.array([2.0, -3.0, 0.5, 0.0])
Score = Callable[[np.ndarray], np.ndarray]


def request(rows: np.ndarray, background: np.ndarray, seed: int = 0) -> ExplainRequest:
    names = [f"x{i}" for i in range(rows.shape[1])]

    def table(values: np.ndarray) -> pa.Table:
        return pa.table({name: pa.array(values[:, i]) for i, name in enumerate(names)})

    kinds: dict[str, Any] = dict.fromkeys(names, "numeric")
    return ExplainRequest("toy", "regression", table(rows), table(background), kinds, seed=seed)


def explained(by: str, asked: ExplainRequest, score: Score, **options: Any) -> tuple[Explanation, np.ndarray]:
    """The explanation as the host has it made, and its contributions as (rows, features)."""
    one = BUILTIN.make(BUILTIN.find("explainer", by), options)
    probe = as_probe(one.probe(asked), asked)
    columns = [c.to_numpy() for c in probe.columns]
    found = as_explanation(one.explain(asked, pa.array(score(np.column_stack(columns)))), asked)
    return found, np.column_stack([found.contributions[name] for name in asked.rows.column_names])


def drawn(rows: int, features: int = 4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, features))


def linear(x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ WEIGHTS + 7.0)


def crossed(x: np.ndarray) -> np.ndarray:
    """Features that matter together, by thresholds, and not at all."""
    return np.asarray(x[:, 0] * x[:, 1] + np.where(x[:, 2] > 0, 2.0, -1.0))


def shapley(score: Score, row: np.ndarray, background: np.ndarray) -> np.ndarray:
    """By its definition: over all subsets of the other features, and all background rows."""
    features = len(row)

    def value(known: Sequence[int]) -> float:
        mixed = background.copy()
        mixed[:, list(known)] = row[list(known)]
        return float(score(mixed).mean())

    found = np.zeros(features)
    for j in range(features):
        others = [i for i in range(features) if i != j]
        for size in range(features):
            weight = math.factorial(size) * math.factorial(features - size - 1) / math.factorial(features)
            for known in itertools.combinations(others, size):
                found[j] += weight * (value([*known, j]) - value(known))
    return found


@pytest.mark.parametrize(("by", "samples"), [("occlusion", 20), ("additive", 40)])
def test_of_a_linear_model_each_feature_gets_its_weight_times_its_distance(by: str, samples: int) -> None:
    rows, background = drawn(5), drawn(20, seed=2)
    found, contributions = explained(by, request(rows, background), linear, samples=samples)
    assert found.base == pytest.approx(linear(background).mean())
    assert contributions == pytest.approx(WEIGHTS * (rows - background.mean(axis=0)))
    assert contributions.sum(axis=1) == pytest.approx(linear(rows) - found.base)


@pytest.mark.parametrize("samples", [2, 7, 60])
def test_additive_adds_up_exactly_whatever_the_model_and_however_few_the_walks(samples: int) -> None:
    rows, background = drawn(4), drawn(13, seed=2)
    found, contributions = explained("additive", request(rows, background), crossed, samples=samples)
    assert contributions.sum(axis=1) == pytest.approx(crossed(rows) - found.base)


def test_additive_tends_to_the_shapley_values_that_enumeration_gives() -> None:
    rows, background = drawn(3, 3), drawn(8, 3, seed=2)
    _, contributions = explained("additive", request(rows, background), crossed, samples=8_000)
    exact = np.array([shapley(crossed, row, background) for row in rows])
    assert exact.sum(axis=1) == pytest.approx(crossed(rows) - crossed(background).mean())
    assert np.abs(contributions - exact).max() < 0.05 < np.abs(exact).max()


def test_occlusion_is_the_mean_fall_of_one_feature_at_a_time() -> None:
    rows, background = drawn(2), drawn(6, seed=2)
    _, contributions = explained("occlusion", request(rows, background), crossed)
    for i, row in enumerate(rows):
        for j in range(4):
            hidden = np.repeat(row[None], 6, axis=0)
            hidden[:, j] = background[:, j]
            assert contributions[i, j] == pytest.approx(crossed(row[None])[0] - crossed(hidden).mean())
    assert contributions[:, 3] == pytest.approx(0)


@pytest.mark.parametrize("by", ["occlusion", "additive"])
def test_seeds_labels_missing_values_wide_rows_and_no_rows(by: str) -> None:
    asked = request(drawn(3), drawn(50, seed=2))
    once, again = (explained(by, asked, crossed, samples=4) for _ in range(2))
    assert once[0] == again[0]
    assert explained(by, replace(asked, seed=1), crossed, samples=4)[0] != once[0]

    labels = pa.chunked_array([pa.array(["a", None, "c"]).dictionary_encode()])
    usual = pa.chunked_array([pa.array(["b", "c"]).dictionary_encode()])
    mixed = replace(
        asked,
        rows=pa.table({"n": pa.array([1.0, float("nan"), 3.0]), "c": labels}),
        background=pa.table({"n": pa.array([5.0, float("nan")]), "c": usual}),
    )
    one = BUILTIN.make(BUILTIN.find("explainer", by))
    probe = as_probe(one.probe(mixed), mixed)
    assert probe.schema == mixed.rows.schema
    assert {*probe.column("c").to_pylist()} == {"a", "b", "c", None}
    flat = one.explain(mixed, pa.array(np.full(probe.num_rows, 2.5)))
    assert flat.base == 2.5 and flat.contributions == {"n": [0.0] * 3, "c": [0.0] * 3}

    wide = request(drawn(1, 700), drawn(40, 700, seed=2))
    assert 0 < one.probe(wide).num_rows * 700 <= MOST_CELLS, "fewer stand in"
    with pytest.raises(DataError, match="2,900 features are too many"):
        one.probe(request(drawn(1, 2_900), drawn(2, 2_900)))
    with pytest.raises(DataError, match="no background row"):
        one.probe(request(drawn(1), drawn(0)))
    nothing = request(drawn(0), drawn(5))
    assert as_explanation(one.explain(nothing, pa.array(np.ones(one.probe(nothing).num_rows))), nothing)
    with pytest.raises(PluginFault, match="samples is from"):
        BUILTIN.make(BUILTIN.find("explainer", by), {"samples": 0})


ASKED = request(drawn(2, 2), drawn(3, 2))
made: Any = Explanation
GOOD = {"x0": [1.0, 2.0], "x1": np.array([1, 2])}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "must return an Explanation, not NoneType"),
        ({"x0": [1, 2]}, "not dict"),
        (made(0.0, {}), "with one feature at least"),
        (made(0.0, [("x0", [1, 2])]), "must be a mapping"),
        (made(float("nan"), GOOD), "base must be finite, not nan"),
        (made(None, GOOD), "base must be numbers, not NoneType"),
        (made(True, GOOD), "not bool"),
        (made(0.0, {"x0": [1.0, 2.0], "x7": [1.0, 2.0]}), "has 'x7', which request.rows has not"),
        (made(0.0, {1: [1.0, 2.0]}), "has 1, which"),
        (made(0.0, {"x0": [1.0]}), "2 rows were asked about, and there are 1 numbers"),
        (made(0.0, {"x0": itertools.count()}), "and there are more numbers"),
        (made(0.0, {"x0": np.ones((2, 2))}), r"an array of shape \(2, 2\)"),
        (made(0.0, {"x0": "12"}), "one number for each row, not str"),
        (made(0.0, {"x0": [1.0, None]}), "must be numbers, not NoneType"),
        (made(0.0, {"x0": [1.0, float("inf")]}), "must be finite, not inf"),
        (made(0.0, {"x0": [1, 10**400]}), "contributions of 'x0'"),
        (made(0.0, GOOD, 7), "note must be text"),
    ],
)
def test_what_explain_may_not_return(value: Any, says: str) -> None:
    with pytest.raises(BadResult, match=says):
        as_explanation(value, ASKED)


def test_what_probe_may_return_and_what_not() -> None:
    rows = ASKED.rows
    cases: list[tuple[Any, str]] = [
        (None, "must return a pyarrow.Table"),
        (rows.select(["x0"]), "they lack 'x1'"),
        (rows.append_column("x2", rows.column(0)), "they have 'x2' too much"),
        (rows.append_column("x1", rows.column(0)), "they have 'x1', 'x1' too much"),
        (rows.set_column(0, "x0", pa.array(["a", "b"])), "column 'x0' of the rows to score"),
        (rows.set_column(0, "x0", pa.array([[1.0], [2.0]])), "column 'x0' of the rows to score"),
        (pa.table({n: pa.array(np.zeros(MOST_CELLS)) for n in rows.column_names}), "8,000,000 cells are allowed"),
    ]
    for value, says in cases:
        with pytest.raises(BadResult, match=says):
            as_probe(value, ASKED)
    swapped = pa.RecordBatch.from_pydict({"x1": [1, None], "x0": [3, 4]})
    found = as_probe(swapped, ASKED)
    assert found.schema == rows.schema and found.column("x0").to_pylist() == [3.0, 4.0]
    assert math.isnan(found.column("x1").to_pylist()[1]), "a missing number is NaN, as in every table of features"
    fair = as_explanation(made(np.float32(1.5), GOOD | {"x1": pa.array([1.0, 2.0])}, "n" * 9_999), ASKED)
    assert fair.base == 1.5 and fair.contributions["x1"] == (1.0, 2.0) and len(fair.note) == 2_000

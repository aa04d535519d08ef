"""Features that give the target away are found; honest ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lifecycle_tui.data.leaks import _auc, find_leaks, row_number

N = 3000


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def bikes(random: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Counts that are the sum of two features, among honest ones."""
    temp = random.random(N)
    casual = random.poisson(20 + 60 * temp).astype(float)
    registered = random.poisson(100 + 50 * temp).astype(float)
    features = {"temp": temp, "atemp": temp * 1.02 + random.normal(0, 0.01, N), "hum": random.random(N)}
    return {**features, "casual": casual, "registered": registered}, casual + registered


def test_a_sum_is_named_with_its_rows(random: np.random.Generator) -> None:
    features, cnt = bikes(random)
    (leak,) = find_leaks(features, {}, cnt, name="cnt")
    assert leak.columns == ("casual", "registered")
    assert leak.kind == "sum"
    assert leak.reason == "casual + registered = cnt in all 3,000 rows: they give the target away"


def test_a_sum_with_a_few_wrong_rows(random: np.random.Generator) -> None:
    features, cnt = bikes(random)
    cnt[[5, 700]] += 3
    (leak,) = find_leaks(features, {}, cnt, name="cnt")
    assert leak.columns == ("casual", "registered")
    assert "99.93 % of 3,000 rows" in leak.reason


def test_a_sum_that_holds_too_seldom_is_no_leak(random: np.random.Generator) -> None:
    features, cnt = bikes(random)
    cnt[::50] += 3
    assert find_leaks(features, {}, cnt, name="cnt") == ()


def test_a_difference_of_three(random: np.random.Generator) -> None:
    gross, refund, tax = (random.gamma(2, s, N).round(2) for s in (100, 10, 20))
    features = {"gross": gross, "noise": random.normal(size=N), "refund": refund, "tax": tax}
    (leak,) = find_leaks(features, {}, gross - refund - tax, name="net")
    assert leak.reason.startswith("gross - refund - tax = net in all")


def test_two_sums_are_both_found(random: np.random.Generator) -> None:
    a, b, c = (random.integers(0, 50, N).astype(float) for _ in range(3))
    y = a + b
    leaks = find_leaks({"a": a, "b": b, "c": c, "d": y - c}, {}, y, name="y")
    assert {frozenset(leak.columns) for leak in leaks} == {frozenset("ab"), frozenset("cd")}


def test_a_weighted_sum_is_a_formula_not_a_leak(random: np.random.Generator) -> None:
    a, b = random.normal(size=N), random.normal(size=N)
    assert find_leaks({"a": a, "b": b}, {}, 0.7 * a + 2.5 * b, name="y") == ()


def test_missing_cells_do_not_hide_a_sum(random: np.random.Generator) -> None:
    features, cnt = bikes(random)
    features["casual"][::100] = np.nan
    (leak,) = find_leaks(features, {}, cnt, name="cnt")
    assert leak.columns == ("casual", "registered")
    assert "all 2,970 rows" in leak.reason


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda y, r: y, "equal"),
        (lambda y, r: 1.8 * y + 32, "correlation"),
        (lambda y, r: np.exp(y / 3), "correlation"),
        (lambda y, r: -y + r.normal(0, 0.01, N), "correlation"),
    ],
)
def test_a_number_under_another_name(random: np.random.Generator, make, kind: str) -> None:
    y = random.normal(10, 3, N)
    (leak,) = find_leaks({"honest": y + random.normal(0, 1, N), "other": make(y, random)}, {}, y, name="y")
    assert (leak.columns, leak.kind) == (("other",), kind)


def test_a_feature_that_ranks_the_classes(random: np.random.Generator) -> None:
    y = (random.random(N) < 0.2).astype(np.int64)
    good = random.normal(size=N) + 1.5 * y
    (leak,) = find_leaks({"good": good, "settled": 100 * y + random.random(N)}, {}, y, name="bad")
    assert (leak.columns, leak.kind) == (("settled",), "ranking")


def test_a_category_that_tells_the_class(random: np.random.Generator) -> None:
    y = random.integers(0, 3, N)
    code = 2 * y + random.integers(0, 2, N)
    (leak,) = find_leaks({}, {"code": code, "luck": random.integers(0, 6, N)}, y, name="class")
    assert (leak.columns, leak.kind) == (("code",), "mapping")
    assert "100 %" in leak.reason


def test_a_rare_class_is_not_told_by_always_saying_no(random: np.random.Generator) -> None:
    y = np.zeros(N, dtype=np.int64)
    y[:30] = 1
    assert find_leaks({}, {"shop": random.integers(0, 8, N)}, random.permutation(y), name="fraud") == ()


def test_a_column_with_many_values_only_seems_to_know(random: np.random.Generator) -> None:
    y = random.integers(0, 2, N)
    assert find_leaks({}, {"user": random.integers(0, N // 6, N)}, y, name="y") == ()


def test_a_cell_that_is_filled_in_afterwards(random: np.random.Generator) -> None:
    y = (random.random(N) < 0.3).astype(np.int64)
    refund = np.where(y == 1, random.gamma(2, 30, N), np.nan)
    (leak,) = find_leaks({"refund": refund}, {}, y, name="churn")
    assert leak.reason == "whether it is empty tells churn in 100 % of rows"


@pytest.mark.parametrize("target", [np.full(N, 3.0), np.full(N, np.nan), np.zeros(N, dtype=np.int64)])
def test_nothing_to_give_away(random: np.random.Generator, target: np.ndarray) -> None:
    assert find_leaks({"x": random.normal(size=N)}, {"c": random.integers(0, 3, N)}, target, name="y") == ()


def test_too_few_rows_say_nothing() -> None:
    x = np.arange(20.0)
    assert find_leaks({"x": x}, {}, x, name="y") == ()


def test_infinite_and_constant_features_do_no_harm(random: np.random.Generator) -> None:
    features, cnt = bikes(random)
    features |= {"inf": np.where(random.random(N) < 0.01, np.inf, 1.0), "one": np.ones(N), "none": np.full(N, np.nan)}
    (leak,) = find_leaks(features, {}, cnt, name="cnt")
    assert leak.columns == ("casual", "registered")


@given(st.permutations(range(60)), st.integers(-5, 10**9))
def test_row_numbers_in_any_order(order: list[int], first: int) -> None:
    assert row_number(np.array(order, dtype=float) + first) is not None


@pytest.mark.parametrize(
    "values",
    [np.arange(100.0) * 2, np.repeat(np.arange(50.0), 2), np.arange(100) + 0.5, np.append(np.arange(99.0), np.nan)],
)
def test_other_numbers_are_no_row_numbers(values: np.ndarray) -> None:
    assert row_number(values) is None


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=40, max_size=80))
def test_auc_agrees_with_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    x = np.array([float(v) for v, _ in rows])
    y = np.array([b for _, b in rows])
    if min(y.sum(), (~y).sum()) < 10:
        return
    truth = roc_auc_score(y, x)
    assert _auc(x, y) == pytest.approx(max(truth, 1 - truth), abs=1e-12)

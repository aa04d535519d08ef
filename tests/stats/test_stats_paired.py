"""Gains of one version over another: exact where they can be, intervals that cover, the same bits every time."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.stats import paired
from lifecycle_tui.stats.metrics_classes import accuracy
from lifecycle_tui.stats.metrics_regression import mae, rmse
from lifecycle_tui.stats.metrics_scores import roc_auc
from lifecycle_tui.stats.paired import Paired, outcomes_interval, paired_gain


def auc_of(outcomes):
    return roc_auc(outcomes.target, outcomes.score, outcomes.weight, outcomes.day).value


def mae_of(outcomes):
    return mae(outcomes.target, outcomes.prediction, outcomes.weight, outcomes.day).value


def mean_of(outcomes):
    return float(np.average(outcomes.prediction, weights=outcomes.weight)) if len(outcomes) else None


def scored(seed, n, strength=1.0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(np.int8)
    return Outcomes(y, score=np.round(rng.normal(size=n) + strength * y, 1))


def numbers(values, target=None):
    return Outcomes(np.zeros(len(values)) if target is None else target, np.asarray(values, float))


# --- exact -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [None, np.arange(300) // 10, np.arange(300) % 3])
@pytest.mark.parametrize("greater", [True, False])
def test_identical_versions_gain_nothing_at_all(block, greater):
    one = scored(1, 300)
    found = paired_gain(auc_of, one, one, greater_is_better=greater, block=block)
    assert (found.value, found.lower, found.upper, found.message) == (0.0, 0.0, 0.0, None)
    assert [math.copysign(1, x) for x in (found.value, found.lower, found.upper)] == [1, 1, 1], "no negative zero"


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=40), st.floats(-1e3, 1e3))
def test_a_constant_shift_is_found_exactly_and_the_direction_is_the_measures(values, shift):
    old, new = numbers(np.zeros(len(values))), numbers(np.full(len(values), shift))
    up = paired_gain(mean_of, new, old, greater_is_better=True, block=None)
    down = paired_gain(mean_of, new, old, greater_is_better=False, block=None)
    assert up.value == pytest.approx(shift) and down.value == pytest.approx(-shift)
    assert (up.lower, up.upper) == pytest.approx((up.value, up.value), abs=1e-9)
    there = paired_gain(mean_of, numbers(values), old, greater_is_better=True, block=None)
    back = paired_gain(mean_of, old, numbers(values), greater_is_better=True, block=None)
    assert there.value == -back.value and there.lower <= there.value <= there.upper
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("units", [8, 9, 20, 60, 5000])
def test_the_share_left_out_is_hesterbergs(units):
    exact = stats.norm.cdf(-math.sqrt(units / (units - 1)) * stats.t.ppf(0.975, units - 1))
    assert paired.tail(units) == pytest.approx(exact, rel=0.02)
    assert paired.tail(units) < 0.025


def test_with_many_blocks_it_is_scipys_percentile_interval_widened_and_students_t():
    rng = np.random.default_rng(3)
    gains = rng.normal(0.2, 1, 380)
    day = np.repeat(np.arange(19), 20)
    found = paired_gain(mean_of, numbers(gains), numbers(np.zeros(380)), greater_is_better=True, block=day)
    means = gains.reshape(19, 20).mean(axis=1)
    students = stats.t.interval(0.95, 18, means.mean(), stats.sem(means))
    level = 1 - 2 * paired.tail(19)
    scipys = stats.bootstrap((means,), np.mean, confidence_level=level, method="percentile", rng=rng, n_resamples=9999)
    width = found.upper - found.lower
    assert found.value == pytest.approx(means.mean())
    assert (found.lower, found.upper) == pytest.approx(students, abs=0.1 * width)
    assert (found.lower, found.upper) == pytest.approx(tuple(scipys.confidence_interval), abs=0.08 * width)


def test_the_same_rows_give_the_same_bits_and_another_seed_does_not():
    new, old, day = scored(1, 500), scored(2, 500), np.arange(500) // 7
    first, second = (paired_gain(auc_of, new, old, greater_is_better=True, block=day) for _ in range(2))
    assert first == second
    assert paired_gain(auc_of, new, old, greater_is_better=True, block=day, seed=1) != first
    # Names of blocks do not matter, their order does.
    assert paired_gain(auc_of, new, old, greater_is_better=True, block=day * 3 + 19_000) == first


# --- coverage ----------------------------------------------------------------------------------------------------


def days(rng, many, alike):
    """Effects of consecutive days, each of variance 1, correlated by `alike` with the day before."""
    found = rng.normal(size=many)
    for at in range(1, many):
        found[at] = alike * found[at - 1] + math.sqrt(1 - alike**2) * found[at]
    return found


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("many", "per_day", "effect", "alike", "given_days", "least"),
    [
        (60, 10, 0.0, 0.0, False, 0.90),  # independent rows
        (60, 10, 0.0, 0.0, True, 0.90),
        (10, 20, 0.6, 0.0, True, 0.88),  # few days, rows of a day alike
        (60, 10, 0.6, 0.0, True, 0.88),
        (60, 10, 0.6, 0.5, True, 0.83),  # and days like the day before
        (60, 10, 0.6, 0.5, False, 0.83),
    ],
)
def test_coverage(many, per_day, effect, alike, given_days, least):
    """95 % asked for, a little less where days are like the day before; independent rows would be far off there."""
    rng = np.random.default_rng(many + given_days)
    day = np.repeat(np.arange(many), per_day)
    zero = numbers(np.zeros(len(day)))
    hits, naive = 0, 0
    for _ in range(150):
        gain = 0.3 + effect * days(rng, many, alike)[day] + rng.normal(size=len(day))
        block = day if given_days else None
        found = paired_gain(mean_of, numbers(gain), zero, greater_is_better=True, block=block, resamples=200)
        hits += found.lower <= 0.3 <= found.upper
        naive += abs(gain.mean() - 0.3) <= 1.96 * gain.std() / math.sqrt(len(gain))
    assert least <= hits / 150 <= 0.995
    if effect:
        assert naive / 150 < 0.75, "the simulation is one that independent rows fail"


def test_what_is_hard_for_both_cancels_out():
    rng = np.random.default_rng(7)
    hard = rng.gamma(1, 10, 1000)
    new, old = numbers(hard - 0.5 + rng.normal(0, 0.5, 1000)), numbers(hard)
    gain = paired_gain(mae_of, new, old, greater_is_better=False, block=None)
    alone = outcomes_interval(mae_of, new, block=None)
    assert 0 < gain.lower < 0.5 < gain.upper and gain.n == 1000
    assert alone.upper - alone.lower > 10 * (gain.upper - gain.lower)


# --- the corners -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "value", "interval", "blocks", "says"),
    [
        (0, None, False, 0, "no rows"),
        (1, 1.0, False, 1, "1 row gives no interval"),
        (7, 1.0, False, 7, "7 rows give no interval"),
        (8, 1.0, True, 8, None),
        (30, 1.0, True, 20, None),
        (5000, 1.0, True, 20, None),
    ],
)
def test_few_rows(n, value, interval, blocks, says):
    for day in (None, np.zeros(n, np.int64)):
        found = paired_gain(mean_of, numbers(np.ones(n)), numbers(np.zeros(n)), greater_is_better=True, block=day)
        ends = (value, value) if interval else (None, None)
        assert found == Paired(value, *ends, n, blocks, says)


def test_one_class_has_no_gain_and_a_rare_one_no_interval():
    rng = np.random.default_rng(2)
    y = np.zeros(400, np.int8)
    new, old = Outcomes(y, score=rng.random(400)), Outcomes(y, score=rng.random(400))
    assert paired_gain(auc_of, new, old, greater_is_better=True, block=None) == Paired(
        None, None, None, 400, 20, "these rows give no value"
    )
    y[:3] = 1  # all in one stretch of twenty: a third of the resamples have none
    found = paired_gain(auc_of, new, old, greater_is_better=True, block=None)
    assert found.value is not None and (found.lower, found.upper) == (None, None)
    assert "of 1,000 resamples give no value" in found.message
    y[::40] = 1
    assert paired_gain(auc_of, new, old, greater_is_better=True, block=None).lower is not None


def test_a_few_resamples_without_a_value_are_left_out():
    calls = iter(range(10_000))
    answers = [None, math.nan, math.inf]

    def measure(outcomes):
        at = next(calls)
        return answers[at // 100 % 3] if at % 100 == 50 else mean_of(outcomes)

    found = outcomes_interval(measure, numbers(np.arange(100.0)), block=None)
    assert found.message is None and 30 < found.lower < 49.5 < found.upper < 70


def test_ties_and_weights_and_several_classes_and_texts():
    rng = np.random.default_rng(5)
    n = 200
    target = rng.choice(["a", "b", "c"], n)
    labels = Outcomes(target, rng.choice(["a", "b", "c"], n), rng.random((n, 3)), ("a", "b", "c"), np.full(n, 2.0))
    right = Outcomes(target, target, labels.score, labels.classes, labels.weight)

    def accuracy_of(outcomes):
        assert len(outcomes) == len(outcomes.prediction) == len(outcomes.score) == len(outcomes.weight)
        assert outcomes.day is None or len(outcomes.day) == n
        return accuracy(outcomes.target, outcomes.prediction, outcomes.weight).value

    found = paired_gain(accuracy_of, right, labels, greater_is_better=True, block=None)
    assert found.value == pytest.approx(1 - (target == labels.prediction).mean())
    assert 0.5 < found.lower < found.value < found.upper < 0.8
    tied = Outcomes((rng.random(n) < 0.5).astype(np.int8), score=np.zeros(n))
    assert outcomes_interval(auc_of, tied, block=None) == Paired(0.5, 0.5, 0.5, n, 20)


def test_groups_are_resampled_with_their_rows():
    rng = np.random.default_rng(6)
    group = rng.choice(["east", "west", ""], 300).astype(object)
    target = np.where(group == "east", 2.0, np.where(group == "west", 1.0, 9.0))
    new, old = (Outcomes(target, target * times, groups={"town": group}) for times in (1, 3))

    def gap(outcomes):
        town = outcomes.groups["town"]
        assert {"east": 2.0, "west": 1.0, "": 9.0}.items() >= dict(zip(town, outcomes.target, strict=True)).items()
        return outcomes.prediction[town == "east"].mean() - outcomes.prediction[town == "west"].mean()

    assert paired_gain(gap, new, old, greater_is_better=False, block=None) == Paired(2.0, 2.0, 2.0, 300, 20)
    assert outcomes_interval(gap, old, block=None) == Paired(3.0, 3.0, 3.0, 300, 20)


def test_the_wider_of_both_intervals_counts_for_one_version():
    sure = outcomes_interval(mean_of, numbers(np.ones(50)), block=None)
    assert (sure.lower, sure.value, sure.upper) == (1, 1, 1)
    wider = outcomes_interval(mean_of, numbers(np.ones(50)), block=None, own=(0.93, 1.0))
    assert (wider.lower, wider.upper) == (0.93, 1.0)
    spread = outcomes_interval(mean_of, numbers(np.arange(50.0)), block=None)
    assert outcomes_interval(mean_of, numbers(np.arange(50.0)), block=None, own=(24.0, None)) == spread
    assert outcomes_interval(mean_of, numbers(np.ones(5)), block=None, own=(0.5, 1.0)).lower is None


@pytest.mark.parametrize("wrong", ["versions", "block"])
def test_rows_that_do_not_pair_are_refused(wrong):
    new, old = numbers(np.ones(20)), numbers(np.ones(19 if wrong == "versions" else 20))
    with pytest.raises(ValueError, match="19"):
        paired_gain(mean_of, new, old, greater_is_better=True, block=np.zeros(19 if wrong == "block" else 20))


@pytest.mark.parametrize(
    ("blocks", "units"),
    [(8, 8), (19, 19), (20, 10), (30, 10), (40, 13), (60, 15), (100, 20), (180, 30), (365, 52), (1000, 100)],
)
def test_consecutive_days_are_joined_in_runs(blocks, units):
    unit, many = paired.units_of(blocks * 2, np.repeat(np.arange(blocks), 2))
    assert many == units and list(np.unique(unit)) == list(range(units))
    assert (np.diff(unit) >= 0).all() and (unit[::2] == unit[1::2]).all()
    sizes = np.bincount(unit[::2])
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.slow
def test_many_rows_take_seconds():
    assert [paired.resample_count(n, 1) for n in (0, 10, 10_000, 20_000, 50_000, 10**7)] == [
        1000, 1000, 1000, 500, 200, 200,
    ]  # fmt: skip
    assert paired.resample_count(10_000, 4) == 250 and paired.resample_count(100, 1, 300) == 300
    new, old = scored(1, 10_000), scored(2, 10_000)
    began = time.process_time()
    found = paired_gain(auc_of, new, old, greater_is_better=True, block=np.arange(10_000) // 100)
    assert found.blocks == 20 and found.lower is not None
    assert time.process_time() - began < 10, "about 1.5 s; a few seconds at most"


def test_a_root_mean_square_gains_too():
    rng = np.random.default_rng(9)
    target = rng.normal(size=600)
    new, old = numbers(target + rng.normal(0, 1, 600), target), numbers(target + rng.normal(0, 2, 600), target)
    found = paired_gain(
        lambda rows: rmse(rows.target, rows.prediction).value, new, old, greater_is_better=False, block=None
    )
    assert 0.7 < found.lower < 1 < found.upper < 1.3


def test_a_query_is_drawn_whole_and_twice_is_two():
    query = np.repeat(np.arange(40), 5)
    rng = np.random.default_rng(2)
    target = rng.integers(0, 2, 200).astype(float)
    seen = []

    def sizes(outcomes):
        seen.append(np.unique(outcomes.query, return_counts=True)[1])
        return float(outcomes.target.mean())

    found = outcomes_interval(sizes, Outcomes(target, target, query=query), block=None, resamples=200)
    assert found.lower < found.value < found.upper
    assert all((counts == 5).all() for counts in seen)
    odd = Outcomes(target, target, query=np.where(np.arange(200) < 7, -1, np.arange(200) // 7))
    assert outcomes_interval(lambda o: float(len(set(o.query.tolist()))), odd, block=None).lower is not None

"""Estimates as signals: made where they can be, withheld where they would reassure without grounds, scored later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.estimable import ESTIMABLE
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring import estimate_trust, estimates, estimators
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.estimate_rows import RowTaker, reaches
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.stats.calibration import expit

BINARY = Coding("binary", ("no", "yes"), 0.5)
PLACES = np.array(["north", "south", "east"])


def table(rng, n, shift=0.0, places=PLACES):
    age = rng.normal(shift, 1, n)
    place = pa.array(rng.choice(places, n).tolist(), pa.string()).dictionary_encode()
    return pa.table({"age": age, "place": place}), age


def binary(rng, n, shift=0.0, hidden=0.0, places=PLACES):
    """Features, labels and the model's scores; `hidden` is what the model overlooks in age squared."""
    features, age = table(rng, n, shift, places)
    eta = 1.5 * age - 0.5
    y = rng.random(n) < expit(eta + hidden * age * age)
    return features, pa.array(np.where(y, "yes", "no").tolist()), expit(eta)


def profiled(features):
    kinds = {"age": "numeric", "place": "categorical"}
    found = {}
    for name, kind in kinds.items():
        profiler = Profiler(kind, None)
        profiler.update(features.column(name))
        found[name] = ColumnData(kind, profiler.result())
    return reaches(found, kinds)


def rows(coding, reach, features, target, score, said=None, known=None, learning=False):
    taker = RowTaker(coding, reach, learning=learning)
    n = features.num_rows
    taker.take("v", features, target, np.ones(n, bool) if known is None else known, said, score)
    return taker.rows()["v"]


@pytest.fixture(scope="module")
def learned():
    rng = np.random.default_rng(1)
    features, target, score = binary(rng, 8_000)
    reach = profiled(features)
    of = rows(BINARY, reach, features, target, score, learning=True)
    return reach, estimators.learn(BINARY, of, reach, ESTIMABLE["binary"])


def test_every_metric_of_a_binary_model_is_estimated(learned):
    reach, estimator = learned
    rng = np.random.default_rng(2)
    features, target, score = binary(rng, 2_000, shift=0.2)
    signals = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ESTIMABLE["binary"])
    assert [s.name for s in signals] == [f"estimated.{name}" for name in ESTIMABLE["binary"]]
    y, said = np.array(target.to_pylist()) == "yes", score >= 0.5
    truth = {"accuracy": (y == said).mean(), "mean_target": y.mean(), "brier": np.square(score - y).mean(),
             "recall": said[y].mean(), "precision": y[said].mean(), "specificity": (~said[~y]).mean()}  # fmt: skip
    for signal in signals:
        assert signal.state == "ok" and signal.lower < signal.value < signal.upper and signal.n == 2_000
        assert signal.detail["method"] in ("cbpe", "weighted") and signal.detail["level"] == 0.99
        name = signal.name.removeprefix("estimated.")
        assert name not in truth or signal.lower <= truth[name] <= signal.upper


def test_labels_of_the_window_change_no_estimate(learned):
    reach, estimator = learned
    rng = np.random.default_rng(3)
    features, target, score = binary(rng, 500)
    one = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ("auc", "f1"))
    wrong = pa.array(["yes"] * 500)
    none = rows(BINARY, reach, features, wrong, score, known=np.zeros(500, bool))
    assert estimates.estimate(estimator, none, ("auc", "f1")) == one


def test_what_was_learned_is_kept_bit_by_bit(learned):
    reach, estimator = learned
    data = estimators.dump(estimator)
    assert len(data) < 1_500_000
    again = estimators.load(data)
    rng = np.random.default_rng(4)
    features, target, score = binary(rng, 700, shift=0.8)
    window = rows(BINARY, reach, features, target, score)
    assert estimates.estimate(again, window, ESTIMABLE["binary"]) == (
        estimates.estimate(estimator, window, ESTIMABLE["binary"])
    )
    assert estimators.dump(again) == data


def test_order_and_batches_of_rows_change_no_bit(learned):
    reach, estimator = learned
    rng = np.random.default_rng(5)
    features, target, score = binary(rng, 900, shift=0.7)
    mixed = rng.permutation(900)
    taker = RowTaker(BINARY, reach, learning=False)
    for at in np.array_split(mixed, 7):
        taker.take("v", features.take(pa.array(at)), target.take(pa.array(at)), np.ones(len(at), bool), None, score[at])
    one = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ESTIMABLE["binary"])
    assert estimates.estimate(estimator, taker.rows()["v"], ESTIMABLE["binary"]) == one


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"places": np.array(["north", "mars"])}, "have values that the reference does not have (place in 5"),
        ({"shift": 9.0}, "have values that the reference does not have (age in 100%)"),
    ],
    ids=["category", "number"],
)
def test_rows_that_the_reference_has_none_of_are_not_vouched_for(learned, change, says):
    reach, estimator = learned
    features, target, score = binary(np.random.default_rng(6), 1_000, **change)
    found = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ("auc", "accuracy"))
    assert [s.state for s in found] == ["cannot-tell"] * 2 and all(s.value is None for s in found)
    assert says in found[0].message


def far(rng, reach, hidden=0.0):
    """A window whose ages all lie at the very end of the reference's."""
    features, _ = table(rng, 2_000, shift=3.0)
    age = np.clip(features.column("age").to_numpy(), 2.6, reach["age"].high)
    eta = 1.5 * age - 0.5
    target = pa.array(np.where(rng.random(2_000) < expit(eta + hidden * age * age), "yes", "no").tolist())
    return features.set_column(0, "age", pa.array(age)), target, expit(eta)


def test_far_inputs_within_the_range_have_wider_intervals(learned):
    """The score says all that features say: the curve's own error says how little is known of its end."""
    reach, estimator = learned
    rng = np.random.default_rng(7)
    features, target, score = far(rng, reach)
    there = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ("brier", "mean_target"))
    near = estimates.estimate(estimator, rows(BINARY, reach, *binary(rng, 2_000)), ("brier", "mean_target"))
    y = np.array(target.to_pylist()) == "yes"
    for signal, other, truth in zip(there, near, (np.square(score - y).mean(), y.mean()), strict=True):
        assert signal.lower <= truth <= signal.upper and signal.detail["method"] == "cbpe"
        share, base = (s.detail["fitted"] / s.detail["drawn"] for s in (signal, other))
        assert share > base


def test_far_inputs_of_a_curve_that_leans_on_them_have_too_few_rows_like_them():
    rng = np.random.default_rng(7)
    features, target, _ = binary(rng, 8_000, hidden=0.6)
    # A score that knows nothing of age, and rises a little with its own noise.
    reach, flat = profiled(features), 0.4 + 0.2 * rng.random(8_000)
    of = rows(BINARY, reach, features, target, flat, learning=True)
    estimator = estimators.learn(BINARY, of, reach, ("auc",))
    assert [c.name for c in estimator.codes] == ["age"] and estimator.columns == ("age",)
    features, target, _ = far(rng, reach, hidden=0.6)
    window = rows(BINARY, reach, features, target, 0.41 + 0.18 * rng.random(2_000))
    found = estimates.estimate(estimator, window, ("auc",))[0]
    if found.state == "cannot-tell":
        assert "rows of the reference are like them" in found.message
    else:  # the few that are there were enough: then the interval says how little they say
        assert found.detail["method"] == "weighted" and found.detail["effective"] < 1_500


def test_windows_are_weighted_only_where_the_curve_leans_on_features(learned):
    """The inputs have moved, and the score says all of it: weights could only add noise."""
    reach, estimator = learned
    assert estimator.leaning > estimators.LEANING and estimator.sampled is None and estimator.columns == ()
    window = rows(BINARY, reach, *binary(np.random.default_rng(16), 2_000, shift=0.8))
    found = estimates.estimate(estimator, window, ("auc",))[0]
    assert found.detail["method"] == "cbpe" and found.detail["leaning_p"] == estimator.leaning


def test_scores_beyond_the_references_are_not_vouched_for():
    rng = np.random.default_rng(17)
    features, target, score = binary(rng, 2_000)
    middle = np.flatnonzero((score > 0.3) & (score < 0.7))
    part = features.take(pa.array(middle)), target.take(pa.array(middle)), score[middle]
    reach = profiled(features)
    estimator = estimators.learn(BINARY, rows(BINARY, reach, *part, learning=True), reach, ("auc",))
    found = estimates.estimate(estimator, rows(BINARY, reach, features, target, score), ("auc",))[0]
    assert found.state == "cannot-tell" and "of the scores lie outside those of the reference" in found.message


def test_scores_that_are_no_probabilities_any_more_are_said(learned):
    reach, estimator = learned
    features, target, score = binary(np.random.default_rng(8), 300)
    found = estimates.estimate(estimator, rows(BINARY, reach, features, target, 100 * score), ("auc", "brier"))
    assert {s.message for s in found} == {"the scores are no probabilities any more, as they were on the reference"}


def test_scores_in_another_scale_are_estimated_but_for_what_needs_probabilities():
    rng = np.random.default_rng(9)
    features, target, score = binary(rng, 4_000)
    reach = profiled(features)
    of = rows(BINARY, reach, features, target, 100 * score, learning=True)
    estimator = estimators.learn(BINARY, of, reach, ("auc", "brier"))
    auc, brier = estimates.estimate(estimator, of, ("auc", "brier"))
    assert auc.state == "ok" and auc.value > 0.7
    assert brier.state == "cannot-tell" and "not probabilities" in brier.message


@pytest.mark.parametrize(("n", "says"), [(0, "0 scored rows"), (1, "1 scored rows"), (29, "29 scored rows")])
def test_too_few_rows_cannot_tell(learned, n, says):
    reach, estimator = learned
    features, target, score = binary(np.random.default_rng(10), n)
    taker = RowTaker(BINARY, reach, learning=False)
    taker.take("v", features, target, np.ones(n, bool), None, score)
    found = estimates.estimate(estimator, taker.rows()["v"], ("auc",))[0]
    assert found.state == "cannot-tell" and found.message.startswith(says)


def test_missing_and_infinite_scores_are_left_out(learned):
    reach, estimator = learned
    features, target, score = binary(np.random.default_rng(11), 200)
    score[:20], score[20:30] = np.nan, np.inf
    taken = rows(BINARY, reach, features, target, score)
    assert taken.rows == 170
    assert estimates.estimate(estimator, taken, ("auc",))[0].n == 170


def test_the_reference_must_say_something():
    rng = np.random.default_rng(12)
    features, target, score = binary(rng, 400)
    reach = profiled(features)

    def why(**changes):
        given = {"features": features, "target": target, "score": score} | changes
        with pytest.raises(estimators.CannotEstimate) as raised:
            estimators.learn(BINARY, rows(BINARY, reach, learning=True, **given), reach, ("auc",))
        return raised.value.message

    assert "no labels" in why(known=np.zeros(400, bool))
    assert "99 labelled rows" in why(known=np.arange(400) < 99)
    assert "predictions alone" in why(score=None, said=target)
    rare = pa.array(np.where(np.arange(400) < 19, "yes", "no").tolist())
    assert "19 rows of yes" in why(target=rare)


def test_what_the_model_overlooks_is_weighted_for():
    """Age squared matters and the score does not know: where ages move, the plain calibration is wrong."""
    rng = np.random.default_rng(13)
    features, target, _ = binary(rng, 15_000, hidden=0.6)
    flat = np.full(15_000, 0.4) + 0.2 * (rng.random(15_000) - 0.5)
    reach = profiled(features)
    estimator = estimators.learn(
        BINARY, rows(BINARY, reach, features, target, flat, learning=True), reach, ("mean_target",)
    )
    features, target, _ = binary(rng, 6_000, hidden=0.6, shift=0.6)
    flat = np.full(6_000, 0.4) + 0.2 * (rng.random(6_000) - 0.5)
    found = estimates.estimate(estimator, rows(BINARY, reach, features, target, flat), ("mean_target",))[0]
    truth = np.mean(np.array(target.to_pylist()) == "yes")
    assert found.detail["method"] == "weighted" and found.detail["shift_p"] < 1e-4
    assert found.lower <= truth <= found.upper


def regression(rng, n, shift=0.0):
    features, age = table(rng, n, shift)
    said = 2 * age
    return features, pa.array(said + rng.normal(0, 0.5 + np.abs(age), n)), pa.array(said)


@pytest.mark.slow
def test_regression_learns_its_loss():
    rng, coding = np.random.default_rng(14), Coding("regression")
    features, target, said = regression(rng, 3_000)
    reach = profiled(features)
    estimator = estimators.learn(
        coding, rows(coding, reach, features, target, None, said, learning=True), reach, ESTIMABLE["regression"]
    )
    again, hits = estimators.load(estimators.dump(estimator)), []
    for shift in (0.0, 0.5, 1.0):
        features, target, said = regression(rng, 1_500, shift)
        window = rows(coding, reach, features, target, None, said)
        mae, rmse = estimates.estimate(again, window, ("mae", "rmse"))
        error = target.to_numpy() - said.to_numpy()
        hits += [mae.lower <= np.abs(error).mean() <= mae.upper,
                 rmse.lower <= np.sqrt(np.square(error).mean()) <= rmse.upper]  # fmt: skip
        assert mae.detail["method"] == "dle" and mae.upper / mae.lower < 1.6
    assert all(hits)
    bare = rows(coding, {}, features, target, None, said, learning=True)
    assert "features" in estimates.estimate(again, bare, ("mae",))[0].message
    with pytest.raises(estimators.CannotEstimate, match="no features"):
        estimators.learn(coding, bare, {}, ("mae",))
    with pytest.raises(estimators.CannotEstimate, match="ranking"):
        ranking = Coding("ranking")
        estimators.learn(ranking, rows(ranking, reach, features, target, None, said), reach, ())


def test_several_classes_are_estimated():
    rng, coding = np.random.default_rng(15), Coding("multiclass", ("a", "b", "c"))

    def some(n, shift):
        features, age = table(rng, n, shift)
        eta = np.column_stack([age, -age, 0.3 * age * age])
        chance = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
        y = (rng.random((n, 1)) > chance.cumsum(axis=1)).sum(axis=1)
        return features, pa.array(np.array(coding.classes)[y].tolist()), chance, y

    features, target, score, _ = some(4_000, 0.0)
    reach = profiled(features)
    of = rows(coding, reach, features, target, score, learning=True)
    estimator = estimators.load(estimators.dump(estimators.learn(coding, of, reach, ESTIMABLE["multiclass"])))
    hits = []
    for shift in (-0.4, -0.2, 0.0, 0.2, 0.4, 0.4):
        features, target, score, y = some(1_000, shift)
        found = estimates.estimate(estimator, rows(coding, reach, features, target, score), ESTIMABLE["multiclass"])
        assert {s.state for s in found} == {"ok"}
        accuracy = found[0]
        hits.append(accuracy.lower <= (score.argmax(axis=1) == y).mean() <= accuracy.upper)
    assert sum(hits) >= 5  # two misses of a 99 % interval would come once in 700 runs


# -- trust ----------------------------------------------------------------------------------------------------------


def error(value, half=0.05):
    return Signal("estimated.auc.error", value, value - half, value + half, 100)


def test_errors_are_what_was_said_minus_what_came_true():
    said = [Signal("estimated.auc", 0.8, 0.75, 0.85), Signal("estimated.f1", None, state="cannot-tell"),
            Signal("estimated.mae", 1.0, 0.5, 1.5)]  # fmt: skip
    found = estimate_trust.errors(
        said, {"auc": Signal("auc", 0.7, n=50), "f1": Signal("f1", 0.4), "mae": Signal("mae", None)}
    )
    assert [s.name for s in found] == ["estimated.auc.error"]
    (auc,) = found
    assert (auc.value, auc.lower, auc.upper) == pytest.approx((0.1, 0.05, 0.15)) and auc.n == 50
    assert auc.detail["covered"] is False and "0.7 came true" in auc.message


def test_trust_is_coverage_and_mean_error():
    found = estimate_trust.trust([error(0.02), error(-0.04), Signal("estimated.auc.error", None), error(0.0)])
    assert (found.windows, found.covered, found.error) == (3, 3, pytest.approx(0.02))
    assert not found.suspect and estimate_trust.trust([]) is None
    (signal,) = estimate_trust.trusted([Signal("estimated.auc", 0.8, 0.7, 0.9)], {"estimated.auc.error": [error(0.01)]})
    assert signal.value == 0.8 and "in 1 of the last 1 windows" in signal.message
    assert signal.detail["trust"] == {"windows": 1, "covered": 1, "error": 0.01}


@pytest.mark.parametrize(
    ("past", "suspect"),
    [
        ([0.0] * 19 + [0.06], False),  # one miss in twenty is what one expects now and then
        ([0.0] * 18 + [0.06, -0.06], True),
        ([0.06] + [0.0] * 18 + [0.06], False),
        ([0.06, 0.0, 0.0] * 7, True),
        ([0.06, 0.06] + [0.0] * 18, False),  # long ago, and all is well since
        ([0.0] * 5 + [0.11], True),  # one, but far off
    ],
)
def test_concept_drift_is_suspected_where_the_truth_lay_outside_too_often(past, suspect):
    assert estimate_trust.trust([error(v) for v in past]).suspect is suspect


def test_a_suspected_estimate_is_withheld_and_comes_back():
    said = [Signal("estimated.auc", 0.8, 0.7, 0.9, 100), Signal("estimated.f1", 0.5, 0.4, 0.6, 100)]
    bad = {"estimated.auc.error": [error(0.0)] * 3 + [error(0.2)] * 3, "estimated.f1.error": [error(0.0)] * 6}
    auc, f1 = estimate_trust.trusted(said, bad)
    for signal in (auc, f1):  # beyond doubt: what the others rest on is the same calibration
        assert signal.value is None and signal.lower is None and signal.state == "cannot-tell"
        assert "concept drift is suspected: in 3 of the last 3 windows with labels auc" in signal.message
    assert auc.detail["withheld"] == [0.8, 0.7, 0.9]
    # It is scored all the same, so that it can come back.
    (scored,) = estimate_trust.errors([auc], {"auc": Signal("auc", 0.79, n=100)})
    assert scored.value == pytest.approx(0.01) and scored.detail["covered"]
    good = {"estimated.auc.error": bad["estimated.auc.error"] + [scored] * 20}
    assert estimate_trust.trusted(said, good)[0].value == 0.8

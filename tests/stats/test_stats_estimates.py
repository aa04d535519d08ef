"""What is expected of unlabelled rows against what comes of them: values by definition, intervals by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, roc_auc_score

from lifecycle_tui.monitoring.estimators import boosted
from lifecycle_tui.stats import expected, expected_classes, losses
from lifecycle_tui.stats.calibration import calibrate, expit, log_odds, weighted
from lifecycle_tui.stats.density import density_ratio
from lifecycle_tui.stats.leaning import leaning


def drawn(rng, n, shift=0.0, bend=0.0, slope=1.5, start=-0.8):
    """Scores of a logistic model and labels whose true log-odds bend away from it."""
    z = rng.normal(shift, 1, n)
    eta = slope * z + start
    chance = expit(eta + bend * np.sin(1.5 * z))
    return expit(eta), chance, (rng.random(n) < chance).astype(float)


# -- the calibration curve ------------------------------------------------------------------------------------------


def test_a_bent_curve_is_found_and_a_straight_one_left_nearly_as_it_is():
    rng = np.random.default_rng(1)
    score, chance, y = drawn(rng, 20_000, bend=0.7)
    curve = calibrate(score, y)
    assert np.abs(curve.chances(curve.position(score)) - chance).mean() < 0.012
    assert np.abs(score - chance).mean() > 0.05
    assert curve.gain is not None and curve.gain > 0.002
    score, chance, y = drawn(rng, 20_000)
    curve = calibrate(score, y)
    assert np.abs(curve.chances(curve.position(score)) - chance).mean() < 0.008
    assert curve.stiffness > 10
    assert curve.gain is not None and abs(curve.gain) < 0.0005


def test_scores_in_any_scale_are_calibrated_by_their_rank():
    rng = np.random.default_rng(2)
    score, chance, y = drawn(rng, 20_000)
    margin = 40 + 7 * log_odds(score)
    curve = calibrate(margin, y)
    assert not curve.offset and curve.gain is None
    assert np.abs(curve.chances(curve.position(margin)) - chance).mean() < 0.015


def test_the_order_of_rows_changes_no_bit():
    rng = np.random.default_rng(3)
    score, _, y = drawn(rng, 3_000, bend=0.5)
    mixed = rng.permutation(len(score))
    one, other = calibrate(score, y), calibrate(score[mixed], y[mixed])
    assert (one.values == other.values).all() and (one.covariance == other.covariance).all()


def test_the_curves_own_error_covers():
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(30):
        score, _, y = drawn(rng, 1_500, bend=0.4)
        curve = calibrate(score, y)
        at = np.linspace(-2.5, 2.0, 10)  # positions are log-odds: the truth there is known
        truth = at + 0.4 * np.sin(1.5 * (at + 0.8) / 1.5)
        error = [math.sqrt(v) for v in (curve.hats(np.array([x]), np.ones(1)) @ curve.covariance @ curve.hats(
            np.array([x]), np.ones(1)) for x in at)]  # fmt: skip
        said = at + np.interp(at, curve.knots, curve.values)
        inside += (np.abs(said - truth) < 2.576 * np.array(error)).tolist()
    assert 0.97 < np.mean(inside) <= 1.0


@pytest.mark.parametrize(
    "score",
    [np.full(200, 0.3), np.repeat([0.2, 0.8], 100), np.r_[np.zeros(100), np.ones(100)], np.linspace(0, 1, 200)],
    ids=["constant", "two values", "certain", "separated"],
)
def test_odd_scores_have_a_finite_curve(score):
    y = np.r_[np.zeros(100), np.ones(100)]
    curve = calibrate(score, y)
    chances = curve.chances(curve.position(score))
    assert np.isfinite(chances).all() and np.isfinite(curve.covariance).all()
    assert abs(chances.mean() - 0.5) < 0.02
    rows = expected.rows_of(curve, score, (score >= 0.5).astype(float))
    for found in (*expected.expect_cells(curve, rows).values(), expected.expect_auc(curve, rows)):
        assert found.value is None or 0 <= found.lower <= found.value <= found.upper <= 1


@pytest.mark.parametrize("y", [np.zeros(50), np.ones(50), np.empty(0)])
def test_one_class_has_no_curve(y):
    with pytest.raises(ValueError, match="positives and negatives"):
        calibrate(np.linspace(0.1, 0.9, len(y)), y)


# -- expectations by definition -----------------------------------------------------------------------------------


def exactly(score, said, chance):
    """The mean of each metric over all labellings, weighted by their chances."""
    found = {"accuracy": 0.0, "auc": 0.0, "pairs": 0.0, "brier": 0.0}
    for code in range(2 ** len(score)):
        y = np.array([(code >> i) & 1 for i in range(len(score))], float)
        weight = float(np.prod(np.where(y == 1, chance, 1 - chance)))
        found["accuracy"] += weight * float((y == said).mean())
        found["brier"] += (
            weight * brier_score_loss(y, score, pos_label=1)
            if 0 < y.sum() < len(y)
            else (weight * float(np.square(score - y).mean()))
        )
        if 0 < y.sum() < len(y):
            pairs = y.sum() * (len(y) - y.sum())
            found["auc"] += weight * roc_auc_score(y, score) * pairs
            found["pairs"] += weight * pairs
    return found["accuracy"], found["brier"], found["auc"] / found["pairs"]


def test_values_are_expectations_over_all_labellings():
    rng = np.random.default_rng(5)
    score, _, y = drawn(rng, 4_000)
    curve = calibrate(score, y)
    few = np.array([0.1, 0.3, 0.3, 0.45, 0.6, 0.6, 0.7, 0.9])
    said = (few >= 0.5).astype(float)
    rows = expected.rows_of(curve, few, said)
    accuracy, brier, auc = exactly(rows.score, rows.said, rows.chance)
    assert expected.expect_cells(curve, rows)["accuracy"].value == pytest.approx(accuracy, abs=1e-9)
    assert expected.expect_brier(curve, rows).value == pytest.approx(brier, abs=1e-12)
    assert expected.expect_auc(curve, rows).value == pytest.approx(auc, abs=1e-12)


def test_ratios_are_ratios_of_expected_cells():
    rng = np.random.default_rng(6)
    score, _, y = drawn(rng, 4_000)
    curve = calibrate(score, y)
    rows = expected.rows_of(curve, score[:900], (score[:900] >= 0.4).astype(float))
    p, said = rows.chance, rows.said
    tp, fn, fp, tn = (p * said).sum(), (p * (1 - said)).sum(), ((1 - p) * said).sum(), ((1 - p) * (1 - said)).sum()
    found = expected.expect_cells(curve, rows)
    wanted = {
        "precision": tp / (tp + fp), "recall": tp / (tp + fn), "specificity": tn / (tn + fp),
        "f1": 2 * tp / (2 * tp + fp + fn), "balanced_accuracy": (tp / (tp + fn) + tn / (tn + fp)) / 2,
    }  # fmt: skip
    for name, value in wanted.items():
        assert found[name].value == pytest.approx(value, abs=1e-9), name
        assert found[name].lower < value < found[name].upper


@pytest.mark.slow
def test_errors_are_those_of_drawn_labels():
    """Standard error, and skewed ends, against 1,500 redrawn labellings of rare positives with a known curve."""
    rng = np.random.default_rng(7)
    score, _, y = drawn(rng, 200_000, start=-3.5)
    curve = calibrate(score, y)
    few = np.sort(drawn(rng, 600, start=-3.5)[0])
    said = (few >= 0.15).astype(float)
    rows = expected.rows_of(curve, few, said)
    found = expected.expect_cells(curve, rows, ("accuracy", "f1", "balanced_accuracy"))
    found["auc"], found["rate"] = expected.expect_auc(curve, rows), expected.expect_rate(curve, rows)
    said = rows.said
    values = {name: [] for name in found}
    for _ in range(1_500):
        y = (rng.random(len(few)) < rows.chance).astype(float)
        values["accuracy"].append((y == said).mean())
        values["f1"].append(f1_score(y, said) if len(values["f1"]) < 400 else np.nan)
        values["balanced_accuracy"].append(
            balanced_accuracy_score(y, said) if len(values["balanced_accuracy"]) < 400 else np.nan
        )
        order = np.argsort(rows.score, kind="stable")
        m = y.sum()
        ranks = np.arange(1, len(y) + 1)
        values["auc"].append((ranks[y[order] == 1].sum() - m * (m + 1) / 2) / (m * (len(y) - m)))
        values["rate"].append(y.mean())
    for name, expectation in found.items():
        sample = np.array(values[name])
        sample = sample[~np.isnan(sample)]
        assert expectation.drawn == pytest.approx(sample.std(), rel=0.1), name
        outside = np.mean((sample < expectation.lower) | (sample > expectation.upper))
        assert outside < 0.022, (name, outside)


def test_the_calibrations_error_makes_intervals_wider_where_the_reference_is_small():
    rng = np.random.default_rng(8)
    window = drawn(rng, 5_000, shift=0.5)[0]
    found = []
    for n in (500, 50_000):
        score, _, y = drawn(rng, n)
        curve = calibrate(score, y)
        found.append(expected.expect_auc(curve, expected.rows_of(curve, window, None)))
    assert found[0].fitted > 4 * found[1].fitted
    assert found[0].drawn == pytest.approx(found[1].drawn, rel=0.2)


def test_nothing_is_expected_of_nothing():
    rng = np.random.default_rng(9)
    score, _, y = drawn(rng, 500)
    curve = calibrate(score, y)
    none = expected.rows_of(curve, np.empty(0), np.empty(0))
    assert all(e.value is None and e.message for e in expected.expect_cells(curve, none).values())
    assert expected.expect_auc(curve, none).value is None
    assert expected.expect_brier(curve, none).value is None
    never = expected.rows_of(curve, score[:50], np.zeros(50))
    found = expected.expect_cells(curve, never)
    assert found["precision"].message == "no row is predicted positive"
    assert found["recall"].value == 0 and found["f1"].value == 0


# -- several classes ----------------------------------------------------------------------------------------------


def several(rng, n, shift=0.0, sharp=1.0):
    weights = np.array([[1.2, -0.4, 0.3], [-0.5, 1.0, -1.1]])
    x = rng.normal(0, 1, (n, 2)) + shift
    eta = x @ weights + np.array([0.3, 0.0, -0.4])
    chance = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    said = np.exp(sharp * eta) / np.exp(sharp * eta).sum(axis=1, keepdims=True)
    return said, (rng.random((n, 1)) > chance.cumsum(axis=1)).sum(axis=1)


def test_two_classes_by_either_way_are_the_same():
    rng = np.random.default_rng(10)
    score, _, y = drawn(rng, 8_000)
    curve, mirror = calibrate(score, y), calibrate(1 - score, 1 - y)
    window = drawn(rng, 1_000, shift=0.3)[0]
    said = (window >= 0.5).astype(int)
    rows = expected.rows_of(curve, window, said)
    both = expected_classes.class_rows((mirror, curve), np.column_stack([1 - window, window]), said)
    one = expected.expect_cells(curve, rows)["accuracy"]
    other = expected_classes.OF_CLASSES["accuracy"]((mirror, curve), both)
    assert other.value == pytest.approx(one.value, abs=2e-3)
    assert other.drawn == pytest.approx(one.drawn, rel=0.02)
    auc = expected_classes.OF_CLASSES["auc"]((mirror, curve), both)
    assert auc.value == pytest.approx(expected.expect_auc(curve, rows).value, abs=2e-3)


def test_several_classes_cover_under_shift():
    from lifecycle_tui.stats import metrics_classes as of_classes
    from lifecycle_tui.stats import metrics_scores as of_scores

    rng, labels, inside = np.random.default_rng(11), np.array(["a", "b", "c"]), {}
    for _ in range(5):
        score, y = several(rng, 6_000, sharp=1.4)
        curves = tuple(calibrate(score[:, i], (y == i).astype(float)) for i in range(3))
        for _ in range(8):
            score, y = several(rng, 500, shift=rng.uniform(-0.7, 0.7, 2), sharp=1.4)
            said = score.argmax(axis=1)
            rows = expected_classes.class_rows(curves, score, said)
            truth, spoken = labels[y], labels[said]
            real = {
                "accuracy": of_classes.accuracy(truth, spoken), "f1": of_classes.macro_f1(truth, spoken),
                "precision": of_classes.macro_precision(truth, spoken),
                "recall": of_classes.macro_recall(truth, spoken),
                "auc": of_scores.macro_roc_auc(truth, score, tuple(labels)),
                "log_loss": of_scores.multi_log_loss(truth, score, tuple(labels)),
                "brier": of_scores.multi_brier(truth, score, tuple(labels)),
            }  # fmt: skip
            for name, found in real.items():
                said_of = expected_classes.OF_CLASSES[name](curves, rows)
                inside.setdefault(name, []).append(said_of.lower <= found.value <= said_of.upper)
    assert set(inside) == set(expected_classes.OF_CLASSES)
    for name, hits in inside.items():
        assert np.mean(hits) >= 0.95, name


# -- weights --------------------------------------------------------------------------------------------------------


def test_a_density_ratio_makes_the_reference_like_the_window():
    rng = np.random.default_rng(12)
    reference, window = rng.normal(0, 1, (8_000, 2)), rng.normal([0.7, 0.0], 1, (4_000, 2))
    found = density_ratio(reference, window)
    assert found.p_value < 1e-10
    mean = (reference * found.weight[:, None]).mean(axis=0)
    assert mean == pytest.approx(window.mean(axis=0), abs=0.06)
    assert 3_000 < found.effective < 7_000


def test_no_shift_is_seldom_seen_and_weighs_nothing():
    rng = np.random.default_rng(13)
    p = [density_ratio(rng.normal(0, 1, (600, 3)), rng.normal(0, 1, (400, 3))).p_value for _ in range(200)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.10
    assert density_ratio(np.zeros((50, 2)), np.zeros((50, 2))).effective == pytest.approx(50)
    assert density_ratio(np.zeros((0, 2)), np.zeros((5, 2))).p_value == 1.0


def test_weights_put_right_what_the_score_does_not_show():
    """A feature that the model overlooked moves: the plain curve is wrong, the weighted one is not."""
    rng = np.random.default_rng(14)

    def rows(n, shift):
        seen, hidden = rng.normal(0, 1, n), rng.normal(shift, 1, n)
        chance = expit(1.2 * seen + 1.2 * hidden - 0.5)
        return expit(seen - 0.4), hidden, (rng.random(n) < chance).astype(float)

    score, hidden, y = rows(15_000, 0.0)
    plain = calibrate(score, y)
    window, moved, truth = rows(15_000, 0.8)
    found = density_ratio(np.column_stack([log_odds(score), hidden]), np.column_stack([log_odds(window), moved]))
    better = weighted(plain, score, y, found.weight)
    wrong = expected.expect_rate(plain, expected.rows_of(plain, window, None))
    right = expected.expect_rate(better, expected.rows_of(better, window, None))
    assert abs(wrong.value - truth.mean()) > 0.08
    assert right.lower <= truth.mean() <= right.upper
    assert right.fitted > wrong.fitted


# -- whether there is anything to weight for --------------------------------------------------------------------------


def leaned(rng, n, hidden=0.0, tilt=0.0):
    """p-values of a curve of a score that overlooks a feature, or that the feature's rows have a steeper slope of."""
    seen, feature, noise = rng.normal(0, 1, n), rng.normal(0, 1, n), rng.normal(0, 1, n)
    y = (rng.random(n) < expit(1.2 * seen * (1 + tilt * feature) + hidden * feature - 0.5)).astype(float)
    score = expit(1.2 * seen - 0.5)
    rare = (rng.random(n) < 3 / n).astype(float)
    return leaning(calibrate(score, y), score, y, np.column_stack([feature, noise, np.zeros(n), rare, seen]))


@pytest.mark.slow
def test_a_score_that_says_all_is_seldom_blamed():
    rng = np.random.default_rng(18)
    p = np.array([leaned(rng, 1_500).p_value for _ in range(150)])
    assert np.mean(p < 0.05) < 0.10 and p.min() > 1e-4


@pytest.mark.parametrize("what", [{"hidden": 0.3}, {"tilt": 0.3}], ids=["level", "slope"])
def test_what_the_score_leaves_unsaid_is_found_and_named(what):
    found = leaned(np.random.default_rng(19), 6_000, **what)
    assert found.p_value < 1e-4 and found.columns[0] < 1e-4
    # Noise, a constant, three rows, and what the score itself says.
    assert (found.columns[1:] > 1e-4).all() and found.columns[2] == found.columns[3] == 1.0


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_leans_on_no_rows(n):
    score, y = np.linspace(0.1, 0.9, 50), (np.arange(50) % 2).astype(float)
    curve = calibrate(score, y)
    assert leaning(curve, score[:n], y[:n], np.ones((n, 2))).p_value == 1.0
    assert leaning(curve, score, y, np.ones((50, 0))).p_value == 1.0


# -- losses of regression -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_trees_are_scikit_learns():
    rng = np.random.default_rng(15)
    x = rng.normal(0, 1, (3_000, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    y = np.abs(np.nan_to_num(x[:, 0])) + rng.exponential(1, 3_000)
    ours = boosted(x, y)
    theirs = HistGradientBoostingRegressor(
        max_iter=60, max_leaf_nodes=8, learning_rate=0.1, min_samples_leaf=20, max_bins=64, early_stopping=False,
        random_state=0,
    ).fit(x, y)  # fmt: skip
    new = rng.normal(0, 2, (1_000, 4))
    new[::7, 1] = np.nan
    assert ours.predict(new) == pytest.approx(theirs.predict(new), rel=1e-9)


def test_losses_cover_under_shift():
    rng, inside, width = np.random.default_rng(16), [], []
    for _ in range(30):
        said = rng.gamma(3, 1, 3_000)
        loss = np.abs(rng.normal(0, 1, 3_000)) * said * 1.4 + 0.2  # what was said is too little by a factor
        line = losses.loss_line(said, loss)
        for _ in range(10):
            new = rng.gamma(rng.uniform(2, 6), 1, 500)
            truth = (np.abs(rng.normal(0, 1, 500)) * new * 1.4 + 0.2).mean()
            found = losses.expect_loss_mean(line, new, 500)
            inside.append(found.lower <= truth <= found.upper)
            width.append(found.upper / found.lower)
    assert np.mean(inside) >= 0.97 and np.median(width) < 1.5


def test_lines_of_few_and_of_constant_losses():
    with pytest.raises(ValueError, match="30 rows"):
        losses.loss_line(np.ones(29), np.ones(29))
    line = losses.loss_line(np.ones(100), np.r_[np.zeros(50), np.full(50, 2.0)])
    found = losses.expect_loss_mean(line, np.ones(400), 400, root=True)
    assert found.value == pytest.approx(1.0, abs=0.01) and found.lower < 1 < found.upper
    zero = losses.expect_loss_mean(losses.loss_line(np.zeros(100), np.zeros(100)), np.zeros(50), 50)
    assert zero.value is None and zero.message
    assert losses.expect_loss_mean(line, np.empty(0), 0).value is None

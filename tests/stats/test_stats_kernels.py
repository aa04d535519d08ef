"""Kernel two-sample tests, reconstruction, ranks and Student's tail against brute force and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lifecycle_tui.stats import kernels
from lifecycle_tui.stats.placements import FIRST, FOLDS, forward_folds, separation
from lifecycle_tui.stats.reconstruction import components
from lifecycle_tui.stats.student import student_sf

RNG = np.random.default_rng(11)


def brute(x, y, k):
    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_squared_distances_are_those_of_the_definition():
    x, y = RNG.normal(size=(13, 3)), RNG.normal(0.4, size=(9, 3))
    found = kernels.kernel_test(x, y, kernels.gaussian(1.7))
    assert found.squared == pytest.approx(
        brute(x, y, lambda a, b: math.exp(-((a - b) ** 2).sum() / (2 * 1.7**2))), abs=1e-12
    )
    found = kernels.kernel_test(x, y, kernels.minus_distance)
    assert found.squared == pytest.approx(brute(x, y, lambda a, b: -math.sqrt(((a - b) ** 2).sum())), abs=1e-7)


def test_the_energy_distance_is_scipys():
    """SciPy's has the diagonals (the biased estimate), and takes the root."""
    from scipy.stats import energy_distance

    x, y = RNG.normal(size=60), RNG.normal(0.5, size=45)
    biased = energy_distance(x, y) ** 2
    d_x, d_y = (np.abs(s[:, None] - s[None, :]).sum() for s in (x, y))
    n, m = len(x), len(y)
    unbiased = biased + d_x / n**2 + d_y / m**2 - d_x / (n * (n - 1)) - d_y / (m * (m - 1))
    found = kernels.kernel_test(x[:, None], y[:, None], kernels.minus_distance)
    assert found.squared == pytest.approx(unbiased, abs=1e-7)


@pytest.mark.parametrize("gram", [kernels.gaussian(1.0), kernels.minus_distance], ids=["mmd", "energy"])
def test_p_values_are_those_of_permutations(gram):
    """The statistic's exact mean over permutations is the law's mean, and its tail the permutations' tail."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(40, 2)), rng.normal(0.45, size=(30, 2))
    both = np.concatenate([x, y])
    k = gram(both, both)
    labels = np.array([rng.permutation(70) < 40 for _ in range(4000)]).T
    weights = np.where(labels, 1 / 40, -1 / 30)
    drawn = 40 * 30 / 70 * (weights * (k @ weights)).sum(axis=0)
    own = np.where(np.arange(70) < 40, 1 / 40, -1 / 30)
    seen = 40 * 30 / 70 * own @ k @ own
    by_permutation = (drawn >= seen).mean()
    found = kernels.kernel_test(x, y, gram)
    assert found.p_value == pytest.approx(by_permutation, rel=0.35, abs=0.01)
    assert 0.0001 < found.p_value < 0.2


def test_overwhelming_evidence_has_a_tiny_p_value():
    found = kernels.kernel_test(RNG.normal(size=(300, 2)), RNG.normal(1, size=(300, 2)), kernels.gaussian(1.5))
    assert 0 <= found.p_value < 1e-12 and 0 < found.share <= 1


def test_blocks_add_up():
    x, y = RNG.normal(size=(2000, 2)), RNG.normal(0.3, size=(2000, 2))
    whole = kernels.kernel_test(x, y, kernels.minus_distance, block=2000)
    cut = kernels.kernel_test(x, y, kernels.minus_distance, block=250)
    assert (whole.blocks, cut.blocks, cut.n, cut.m) == (1, 8, 2000, 2000)
    assert cut.squared == pytest.approx(whole.squared, abs=3 * cut.error)
    assert cut.p_value < 1e-6 and whole.p_value < cut.p_value


@pytest.mark.parametrize("gram", [kernels.gaussian(1.0), kernels.minus_distance])
def test_equal_points_are_no_difference(gram):
    found = kernels.kernel_test(np.zeros((20, 3)), np.zeros((10, 3)), gram)
    assert (found.p_value, found.share) == (1.0, 0.0) and abs(found.squared) < 1e-12
    with pytest.raises(ValueError, match="two rows"):
        kernels.kernel_test(np.zeros((1, 3)), np.zeros((10, 3)), gram)


def test_the_width_of_a_kernel():
    points = RNG.normal(size=(50, 2))
    apart = [math.dist(points[i], points[j]) for i in range(50) for j in range(i)]
    assert kernels.median_distance(points) == pytest.approx(np.median(apart))
    assert kernels.median_distance(np.zeros((9, 2))) == 1.0
    assert kernels.median_distance(np.zeros((0, 2))) == 1.0
    assert kernels.median_distance(np.array([[0.0]] * 20 + [[3.0]])) == 3.0


@pytest.mark.parametrize("df", [0.7, 1, 2.5, 10, 333, 1e5])
def test_students_tail_is_scipys(df):
    from scipy.stats import t as law

    for t in (-3.0, 0.0, 0.3, 2.0, 6.0, 25.0):
        assert student_sf(t, df) == pytest.approx(law.sf(t, df), rel=1e-9, abs=1e-300)
    with pytest.raises(ValueError, match="Student"):
        student_sf(1.0, 0)
    assert student_sf(math.inf, 3) == 0.0


def test_components_are_scikit_learns():
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    fit = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
    fit[:, 5] = 7.0  # one value
    other = RNG.normal(size=(50, 6))
    other[:, 5] = 7.0
    scaler = StandardScaler().fit(fit)
    pca = PCA(n_components=0.65).fit(scaler.transform(fit))
    back = pca.inverse_transform(pca.transform(scaler.transform(other)))
    expected = np.linalg.norm(scaler.transform(other) - back, axis=1)
    found = components(fit, 0.65)
    assert len(found.axes) == pca.n_components_
    assert found.errors(other) == pytest.approx(expected, rel=1e-9)


def test_components_of_odd_rows():
    assert len(components(np.ones((5, 3))).axes) == 0
    huge = np.full((4, 2), 1e150)
    huge[0] = -1e150
    assert np.isfinite(components(huge).errors(np.array([[0.0, 1e150]]))).all()
    assert components(np.zeros((4, 2))).errors(np.array([[1e300, 0.0]])) == pytest.approx([1e6])
    for rows in (np.zeros((1, 2)), np.zeros((4, 0))):
        with pytest.raises(ValueError, match="components"):
            components(rows)


def test_ranks_of_one_fold_are_scipys():
    from scipy.stats import mannwhitneyu

    score = np.round(RNG.normal(size=90), 1)
    there = np.arange(90) < 40
    score[there] += 0.3
    found = separation(score, there, np.zeros(90, int))
    law = mannwhitneyu(score[there], score[~there], alternative="greater", method="asymptotic", use_continuity=False)
    assert found is not None
    assert found.auc == pytest.approx(law.statistic / (40 * 50))
    assert found.p_value == pytest.approx(law.pvalue, rel=1e-9)
    assert found.lower < found.auc < found.upper


def test_scales_of_folds_do_not_matter():
    score, there, fold = RNG.normal(size=60), np.arange(60) % 2 == 0, np.arange(60) // 20
    one = separation(score, there, fold)
    assert one == separation(score + 100 * fold, there, fold)
    assert separation(score[:20], np.ones(20, bool), fold[:20]) is None
    flat = separation(np.zeros(60), there, fold)
    assert flat is not None and (flat.auc, flat.p_value) == (0.5, 1.0)


@pytest.mark.parametrize(("n", "m"), [(10, 10), (1000, 37)])
def test_folds_hold_rows_of_both_sides(n, m):
    fold = forward_folds(n, m)
    for side, rows in ((fold[:n], n), (fold[n:], m)):
        counts = np.bincount(side, minlength=FOLDS + 1)
        assert len(counts) == FOLDS + 1 and counts.min() >= 1
        assert abs(counts[0] - FIRST * rows) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["line", "neighbours"])
def test_forward_folds_keep_their_false_alarms(learner):
    """Ordinary cross-validation has 12 % here at 5 %: its folds' statistics are not independent."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(1500):
        x, there = rng.normal(size=(160, 3)), np.arange(160) >= 100
        fold = forward_folds(100, 60)
        score = np.zeros(160)
        for k in range(1, FOLDS + 1):
            before, at = fold < k, fold == k
            if learner == "line":
                ones = np.ones((160, 1))
                weights = np.linalg.lstsq(np.hstack([x, ones])[before], there[before].astype(float), rcond=None)[0]
                score[at] = np.hstack([x, ones])[at] @ weights
            else:
                near = ((x[at][:, None] - x[before][None]) ** 2).sum(axis=2).argpartition(5, axis=1)[:, :5]
                score[at] = there[before][near].mean(axis=1)
        scored = fold > 0
        test = separation(score[scored], there[scored], fold[scored])
        assert test is not None
        found.append(test.p_value)
    shares = [(np.array(found) <= level).mean() for level in (0.05, 0.01)]
    assert 0.03 < shares[0] < 0.067 and shares[1] < 0.018, shares


@pytest.mark.slow
@pytest.mark.parametrize("gram", ["mmd", "energy"])
def test_kernel_tests_keep_their_false_alarms(gram):
    rng = np.random.default_rng(4)
    found = []
    for _ in range(250):
        x, y = (np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)]) for n in (90, 40))
        of = kernels.minus_distance if gram == "energy" else kernels.gaussian(kernels.median_distance(x))
        found.append(kernels.kernel_test(x, y, of).p_value)
    assert 0.02 < (np.array(found) <= 0.05).mean() < 0.09

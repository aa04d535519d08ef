"""Honest alarms: openings computed, scores that are uniform, variation between windows, sums that show small shifts."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import special, stats

from benchmarks import honesty, honesty_rows
from benchmarks.honesty_rows import RowWorld
from lifecycle_tui.monitoring.adding import Adding
from lifecycle_tui.monitoring.alarms.calibrated import calibrated, calibrated_together, spreads
from lifecycle_tui.monitoring.alarms.evidence import accumulate, rolled, usable, window_weight
from lifecycle_tui.monitoring.alarms.labels import (
    Labels,
    apart,
    label_evidence,
    likelihood_ratio,
    overdispersed_tail,
    overdispersion,
    pool,
    scaled_tail,
)
from lifecycle_tui.monitoring.alarms.parts import judge_parts
from lifecycle_tui.monitoring.alarms.sizes import crowd, overdispersed
from lifecycle_tui.monitoring.alarms.yardstick import ENOUGH, MISSING, PARTS, SCALES, Spread, Yardstick
from lifecycle_tui.policy.verdicts import ColumnTest, judge
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.profiles.scores import ColumnSums, RankScores, column_scores
from lifecycle_tui.stats.moderate import _digamma, _trigamma, _trigamma_inverse, moderate
from lifecycle_tui.stats.openings import bennett, exceedance, normal_openings, opening_level, student_openings


def numbers(values, grid=None):
    profiler = Profiler("numeric", grid)
    profiler.update(pa.array(values))
    return profiler.result()


def one(value):
    return np.array(float(value))


def test_openings_of_independent_values_are_the_chance_to_be_beyond():
    for u in (3.0, 4.0, 5.5):
        assert float(normal_openings(one(u), one(1.0))) == pytest.approx(2 * stats.norm.sf(u), rel=0.06)
        for df in (19, 29, 240):
            assert float(student_openings(one(u), one(1.0), one(df))) == pytest.approx(2 * stats.t.sf(u, df), rel=0.06)
    assert float(student_openings(one(4.0), one(0.3), one(math.inf))) == float(normal_openings(one(4.0), one(0.3)))
    assert float(exceedance(one(2.0))) == pytest.approx(2 * stats.norm.sf(2.0), rel=1e-12)


def test_sums_of_neighbours_open_less_often_than_they_are_beyond():
    """A rolling mean of 8 values: the computed rate of excursions is right; beyond is nearly twice it."""
    rng, k, u = np.random.default_rng(0), 8, 3.0
    z = np.convolve(rng.standard_normal(2_000_000), np.ones(k), "valid") / math.sqrt(k)
    above = np.abs(z) > u
    begin = np.flatnonzero(above[1:] & ~above[:-1])
    clumps = 1 + int((np.diff(begin) > 2 * k).sum())
    rate = clumps / len(z)
    assert float(normal_openings(one(u), one(1 / k))) == pytest.approx(rate, rel=0.12)
    assert above.mean() > 1.7 * rate


def test_levels_turn_openings_round():
    for target, beta, df in ((1e-3, 1.0, math.inf), (1e-6, 0.1, 29.0), (1e-8, 0.5, 19.0)):
        level = opening_level(target, beta, df)
        assert float(student_openings(one(level), one(beta), one(df))) == pytest.approx(target, rel=1e-6)


def test_bennett_bounds_the_binomial_tail_and_is_near_it():
    for n, p, d in ((200, 0.02, 0.05), (1000, 0.3, 0.06), (30, 0.5, 0.4)):
        exact = stats.binom.sf(math.ceil(n * (p + d)) - 1, n, p)
        bound = float(bennett(one(n), one(d), one(p * (1 - p)), one(1 - p)))
        assert exact <= bound <= exact * 150


def test_polygammas_and_their_inverse():
    for x in (0.3, 1.0, 5.0, 40.0):
        assert _digamma(x) == pytest.approx(special.digamma(x), abs=1e-9)
        assert _trigamma(x) == pytest.approx(special.polygamma(1, x), abs=1e-9)
        assert _trigamma_inverse(_trigamma(x)) == pytest.approx(x, rel=1e-9)


def test_variances_are_judged_in_the_light_of_each_other_and_never_lowered():
    rng = np.random.default_rng(1)
    same = 2 * rng.chisquare(29, 200) / 29
    found, df = moderate(same, 29)
    assert df > 300 and (found >= same).all() and found.min() == pytest.approx(2.0, rel=0.1)
    different = np.exp(rng.normal(0, 1.5, 200)) * rng.chisquare(29, 200) / 29
    found, df = moderate(different, 29)
    assert 29 < df < 40 and (found >= different).all()
    few, df = moderate(np.array([1.0, 2.0]), 29)
    assert df == 29 and list(few) == [1.0, 2.0]


@pytest.mark.parametrize("draw", [lambda r, n: r.standard_t(1.5, n), lambda r, n: r.random(n)])
def test_scores_of_a_continuous_column_are_uniform_and_uncorrelated(draw):
    rng = np.random.default_rng(2)
    reference = numbers(draw(rng, 40_000))
    scores = RankScores(reference)
    for law in scores.moments():
        assert (law.mean, law.variance) == pytest.approx((0.5, 1 / 12), abs=2e-4)
        assert law.atom < 0.01 and abs(law.skew) < 0.01
    means = np.array([scores.sums(numbers(draw(rng, 400), reference.grid)).values for _ in range(200)]) / 400
    spread = np.cov(means.T) * 400 * 12
    assert np.diag(spread) == pytest.approx(np.ones(4), abs=0.35)
    assert np.abs(spread - np.diag(np.diag(spread))).max() < 0.3


def test_scores_at_the_edges():
    empty = numbers(np.array([], float))
    assert RankScores(empty).sums(numbers([1.0], empty.grid)) == ColumnSums(1, 1) and RankScores(empty).moments() == ()
    constant = numbers([3.0] * 50)
    (law, *_) = RankScores(constant).moments()
    assert (law.mean, law.variance, law.atom) == pytest.approx((0.5, 0.0, 1.0))
    beyond = numbers([math.inf, -math.inf, 3.0, math.nan], constant.grid)
    sums = RankScores(constant).sums(beyond)
    assert (sums.rows, sums.n) == (4, 3) and sums.values[0] == pytest.approx(1 + 0 + 0.5)
    ids = CategoricalProfile(3, {"a": 2, "b": 1}, horizon=10)
    assert column_scores(ids).sums(ids) == ColumnSums(3, 3)
    assert ColumnSums.of(ColumnSums(4, 3, (1.5, 2.0)).plain()) == ColumnSums(4, 3, (1.5, 2.0))


def test_likelihood_ratio_is_scipys_and_williams_correction_shrinks_it():
    a, b = np.array([500.0, 300.0, 200.0]), np.array([40.0, 35.0, 25.0])
    wanted = stats.chi2_contingency(np.stack([a, b]), lambda_="log-likelihood", correction=False).statistic
    found, df = likelihood_ratio(a, b)
    assert df == 2 and found < wanted and found == pytest.approx(wanted, rel=0.02)
    assert scaled_tail(6.0, 2, 24) == pytest.approx(stats.f.sf(3.0, 2, 24), rel=0.02)


def test_rare_labels_are_pooled_until_no_expectation_is_small():
    labels = Labels(np.array([9000, 900, 90, 9, 1]), np.array([90, 8, 1, 0, 1]))
    pooled = pool(labels)
    assert pooled is not None and len(pooled.reference) == 2 and pooled.window.sum() == 100
    assert pool(Labels(np.array([100, 0]), np.array([10, 0]))) is None
    assert pool(Labels(np.array([0, 0]), np.array([5, 5]))) is None
    assert label_evidence(Labels(np.array([50, 50, 0]), np.array([0, 0, 100]))).p_value < 1e-20


def world(rng, windows, rows=400, shift=0.0, labels=None, days=0.0):
    """A yardstick, and the sums of windows that follow."""
    law = labels or [0.5, 0.3, 0.2]
    values = rng.normal(size=40 * rows)
    cats = rng.choice(["a", "b", "c"], size=40 * rows, p=[0.5, 0.3, 0.2])
    reference = {"x": numbers(values), "c": _counted(cats)}
    yard = Yardstick.of(reference)
    found = []
    for _ in range(windows):
        x = rng.normal(size=rows) + shift + days * rng.normal()
        found.append(
            yard.sums({"x": numbers(x, reference["x"].grid), "c": _counted(rng.choice(["a", "b", "c"], rows, p=law))})
        )
    return yard, found


def _counted(labels):
    names, counts = np.unique(labels, return_counts=True)
    return CategoricalProfile(len(labels), dict(zip(names.tolist(), counts.tolist(), strict=True)))


def _verdicts(yard, windows, alpha=0.01):
    adding = Adding(yard, tuple(windows[:-1][::-1]))
    return judge(adding.evidence(windows[-1], [], alpha, 30), alpha)


def test_a_small_lasting_shift_is_seen_in_sums_and_not_in_one_window():
    yard, windows = world(np.random.default_rng(3), 16, shift=0.11)
    alone, together = _verdicts(yard, windows[-1:]), _verdicts(yard, windows)
    assert alone["x"].state == "ok" and together["x"].state == "drifted"
    verdict = together["x"]
    assert verdict.windows in SCALES[1:] and verdict.says == "values are higher" and verdict.detector == "change"
    assert 0.01 < verdict.lower < verdict.effect < verdict.upper < 0.1
    assert verdict.lasting < verdict.detectable and "sampling error alone" in verdict.message
    assert together["c"].state == "ok" and "a lasting one of" in together["c"].message


def test_what_has_gone_by_is_not_told_again():
    """Sums hold a change for sixteen windows; the first window that is back says so. What lasts stays."""
    rng = np.random.default_rng(12)
    yard, before = world(rng, 3, shift=1.0, labels=[0.2, 0.3, 0.5])
    back = [
        {**yard.sums({"c": _counted(rng.choice(["a", "b", "c"], 400, p=[0.5, 0.3, 0.2]))}), "x": _like(rng, 400)}
        for _ in range(4)
    ]
    assert {c: v.state for c, v in _verdicts(yard, before).items()} == {"x": "drifted", "c": "drifted"}
    for after in range(1, 5):
        assert {c: v.state for c, v in _verdicts(yard, before + back[:after]).items()} == {"x": "ok", "c": "ok"}


def test_one_incident_is_not_told_for_sixteen_windows():
    """Thin windows cannot contradict a small distance one by one; that all of it came at once shows what it was."""
    rng = np.random.default_rng(14)
    yard, before = world(rng, 1, rows=120, shift=2.0, labels=[0.05, 0.05, 0.9])
    told = []
    for _ in range(15):
        counts = _counted(rng.choice(["a", "b", "c"], 120, p=[0.5, 0.3, 0.2]))
        before.append({**yard.sums({"c": counts}), "x": _like(rng, 120)})
        told += [name for name, v in _verdicts(yard, before).items() if v.state == "drifted"]
    assert len(told) <= 1


def _like(rng, rows):
    """Sums of a column that has not changed: its ranks are uniform."""
    ranks, sums = rng.random(rows), []
    for _ in range(4):
        sums.append(float(ranks.sum()))
        ranks = 1 - np.abs(1 - 2 * ranks)
    return ColumnSums(rows, rows, tuple(sums))


def test_a_large_shift_is_one_of_location_whatever_else_it_changes():
    rng = np.random.default_rng(13)
    reference = numbers(rng.normal(size=16_000))
    yard = Yardstick.of({"x": reference})
    found = _verdicts(yard, [yard.sums({"x": numbers(rng.normal(size=4000) + 1.5, reference.grid)})])["x"]
    assert found.says == "values are higher" and found.effect > 0.4


def test_a_constant_that_moves_and_one_row_that_differs():
    reference = numbers([3.0] * 16_000)
    yard = Yardstick.of({"x": reference})
    moved = _verdicts(yard, [yard.sums({"x": numbers([4.0] * 400, reference.grid)})])["x"]
    assert moved.state == "drifted" and moved.effect == pytest.approx(1.0) and moved.says == "values are higher"
    one_off = _verdicts(yard, [yard.sums({"x": numbers([3.0] * 399 + [4.0], reference.grid)})])["x"]
    assert one_off.state == "ok" and one_off.p_adjusted == 1.0
    same = _verdicts(yard, [yard.sums({"x": numbers([3.0] * 400, reference.grid)})])["x"]
    assert same.state == "ok" and same.effect == 0.0


def test_labels_and_missing_values_are_evidence_too():
    rng = np.random.default_rng(4)
    yard, windows = world(rng, 4, labels=[0.4, 0.4, 0.2])
    verdict = _verdicts(yard, windows)["c"]
    assert verdict.state == "drifted" and verdict.says in ("'a' is less frequent", "'b' is more frequent")
    x = rng.normal(size=400)
    x[:30] = math.nan
    grid = numbers(rng.normal(size=16_000))
    yard = Yardstick.of({"x": grid})
    verdict = _verdicts(yard, [yard.sums({"x": numbers(x, grid.grid)})])["x"]
    assert (
        verdict.state == "drifted"
        and verdict.says == "more rows have no value"
        and verdict.effect == pytest.approx(0.075, rel=1e-3)
    )


def test_windows_that_vary_by_themselves_are_no_drift_once_the_reference_has_shown_it():
    rng = np.random.default_rng(5)
    yard, before = world(rng, 30, days=0.3)
    varied = Yardstick(yard.scores, yard.moments, spreads(yard, before, neighbours=True))
    found = varied.spreads["x"]
    assert (
        found.windows == 30 and found.over[0] > 10 and found.labels < 1.6 and found.together == pytest.approx([1.0] * 5)
    )
    again = np.random.default_rng(6)
    _, later = world(again, 40, days=0.3)
    naive = sum(_verdicts(yard, [w])["x"].state == "drifted" for w in later)
    honest = sum(_verdicts(varied, [w])["x"].state == "drifted" for w in later)
    assert naive > 15 and honest <= 2
    assert "variation of 30 reference windows" in _verdicts(varied, later[:1])["x"].basis
    few = Yardstick(yard.scores, yard.moments, spreads(yard, before[: ENOUGH - 1], neighbours=True))
    assert _verdicts(few, later[:1])["x"].basis == "sampling error alone"


def test_neighbours_that_hang_together_are_found():
    """Weekends: two neighbours of seven lie apart."""
    rng = np.random.default_rng(7)
    reference = numbers(rng.normal(size=16_000))
    yard = Yardstick.of({"x": reference})
    days = [rng.normal(size=400) + (0.8 if day % 7 in (5, 6) else 0.0) for day in range(70)]
    weeks = [yard.sums({"x": numbers(values, reference.grid)}) for values in days]
    together = spreads(yard, weeks, neighbours=True)["x"].together
    assert together[1] > 1.3 and spreads(yard, weeks, neighbours=False)["x"].together == pytest.approx([1.0] * 5)


def test_detectors_are_held_against_the_variation_and_never_made_surer():
    spread = Spread(30, np.full(5, 1.0), np.full(5, 400.0), labels=4.0, over=np.array([9.0, 1, 1, 1, 1.0]))
    for p in (1e-12, 1e-4, 0.3, 0.9):
        for test in (
            ColumnTest("x", "ks", p, 0.1, 400, 16_000),
            ColumnTest("x", "chi2", p, 0.1, 400, 16_000, 5),
            ColumnTest("x", "missing", p, 0.1, 400, 16_000),
        ):
            found = calibrated(test, spread)
            assert p <= found <= 1
            assert found == p if test.detector == "missing" else found > 10 * p or p > 0.01
            assert calibrated(test, None) == p
    none = ColumnTest("x", "psi", None, 0.1, 400, 16_000)
    assert calibrated(none, spread) is None


def test_a_label_that_varies_alone_has_a_longer_tail():
    """One of five labels varies with the days: one factor for all would raise several alarms for each allowed."""
    rng, law, alpha = np.random.default_rng(12), np.ones(5) / 5, 0.01

    def day():
        own = law * np.where(np.arange(5) == 0, math.exp(0.3 * rng.standard_normal()), 1)
        return rng.multinomial(500, own / own.sum())

    plain = honest = 0
    for _ in range(12):
        windows = [day() for _ in range(30)]
        reference = np.sum(windows, axis=0)
        over, freedom = overdispersion([apart(reference, w) for w in windows])
        for _ in range(100):
            found = apart(reference + (w := day()), w)
            plain += scaled_tail(found.statistic / over, found.degrees, 29) <= alpha
            honest += overdispersed_tail(found.statistic, found.degrees, over, 29, freedom) <= alpha
    assert freedom < 0.8 and plain >= 24 and honest <= 18
    same = [apart(reference, rng.multinomial(500, law)) for _ in range(60)]
    assert overdispersion(same)[1] > 0.6
    assert overdispersion([]) == (1.0, 1.0) and apart(np.array([5, 0]), np.array([5, 0])) is None


def test_one_large_weight_among_chi_squares_is_matched_far_out():
    rng = np.random.default_rng(13)
    drawn = 10 * rng.chisquare(1, 400_000) + rng.chisquare(9, 400_000)
    for x in (60.0, 120.0):
        found = overdispersed_tail(x, 10, 1.9, None, 19**2 / (10 * 109))
        assert found == pytest.approx((drawn >= x).mean(), rel=0.15)
    assert overdispersed_tail(30.0, 10, 1.0, None, 1.0) == scaled_tail(30.0, 10, None)


def test_windows_of_unlike_sizes_count_as_fewer():
    assert crowd([5.0] * 7) == 5 and crowd([1000.0, 10.0]) == pytest.approx(1_000_100 / 1010) and math.isnan(crowd([]))
    assert overdispersed(3.0, 100, 100, 100, 100, 4000) == pytest.approx(3.0)
    assert overdispersed(3.0, 100, 100, 1000, 1000, 4000) > 15
    assert overdispersed(3.0, 100, math.nan, 500, 500, 4000) == 3.0 and overdispersed(0.5, 100, 100, 9, 9, 9) == 1.0
    rng, reference = np.random.default_rng(14), numbers(np.random.default_rng(14).normal(size=16_000))
    yard = Yardstick.of({"x": reference})
    windows = [
        yard.sums({"x": numbers(rng.normal(size=rows) + 0.5 * rng.normal(), reference.grid)})
        for rows in (1000, 100) * 15
    ]
    varied = Yardstick(yard.scores, yard.moments, spreads(yard, windows, neighbours=True))
    assert varied.spreads["x"].crowd == pytest.approx(crowd([1000.0, 100.0]))
    table = varied.table
    assert table.uneven[0, 0] == pytest.approx(crowd([1000.0, 100.0]) / (2 / (1 / 1000 + 1 / 100)))
    sums, n, squares = rolled(table, windows[0], windows[1:2], (1, 2))
    alike = judge_parts(table, sums, n, (1, 2), 30).error[0, 0]
    unlike = judge_parts(table, sums, n, (1, 2), 30, None, squares).error[0, 0]
    assert unlike[0] == alike[0] and unlike[1] > 1.2 * alike[1]


def test_detectors_of_whole_rows_are_held_against_the_variation_too():
    calm, days = (
        Spread(30, np.ones(5), np.full(5, 400.0)),
        Spread(30, np.ones(5), np.full(5, 400.0), over=np.array([4.0, 1, 1, 1, 1])),
    )
    test = ColumnTest("*", "mmd", 1e-6, 0.1, 400, 16_000)
    assert calibrated_together(test, {"x": calm}) == 1e-6 and calibrated_together(test, {}) == 1e-6
    one = calibrated_together(test, {"x": days, **{f"c{i}": calm for i in range(9)}})
    all_of_them = calibrated_together(test, {f"c{i}": days for i in range(10)})
    assert 1e-5 < one < all_of_them < 1
    assert calibrated_together(ColumnTest("*", "pca", None, 0.1, 400, 16_000), {"x": days}) is None


def test_sums_larger_than_the_reference_are_not_looked_at():
    yard, windows = world(np.random.default_rng(8), 1, rows=400)
    assert usable(yard, windows[0]) == SCALES
    large = {name: ColumnSums(9000, s.n, s.values) for name, s in windows[0].items()}
    assert usable(yard, large) == (1,)
    assert window_weight(yard, windows[0]) == pytest.approx(5 * (4.25 + 4.25))
    assert accumulate(yard, {}, [], 1e-3) == []


def test_a_window_too_thin_cannot_tell():
    yard, _ = world(np.random.default_rng(9), 1)
    thin = {"x": ColumnSums(20, 20, (10.0, 10.0, 10.0, 10.0)), "c": ColumnSums(20, 20, (10, 6, 4, 0))}
    assert accumulate(yard, thin, [], 1e-3) == []
    five = _verdicts(yard, [thin] * 5)
    assert five["x"].state in ("ok", "cannot-tell") and five["x"].n >= 30


def test_alerts_open_and_close_after_three_clear_windows():
    assert honesty.opened(np.array([1, 0, 0, 1, 0, 0, 0, 1, 1, 0], bool)) == 2
    assert honesty.opened(np.zeros(5, bool)) == 0
    assert len(PARTS) == MISSING + 1


@pytest.mark.parametrize(
    "world, low",
    [
        (honesty.World(1, 100, 10, 365, 1 / 90), 0.3),
        pytest.param(honesty.World(10, 5000, 30, 365, 1 / 90, days=1.0), 0.4, marks=pytest.mark.slow),
        pytest.param(honesty.World(100, 5000, 10, 365, 1 / 90), 0.4, marks=pytest.mark.slow),
        pytest.param(honesty.World(10, 5000, 240, 8760, 1 / 720, days=1.0, together=0.7), 0.2, marks=pytest.mark.slow),
    ],
)
def test_alarms_keep_to_the_budget(world, low):
    """A small simulation; `benchmarks/honesty.py` is the large one."""
    rng, windows, references = np.random.default_rng(10), 90, 40
    counts = [honesty.alarms(world, windows, rng)[0] for _ in range(references)]
    ratio = sum(counts) / (references * windows * world.budget)
    error = math.sqrt(ratio / (references * windows * world.budget))
    assert low - 2 * error < ratio < 1.2 + 2 * error


@pytest.mark.slow
def test_small_shifts_are_seen_soon():
    rng = np.random.default_rng(11)
    day = honesty.World(100, 5000, 10, *honesty.DAILY, shift=0.2)
    assert all(honesty.alarms(day, 1, rng)[1].any() for _ in range(30))
    week = honesty.World(100, 5000, 10, *honesty.DAILY, shift=0.05)
    assert sum(honesty.alarms(week, 7, rng)[1].any() for _ in range(40)) >= 34


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        RowWorld((honesty_rows.normal, honesty_rows.zeros, honesty_rows.lacking(0.01)), 100, 10, absent=0.2),
        RowWorld((honesty_rows.normal, honesty_rows.zipf(5)), 200, 25, days=1.0, unequal=True),
        RowWorld((honesty_rows.zipf(2), honesty_rows.zipf(30)), 100, 10, looks=2),
    ],
)
def test_alarms_from_rows_keep_to_the_budget(world):
    """The whole way: profiles, detectors, sums, verdicts, alerts."""
    rng, windows, references = np.random.default_rng(15), 25, 5
    count = sum(honesty_rows.row_alarms(world, windows, rng) for _ in range(references))
    allowed = windows * references * honesty_rows.BUDGET
    assert count <= 1.2 * allowed + 2 * math.sqrt(1.2 * allowed)

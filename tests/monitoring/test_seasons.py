"""Windows matched by season: no season is drift, growth below it is seen, and sums over seasons keep to the budget."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks import seasons as simulated
from benchmarks.honesty import opened
from lifecycle_tui.config.build_match import build_match
from lifecycle_tui.data.reference_cut import ReferencePart
from lifecycle_tui.data.seasons import Matching
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.domain.windows import CountWindow, PartitionWindow, TimeWindow, Window
from lifecycle_tui.monitoring.alarms.evidence import accumulate
from lifecycle_tui.monitoring.alarms.laws import Law
from lifecycle_tui.monitoring.alarms.seasons import Scored, seasonal, seasonal_spreads
from lifecycle_tui.monitoring.alarms.yardstick import Yardstick
from lifecycle_tui.profiles.categorical import CategoricalProfile


def test_a_season_is_no_drift_and_growth_below_it_is():
    rng, year = np.random.default_rng(3), simulated.Year(rows=60, columns=1, years=1)
    quiet = opened(simulated.alarms(year, rng, True, days=120))
    assert quiet <= 9  # 4 are allowed for; P(more than 9) is 0.008
    grown = np.flatnonzero(simulated.alarms(year, rng, True, 0.4, 12))
    assert len(grown) and grown[0] < 10
    assert not simulated.alarms(year, rng, False, 0.4, 12).any()


@pytest.mark.slow
def test_alarms_of_seasons_keep_to_the_budget():
    rng, year = np.random.default_rng(4), simulated.Year(columns=1, years=2)
    found = [opened(simulated.alarms(year, rng, True)) for _ in range(8)]
    expected = 8 * 180 * year.budget
    assert 0.3 * expected < sum(found) < 1.2 * expected + 2 * math.sqrt(expected)


def test_a_sum_of_one_season_is_judged_as_without_seasons():
    rng, year = np.random.default_rng(5), simulated.Year(columns=2)
    plain = Yardstick.of(simulated.added([simulated.window(year, 0, rng) for _ in range(40)]))
    windows = [plain.sums(simulated.window(year, 0, rng, 0.2)) for _ in range(8)]
    alone = accumulate(plain, windows[0], windows[1:], 1e-3)
    mixed = accumulate(plain, windows[0], windows[1:], 1e-3, before=[plain] * 7)
    for one, other in zip(alone, mixed, strict=True):
        assert one.p_value == pytest.approx(other.p_value, rel=1e-9)
        assert (one.windows, one.what, one.n) == (other.windows, other.what, other.n)


def test_the_error_of_a_season_enters_once_however_many_windows_share_it():
    rng, year = np.random.default_rng(6), simulated.Year(columns=1)
    made = [Yardstick.of(simulated.added([simulated.window(year, 30 * m, rng) for _ in range(4)])) for m in (0, 3)]
    one, two = (Yardstick(y.scores, y.moments, {}, str(i)) for i, y in enumerate(made))
    rows = [np.full((1, 5), 100.0)] * 2
    same, apart = Law.mixed([one, one], rows, (2,)), Law.mixed([one, two], rows, (2,))
    assert same.n[0, 0, 0] == pytest.approx(400) and apart.n[0, 0, 0] == pytest.approx(800, rel=0.01)
    empty = Law.mixed([one, two], [np.zeros((1, 5))] * 2, (2,))
    assert np.isnan(empty.mean).all()


def test_labels_of_two_seasons_are_held_against_both():
    def counts(a: int, b: int) -> dict[str, CategoricalProfile]:
        return {"x": CategoricalProfile(a + b, {"ice": a, "tea": b})}

    plain = Yardstick.of(counts(10_000, 10_000))
    summer, winter = seasonal(plain, counts(9_000, 1_000), "s"), seasonal(plain, counts(1_000, 9_000), "w")
    now, then = summer.sums(counts(455, 45)), winter.sums(counts(52, 448))
    (quiet,) = accumulate(summer, now, [then], 1e-3, before=[winter])
    assert quiet.p_value > 0.05
    (moved,) = accumulate(summer, summer.sums(counts(380, 120)), [then], 1e-3, before=[winter])
    assert moved.p_value < 1e-6 and "'tea' is more frequent" in moved.says


def test_variation_within_seasons_is_measured_within_them():
    rng, year = np.random.default_rng(7), simulated.Year(columns=1, rows=200)
    windows = [simulated.window(year, day, rng) for day in range(0, 360, 10)]
    plain = Yardstick.of(simulated.added(windows))
    own = [seasonal(plain, simulated.added(windows[m * 3 : m * 3 + 3]), str(m)) for m in range(12)]
    scored = [Scored(own[i // 3], own[i // 3].sums(w)) for i, w in enumerate(windows)]
    found = seasonal_spreads(plain, scored, neighbours=True)["c0"]
    assert found.windows == 36 - 12 + 1
    assert found.variance[0] == pytest.approx(1 / 12 / 200, rel=0.6)  # 24 degrees of freedom
    assert seasonal_spreads(plain, scored[::3], neighbours=False) == {}  # one window a season says nothing


def part(key: str, start: datetime, days: int = 1) -> ReferencePart:
    return ReferencePart(Window(key, 0, start, start + timedelta(days=days), 1), Selector())


def test_seasons_are_read_off_the_wall_clock():
    at = datetime(2012, 7, 1, 22, 30, tzinfo=UTC)  # in Paris Monday, July 2nd, 00:30
    for units, season, name in (
        (("month",), "month 07", "July"),
        (("weekday", "hour"), "weekday 0 hour 00", "Monday 00:00"),
        (("month", "hour"), "month 07 hour 00", "July 00:00"),
    ):
        matching = Matching.of(units, "Europe/Paris", ())
        assert (matching.season(at), matching.name(at)) == (season, name)
        assert matching.season(None) is None


def test_the_same_window_a_year_before_or_as_many_as_it_takes():
    parts = [
        part("2011-02-28", datetime(2011, 2, 28, tzinfo=UTC)),
        part("2011-03-05", datetime(2011, 3, 5, tzinfo=UTC)),
    ]
    matching = Matching.of(("period",), "UTC", parts)
    assert matching.season(datetime(2012, 2, 29, tzinfo=UTC)) == "2011-02-28"
    assert matching.season(datetime(2014, 3, 5, 13, tzinfo=UTC)) == "2011-03-05"
    assert matching.season(datetime(2012, 6, 1, tzinfo=UTC)) is None
    assert matching.season(datetime(3, 6, 1, tzinfo=UTC)) is None
    assert matching.part_season(parts[0].window) == "2011-02-28"


@pytest.mark.parametrize(
    ("written", "window", "says"),
    [
        (["hour"], TimeWindow(1, "day"), "hour is finer than the windows: one of 1 day has no hour of its own"),
        (["weekday"], TimeWindow(2, "day"), "weekday is finer"),
        (["month"], TimeWindow(1, "quarter"), "month is finer"),
        (["mnth"], TimeWindow(1, "day"), '"mnth" is no season'),
        (["period", "month"], TimeWindow(1, "day"), "period is one window"),
        (["month"], CountWindow(50), "windows by count have no season"),
        ([], TimeWindow(1, "day"), "matches nothing"),
        (["month", "weekday"], TimeWindow(1, "day"), ""),
        (["hour"], TimeWindow(6, "hour"), ""),
        (["weekday"], PartitionWindow(), ""),
    ],
)
def test_what_can_be_matched(written, window, says):
    units, found, _ = build_match(written, window)
    assert found.startswith(says) and bool(found) == bool(says)
    assert bool(units) != bool(says)

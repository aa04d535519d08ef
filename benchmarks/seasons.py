"""Alarms of columns with a season and no change, and how soon growth below the season is seen; with and without match.

    python benchmarks/seasons.py [--references 10]

Two years of daily windows are the reference, the next half year is production. Values are normal with a standard
deviation of 1 around a yearly wave of ±2, by calendar month. An alarm is an alert that opens; it closes after three
clear windows.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np

from benchmarks.honesty import opened
from lifecycle_tui.monitoring.alarms.calibrated import spreads
from lifecycle_tui.monitoring.alarms.evidence import accumulate, window_weight
from lifecycle_tui.monitoring.alarms.seasons import Scored, seasonal, seasonal_spreads
from lifecycle_tui.monitoring.alarms.yardstick import MOST_SUMMED, Sums, Yardstick
from lifecycle_tui.profiles.grids import AffineGrid
from lifecycle_tui.profiles.numeric import NumericProfile

GRID = AffineGrid.over(-9.0, 9.0, 4096)
DAYS = 30
"""Of a month."""


@dataclass(frozen=True)
class Year:
    """What is simulated: windows of `rows` rows of so many columns, of `years` in the reference."""

    rows: int = 100
    columns: int = 2
    years: int = 2
    wave: float = 2.0
    budget: float = 1 / 30


def window(year: Year, day: int, rng: np.random.Generator, growth: float = 0.0) -> dict[str, NumericProfile]:
    """One day's profiles; growth is of the first column."""
    middle = year.wave * math.sin(2 * math.pi * (day // DAYS % 12) / 12)
    found = {}
    for i in range(year.columns):
        values = rng.normal(middle + (growth if not i else 0.0), 1.0, year.rows)
        cells, counts = np.unique(GRID.index(values), return_counts=True)
        found[f"c{i}"] = NumericProfile(GRID, year.rows, counts, cells=cells)
    return found


def added(windows: list[dict[str, NumericProfile]]) -> dict[str, NumericProfile]:
    """Profiles of windows together."""
    found = {}
    for name in windows[0]:
        dense = np.sum([w[name].dense() for w in windows], axis=0)
        cells = np.flatnonzero(dense)
        found[name] = NumericProfile(GRID, sum(w[name].rows for w in windows), dense[cells], cells=cells)
    return found


def yardsticks(year: Year, rng: np.random.Generator, match: bool) -> list[Yardstick]:
    """Of each month."""
    reference = [window(year, day, rng) for day in range(360 * year.years)]
    plain = Yardstick.of(added(reference))
    if not match:
        known = spreads(plain, [plain.sums(w) for w in reference], neighbours=True)
        return [Yardstick(plain.scores, plain.moments, known)] * 12
    months = [added([w for day, w in enumerate(reference) if day // DAYS % 12 == m]) for m in range(12)]
    made = [seasonal(plain, profiles, str(m)) for m, profiles in enumerate(months)]
    tried = [Scored(made[day // DAYS % 12], made[day // DAYS % 12].sums(w)) for day, w in enumerate(reference)]
    known = seasonal_spreads(plain, tried, neighbours=True)
    whole = Yardstick(plain.scores, plain.moments, known)
    return [seasonal(whole, profiles, str(m)) for m, profiles in enumerate(months)]


def alarms(year: Year, rng: np.random.Generator, match: bool, growth: float = 0.0, days: int = 180) -> np.ndarray:
    """Whether each window of production raises an alarm."""
    held = yardsticks(year, rng, match)
    past: list[tuple[Yardstick, Sums]] = []
    raised = np.zeros(days, bool)
    for day in range(days):
        own = held[day // DAYS % 12]
        sums = own.sums(window(year, day, rng, growth))
        before = [y for y, _ in past] if match else []
        weight = window_weight(own, sums, before)
        found = accumulate(own, sums, [s for _, s in past], year.budget / weight, 30, before)
        raised[day] = any(one.p_value <= year.budget / year.columns for one in found)
        past = [(own, sums), *past][:MOST_SUMMED]
    return raised


def main() -> None:
    """Print alarms as shares of the budget, and how many windows growth takes to be seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=10)
    references = parser.parse_args().references
    rng, year = np.random.default_rng(1), Year()
    for match in (False, True):
        count = sum(opened(alarms(year, rng, match)) for _ in range(references))
        expected = references * 180 * year.budget
        seen = [np.flatnonzero(alarms(year, rng, match, 0.3, 40)) for _ in range(references)]
        soon = sum(bool(len(s)) and s[0] < 7 for s in seen)
        print(
            f"match {match!s:5}  alarms {count / expected:.2f} of the budget ({expected:.0f} expected at most); "
            f"growth of 0.3 seen within 7 windows in {soon} of {references}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()

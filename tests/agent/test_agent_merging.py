"""Profiles of old windows merged upward: exact, never twice, never lost, said where they stand for a window's own."""

from __future__ import annotations

import random
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.agent.work import merging
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.profiles.codec import load, load_grid
from lifecycle_tui.state import periods, reference, windows
from lifecycle_tui.state.database import State

from tests.agent.conftest import Space  # isort: skip

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
TOML = """\
[workspace]
keep = { hours = "2d", days = "40d" }
[models.shop]
task = "binary"
[models.shop.data]
table = "rows/*.csv"
reference = { until = 2025-01-02 }
window = "6 hours"
[models.shop.columns]
timestamp = "ts"
target = "bought"
positive = 1
score = "p"
[models.shop.monitor]
detectors = ["ks"]
metrics = ["auc"]
"""


def write(space: Space, day: int, *, salt: int = 0) -> None:
    rng, lines = random.Random(day + 1000 * salt), ["ts,x,kind,p,bought"]
    for i in range(48):
        at = BEGIN + timedelta(days=day, minutes=30 * i)
        lines.append(
            f"{at:%Y-%m-%dT%H:%M},{rng.gauss(0, 1):.4f},{rng.choice('ab')},{rng.random():.3f},{rng.random() < 0.5:d}"
        )
    space.write(f"rows/{day:03}.csv", "\n".join(lines) + "\n")


def until(space: Space, days: int) -> None:
    space.clock.instant = BEGIN + timedelta(days=days)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight days of windows, checked at their end."""
    space = Space(tmp_path_factory.mktemp("old"), FixedClock(BEGIN))
    space.write("lifecycle.toml", TOML)
    for day in range(8):
        write(space, day)
    until(space, 8)
    space.run()
    return space.root


@pytest.fixture
def old(made: Path, tmp_path: Path) -> Space:
    space = Space(tmp_path / "ws", FixedClock(BEGIN + timedelta(days=8)))
    shutil.copytree(made, space.root)
    return space


def stored(space: Space) -> tuple[dict[str, int], int]:
    """(windows of each period, how many windows have profiles of their own)."""
    with State.view(space.root) as state, state.read() as conn:
        found = conn.execute("SELECT unit || ' ' || substr(start, 1, 10), windows FROM periods ORDER BY 1").fetchall()
        (own,) = conn.execute("SELECT count(DISTINCT window_id) FROM profiles").fetchone()
    return dict(found), own


def total(space: Space, column: str = "x") -> int:
    """Rows in all stored profiles of a column."""
    with State.view(space.root) as state, state.read() as conn:
        blobs = conn.execute(
            'SELECT "column", grid, data FROM profiles WHERE "column" = ?1 '
            'UNION ALL SELECT "column", grid, data FROM period_profiles WHERE "column" = ?1',
            (column,),
        ).fetchall()
        rows = 0
        for name, grid, data in blobs:
            found = reference.get_grid(conn, "shop", name, grid) if grid else None
            rows += load(data, None if found is None else load_grid(found.data)).rows
    return rows


def test_old_windows_are_added_up_by_the_day_and_their_signals_stay(old: Space):
    days, own = stored(old)
    assert days == {f"day 2025-01-0{n}": 4 for n in (3, 4, 5, 6)} and own == 2 * 4
    assert total(old) == 6 * 48
    history = old.history()
    assert len(history) == 24 and all("ks.x" in entry.signals for entry in history)
    with State.view(old.root) as state, state.read() as conn:
        found = periods.profiles_for(conn, "shop", "2025-01-03T06")
        assert found.period is not None and "4 windows of 2025-01-03 together" in found.says
        assert {p.column for p in found.profiles} >= {"x", "kind"}
        recent = periods.profiles_for(conn, "shop", "2025-01-08T06")
        assert recent.period is None and recent.says == "" and recent.profiles
        assert periods.profiles_for(conn, "shop", "2024-01-08T06").profiles == ()
    before = stored(old)
    assert not any(old.run()[change] for change in ("new", "grown", "changed", "relabelled"))
    assert stored(old) == before


def test_days_become_a_month_later(old: Space):
    until(old, 100)
    old.run()
    assert stored(old) == ({"month 2025-01-01": 24}, 0)
    assert total(old) == 6 * 48
    with State.view(old.root) as state, state.read() as conn:
        assert "of 2025-01 together" in periods.profiles_for(conn, "shop", "2025-01-03T06").says


@pytest.mark.slow
def test_a_window_that_is_measured_again_is_not_counted_twice(old: Space):
    write(old, 3, salt=1)  # January 4th, merged already
    old.run()
    days, own = stored(old)
    assert days["day 2025-01-04"] == 4 and own == 8  # all of its windows were: the day has been made anew
    assert total(old) == 6 * 48
    text = (old.root / "rows/003.csv").read_text().splitlines()
    (old.root / "rows/003.csv").write_text("\n".join([*text[:2], "2025-01-04T00:31,9.9,a,0.5,1", *text[2:]]) + "\n")
    old.run()
    assert stored(old) == (days, own + 1)  # one was: it has its own beside the day's
    with State.view(old.root) as state, state.read() as conn:
        assert periods.profiles_for(conn, "shop", "2025-01-04T00").period is None
        assert periods.profiles_for(conn, "shop", "2025-01-04T06").period is not None


@pytest.mark.slow
def test_a_late_window_is_added_to_its_period(old: Space):
    (old.root / "rows/004.csv").rename(old.root / "late.csv")
    with sqlite3.connect(old.root / ".lifecycle" / "state.db") as conn:  # as if it had never been there
        conn.execute("DELETE FROM period_windows WHERE key LIKE '2025-01-05%'")
        conn.execute(
            "DELETE FROM period_profiles WHERE period_id IN (SELECT id FROM periods WHERE start LIKE '2025-01-05%')"
        )
        conn.execute("DELETE FROM periods WHERE start LIKE '2025-01-05%'")
        conn.execute("UPDATE windows SET current = 0 WHERE key LIKE '2025-01-05%'")
    until(old, 100)
    old.run()
    assert stored(old) == ({"month 2025-01-01": 20}, 0)
    (old.root / "late.csv").rename(old.root / "rows/004.csv")
    for _ in range(2):
        old.run()
    assert stored(old) == ({"month 2025-01-01": 24}, 0)
    assert total(old) == 6 * 48


def test_killed_in_the_middle_nothing_is_lost_or_counted_twice(old: Space, monkeypatch: pytest.MonkeyPatch):
    until(old, 100)
    real, calls = periods.drop, []

    def killed(tx, ids):
        calls.append(ids)
        real(tx, ids)
        raise KeyboardInterrupt

    monkeypatch.setattr(periods, "drop", killed)
    before = stored(old)
    with pytest.raises(KeyboardInterrupt):
        old.run()
    monkeypatch.undo()
    with sqlite3.connect(old.root / ".lifecycle" / "state.db") as conn:
        conn.execute("UPDATE jobs SET state = 'failed', live_key = NULL WHERE state = 'running'")
    days, own = stored(old)
    assert calls and sum(days.values()) + own == 24 and total(old) == 6 * 48 and before != ({}, 0)
    old.run()
    assert stored(old) == ({"month 2025-01-01": 24}, 0) and total(old) == 6 * 48


def test_what_changed_meanwhile_is_left(old: Space):
    with State.open(old.root) as state, state.write() as tx:
        window = periods.with_profiles(tx, "shop", BEGIN + timedelta(days=9))[0]
        gone = periods.OldWindow(window.id, window.key, window.start, window.end, window.rows, window.columns + 1)
        period = periods.PeriodRow(0, "shop", "day", window.start, window.end, 1, 1)
        assert not periods.merge(tx, period, (), [gone], [])
        assert not periods.merge(tx, period, (), [], [periods.PeriodRow(999, "shop", "day", BEGIN, BEGIN, 1, 1)])
        assert periods.has_profiles(tx, window.id)


def test_profiles_on_two_grids_are_not_added(old: Space):
    with State.view(old.root) as state, state.read() as conn:
        own = windows.profiles(conn, periods.with_profiles(conn, "shop", BEGIN + timedelta(days=9))[0].id)
    assert merging._added([own, [type(own[0])(p.column, p.kind, "other", p.data) for p in own]], {}) is None
    assert merging._added([], {}) == ()


@pytest.mark.slow
def test_months_are_forgotten_where_the_file_says_so(old: Space):
    old.write("lifecycle.toml", TOML.replace('days = "40d"', 'days = "40d", months = "300d"'))
    until(old, 100)
    old.run()
    assert stored(old)[0] == {"month 2025-01-01": 24}
    until(old, 400)
    old.run()
    assert stored(old) == ({}, 0) and len(old.history()) == 24

"""Adds the profiles of old windows up, hours to days and days to months, so that state stays small as history grows.

    windows older than `keep.hours` → their day · days older than `keep.days` → their month · `keep.months`: forgotten

At the end of an evaluation, when windows are measured and decided: a few periods each time, each in one transaction
that puts the sum in place of what was added. Killed in between, nothing is lost or counted twice. Signals, decisions
and audit stay as they are; a window that is asked for its profiles gets those of its period
(`state.periods.profiles_for`). A window that is measured again when it has been added up keeps profiles of its own;
where that is so of all windows of a period (a new reference), the period is made anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.profiles.codec import dump, load, load_grid
from lifecycle_tui.profiles.nested import small
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.state import periods
from lifecycle_tui.state import reference as stored
from lifecycle_tui.state.periods import OldWindow, PeriodRow
from lifecycle_tui.state.windows import profiles

KEEP: Mapping[str, timedelta] = {"hours": timedelta(days=14), "days": timedelta(days=180)}
"""How long profiles of each resolution are kept where the file does not say; those by the month stay."""

SECONDS = 2.0
"""An evaluation begins no further period after this."""

DAY = timedelta(days=1)
MONTHLY = timedelta(days=28)


@dataclass
class Group:
    """What makes up one period: windows and lower periods that have profiles of their own."""

    start: datetime
    end: datetime
    windows: list[OldWindow]
    lower: list[PeriodRow]


def merge_old(job: JobContext, spec: ModelSpec, *, seconds: float = SECONDS) -> int:
    """Merge what is due of one model, oldest first; returns how many periods were written."""
    keep, now, done, begun = {**KEEP, **job.workspace.spec.keep}, job.now, 0, time.monotonic()
    _outdated(job, spec, now - min(keep["hours"], keep["days"]))
    for unit in ("day", "month"):
        with job.state.read() as conn:
            groups = _due(conn, spec, unit, keep, now)
        for group in groups:
            if time.monotonic() - begun > seconds:
                break
            done += _merge(job, spec, unit, group)
    if "months" in keep:
        _forget(job, spec, now - keep["months"])
    return done


def _due(conn: Any, spec: ModelSpec, unit: str, keep: Mapping[str, timedelta], now: datetime) -> list[Group]:
    """Periods of a unit all of whose windows are older than what is kept."""
    until = now - keep["hours" if unit == "day" else "days"]
    windows = periods.with_profiles(conn, spec.name, until, now - (spec.data.labels.delay or timedelta(0)))
    held = periods.holding(conn, spec.name, [w.key for w in windows])
    low, high = (timedelta(0), DAY) if unit == "day" else (DAY, MONTHLY)
    some = [w for w in windows if w.key not in held and low <= w.end - w.start < high]
    lower = periods.periods(conn, spec.name, "day", until) if unit == "month" else ()
    return [g for g in _grouped(some, lower, unit, ZoneInfo(spec.data.timezone)) if g.end <= until]


def _grouped(windows: Sequence[OldWindow], lower: Sequence[PeriodRow], unit: str, zone: ZoneInfo) -> list[Group]:
    found: dict[datetime, Group] = {}

    def group(at: datetime) -> Group:
        start, end = _period(at, unit, zone)
        return found.setdefault(start, Group(start, end, [], []))

    for window in windows:
        group(window.start).windows.append(window)
    for one in lower:
        group(one.start).lower.append(one)
    return [found[start] for start in sorted(found)]


def _outdated(job: JobContext, spec: ModelSpec, until: datetime) -> None:
    """Periods all of whose windows have been measured anew are forgotten, to be made from those."""
    with job.state.read() as conn:
        windows = periods.with_profiles(conn, spec.name, until)
        ids = periods.outdated(conn, periods.holding(conn, spec.name, [w.key for w in windows]))
    if ids:
        with job.state.write() as tx:
            periods.drop(tx, ids)


def _period(at: datetime, unit: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    local = at.astimezone(zone)
    first = datetime(local.year, local.month, local.day if unit == "day" else 1, tzinfo=zone)
    after = first.replace(tzinfo=None) + (timedelta(days=1) if unit == "day" else timedelta(days=32))
    last = datetime(after.year, after.month, after.day if unit == "day" else 1, tzinfo=zone)
    return first.astimezone(UTC), last.astimezone(UTC)


def _merge(job: JobContext, spec: ModelSpec, unit: str, group: Group) -> bool:
    """One period; False where its profiles cannot be added up now."""
    with job.state.read() as conn:
        before = periods.period_at(conn, spec.name, unit, group.start)
        sides = [profiles(conn, window.id) for window in group.windows]
        sides += [periods.period_profiles(conn, one.id) for one in (*group.lower, *([before] if before else []))]
        grids = _grids(conn, spec.name, sides)
    merged = _added(sides, grids)
    if merged is None:
        return False
    parts = (*group.lower, *([before] if before else []))
    rows = sum(w.rows for w in group.windows) + sum(one.rows for one in parts)
    count = len(group.windows) + sum(one.windows for one in parts)
    id_ = 0 if before is None else before.id
    period = PeriodRow(id_, spec.name, unit, group.start, group.end, rows, count)
    with job.state.write() as tx:
        return periods.merge(tx, period, merged, group.windows, group.lower)


def _grids(conn: Any, model: str, sides: Sequence[Sequence[StoredProfile]]) -> dict[tuple[str, str], Any]:
    wanted = {(p.column, p.grid) for side in sides for p in side if p.grid}
    rows = {pair: stored.get_grid(conn, model, *pair) for pair in wanted}
    return {pair: load_grid(row.data) for pair, row in rows.items() if row is not None}


def _added(
    sides: Sequence[Sequence[StoredProfile]], grids: Mapping[tuple[str, str], Any]
) -> tuple[StoredProfile, ...] | None:
    """Profiles added up column by column; None where they are not all on one grid: a new reference is being taken up,
    and the windows will be measured anew."""
    sums: dict[str, tuple[StoredProfile, Any]] = {}
    try:
        for side in sides:
            for p in side:
                own = load(p.data, grids.get((p.column, p.grid)))
                first, total = sums.get(p.column, (p, None))
                if (first.kind, first.grid) != (p.kind, p.grid):
                    return None
                sums[p.column] = first, own if total is None else total + own
    except (ValueError, TypeError):
        return None
    found = []
    for name, (first, total) in sorted(sums.items()):
        kept = small(total) if isinstance(total, NumericProfile) else total
        found.append(StoredProfile(name, first.kind, first.grid, dump(kept)))
    return tuple(found)


def _forget(job: JobContext, spec: ModelSpec, until: datetime) -> None:
    """Profiles by the month that are older than what is kept of those."""
    with job.state.read() as conn:
        old = [one.id for one in periods.periods(conn, spec.name, "month", until)]
        windows = [w.id for w in periods.with_profiles(conn, spec.name, until) if w.end - w.start >= MONTHLY]
    if old or windows:
        with job.state.write() as tx:
            periods.drop(tx, old)
            periods.drop_profiles(tx, windows)

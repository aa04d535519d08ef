"""How a model stood at a moment: what had been recorded of it by then, and only that.

Called by `lifecycle history --as-of` and the terminal's history. Every instant is of the workspace's clock. State keeps
rows of what happened, not pictures of every moment, so some things cannot be told: `GAPS` names them, and the fields
say where nothing is recorded. All reads cost what they return, whatever happened since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.aliases import AliasMove
from lifecycle_tui.state import alerts, approvals, audit, judgements, windows
from lifecycle_tui.state.alerts import AlertEvent
from lifecycle_tui.state.approvals import Approval
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.text import instant, loads, moment
from lifecycle_tui.state.windows import WindowRow, WindowSignals

GAPS = (
    "not recorded: whether a model without open alerts showed ok or unknown; an alert's severity before it was raised; "
    "which metric was the key metric then (today's is shown); the policy files themselves, of which edits are told"
)
"""What state cannot tell of the past."""

EDITS = 2_000
"""Edits of the policy that are looked through for those of one model, the newest first."""
_SILENT = frozenset(("opened", "continued"))


@dataclass(frozen=True, slots=True)
class AlertThen:
    """An alert that was open.

    Attributes:
        severity: the highest that it has had to this day. since: the window that it began in.
        message: what it said then. acknowledged, snoozed, assigned: by whom, until when, to whom; "" for not.
    """

    id: int
    rule: str
    severity: str
    since: str
    opened: datetime
    message: str
    acknowledged: str
    snoozed: str
    assigned: str


@dataclass(frozen=True, slots=True)
class PolicyThen:
    """What edits of the policy are recorded.

    Attributes:
        last: the newest by then; None where there was none. by_then, since: how many until then, and afterwards.
        next: the first one afterwards.
    """

    last: AuditRow | None
    next: AuditRow | None
    by_then: int
    since: int


@dataclass(frozen=True, slots=True)
class WindowThen:
    """The newest window that had been evaluated.

    Attributes:
        row: what concerns all its rows, in the revision of then. version: whose metric it is; "" for all rows.
        replaced: what is shown was replaced or withdrawn later.
    """

    row: WindowRow
    version: str
    metric: str | None
    signal: Signal | None
    replaced: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A model at a moment.

    Attributes:
        began: when the first thing about it was recorded; None where nothing had been by then.
        health: "critical", "warning", "error" or "unknown"; "" where no alert was open: ok or unknown.
        why: the reason, in words.
        aliases: the moves by which they named what they named.
        judged: the newest judgement. asked: an approval that waited.
        jobs: (number, kind) of jobs that had started and not ended.
        paused: the row of the audit log by which it was paused; None where it was not.
    """

    model: str
    at: datetime
    began: datetime | None
    health: str
    why: str
    alerts: tuple[AlertThen, ...]
    aliases: tuple[AliasMove, ...]
    judged: Judgement | None
    asked: Approval | None
    policy: PolicyThen
    window: WindowThen | None
    jobs: tuple[tuple[int, str], ...]
    paused: AuditRow | None = None

    def alias(self, name: str) -> AliasMove | None:
        """The move by which an alias named a version; None where it named none."""
        return next((move for move in self.aliases if move.alias == name), None)


def standing(conn: sqlite3.Connection, model: str, at: datetime) -> Standing:
    """How a model stood at an instant."""
    open_ = _alerts(conn, model, at)
    named = aliases.at(conn, model, at)
    champion = next((m.version for m in named if m.alias == aliases.CHAMPION), None)
    window = _window(conn, model, at, champion)
    health, why = _health(conn, model, at, open_, window)
    return Standing(
        model, at, _began(conn, model, at), health, why, open_, named, _judged(conn, model, at),
        _asked(conn, model, at), policy(conn, model, at), window, _jobs(conn, model, at),
        _paused(conn, model, at),
    )  # fmt: skip


# -- alerts and health ----------------------------------------------------------------------------------------------


def _alerts(conn: sqlite3.Connection, model: str, at: datetime) -> tuple[AlertThen, ...]:
    now = instant(at)
    found = conn.execute(
        "SELECT id, rule, severity, since, opened_at, message FROM alerts WHERE model = ? AND opened_at <= ? "
        "AND (resolved_at IS NULL OR resolved_at > ?) "
        "ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, opened_at, id",
        (model, now, now),
    ).fetchall()
    return tuple(
        _alert(id_, rule, severity, since, moment(opened), message, _until(conn, id_, at))
        for id_, rule, severity, since, opened, message in found
    )


def _until(conn: sqlite3.Connection, alert_id: int, at: datetime) -> list[AlertEvent]:
    return [event for event in alerts.events(conn, alert_id) if event.at <= at]


def _alert(
    id_: int, rule: str, severity: str, since: str, opened: datetime, message: str, events: list[AlertEvent]
) -> AlertThen:
    said = {event.kind: event for event in events}
    told = next((e.text for e in reversed(events) if e.kind in _SILENT and e.text), message)
    taken, back = said.get("acknowledged"), said.get("unacknowledged")
    taken = None if taken is None or (back is not None and back.id > taken.id) else taken
    snoozed = said.get("snoozed")
    woken, assigned = said.get("woken"), said.get("assigned")
    asleep = snoozed is not None and (woken is None or woken.id < snoozed.id)
    to = "" if assigned is None or (assigned.text or "").startswith("no longer") else (assigned.text or "")
    return AlertThen(
        id_, rule, severity, since, opened, told, "" if taken is None else taken.by or "somebody",
        f"{snoozed.text or ''} by {snoozed.by or 'somebody'}".strip() if asleep and snoozed is not None else "",
        to.partition(":")[0].removeprefix("to "),
    )  # fmt: skip


def _health(
    conn: sqlite3.Connection, model: str, at: datetime, open_: tuple[AlertThen, ...], window: WindowThen | None
) -> tuple[str, str]:
    """The health that follows from what was recorded, and why (see `agent.work.decide`, which stores today's)."""
    if open_ and open_[0].severity in ("critical", "warning"):
        return open_[0].severity, f"{open_[0].rule}: {open_[0].message}"
    last = conn.execute(
        "SELECT state, error FROM jobs WHERE model = ? AND finished_at <= ? AND kind = 'evaluate' "
        "ORDER BY finished_at DESC, id DESC LIMIT 1",
        (model, instant(at)),
    ).fetchone()
    if last is not None and last[0] == "failed":
        return "error", f"the last check had failed: {last[1] or 'it says no more'}"
    if window is None:
        return "unknown", "no window had been evaluated"
    failed = conn.execute(
        "SELECT count(*), min(message) FROM signals WHERE window_id = ? AND state = 'error'", (window.row.id,)
    ).fetchone()
    if failed[0]:
        return "error", f"{failed[0]} signal{'s' * (failed[0] != 1)} failed: {failed[1]}"
    return "", "no alert was open" if not open_ else "nothing worse than an info alert was open"


# -- the others -----------------------------------------------------------------------------------------------------


def _began(conn: sqlite3.Connection, model: str, at: datetime) -> datetime | None:
    firsts = [
        conn.execute(f"SELECT min({column}) FROM {table} WHERE model = ?", (model,)).fetchone()[0]
        for table, column in (("windows", "as_of"), ("versions", "created_at"), ("alias_history", "at"),
                              ("jobs", "created_at"), ("alerts", "opened_at"))
    ]  # fmt: skip
    found = min((moment(first) for first in firsts if first is not None), default=None)
    return found if found is not None and found <= at else None


def _judged(conn: sqlite3.Connection, model: str, at: datetime) -> Judgement | None:
    found = conn.execute(
        f"{judgements.SELECT} WHERE model = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT 1", (model, instant(at))
    ).fetchone()
    return None if found is None else judgements.row(found)


def _asked(conn: sqlite3.Connection, model: str, at: datetime) -> Approval | None:
    now = instant(at)
    found = conn.execute(
        f"{approvals.SELECT} WHERE model = ? AND requested_at <= ? AND (decided_at IS NULL OR decided_at > ?) "
        "ORDER BY requested_at DESC, id DESC LIMIT 1",
        (model, now, now),
    ).fetchone()
    return None if found is None else approvals.row(found)


def _jobs(conn: sqlite3.Connection, model: str, at: datetime) -> tuple[tuple[int, str], ...]:
    now = instant(at)
    found = conn.execute(
        "SELECT id, kind FROM jobs WHERE model = ?1 AND started_at <= ?2 AND (finished_at > ?2 "
        "OR (finished_at IS NULL AND state = 'running')) ORDER BY id LIMIT 20",
        (model, now),
    ).fetchall()
    return tuple((int(id_), str(kind)) for id_, kind in found)


def _paused(conn: sqlite3.Connection, model: str, at: datetime) -> AuditRow | None:
    found = conn.execute(
        f"{_ROWS} WHERE model = ? AND action IN ('pause', 'resume') AND at <= ? ORDER BY id DESC LIMIT 1",
        (model, instant(at)),
    ).fetchone()
    row = None if found is None else _row(found)
    if row is None or row.action != "pause":
        return None
    until = row.detail.get("until")
    try:
        ends = None if until is None else datetime.fromisoformat(str(until))
    except ValueError:
        return row  # until when it was is not known; that it was is
    return row if ends is None or ends.tzinfo is None or ends > at else None


_ROWS = "SELECT id, at, who, behind, action, subject, model, detail, hash FROM audit"


def _row(found: Sequence[Any]) -> AuditRow:
    id_, at, who, behind, action, subject, model, detail, digest = found
    return AuditRow(id_, moment(at), who, behind, action, subject, model, loads(detail, {}), digest)


def policy(conn: sqlite3.Connection, model: str, at: datetime) -> PolicyThen:
    """The edits of a model's policy around an instant: those of its own keys, and of what holds for all models."""
    found = conn.execute(
        f"{_ROWS} WHERE action = 'configure' AND (model = ? OR model IS NULL) ORDER BY id DESC LIMIT ?",
        (model, EDITS),
    ).fetchall()
    rows = [_row(one) for one in found]
    edits = [row for row in rows if row.model == model or _concerns(row, model)]
    before, after = [r for r in edits if r.at <= at], [r for r in edits if r.at > at]
    return PolicyThen(before[0] if before else None, after[-1] if after else None, len(before), len(after))


def _concerns(row: AuditRow, model: str) -> bool:
    keys = [key for key, _, _ in audit.changes(row.detail)]
    return any(key.startswith((f"models.{model}.", f'models."{model}".', "defaults.")) for key in keys)


# -- the window -----------------------------------------------------------------------------------------------------


def _window(conn: sqlite3.Connection, model: str, at: datetime, champion: int | None) -> WindowThen | None:
    # From the newest key on backwards (`+` keeps SQLite from the index on time): a first check evaluates years at once.
    newest = conn.execute(
        "SELECT key FROM windows WHERE model = ? AND +as_of <= ? ORDER BY key DESC LIMIT 1", (model, instant(at))
    ).fetchone()
    if newest is None:
        return None
    found = conn.execute(
        f"{windows.SELECT} WHERE model = ? AND key = ? AND as_of <= ? ORDER BY version, revision",
        (model, newest[0], instant(at)),
    ).fetchall()
    by_version = {row.version: row for row in map(windows.row, found)}  # of each the greatest revision
    rows = list(by_version.values())
    metric = conn.execute("SELECT metric FROM models WHERE name = ?", (model,)).fetchone()
    name = None if metric is None else metric[0]
    label = "" if champion is None else _label(conn, model, champion)
    whole = by_version.get("", rows[0])
    entries = [WindowSignals(row, _signal(conn, row.id, name)) for row in rows]
    measured = [entry for entry in entries if entry.signals]
    if not measured:
        return WindowThen(whole, "", name, None, not whole.current)
    best = windows.scored_by(measured, label)
    (signal,) = best.signals.values()
    return WindowThen(whole, best.window.version, name, signal, not (whole.current and best.window.current))


def _label(conn: sqlite3.Connection, model: str, number: int) -> str:
    found = versions.get(conn, model, number)
    return str(number) if found is None else found.label


def _signal(conn: sqlite3.Connection, window_id: int, name: str | None) -> dict[str, Signal]:
    if name is None:
        return {}
    found = conn.execute(
        f"SELECT {windows.SIGNAL_COLUMNS} FROM signals WHERE window_id = ? AND name = ?", (window_id, name)
    ).fetchone()
    return {} if found is None else {name: windows.signal_row(found)}

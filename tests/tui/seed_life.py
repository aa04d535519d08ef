"""A model's life for the tests of versions, alerts, policy and history, written by the state room's own writers.

The clock is simulated and shows `NOW`. Names, notes and messages hold what a terminal must never see raw.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import tui_seed

from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import NewVersion, Version
from lifecycle_tui.state import alerts, approvals, audit, clock, jobs, judgements, loop, models, processes, record
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement

T0 = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
MODEL, OTHER = "churn[prod]", "demand"
WIDE = "名前é [/x] \x1b[31mred"
"""Wide and combining characters, what looks like markup, and an escape sequence."""

TOML = """\
# The workspace's file.
include = ["models/*.toml"]

[workspace]
plugins = ["plugins"]

[defaults.rules.stale]
when = "data.late > 2h"  # everybody's

# Who leaves: a model of the crm team.
[models."churn[prod]"]
task  = "binary"
owner = "crm"

[models."churn[prod]".data]
table = "churn.csv"

[models."churn[prod]".rules.auc-low]
when     = "auc.upper < 0.9"
for      = 3  # windows
severity = "critical"
then     = ["notify", "retrain"]

[models."churn[prod]".rules.moved]
when = "psi.amount > 0.2"

[models."churn[prod]".rules.thin]
when = "rows < 100"

[models."churn[prod]".training]
history = "90d"
gates   = [
    "gain(auc) > 0",  # on the same rows
    "challenger.recall >= 0.6",
]

[notifiers.oncall]
use = "webhook"
"""
DEMAND = """\
task = "regression"

[rules.mae-high]
when = "mae > 3"  # \u540d\u524d
"""


def day(number: float) -> datetime:
    """So many days after the beginning."""
    return T0 + timedelta(days=number)


def life(state: State) -> None:
    """Two models: one with six versions and all that became of them, one that has an alert only."""
    (state.root / "lifecycle.toml").write_text(TOML, encoding="utf-8")
    (state.root / "models").mkdir()
    (state.root / "models" / "demand.toml").write_text(DEMAND, encoding="utf-8")
    with state.write() as tx:
        models.declare(tx, [models.Declared(MODEL, "binary", "crm"), models.Declared(OTHER, "regression", "supply")])
        clock.put(tx, clock.Simulated(NOW, NOW + timedelta(days=30), 1.0))
        windows(tx)
        lineage(tx)
        told(tx)
        models.put_model(tx, tui_seed.facts(MODEL, "critical", metric="auc", message="auc-low: auc.upper 0.88 < 0.9"))
        models.put_model(tx, tui_seed.facts(OTHER, "warning", metric="mae"))
        loop.put(tx, MODEL, {"began": "2026"}, "version 6 waits for ana", NOW + timedelta(hours=3), NOW)


def windows(tx: sqlite3.Connection) -> None:
    """Six weeks, each scored by two versions."""
    for week in range(6):
        start = day(42 + 7 * week)
        window = Window(f"{start:%Y-%m-%d}", week, start, start + timedelta(days=7), 700)
        moved = tuple(tui_seed.drift_signals(week / 5))
        record.record(tx, [WindowResult(MODEL, window, "", moved, start + timedelta(days=7), 700, True)])
        for label, auc in (("2", 0.93 - week / 100), ("4", 0.94 - week / 100)):
            found = (Signal("auc", auc, auc - 0.02, auc + 0.02, 700, source="auc"),)
            record.record(tx, [WindowResult(MODEL, window, label, found, start + timedelta(days=7), 700, True)])


def lineage(tx: sqlite3.Connection) -> None:
    """1 → 2 → (3 refused, 4 → (5 refused, 6 waits)); 4 serves. Version 3 has a hostile note."""
    made = [
        version(tx, 0, None, "first version", by="lifecycle"),
        version(tx, 20, 1, "schedule"),
        version(tx, 40, 2, f"rule auc-low (alert 1) {WIDE}", note=WIDE),
        version(tx, 50, 2, "ana: the labels of May are right now", by="ana"),
        version(tx, 60, 4, "schedule"),
        version(tx, 80, 4, "rule auc-low (alert 3)"),
    ]
    for number, at, why in ((1, 0, "first version"), (2, 21, "it passed"), (4, 51, "it passed")):
        aliases.set_alias(tx, MODEL, "champion", number, "agent", why, day(at))
    aliases.set_alias(tx, MODEL, "challenger", 6, "agent", "trained", day(80))
    aliases.set_alias(tx, MODEL, "shadow", 3, "raj", WIDE, day(81))
    for number, champion, verdict, text in (
        (2, 1, "passed", "gain(auc) 0.02 (0.01 to 0.03) > 0 on 900 rows"),
        (3, 2, "failed", f"gain(auc) -0.01 (-0.02 to -0.001) > 0 on 900 rows {WIDE}"),
        (4, 2, "passed", "gain(auc) 0.01 (0.002 to 0.02) > 0 on 900 rows"),
        (5, 4, "unknown", "gain(auc) 0 (-0.01 to 0.01) > 0: about 5,000 rows would settle it"),
        (6, 4, "passed", "gain(auc) 0.03 (0.01 to 0.05) > 0 on 900 rows"),
    ):
        judge(tx, number, champion, verdict, text, made[number - 1].created_at)
    approvals.request(tx, MODEL, 6, "agent", "it passed", day(82))


def version(
    tx: sqlite3.Connection, at: float, parent: int | None, why: str, *, by: str = "agent", note: str | None = None
) -> Version:
    """A version with most of what is recorded of one."""
    depth = 3 if parent is None else 3 + parent
    new = NewVersion(
        MODEL, "trained", artifact=f"{int(at):064x}", size=1000, format="skops", by=by, parent=parent,
        data_start=day(at - 90), data_end=day(at - 1), data_rows=1800, data_digest="d" * 64,
        metrics={"auc": {"value": 0.9, "lower": 0.88, "upper": 0.92, "n": 300}, "recall": 0.7},
        lineage={"estimator": "hist-gradient-boosting"}, note=note, strategy="refit", why=why,
        parameters={"max_depth": depth, "loss": "log"}, libraries={"scikit-learn": "1.5"},
        schema={"features": {"amount": "numeric"}}, importance={"amount": 0.2, WIDE: 0.1},
    )  # fmt: skip
    return versions.register(tx, new, day(at))


def judge(tx: sqlite3.Connection, number: int, champion: int, verdict: str, text: str, at: datetime) -> None:
    """One judgement with two gates."""
    gate = {
        "gate": "gain(auc) > 0", "verdict": verdict, "text": text,
        "numbers": {"gain(auc)": {"value": 0.02, "lower": 0.01, "upper": 0.03, "n": 900}},
    }  # fmt: skip
    second = {"gate": "challenger.recall >= 0.6", "verdict": "passed", "text": "challenger.recall 0.7 >= 0.6"}
    judgements.put(
        tx, Judgement(MODEL, number, champion, verdict, 900, text, at, start=at - timedelta(days=9), end=at,
                      wanted=5000 if verdict == "unknown" else None, gates=(gate, second))  # type: ignore[arg-type]
    )  # fmt: skip


def told(tx: sqlite3.Connection) -> None:
    """Alerts that resolved, are acknowledged and are open; jobs, and what people did."""
    opened = fire(tx, MODEL, "auc-low", "critical", 30, "2026-02-16")
    alerts.store(tx, now=day(44), resolved=[resolved(opened, "window 2026-02-23", day(44))])
    fire(tx, MODEL, "auc-low", "critical", 79, "2026-03-16", latest="auc.upper 0.87 < 0.9 in 2026-03-23")
    moved = fire(tx, MODEL, "moved", "warning", 78, "2026-03-16", signals=("psi.amount",), columns=("amount",))
    alerts.acknowledge(tx, moved.id or 0, "ana", f"upstream knows {WIDE}", day(83))
    audit.append(
        tx, "acknowledge", f"alert {moved.id}", day(83), model=MODEL, detail={"rule": "moved"}, who="ana", behind="root"
    )  # fmt: skip
    audit.append(
        tx, "deploy", f"{MODEL}/champion", day(51), model=MODEL, detail={"version": 4, "previous": 2}, who="agent"
    )  # fmt: skip
    fire(tx, OTHER, "mae-high", "info", 70, "2026-03-02")
    evaluated(tx, day(85))
    ended(tx, day(84.5), "failed", error=f"churn.csv row 7: {WIDE}")


def fire(
    tx: sqlite3.Connection, model: str, rule: str, severity: str, at: float, since: str, *,
    signals: tuple[str, ...] = ("auc",), columns: tuple[str, ...] = (), latest: str | None = None,
) -> Alert:  # fmt: skip
    """An alert as `policy.alerts` opens it."""
    name = signals[0] if rule != "mae-high" else "mae"
    detail = {
        "when": f"{name} < 0.9", "for": 2, "then": ["notify", "retrain"], "columns": list(columns),
        "signals": {name: {"value": 0.88, "lower": 0.86, "upper": 0.89, "n": 700}}, "windows": [since],
        **({} if latest is None else {"latest": latest}),
    }  # fmt: skip
    message = f"{name} 0.88 < 0.9 in {since} {WIDE if rule == 'mae-high' else ''}".strip()
    alert = Alert(model, rule, severity, "open", since, day(at), message, last_window=since, detail=detail)  # type: ignore[arg-type]
    (change,) = alerts.store(tx, opened=[alert], now=day(at))
    return change.alert


def resolved(alert: Alert, by: str, at: datetime) -> Alert:
    """The same, resolved."""
    from dataclasses import replace

    return replace(alert, state="resolved", resolved=at, resolved_by=by)


def evaluated(tx: sqlite3.Connection, at: datetime) -> int:
    """An evaluation that ended with a word on each rule."""
    rules = [
        {"rule": "auc-low", "value": True, "streak": 3, "window": "2026-03-23", "since": "2026-03-16",
         "message": "auc.upper 0.87 < 0.9"},
        {"rule": "moved", "value": True, "streak": 2, "window": "2026-03-23", "since": "2026-03-16",
         "message": "psi.amount 0.29 > 0.2"},
        {"rule": "thin", "value": False, "streak": 0, "window": "2026-03-23", "since": None,
         "message": "rows 700 < 100"},
        {"rule": "stale", "value": None, "streak": 0, "window": None, "since": None, "message": "no numbers yet"},
    ]  # fmt: skip
    return ended(tx, at, "done", outcome={"rules": rules, "seconds": 0.2})


def ended(tx: sqlite3.Connection, at: datetime, state: str, **more: object) -> int:
    """An evaluation that ended so."""
    id_ = jobs.enqueue(tx, "evaluate", MODEL, {"as_of": at.isoformat()}, at, by="agent")
    jobs.claim(tx, processes.this(), at, job_id=id_)
    jobs.log(tx, id_, "info", "looking at the data", at)
    jobs.finish(tx, id_, state, at, **more)  # type: ignore[arg-type]
    return id_


def many_resolved(state: State, count: int) -> None:
    """So many alerts that opened and resolved, one an hour."""
    with state.write() as tx:
        for n in range(count):
            at = T0 + timedelta(hours=n)
            alert = Alert(OTHER, f"rule-{n:05d}", "warning", "resolved", f"w{n:05d}", at, f"number {n}",
                          resolved=at + timedelta(minutes=30), resolved_by=f"window w{n + 1:05d}",
                          last_window=f"w{n:05d}")  # fmt: skip
            alerts.store(tx, passed=[alert], now=at)


def many_moves(state: State, count: int, start: datetime = T0) -> None:
    """So many entries of the history that matter: an alias that goes to and fro, once a minute."""
    with state.write() as tx:
        for n in range(count):
            aliases.set_alias(tx, MODEL, "shadow", 1 + n % 2, "raj", f"move {n}", start + timedelta(minutes=n))


@contextmanager
def torn(state: State, table: str) -> Iterator[None]:
    """Meanwhile a table is not there, as while somebody moves or mends the file."""
    with state.write() as tx:
        tx.execute("PRAGMA legacy_alter_table = ON")
        tx.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        with state.write() as tx:
            tx.execute(f"ALTER TABLE away RENAME TO {table}")


def file(root: Path, text: str) -> None:
    """Write the workspace's file anew."""
    (root / "lifecycle.toml").write_text(text, encoding="utf-8")

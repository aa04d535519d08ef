"""No read's cost grows with history: what SQLite says it will do, and how many steps it really takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from state_values import T0, alert, day, profile, result

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import (
    alerts,
    approvals,
    audit,
    feed,
    fleet,
    jobs,
    judgements,
    models,
    outbox,
    processes,
    record,
    reference,
    timeline,
    windows,
)
from lifecycle_tui.state.database import State
from lifecycle_tui.state.migrations import FOLLOWED

MINUTE = timedelta(minutes=1)


def fill(state: State, begin: int, end: int) -> None:
    """History from window `begin` to `end`: two models' windows, alerts, jobs, versions, moves, audit rows."""
    me = processes.this()
    with state.write(durable=False) as tx:
        for n in range(begin, end):
            for model in ("bikes", "other"):
                said = {f"s{i}": float(n) for i in range(5)} | {"psi.income": 0.1}
                record.record(tx, [result(model, n, signals=said), result(model, n, version="1")])
                record.record(tx, [result(model, n, signals=said, labels=95, profiles=[profile()])])
                alerts.store(tx, opened=[alert(model, opened=day(n), since=f"{n}")], now=day(n))
                alerts.store(tx, resolved=[alert(model, resolved=day(n))], now=day(n))
                version = versions.register(tx, versions.NewVersion(model, "trained"), day(n))
                aliases.set_alias(tx, model, "champion", version.number, "ana", None, day(n))
                judged = judgements.Judgement(model, version.number, None, "passed", 100, "better", day(n))
                judgements.put(tx, judged)
                asked = approvals.request(tx, model, version.number, "schedule", None, day(n))
                approvals.decide(tx, asked.id, "approved", "ana", None, day(n))
                job = jobs.enqueue(tx, "evaluate", model, {}, day(n))
                jobs.claim(tx, me, day(n))
                jobs.log(tx, job, "info", "line", day(n))
                jobs.finish(tx, job, "done", day(n) + MINUTE)
                audit.append(tx, "act", model, day(n), model=model, who="ana")
                reference.put_grid(tx, model, "income", f"g{n % 3}", b"x", day(n))
            for (id_,) in tx.execute("SELECT max(id) FROM alerts").fetchall():
                outbox.queue_notification(tx, id_, "log", day(n), "opened", day(n))
                outbox.mark_sent(tx, [n + 1], day(n))
            models.put_model(tx, models.ModelFacts("bikes", "ok", day(n)))


READS: dict[str, Callable] = {
    "fleet": lambda c: fleet.fleet(c),
    "model": lambda c: fleet.model(c, "bikes"),
    "windows": lambda c: windows.windows(c, "bikes", 5),
    "windows of a version": lambda c: windows.windows(c, "bikes", 5, version=""),
    "windows, next page": lambda c: windows.windows(c, "bikes", 5, before="2026-01-20"),
    "window": lambda c: windows.window(c, "bikes", "2026-01-20"),
    "revisions": lambda c: windows.revisions(c, "bikes", "2026-01-20"),
    "signals": lambda c: windows.signals(c, 7),
    "profiles": lambda c: windows.profiles(c, 7),
    "history": lambda c: windows.history(c, "bikes", ["s1", "s2"], 5),
    "signal history": lambda c: windows.signal_history(c, "bikes", "s1", 5),
    "column history": lambda c: windows.column_history(c, "bikes", "income", 5),
    "reference": lambda c: reference.get_reference(c, "bikes"),
    "grids": lambda c: reference.newest_grids(c, "bikes"),
    "open alerts": lambda c: alerts.open_alerts(c, "bikes"),
    "all open alerts": lambda c: alerts.open_alerts(c),
    "alerts": lambda c: alerts.alerts(c, limit=5),
    "alerts of a model": lambda c: alerts.alerts(c, model="bikes", limit=5, before=(day(20), 9)),
    "alert events": lambda c: alerts.events(c, 9),
    "due": lambda c: outbox.due(c, day(9999)),
    "notifications": lambda c: outbox.notifications(c, 9),
    "live jobs": lambda c: jobs.jobs(c, live=True),
    "jobs": lambda c: jobs.jobs(c, limit=5),
    "jobs of a model": lambda c: jobs.jobs(c, model="bikes", limit=5, before=20),
    "lost jobs": lambda c: jobs.lost(c, day(0)),
    "job events": lambda c: jobs.events(c, 9),
    "audit": lambda c: audit.entries(c, limit=5),
    "audit of a model": lambda c: audit.entries(c, model="bikes", limit=5),
    "versions": lambda c: versions.versions(c, "bikes", 5),
    "version by label": lambda c: versions.by_label(c, "bikes", "3"),
    "champion": lambda c: aliases.champion(c, "bikes"),
    "alias then": lambda c: aliases.alias_at(c, "bikes", "champion", day(5)),
    "moves": lambda c: aliases.moves(c, "bikes", "champion", 5),
    "aliases then": lambda c: aliases.at(c, "bikes", day(5)),
    "judgement": lambda c: judgements.newest(c, "bikes"),
    "judgement of a version": lambda c: judgements.newest(c, "bikes", 3),
    "judgement between": lambda c: judgements.between(c, "bikes", 3, 2),
    "judgements": lambda c: judgements.judgements(c, "bikes", limit=5, before=20),
    "pending": lambda c: approvals.pending(c, "bikes"),
    "all pending": lambda c: approvals.all_pending(c),
    "approvals": lambda c: approvals.approvals(c, "bikes", limit=5, before=20),
    "timeline": lambda c: timeline.timeline(c, limit=5),
    "timeline of a model": lambda c: timeline.timeline(c, "bikes", day(20), 5),
    "newest": lambda c: feed.latest(c),
    **{f"changes of {t}": (lambda c, t=t: feed.changes(c, t, feed.latest(c) - 3)) for t in FOLLOWED},
}
SMALL = {"models", "feed", "sqlite_master"}
"""Tables that do not grow with history."""


def steps(conn, read: Callable) -> int:
    """Instructions of SQLite's machine, in tens."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    conn.set_progress_handler(tick, 10)
    try:
        read(conn)
    finally:
        conn.set_progress_handler(None, 0)
    return count


@pytest.fixture(scope="module")
def costs(empty_root, tmp_path_factory) -> tuple[dict[str, int], dict[str, int], dict[str, list[str]]]:
    import shutil

    root = tmp_path_factory.mktemp("cost")
    shutil.copytree(empty_root / ".lifecycle", root / ".lifecycle")
    with State.open(root) as state:
        fill(state, 0, 40)
        with state.read() as conn:
            before = {name: steps(conn, read) for name, read in READS.items()}
        fill(state, 40, 240)
        with state.read() as conn:
            after = {name: steps(conn, read) for name, read in READS.items()}
            plans = {name: plan(conn, read) for name, read in READS.items()}
    return before, after, plans


def plan(conn, read: Callable) -> list[str]:
    said: list[str] = []
    conn.set_trace_callback(said.append)
    try:
        read(conn)
    finally:
        conn.set_trace_callback(None)
    lines = []
    for statement in set(said):
        if statement.startswith("SELECT"):
            lines += [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]
    return lines


@pytest.mark.parametrize("name", READS)
def test_a_read_takes_no_more_steps_over_six_times_the_history(costs, name: str):
    before, after, _ = costs
    assert after[name] <= before[name] * 1.3 + 30, (before[name], after[name])


@pytest.mark.parametrize("name", READS)
def test_a_read_scans_no_table_that_grows(costs, name: str):
    """A scan in the order of an index or the rowid is fine where LIMIT ends it: the steps above prove that it does."""
    for line in costs[2][name]:
        if line.startswith("SCAN ") and " USING " not in line:
            table = line.split()[1]
            assert table in SMALL or name in ("jobs", "audit") or table.startswith(("(", "CONSTANT", "json_each")), line
        assert "AUTOMATIC" not in line, line


def test_the_history_of_the_test_begins_where_the_values_do():
    assert day(0) == T0

"""What viewers follow: the feed, the timeline, the fleet, the audit chain, the cache of files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_values import alert, day, result

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
    processes,
    record,
    timeline,
)
from lifecycle_tui.state.database import State
from lifecycle_tui.state.fragments import FragmentCache
from lifecycle_tui.state.migrations import FOLLOWED

CHANGES = {
    "models": ("INSERT INTO models (name) VALUES ('m{n}')", "UPDATE models SET owner = '{x}' WHERE name = 'm{n}'"),
    "windows": (
        "INSERT INTO windows (id, model, key, revision, position, rows, mature, complete, as_of, recorded_at, digest) "
        "VALUES ({n}, 'base', 'k{n}', 1, 0, 1, 1, 1, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '')",
        "UPDATE windows SET labels = {x} WHERE id = {n}",
    ),
    "signals": (
        "INSERT INTO signals (window_id, name, state) VALUES (1000, 's{n}', 'ok')",
        "UPDATE signals SET value = {x} WHERE window_id = 1000 AND name = 's{n}'",
    ),
    "alerts": (
        "INSERT INTO alerts (id, model, rule, severity, state, since, message, opened_at) "
        "VALUES ({n}, 'base', 'r{n}', 'info', 'open', 'k', '', '2026-01-01T00:00:00.000000Z')",
        "UPDATE alerts SET repeats = {x} WHERE id = {n}",
    ),
    "notifications": (
        "INSERT INTO notifications (id, alert_id, notifier, kind, due_at, created_at) "
        "VALUES ({n}, 1000, 'n{n}', 'opened', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')",
        "UPDATE notifications SET attempts = {x} WHERE id = {n}",
    ),
    "versions": (
        "INSERT INTO versions (model, number, origin, created_at) "
        "VALUES ('base', {n}, 'named', '2026-01-01T00:00:00.000000Z')",
        "UPDATE versions SET note = '{x}' WHERE model = 'base' AND number = {n}",
    ),
    "aliases": (
        "INSERT INTO aliases (model, alias, version, since) "
        "VALUES ('base', 'a{n}', 1000, '2026-01-01T00:00:00.000000Z')",
        "UPDATE aliases SET why = '{x}' WHERE model = 'base' AND alias = 'a{n}'",
    ),
    "jobs": (
        "INSERT INTO jobs (id, kind, created_at) VALUES ({n}, 'k', '2026-01-01T00:00:00.000000Z')",
        "UPDATE jobs SET progress_done = {x} WHERE id = {n}",
    ),
    "loop": (
        "INSERT INTO loop (model, state, stepped_at) VALUES ('loop{n}', '{{}}', '2026-01-01T00:00:00.000000Z')",
        "UPDATE loop SET next = '{x}' WHERE model = 'loop{n}'",
    ),
    "judgements": (
        "INSERT INTO judgements (id, model, version, at, verdict, rows, text) "
        "VALUES ({n}, 'base', 1000, '2026-01-01T00:00:00.000000Z', 'unknown', 1, '')",
        "UPDATE judgements SET rows = {x} WHERE id = {n}",
    ),
    "approvals": (
        "INSERT INTO approvals (id, model, version, state, requested_by, requested_at) "
        "VALUES ({n}, 'base', 1000, 'approved', 'ana', '2026-01-01T00:00:00.000000Z')",
        "UPDATE approvals SET note = '{x}' WHERE id = {n}",
    ),
    "plugin_faults": (
        "INSERT INTO plugin_faults (kind, name, code, message, first_at, at) "
        "VALUES ('metric', 'p{n}', 'raised', '', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')",
        "UPDATE plugin_faults SET times = {x} WHERE kind = 'metric' AND name = 'p{n}'",
    ),
    "panels": (
        "INSERT INTO panels (model, name, at) VALUES ('base', 'p{n}', '2026-01-01T00:00:00.000000Z')",
        "UPDATE panels SET data = '{x}' WHERE model = 'base' AND name = 'p{n}'",
    ),
}  # fmt: skip
BASE = (
    CHANGES["models"][0].replace("m{n}", "base"),
    CHANGES["windows"][0].replace("{n}", "1000"),
    CHANGES["alerts"][0].replace("{n}", "1000"),
    CHANGES["versions"][0].replace("{n}", "1000"),
    # The models that rows of `loop` belong to.
    *(CHANGES["models"][0].replace("m{n}", f"loop{n}") for n in range(6)),
)


def test_every_followed_table_is_covered_here():
    assert set(CHANGES) == set(FOLLOWED)


@pytest.mark.parametrize("table", CHANGES)
def test_an_insert_and_an_update_each_raise_seq_by_one_and_are_seen_once(state: State, table: str):
    with state.write() as tx:
        for statement in BASE:
            tx.execute(statement)
    watcher = feed.Watcher(state)
    assert watcher.poll() and not watcher.poll()
    assert watcher.changes(table) == ()
    insert, update = CHANGES[table]
    for statement in (insert, update, update):
        with state.read() as conn:
            seq = feed.latest(conn)
        with state.write() as tx:
            tx.execute(statement.format(n=5, x=seq))
        assert watcher.poll()
        (row,) = watcher.changes(table)
        assert row.seq == seq + 1
        assert watcher.changes(table) == () and not watcher.poll()
        with state.read() as conn:
            assert feed.latest(conn) == seq + 1
    watcher.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 5), st.booleans()), max_size=40))
def test_a_viewer_that_looks_now_and_then_ends_with_the_tables_themselves(empty_root, steps):
    conn = sqlite3.connect(empty_root / ".lifecycle/state.db", isolation_level=None)
    conn.execute("BEGIN IMMEDIATE")
    try:
        for statement in BASE:
            conn.execute(statement)
        since = feed.latest(conn)
        seen: dict[str, dict] = {table: {} for table in CHANGES}
        there: set[tuple[str, int]] = set()
        for x, (table, n, look) in enumerate(steps):
            conn.execute(CHANGES[table][(table, n) in there].format(n=n, x=x))
            there.add((table, n))
            if look:
                since = _look(conn, seen, since)
        _look(conn, seen, since)
        for table, key in FOLLOWED.items():
            rows = conn.execute(f"SELECT {', '.join(key)}, seq FROM {table}").fetchall()
            assert len({r[-1] for r in rows}) == len(rows)
            base = {("base",), (1000,), ("base", 1000)}
            if table == "models":
                base |= {(f"loop{n}",) for n in range(6)}
            assert {r[:-1]: r[-1] for r in rows if r[:-1] not in base} == seen[table]
    finally:
        conn.execute("ROLLBACK")
        conn.close()


def _look(conn, seen, since: int) -> int:
    for table, key in FOLLOWED.items():
        for row in feed.changes(conn, table, since):
            name = row.key if isinstance(row, feed.Changed) else tuple(getattr(row, k, None) or row.id for k in key)
            assert row.seq > since
            seen[table][name] = row.seq
    return feed.latest(conn)


def test_a_watcher_pages_through_many_changes_and_sees_other_processes(state: State):
    watcher = feed.Watcher(state)
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.state.database import State\n"
        "from lifecycle_tui.state import models\n"
        "with State.open(Path(sys.argv[1])) as s, s.write() as tx:\n"
        "    models.declare(tx, [models.Declared(f'm{n}') for n in range(2500)])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(state.root)], check=True)
    assert watcher.poll()
    rows = watcher.changes("models")
    assert len({r.name for r in rows}) == 2500 and isinstance(rows[0], fleet.FleetRow)
    with pytest.raises(KeyError):
        feed.changes(watcher.conn, "audit", 0)
    watcher.close()


def test_the_fleet_is_worst_first_and_keeps_what_each_side_wrote(state: State):
    with state.write() as tx:
        models.declare(
            tx, [models.Declared("fraud", "binary", "risk", ("pci",)), models.Declared("bikes", "regression")]
        )
        models.declare(tx, [models.Declared("old"), models.Declared("sick"), models.Declared("worse")])
        models.put_model(
            tx,
            models.ModelFacts(
                "fraud", "warning", day(3), "2 of 9 columns drifted", "2026-01-02", day(1), day(2), 100, 90, 0.25, 2, 9,
                0.4, "income", (None, 0.25), "auc", 0.9, 0.88, 0.92, (0.91, 0.9),
            ),
        )  # fmt: skip
        models.put_model(tx, models.ModelFacts("bikes", "ok", day(3)))
        models.put_model(tx, models.ModelFacts("sick", "error", day(3)))
        models.put_model(tx, models.ModelFacts("worse", "warning", day(3), drift_share=0.5))
        assert models.retire_missing(tx, ["fraud", "bikes", "sick", "worse"]) == ("old",)
        assert models.retire_missing(tx, ["fraud", "bikes", "sick", "worse"]) == ()
        assert (models.decided(tx, "fraud"), models.decided(tx, "absent")) == (None, None)
        models.set_decided(tx, "fraud", "2026-01-02")
        assert models.decided(tx, "fraud") == "2026-01-02"
    with state.read() as conn:
        rows = fleet.fleet(conn)
        assert [r.name for r in rows] == ["sick", "worse", "fraud", "bikes"]
        row = rows[2]
        assert (row.task, row.owner, row.tags, row.declared, row.health) == (
            "binary",
            "risk",
            ("pci",),
            True,
            "warning",
        )
        assert (row.window_key, row.window_start, row.window_end, row.evaluated_at) == (
            "2026-01-02",
            day(1),
            day(2),
            day(3),
        )
        assert (row.drift_history, row.metric_history, row.metric_upper) == ((None, 0.25), (0.91, 0.9), 0.92)
        assert fleet.model(conn, "fraud") == row
        assert fleet.model(conn, "absent") is None
        assert not fleet.model(conn, "old").declared
        assert [r.name for r in fleet.fleet(conn, retired=True)][-1] != "old" and len(
            fleet.fleet(conn, retired=True)
        ) == 5
        seq = feed.latest(conn)
    with state.write() as tx:
        models.declare(tx, [models.Declared("fraud", "binary", "risk", ("pci",))])
        models.set_decided(tx, "fraud", "2026-01-02")
    with state.read() as conn:
        assert feed.latest(conn) == seq
    with state.write() as tx:
        models.declare(tx, [models.Declared("old", "binary")])
    with state.read() as conn:
        assert fleet.model(conn, "old").declared


def _story(state: State) -> None:
    me = processes.this()
    with state.write() as tx:
        for n in range(4):
            record.record(tx, [result(n=n), result("other", n=n)])
            job = jobs.enqueue(tx, "evaluate", "bikes", {}, day(n), by="cron")
            jobs.claim(tx, me, day(n))
            jobs.finish(tx, job, "done", day(n + 1))
        alerts.store(tx, opened=[alert()], now=day(1))
        alerts.store(tx, continued=[alert(last_window="2026-01-02")], now=day(2))
        alerts.acknowledge(tx, 1, "ana", "looking", day(2))
        alerts.store(tx, resolved=[alert(resolved=day(3))], now=day(3))
        for model in ("bikes", "other"):
            versions.register(tx, versions.NewVersion(model, "trained", data_rows=100), day(1))
        aliases.set_alias(tx, "bikes", "champion", 1, "ana", "the first", day(1))
        judgements.put(tx, judgements.Judgement("bikes", 1, None, "passed", 100, "better by far", day(1)))
        asked = approvals.request(tx, "bikes", 1, "schedule", "monthly", day(1))
        approvals.decide(tx, asked.id, "approved", "raj", "fine", day(2))
        audit.append(tx, "acknowledge", "alert 1", day(2), model="bikes", who="ana")
        record.record(tx, [result(n=0, labels=100, as_of=day(4))])


def test_the_timeline_tells_everything_newest_first_and_pages_without_gaps_or_doubles(state: State):
    _story(state)
    with state.read() as conn:
        whole = timeline.timeline(conn, limit=1000)
        assert [e.at for e in whole] == sorted((e.at for e in whole), reverse=True)
        kinds = {(e.kind, e.what) for e in whole}
        assert kinds == {
            ("window", "evaluated"), ("window", "re-evaluated"), ("alert", "opened"), ("alert", "resolved"),
            ("alert", "acknowledged"), ("version", "trained"), ("alias", "moved"), ("job", "done"),
            ("job-queued", "queued"), ("audit", "acknowledge"), ("judgement", "passed"), ("approval", "requested"),
            ("approval", "approved"),
        }  # fmt: skip
        assert len(whole) == 9 + 3 + 2 + 1 + 8 + 1 + 3
        for size in (1, 2, 3, 7):
            for model in (None, "bikes"):
                expected = timeline.timeline(conn, model, limit=1000)
                pages: list[timeline.Entry] = []
                while page := timeline.timeline(conn, model, limit=size, before=pages[-1].cursor if pages else None):
                    pages += page
                assert tuple(pages) == expected
        assert {e.model for e in timeline.timeline(conn, "bikes", limit=99)} == {"bikes"}
        assert max(e.at for e in timeline.timeline(conn, at=day(2), limit=99)) == day(2)
        assert {e.kind for e in timeline.timeline(conn, kinds=("alert",))} == {"alert"}
        moved = next(e for e in whole if e.kind == "alias")
        assert (moved.subject, moved.text, moved.by) == ("champion", "to version 1: the first", "ana")
        told = [(e.subject, e.text, e.by) for e in whole if e.kind in ("judgement", "approval")]
        assert told == [
            ("version 1", "fine", "raj"), ("version 1", "monthly", "schedule"), ("version 1", "better by far", None),
        ]  # fmt: skip


def test_the_audit_chain_notices_changes_removals_and_a_cut_tail(state: State):
    with state.write() as tx:
        for n in range(2100):
            audit.append(tx, "promote", f"bikes/{n}", day(0), model="bikes", detail={"n": n}, who="ana")
        assert audit.verify(tx) == audit.AuditCheck(True, 2100)
        assert [r.subject for r in audit.entries(tx, limit=2)] == ["bikes/2099", "bikes/2098"]
        assert audit.entries(tx, model="bikes", limit=1, before=3)[0].detail == {"n": 1}
    for statement in ("DELETE FROM audit WHERE id = 5", "UPDATE audit SET who = 'raj' WHERE id = 5"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"), state.write() as tx:
            tx.execute(statement)
    for statement, bad in (
        ("UPDATE audit SET who = 'raj' WHERE id = 1500", 1500),
        ("UPDATE audit SET at = at || ' ' WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 1200", 1201),
        ("DELETE FROM audit WHERE id > 2000", 2001),
        ("UPDATE audit SET previous = hash WHERE id = 9", 9),
    ):
        with pytest.raises(ZeroDivisionError), state.write() as tx:
            tx.execute("DROP TRIGGER audit_keeps_rows")
            tx.execute("DROP TRIGGER audit_keeps_values")
            tx.execute(statement)
            found = audit.verify(tx)
            assert (found.ok, found.bad) == (False, bad), statement
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("sudo", "account", "expected"),
    [
        (None, "ana", ("ana", None)),
        ("raj", "root", ("raj", "root")),
        ("ana", "ana", ("ana", None)),
        ("", "ml", ("ml", None)),
    ],
)
def test_the_person_behind_sudo_is_recorded(monkeypatch: pytest.MonkeyPatch, sudo, account, expected):
    monkeypatch.setattr("getpass.getuser", lambda: account)
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo is not None:
        monkeypatch.setenv("SUDO_USER", sudo)
    assert audit.person() == expected


def test_an_empty_audit_is_whole(state: State):
    with state.read() as conn:
        assert audit.verify(conn) == audit.AuditCheck(True, 0)


def test_the_cache_of_files_forgets_a_changed_file_and_outlives_the_process(state: State):
    with FragmentCache(state) as cache:
        assert cache.get("src", "a.csv", "1-2") is None
        cache.put("src", "a.csv", "1-2", {"rows": 3, "parts": {"2026-01": [1, "d"]}})
        cache.put("src", "b.csv", "1-2", {})
        assert cache.get("src", "a.csv", "1-2") == {"rows": 3, "parts": {"2026-01": [1, "d"]}}
    again = FragmentCache(state)
    assert again.get("src", "a.csv", "1-2") == {"rows": 3, "parts": {"2026-01": [1, "d"]}}
    assert again.get("src", "b.csv", "1-2") == {}
    assert again.get("src", "a.csv", "1-3") is None
    assert again.get("other", "a.csv", "1-2") is None
    again.put("src", "a.csv", "1-3", {"rows": 4})
    again.flush()
    assert FragmentCache(state).get("src", "a.csv", "1-2") is None
    assert FragmentCache(state).get("src", "a.csv", "1-3") == {"rows": 4}
    again.forget("src")
    assert FragmentCache(state).get("src", "a.csv", "1-3") is None


def test_putting_before_getting_keeps_what_others_stored(state: State):
    with FragmentCache(state) as cache:
        cache.put("src", "a", "1", {"n": 1})
    with FragmentCache(state) as cache:
        cache.put("src", "b", "1", {"n": 2})
        assert cache.get("src", "a", "1") == {"n": 1}

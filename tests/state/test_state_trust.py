"""What migration m003 added: faults of plugins, panels, cursors of event hooks, signals of the reference."""

from __future__ import annotations

import pytest
from state_values import day

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import event_cursors, feed, panels, plugin_faults, reference, reference_signals
from lifecycle_tui.state.database import State


def test_the_last_fault_of_each_plugin_is_kept_counted_and_settled(state: State):
    with state.write() as tx:
        plugin_faults.note(
            tx, "detector", "tails", "raised", "no", day(1), file="p.py", line=3, model="bikes", job_id=9
        )
        plugin_faults.note(tx, "detector", "tails", "raised", "no", day(2), file="p.py", line=4)
        plugin_faults.note(tx, "metric", "gap", "timeout", "60 s", day(3))
    with state.read() as conn:
        first, second = plugin_faults.read(conn)
        assert (first.name, first.times, first.file, first.at) == ("gap", 1, None, day(3))
        assert (second.times, second.first_at, second.at, second.line, second.model) == (2, day(1), day(2), 4, None)
        assert plugin_faults.read(conn, "metric", "gap") == (first,)
        assert plugin_faults.read(conn, name="none") == ()
        seq = feed.latest(conn)
    with state.write() as tx:
        plugin_faults.note(tx, "detector", "tails", "raised", "another", day(4))
        plugin_faults.clear(tx, "metric", "gap", day(4))
        plugin_faults.clear(tx, "metric", "never-failed", day(4))
    with state.read() as conn:
        (only,) = plugin_faults.read(conn)
        assert (only.message, only.times, only.first_at) == ("another", 1, day(4))
        moved = {change.key for change in feed.changes(conn, "plugin_faults", seq)}
        assert moved == {("detector", "tails"), ("metric", "gap")}
    with state.write() as tx:
        plugin_faults.note(tx, "metric", "gap", "timeout", "60 s", day(5))
    with state.read() as conn:
        assert plugin_faults.read(conn, "metric")[0].times == 1


def test_a_panel_keeps_what_it_showed_when_it_fails(state: State):
    with state.write() as tx:
        panels.put(tx, "bikes", "map", day(1), {"rows": [["a", float("nan")]]})
        panels.put(tx, "bikes", "bad", day(1), error="it raised")
    with state.read() as conn:
        bad, good = panels.read(conn, "bikes")
        assert (bad.data, bad.error) == (None, "it raised")
        assert (good.data, good.error, good.at) == ({"rows": [["a", None]]}, None, day(1))
        seq = feed.latest(conn)
    with state.write() as tx:
        panels.put(tx, "bikes", "map", day(2), error="it raised")
        panels.put(tx, "bikes", "bad", day(2), [1])
    with state.read() as conn:
        bad, failed = panels.read(conn, "bikes")
        assert (bad.data, bad.error) == ([1], None)
        assert (failed.data, failed.error, failed.at) == (good.data, "it raised", day(2))
        assert len(feed.changes(conn, "panels", seq)) == 2
        assert panels.read(conn, "none") == ()


def test_a_cursor_never_goes_back(state: State):
    with state.read() as conn:
        assert event_cursors.read(conn, "alert_opened", "pager") is None
    with state.write() as tx:
        event_cursors.advance(tx, "alert_opened", "pager", 7)
        event_cursors.advance(tx, "alert_opened", "pager", 5)
        event_cursors.advance(tx, "alert_opened", "diary", 0)
    with state.read() as conn:
        assert event_cursors.read(conn, "alert_opened", "pager") == 7
        assert event_cursors.all_of(conn) == {("alert_opened", "pager"): 7, ("alert_opened", "diary"): 0}


def test_signals_of_the_reference_belong_to_it(state: State):
    found = {"2025-02": [Signal("psi.a", 0.2, 0.1, 0.3, 50, "drifted")], "2025-01": [Signal("psi.a", None, n=0)]}
    with state.write() as tx:
        reference.put_reference(tx, "bikes", "d1", 100, {}, (), day(0))
        reference.put_reference(tx, "bikes", "d2", 100, {}, (), day(1))
        reference_signals.put(tx, "bikes", "d1", found)
        with pytest.raises(StateError, match="no reference"):
            reference_signals.put(tx, "bikes", "d3", found)
    with state.read() as conn:
        assert reference_signals.read(conn, "bikes") == {k: tuple(found[k]) for k in sorted(found)}
        assert reference_signals.read(conn, "bikes", "d2") == {}
    with state.write() as tx:
        reference_signals.put(tx, "bikes", "d1", {"2025-03": [Signal("psi.a", 0.1)]})
    with state.read() as conn:
        assert list(reference_signals.read(conn, "bikes", "d1")) == ["2025-03"]
    with state.write() as tx:
        reference.put_reference(tx, "bikes", "d1", 100, {}, (), day(2))
    with state.read() as conn:
        assert conn.execute("SELECT count(*) FROM reference_signals").fetchone()[0] == 0


def test_failed_things_are_found_by_their_indexes(state: State):
    wanted = {
        "SELECT id FROM jobs WHERE state = 'failed' ORDER BY finished_at DESC, id DESC LIMIT 20": "jobs_failed",
        "SELECT id FROM notifications WHERE state = 'failed' ORDER BY id DESC LIMIT 20": "notifications_failed",
        "SELECT window_id FROM signals WHERE state = 'error'": "signals_error",
        "SELECT state, value FROM signals WHERE window_id = 1 AND name GLOB 'change.*'": "signals_verdicts",
    }
    with state.read() as conn:
        for sql, index in wanted.items():
            told = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert any(index in line for line in told) and not any("TEMP B-TREE" in line for line in told), told

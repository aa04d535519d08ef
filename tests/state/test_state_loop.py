"""The loop's memory in state: what is stored, what is due, and which models a turn must look at."""

from __future__ import annotations

import pytest
from state_values import DAY, alert, day, result

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, approvals, feed, jobs, judgements, loop, record
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement


def test_the_same_memory_is_written_once(state: State) -> None:
    for now in (day(1), day(2)):
        with state.write() as tx:
            loop.put(tx, "bikes", {"rows": 3}, "waits", day(5), now)
    with state.read() as conn:
        found = loop.get(conn, "bikes")
        assert found is not None and (found.state, found.next, found.due_at) == ({"rows": 3}, "waits", day(5))
        assert found.stepped_at == day(1) and loop.get(conn, "nobody") is None


def test_due_and_next_due(state: State) -> None:
    with state.write() as tx:
        loop.put(tx, "a", {}, "", day(3), day(1))
        loop.put(tx, "b", {}, "", day(7), day(1))
        loop.put(tx, "c", {}, "", None, day(1))
        assert loop.due(tx, day(3) - DAY) == frozenset() and loop.due(tx, day(3)) == {"a"}
        assert loop.next_due(tx, day(3)) == day(7) and loop.next_due(tx, day(7)) is None


WRITES = {
    "windows": lambda tx: record.record(tx, [result("bikes", 3)]),
    "alerts": lambda tx: alerts.store(tx, opened=[alert("bikes")], now=day(1)),
    "jobs": lambda tx: jobs.enqueue(tx, "retrain", "bikes", {}, day(1)),
    "judgements": lambda tx: judgements.put(tx, Judgement("bikes", 1, None, "passed", 9, "x", day(1))),
    "approvals": lambda tx: approvals.request(tx, "bikes", 1, "ana", None, day(1)),
    "aliases": lambda tx: aliases.set_alias(tx, "bikes", "champion", 1, "ana", None, day(1)),
    "models": lambda tx: aliases.remove_alias(tx, "bikes", "champion", "ana", None, day(1)),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_model_about_which_something_changed_is_looked_at(state: State, what: str) -> None:
    with state.write() as tx:
        for model in ("bikes", "quiet"):
            versions.register(tx, versions.NewVersion(model, "trained", artifact="a" * 64, job_id=1), day(1))
            aliases.set_alias(tx, model, "champion" if what == "models" else "own", 1, None, None, day(1))
        before = feed.latest(tx)
        assert loop.moved(tx, before) == frozenset()
        WRITES[what](tx)
        assert loop.moved(tx, before) == {"bikes"}
        after = feed.latest(tx)
        loop.put(tx, "bikes", {"rows": 1}, "", None, day(1))
        assert loop.moved(tx, after) == frozenset(), "its own memory is no reason to turn again"

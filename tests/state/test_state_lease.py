"""The lease: one number holds; who has an older one finds out before anything is written."""

from __future__ import annotations

import dataclasses

import pytest
from state_values import day

from lifecycle_tui.state import feed, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.lease import LeaseLost

ME = processes.this()
OTHER = dataclasses.replace(ME, pid=ME.pid + 1, started="1")


def test_who_takes_over_deposes_whoever_was_it(state: State):
    with state.write() as tx:
        assert not lease.held(lease.read(tx))
        first = lease.take(tx, OTHER, "stay", day(0))
        second = lease.take(tx, ME, "auto", day(1))
    assert second == first + 1
    with state.read() as conn:
        found = lease.read(conn)
        assert (found.number, found.process, found.mode, found.since, found.beat) == (second, ME, "auto", day(1), 0)
        lease.check(conn, second)
        with pytest.raises(LeaseLost, match="another agent"):
            lease.check(conn, first)


@pytest.mark.parametrize("act", [lease.beat, lambda tx, n: lease.put_note(tx, n, "mine")])
def test_the_deposed_one_writes_nothing(state: State, act):
    with state.write() as tx:
        old = lease.take(tx, OTHER, "stay", day(0))
        lease.take(tx, ME, "stay", day(0))
    with pytest.raises(LeaseLost), state.write() as tx:
        tx.execute("INSERT INTO meta (key, value) VALUES ('decision', 'of the old one')")
        act(tx, old)
    with state.write() as tx:
        lease.release(tx, old)
        found = lease.read(tx)
        assert (found.process, found.beat, lease.note(tx)) == (ME, 0, None)
        assert tx.execute("SELECT count(*) FROM meta WHERE key = 'decision'").fetchone() == (0,)


def test_a_beat_moves_and_is_not_in_the_feed(state: State):
    with state.write() as tx:
        number = lease.take(tx, ME, "stay", day(0))
        seq = feed.latest(tx)
        lease.beat(tx, number)
        lease.beat(tx, number)
        assert (lease.read(tx).beat, feed.latest(tx)) == (2, seq)


def test_an_agent_that_ends_leaves_no_holder_and_no_note(state: State):
    with state.write() as tx:
        number = lease.take(tx, ME, "stay", day(0))
        lease.put_note(tx, number, "the file has errors")
        assert lease.note(tx) == "the file has errors" and lease.held(lease.read(tx))
        lease.release(tx, number)
        assert lease.note(tx) is None and not lease.held(lease.read(tx)) and lease.read(tx).number == number


@pytest.mark.parametrize(
    ("process", "held"),
    [
        (ME, True),
        (OTHER, False),
        (dataclasses.replace(ME, place="another-boot/x"), False),
        (dataclasses.replace(ME, place=ME.place.partition("/")[0] + "/pid:[1]"), True),
    ],
    ids=["alive", "dead", "before the reboot", "in another container"],
)
def test_whether_its_holder_is_there(state: State, process, held):
    with state.write() as tx:
        lease.take(tx, process, "stay", day(0))
        assert lease.held(lease.read(tx)) is held

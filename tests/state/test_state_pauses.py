"""Pauses: one a model, that holds until some time or until somebody ends it; viewers are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle_tui.state import loop as memory
from lifecycle_tui.state import models, pauses
from lifecycle_tui.state.database import State
from lifecycle_tui.state.feed import latest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_pause_holds_until_its_end_and_a_resumed_one_no_longer(state: State):
    with state.write() as tx:
        assert pauses.pause_of(tx, "bikes") is None and pauses.holding(tx, NOW) == {}
        models.declare(tx, [models.Declared("bikes"), models.Declared("homes")])
        pauses.pause(tx, "bikes", NOW + DAY, "ana", "the schema moves", NOW)
        pauses.pause(tx, "homes", None, "raj", None, NOW)
        assert list(pauses.holding(tx, NOW)) == ["bikes", "homes"] and list(pauses.holding(tx, NOW + DAY)) == ["homes"]
        found = pauses.pause_of(tx, "bikes")
        assert found is not None and found.holds(NOW) and not found.holds(NOW + DAY)
        assert found.said() == "paused by ana until 2026-03-02 12:00 UTC: the schema moves"
        pauses.pause(tx, "bikes", None, "raj", None, NOW + DAY / 2)
        found = pauses.pause_of(tx, "bikes")
        assert found is not None and (found.since, found.until, found.said()) == (NOW, None, "paused by raj")
        pauses.resume(tx, "bikes", NOW + DAY)
        pauses.resume(tx, "bikes", NOW + 2 * DAY)
        found = pauses.pause_of(tx, "bikes")
        assert found is not None and found.until == NOW + DAY, "the end stays: it says what a schedule does not owe"
        pauses.pause(tx, "bikes", None, "ana", None, NOW + 3 * DAY)
        again = pauses.pause_of(tx, "bikes")
        assert again is not None and again.since == NOW + 3 * DAY, "another pause, not the one that ended"


def test_the_loop_and_viewers_hear_of_it(state: State):
    with state.write() as tx:
        models.declare(tx, [models.Declared("bikes")])
    with state.read() as conn:
        before = latest(conn)
    with state.write() as tx:
        pauses.pause(tx, "bikes", None, "ana", None, NOW)
    with state.read() as conn:
        assert memory.moved(conn, before) == {"bikes"} and latest(conn) > before

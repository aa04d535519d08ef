"""A state that lives on a simulated clock: who asks for "now" gets its instant, and so do jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle_tui.state import clock, jobs
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
SIMULATED = Simulated(AT, AT + timedelta(days=90), 4.0)


def test_without_one_it_is_the_machines(state: State) -> None:
    with state.write() as tx:
        assert clock.read(tx) is None
        assert abs(clock.now(tx) - datetime.now(UTC)) < timedelta(minutes=1)
        clock.move(tx, AT)
        assert clock.read(tx) is None, "there is no clock to move"


def test_it_is_kept_and_moved(state: State) -> None:
    with state.write() as tx:
        clock.put(tx, SIMULATED)
        assert clock.read(tx) == SIMULATED and clock.now(tx) == AT
        clock.move(tx, AT + timedelta(hours=1))
        assert clock.read(tx) == Simulated(AT + timedelta(hours=1), SIMULATED.until, 4.0)


def test_a_job_that_is_asked_for_is_given_its_instant(state: State) -> None:
    machine = datetime(2027, 1, 1, tzinfo=UTC)
    with state.write() as tx:
        clock.put(tx, SIMULATED)
        asked = jobs.job(tx, jobs.enqueue(tx, "retrain", "bikes", {"by": "ana"}, machine))
        told = jobs.job(tx, jobs.enqueue(tx, "evaluate", "bikes", {"as_of": "2026-02-01T00:00:00+00:00"}, AT))
    assert asked is not None and asked.created_at == AT
    assert asked.payload == {"by": "ana", "as_of": AT.isoformat()}
    assert jobs.clock_of(asked).now() == AT
    assert told is not None and told.payload["as_of"].startswith("2026-02-01"), "who says an instant keeps it"

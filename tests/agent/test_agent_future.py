"""Nothing that a job on a simulated clock leaves behind shows a label, or a row, from after that clock."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from lifecycle_tui.domain.errors import DataError
from tests.agent.conftest import Space
from tests.agent.future_labels import BEGIN, DAYS, DELAY, EVERY, REFERENCE, WINDOW, Labels, absurd, trained_on, write
from tests.agent.test_agent_first_version import empty_state

NEWS = ("new", "grown", "changed", "relabelled")
END = BEGIN + REFERENCE
CLOCKS = (END, END + timedelta(days=10, hours=5), END + timedelta(days=25, hours=3))
"""When the reference is over (a part of it without labels), inside the second window, inside the fourth."""


@pytest.fixture(autouse=True)
def ready(space: Space) -> None:
    shutil.copytree(empty_state(), space.root / ".lifecycle")


@pytest.mark.parametrize("labels", EVERY, ids=lambda v: f"{'table' if v.table else 'column'}-{v.dated or 'undated'}")
def test_labels_from_the_future_show_nowhere(space: Space, labels: Labels) -> None:
    for clock in CLOCKS:
        write(space, labels, clock)
        space.run(simulated=True)
        assert absurd(space) == [], clock
        history = space.history()
        assert len({e.window.key for e in history}) == (clock - END) // WINDOW
        assert all(e.window.end is not None and e.window.end <= clock for e in history)
        for entry in space.history(version="1"):
            ended, own = entry.window.end, entry.window
            assert ended is not None
            assert own.mature == (ended - timedelta(hours=6) + labels.delay <= clock), (own.key, clock)
            assert (own.labels == own.rows) or not own.mature
            assert (own.labels > 0) == (entry.signals["mae"].value is not None)
    ((_, end),) = trained_on(space)
    assert end is not None and end <= CLOCKS[0] - labels.least + timedelta(microseconds=1)
    assert any(e.signals["mae"].value is not None for e in space.history(version="1")), (
        "labels are seen once they are there"
    )
    before = space.facts()
    assert not any(space.run(simulated=True)[kind] for kind in NEWS) and space.facts() == before


@pytest.mark.parametrize("labels", EVERY, ids=lambda v: f"{'table' if v.table else 'column'}-{v.dated or 'undated'}")
def test_the_plants_would_be_found(space: Space, labels: Labels) -> None:
    """The same files on a clock that has passed them all: the search above can fail."""
    write(space, labels, CLOCKS[1])
    space.clock.instant = BEGIN + timedelta(days=DAYS) + 2 * DELAY
    space.run(simulated=True)
    places = {said.split(".")[0].split(":")[0] for said in absurd(space)}
    assert {"signals", "profiles"} <= places


def test_a_clock_before_the_end_of_the_reference_is_refused(space: Space) -> None:
    write(space, EVERY[0], END - timedelta(days=3))
    with pytest.raises(DataError, match="ends after the clock") as caught:
        space.run(simulated=True)
    assert caught.value.hint

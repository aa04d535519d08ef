"""Nothing that a job on a simulated clock leaves behind shows a label, or a row, from after that clock; nor does
anything that the whole loop leaves behind: alerts, versions, judgements, what was decided."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import DataError
from tests.agent.conftest import Space
from tests.agent.future_labels import (
    BEGIN,
    DAYS,
    DELAY,
    EVERY,
    PLANT,
    REFERENCE,
    WINDOW,
    Labels,
    absurd,
    trained_on,
    write,
)
from tests.agent.loop_story import Story
from tests.agent.test_agent_first_version import empty_state

NEWS = ("new", "grown", "changed", "relabelled")
END = BEGIN + REFERENCE
CLOCKS = (END, END + timedelta(days=10, hours=5), END + timedelta(days=25, hours=3))
"""When the reference is over (a part of it without labels), inside the second window, inside the fourth."""


@pytest.fixture(autouse=True)
def ready(space: Space) -> None:
    shutil.copytree(empty_state(), space.root / ".lifecycle")


@pytest.mark.thorough
@pytest.mark.parametrize("labels", EVERY, ids=str)
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


@pytest.mark.slow
@pytest.mark.parametrize("labels", EVERY, ids=str)
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


# -- the whole loop ----------------------------------------------------------------------------------------------------

LOOP = """\
[models.shop.rules.stale]
when = "mae > 0.5"
then = ["notify", "retrain"]
[models.shop.training]
estimator = "linear"
history = "{history}"
holdout = 0.4
min_samples = 60
gates = ["gain(mae) > 0", "challenger.rmse < 5"]
"""


def looped(space: Space, labels: Labels, plant: float = PLANT) -> Story:
    """The loop after the reference, at instants around a turn of the data, the files laid out anew each time."""
    story = Story(space.root, space.clock, model="shop")
    # Where nothing but a column says when labels come, the history is counted back from the clock.
    more = LOOP.format(history="35d" if labels.dated == "arrived" else "21d")
    for weeks in (0, 6, 7, 8, 9.3):
        write(space, labels, END + labels.delay + timedelta(weeks=weeks), more, plant)
        story.instant()
        if plant == PLANT:
            assert absurd(space) == [], (labels, space.clock.now())
    return story


@pytest.mark.thorough
@pytest.mark.parametrize("labels", EVERY, ids=str)
def test_the_loop_learns_and_judges_by_no_label_before_it_arrived(space: Space, labels: Labels) -> None:
    story = looped(space, labels)
    did = {j.kind for j in story.ran if j.state == "done" and j.outcome.get("verdict") != "none"}
    assert did == {"evaluate", "retrain", "judge", "deploy"}, (story.said, [j.error for j in story.ran if j.error])
    just = timedelta(microseconds=1)  # ends are exclusive
    learned = {v.number: (v.facts.data_end, v.created_at) for v in story.versions()}
    assert len(learned) >= 2
    for end, made in learned.values():
        assert end is not None and end <= made - labels.least + just
    for judgement in story.judgements():
        assert judgement.start is not None and judgement.end is not None and judgement.champion is not None
        assert judgement.end <= judgement.at - labels.least + just
        for number in (judgement.version, judgement.champion):
            end, _ = learned[number]
            assert end is not None and end <= judgement.start


@pytest.mark.slow
@pytest.mark.parametrize("labels", [Labels(False, "both"), Labels(True, "arrived")], ids=str)
def test_what_the_future_holds_changes_no_bit(space: Space, tmp_path: Path, labels: Labels) -> None:
    """Small plants could hide among honest numbers; then they would change them."""
    told = {}
    for name, plant in (("large", PLANT), ("small", 0.25)):
        own = Space(tmp_path / name, FixedClock(END))
        shutil.copytree(space.root / ".lifecycle", own.root / ".lifecycle")
        story = looped(own, labels, plant)
        versions = [
            (v.facts.artifact, v.facts.data_digest, v.facts.metrics, v.facts.importance, v.facts.lineage)
            for v in story.versions()
        ]
        judgements = [(j.text, j.gates, j.rows, j.start, j.end) for j in story.judgements()]
        told[name] = (story.said, versions, judgements, own.facts())
    assert len(told["large"][1]) >= 2 and told["large"] == told["small"]

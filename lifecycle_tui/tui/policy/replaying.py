"""What an edited policy would have done, as plain values for the screens. Runs in the child; `agent.whatif` replays."""

from __future__ import annotations

from pathlib import Path

from lifecycle_tui.agent.replay import Course
from lifecycle_tui.agent.whatif import what_if
from lifecycle_tui.policy.course import Episode
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.policy.asked import Fired, Outlook, Shift
from lifecycle_tui.workspace import Workspace


def outlook(root: Path, before: Workspace, after: Workspace, model: str) -> Outlook:
    """Both policies over the stored windows of a model.

    Raises:
        LifecycleError, sqlite3.Error: state cannot be read.
    """
    try:
        with State.view(root) as state, state.read() as conn:
            found = what_if(conn, before, after, model)
    except KeyError:
        return Outlook(said="the model is in one of the two policies alone: there is nothing to compare")
    if not found.windows:
        return Outlook(said="no window was checked yet: there is nothing to replay")
    return Outlook(
        _fired(found.in_force), _fired(found.edited),
        (_trainings(found.in_force), _trainings(found.edited)), found.windows, found.months,
        tuple(Shift(d.kind, d.at, d.what, d.text) for d in found.differences), found.notes,
    )  # fmt: skip


def _fired(course: Course) -> tuple[Fired, ...]:
    return tuple(
        Fired(e.rule, e.severity, e.opened, e.since, tuple(e.windows), e.message, _unsure(e, course))
        for e in course.alerts
    )


def _unsure(episode: Episode, course: Course) -> bool:
    """Whether it reads what a champion scored that may have been another one: as `agent.differences` has it."""
    return episode.performance and course.doubtful(episode.opened)


def _trainings(course: Course) -> int:
    return sum(decision.kind == "retrain" for decision in course.decisions)

"""What an edited policy would have done, as plain values for the screens. Runs in the child; `agent.whatif` replays."""

from __future__ import annotations

from pathlib import Path

from lifecycle_tui.agent.replay import Course, Episode
from lifecycle_tui.agent.whatif import what_if
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
        tuple(map(_fired, found.in_force.alerts)), tuple(map(_fired, found.edited.alerts)),
        (_trainings(found.in_force), _trainings(found.edited)), found.windows, found.months,
        tuple(Shift(d.kind, d.at, d.what, d.text) for d in found.differences), found.notes,
    )  # fmt: skip


def _fired(episode: Episode) -> Fired:
    return Fired(episode.rule, episode.severity, episode.opened, episode.since, tuple(episode.windows), episode.message)


def _trainings(course: Course) -> int:
    return sum(decision.kind == "retrain" for decision in course.decisions)

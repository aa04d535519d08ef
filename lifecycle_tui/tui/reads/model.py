"""Everything that the overview of one model tells: why it is in its state, who serves, what waits, runs, comes, was."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.aliases import AliasRow
from lifecycle_tui.state import alerts, approvals, fleet, jobs, judgements, timeline
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.approvals import Approval
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui.reads.fleet import Following, following
from lifecycle_tui.tui.reads.history import CHOICES

ENTRIES = 12
"""Things that happened that are read."""


@dataclass(frozen=True, slots=True)
class Story:
    """One model's story.

    Attributes:
        alerts: the open ones, worst first.
        since: when the state began, as far as alerts tell.
        champion: its alias; label: what windows call it; before: what a rollback goes back to.
        challenger: its alias, where it names another version than the champion.
        judgement: the challenger's last one; without a challenger, the model's.
        job: the one that runs, else the first that waits.
        entries: what happened last that matters, newest first.
    """

    model: FleetRow
    alerts: tuple[AlertRow, ...]
    since: datetime | None
    champion: AliasRow | None
    label: str
    before: int | None
    challenger: AliasRow | None
    judgement: Judgement | None
    approval: Approval | None
    job: Job | None
    following: Following | None
    entries: tuple[Entry, ...]


def story(conn: sqlite3.Connection, name: str, now: datetime) -> Story | None:
    """What is known of a model; None if state has never heard of it.

    Args:
        now: the workspace's clock.
    """
    model = fleet.model(conn, name)
    if model is None:
        return None
    open_ = alerts.open_alerts(conn, name)
    champion = aliases.get_alias(conn, name, aliases.CHAMPION)
    named = None if champion is None else versions.get(conn, name, champion.version)
    challenger = aliases.get_alias(conn, name, aliases.CHALLENGER)
    if challenger is not None and champion is not None and challenger.version == champion.version:
        challenger = None
    live = sorted(jobs.jobs(conn, model=name, live=True), key=lambda job: (job.state != "running", job.id))
    return Story(
        model=model,
        alerts=open_,
        since=_since(conn, model, open_),
        champion=champion,
        label=named.label if named is not None else str(champion.version) if champion is not None else "",
        before=aliases.before(conn, name),
        challenger=challenger,
        judgement=judgements.newest(conn, name, challenger.version if challenger is not None else None),
        approval=approvals.pending(conn, name),
        job=live[0] if live else None,
        following=following(conn, name, now),
        entries=timeline.timeline(conn, name, limit=ENTRIES, kinds=CHOICES[0].kinds),
    )


def _since(conn: sqlite3.Connection, model: FleetRow, open_: tuple[AlertRow, ...]) -> datetime | None:
    """When the worst open alert opened; without one, when the last one resolved."""
    if model.health in ("critical", "warning"):
        worst = [row.alert.opened for row in open_ if row.alert.severity == open_[0].alert.severity]
        return min(worst, default=None)
    if model.health == "ok" and not open_:
        last = alerts.resolved_alerts(conn, model.name, 1)
        return last[0][0].alert.resolved if last else None
    return None

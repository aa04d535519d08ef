"""How a model's policy stands: the newest evaluation's word on each rule, its alerts, what the loop waits for.

Called by the policy pane, which shows it beside what the file says (`policy_file`). State knows better than the file
what the agent works by: it may keep an older text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state import alerts, fleet, jobs, loop
from lifecycle_tui.state.alerts import AlertRow

EVALUATIONS = 10
"""Jobs among which the newest word on the rules is looked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the newest evaluation said of a rule: as `policy.facts.RuleOutcome`."""

    value: bool | None
    streak: int
    window: str | None
    since: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What state knows about a model's policy.

    Attributes:
        outcomes: by rule; asked: when they were worked out.
        open: alerts that have not resolved, by rule.
        note: what the agent says about the file, where it works by an older text.
        next: what the loop waits for; due: until when.
    """

    outcomes: tuple[tuple[str, Outcome], ...]
    asked: datetime | None
    open: tuple[tuple[str, AlertRow], ...]
    note: str | None
    next: str
    due: datetime | None


def standing(conn: sqlite3.Connection, model: str) -> Standing:
    """How the model's rules stand."""
    found = jobs.jobs(conn, model=model, kind="evaluate", limit=EVALUATIONS)
    told = next((job for job in found if isinstance(job.outcome.get("rules"), list)), None)
    outcomes = [] if told is None else [_outcome(rule) for rule in told.outcome["rules"] if isinstance(rule, Mapping)]
    memory = loop.get(conn, model)
    return Standing(
        tuple(outcomes),
        None if told is None else told.finished_at,
        tuple((row.alert.rule, row) for row in alerts.open_alerts(conn, model)),
        fleet.note(conn),
        "" if memory is None else memory.next or "",
        None if memory is None else memory.due_at,
    )


def _outcome(said: Mapping[str, Any]) -> tuple[str, Outcome]:
    value, streak = said.get("value"), said.get("streak")
    return str(said.get("rule", "")), Outcome(
        value if isinstance(value, bool) else None, streak if isinstance(streak, int) else 0,
        said.get("window"), said.get("since"), str(said.get("message") or ""),
    )  # fmt: skip

"""The actions `pause` and `resume`: a model is watched, and nothing of it is set off by a rule or by the schedule."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command, written
from lifecycle_tui.actions.snooze import until
from lifecycle_tui.state import audit, clock, fleet, jobs, pauses
from lifecycle_tui.state.pauses import PauseRow

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    model, now = known(conn, ask.text("model") or ""), clock.now(conn)
    before = pauses.pause_of(conn, model)
    held = before if before is not None and before.holds(now) else None
    at = _end(ask, now)

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        pauses.pause(tx, model, at, ask.who, ask.note, now)
        detail = {"until": written(at), "before": None if held is None else _told(held), "note": ask.note}
        audit.append(tx, "pause", model, now, model=model, detail=detail, who=ask.who, behind=ask.behind)
        return Done(f"{model} is paused{_until(at)}")

    lines = [f"pause {model}{_until(at)}"]
    if held is not None:
        lines.append(f"it is {held.said()}; that is replaced")
    lines += [
        "it is observed and its alerts open and resolve as ever; no rule and no schedule trains, judges, promotes or "
        "rolls back",
        "what people ask for is done all the same; afterwards the loop acts on what then holds, and what the schedule "
        "asked for meanwhile is not made up for",
        *_under_way(conn, model),
    ]
    same = command("pause", model, **{"for": ask.text("for"), "until": ask.text("until")}, note=ask.note)
    undo = command("resume", model) if held is None else "`lifecycle undo`: the pause before"
    return Draft(model, tuple(lines), _seen(before), same, commit, model, undo)


def _resume(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    model, now = known(conn, ask.text("model") or ""), clock.now(conn)
    before = pauses.pause_of(conn, model)
    same = command("resume", model, note=ask.note)
    if before is None or not before.holds(now):
        return Draft(model, (), _seen(before), same, _nothing, model, settled=f"{model} is not paused")
    held = before

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        pauses.resume(tx, model, now)
        detail = {"before": _told(held), "note": ask.note}
        audit.append(tx, "resume", model, now, model=model, detail=detail, who=ask.who, behind=ask.behind)
        return Done(f"{model} is not paused any more")

    lines = (
        f"resume {model}, {held.said()}",
        "rules whose alerts are open then, and labels that have come in, may set something off at once",
    )
    return Draft(model, lines, _seen(before), same, commit, model, command("pause", model, until=written(held.until)))


def _nothing(tx: sqlite3.Connection, now: datetime) -> Done:
    raise AssertionError("a settled plan is not committed")


def known(conn: sqlite3.Connection, name: str) -> str:
    """The model of this name, from state alone: a broken file must not keep anybody from pausing.

    Raises:
        Refused: state knows none, or the file declares it no longer.
    """
    names = [model for model, _ in fleet.names(conn)]
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
    raise Refused(f"there is no model {name!r}", hint)


def _end(ask: Ask, now: datetime) -> datetime | None:
    span, at = ask.text("for"), ask.text("until")
    if span is not None and at is not None:
        raise Refused("--for and --until both say when it ends", "give one of them, or none: until it is resumed")
    text = span or at
    return None if text is None else until(text, now, "a model is paused", "leave it out: it then waits to be resumed")


def _until(at: datetime | None) -> str:
    return " until it is resumed" if at is None else f" until {at:%Y-%m-%d %H:%M} UTC"


def _told(held: PauseRow) -> dict[str, str | None]:
    return {"until": written(held.until), "by": held.by, "why": held.why}


def _seen(found: PauseRow | None) -> dict[str, object]:
    return {"the pause": None if found is None else (written(found.since), written(found.until), found.by)}


def _under_way(conn: sqlite3.Connection, model: str) -> tuple[str, ...]:
    """What runs goes on: who wants it stopped has to say so."""
    live = [
        job for job in jobs.jobs(conn, model=model, live=True, limit=20) if job.kind in ("retrain", "judge", "deploy")
    ]
    return tuple(f"job {job.id} ({job.kind}) goes on: `lifecycle jobs cancel {job.id}` stops it" for job in live)


MODEL = Parameter("model", "model", "The model.")

PAUSE = Action(
    "pause",
    "Pause a model",
    "Watch a model, and set nothing off.",
    "While it is paused, windows are evaluated, alerts open, resolve and are sent as ever; but no rule and no schedule "
    "trains, judges, promotes or rolls back. What people ask for is done all the same. Without --for or --until it "
    "lasts until `lifecycle resume`. Afterwards the loop acts on what then holds: alerts that are still open, labels "
    "that have come in; what the schedule asked for meanwhile is not made up for.",
    (
        MODEL,
        Parameter("for", "text", "How long: 2h, 3d, 1w.", required=False, option=True),
        Parameter("until", "text", "When it ends: 2026-02-01, 2026-02-01T09:00 (UTC).", required=False, option=True),
    ),
    "low",
    ('lifecycle pause card-fraud --for 2d --note "the schema moves"', "lifecycle pause card-fraud --dry-run"),
    _plan,
    file=False,
    key="=",
)

RESUME = Action(
    "resume",
    "Resume a model",
    "Let rules and schedules set things off again.",
    "A pause that has an end is over by itself then; this ends it now.",
    (MODEL,),
    "low",
    ('lifecycle resume card-fraud --note "the new schema is in"',),
    _resume,
    file=False,
    key=">",
)

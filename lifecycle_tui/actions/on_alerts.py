"""What the actions on alerts share: which alerts are meant, and how a plan for one or several of them is put.

`lifecycle ack 12`, `lifecycle ack 12 13`, `lifecycle ack bikes --all`; in the terminal the alert under the cursor, or
those that are marked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches

from lifecycle_tui.actions.base import Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command
from lifecycle_tui.state import alerts, audit, fleet
from lifecycle_tui.state.alerts import AlertRow

ALERT = Parameter("alert", "alert", "Number of the alert; several; or with --all a model.", many=True)
ALL = Parameter("all", "flag", "All open alerts of the models that are named.", required=False, option=True, shell=True)
LISTED = 8
"""Alerts that a plan names one by one."""


def picked(conn: sqlite3.Connection, ask: Ask) -> tuple[AlertRow, ...]:
    """The alerts that are meant, each once, in the order in which they were named.

    Raises:
        Refused: there is no such alert or model, an alert is resolved, or a model has none that is open.
    """
    given = ask.values.get("alert")
    words = [str(word) for word in given] if isinstance(given, list | tuple) else [str(given)]
    if ask.flag("all"):
        rows = [row for word in words for row in _of_model(conn, word)]
    else:
        rows = [_one(conn, word) for word in words]
    return tuple({row.id: row for row in rows}.values())


def _of_model(conn: sqlite3.Connection, name: str) -> tuple[AlertRow, ...]:
    found = alerts.open_alerts(conn, name)
    if found:
        return found
    names = [model for model, _ in fleet.names(conn)]
    if name in names or fleet.model(conn, name) is not None:
        raise Refused(f"no alert of {name} is open")
    near = get_close_matches(name, names, n=1)
    raise Refused(
        f"there is no model {name!r}", f'did you mean "{near[0]}"?' if near else "`lifecycle status` lists them"
    )


def _one(conn: sqlite3.Connection, word: str) -> AlertRow:
    if not (word.isascii() and word.isdecimal() and len(word) <= 18):
        hint = "`lifecycle status` lists the open ones by number"
        if fleet.model(conn, word) is not None:
            hint = f"{word} is a model: --all means all of its open alerts"
        raise Refused(f"{word!r} is no number of an alert", hint)
    found = alerts.alert(conn, int(word))
    if found is None:
        raise Refused(f"there is no alert {word}", "`lifecycle status` lists the open ones by number")
    if found.alert.state == "resolved":
        raise Refused(f"alert {word} resolved at {found.alert.resolved:%Y-%m-%d %H:%M} UTC")
    return found


def told(row: AlertRow) -> str:
    """One alert in words."""
    return f"alert {row.id}: {row.alert.model} {row.alert.rule}: {row.alert.message}"


def several(rows: Sequence[AlertRow]) -> str:
    """How many alerts of what, in words; one in full."""
    if len(rows) == 1:
        return told(rows[0])
    models = list(dict.fromkeys(row.alert.model for row in rows))
    where = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{len(rows)} alerts of {where}"


def listed(rows: Sequence[AlertRow]) -> tuple[str, ...]:
    """A line for each of several alerts; none for one, which the heading tells."""
    if len(rows) == 1:
        return ()
    rest = len(rows) - LISTED
    return (*(told(row) for row in rows[:LISTED]), *((f"and {rest} more",) if rest > 0 else ()))


Change = Callable[[sqlite3.Connection, AlertRow, datetime], dict[str, object]]
"""Does it to one alert, and returns what the audit log says of it."""


def drafted(
    rows: Sequence[AlertRow], ask: Ask, name: str, verb: str, done: str, change: Change, *more: str,
    same: Sequence[object] = (), undo: str | None = None, settled: str | None = None,
) -> Draft:  # fmt: skip
    """The draft of an action on these alerts: one audit row for each, all in one transaction.

    Args:
        name: what the audit log calls it; `verb`, `done`: with the alerts behind them the heading, and what came of it.
        more: further lines. same: the words of the command after the alerts' numbers, its name first.
    """

    ids = [row.id for row in rows]

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        for row in rows:
            alert = row.alert
            together = {"together": ids} if len(ids) > 1 else {}
            detail = {
                **together,
                "rule": alert.rule,
                "severity": alert.severity,
                "note": ask.note,
                **change(tx, row, now),
            }
            audit.append(
                tx, name, f"alert {row.id}", now, model=alert.model, detail=detail, who=ask.who, behind=ask.behind
            )
        return Done(f"{done} {several(rows)}", facts={"alerts": ids})

    models = {row.alert.model for row in rows}
    first, *words = same
    return Draft(
        f"alert {ids[0]}" if len(ids) == 1 else f"{len(ids)} alerts",
        (f"{verb} {several(rows)}", *listed(rows), *more),
        {("the alert" if len(ids) == 1 else f"alert {row.id}"): row.seq for row in rows},
        command(str(first), *ids, *words, note=ask.note),
        commit,
        model=next(iter(models)) if len(models) == 1 else None,
        undo=undo,
        settled=settled,
    )

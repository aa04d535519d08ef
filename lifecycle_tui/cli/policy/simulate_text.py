"""How `policy simulate` prints its answers: both policies as a table, the differences, the notes; JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from lifecycle_tui import output
from lifecycle_tui.agent.whatif import Course, Episode, WhatIf
from lifecycle_tui.cli.text import blocks, counted

COLUMNS = ("at", "model", "change", "what", "subject", "text")
COUNTED = ("retrain", "promote", "rollback")
HEADER = ("model", "windows", "alerts", "a month", "messages", "retrainings", "promotions", "rollbacks")
MARKS = {"gained": ("+", "green"), "lost": ("-", "red"), "moved": ("~", "yellow"), "unknown": ("?", "dim")}
SHOWN = 40
"""Differences that are printed; JSON and CSV have all."""


def show(found: Sequence[WhatIf], *, same: bool, everything: bool) -> None:
    """Print them for people.

    Args:
        same: both policies are the same file.
        everything: also the models that nothing changes for.
    """
    told = [w for w in found if everything or w.differences or w.edited is not w.in_force]
    if not told:
        told = list(found[:1])
    spans = [(w.since, w.until) for w in found if w.since is not None and w.until is not None]
    if spans:
        since, until = min(s for s, _ in spans), max(u for _, u in spans)
        output.say(f"{since:%Y-%m-%d} to {until:%Y-%m-%d}: the policy in force {_arrow()} the edited one")
        output.say()
    rows = [_row(w) for w in told]
    if len(found) > 1:
        rows.append(_total(found))
    output.table(rows, HEADER, right=range(1, len(HEADER)))
    output.say()
    _show_differences(found, same=same)
    for w in told:
        for note in w.notes:
            output.note(output.style(f"{w.model}: {output.plain(note)}", "dim"))


def _arrow() -> str:
    return "→" if blocks() else "->"


def _both(old: Any, new: Any) -> str:
    return f"{old}" if old == new else f"{old} {_arrow()} {new}"


def _row(w: WhatIf) -> list[str]:
    old, new = w.in_force, w.edited
    months = w.months
    rates = [f"{_alerts(course) / months:.1f}" if months else "-" for course in (old, new)]
    return [
        output.plain(w.model),
        f"{w.windows:,}",
        _both(_alerts(old), _alerts(new)),
        _both(*rates),
        _both(*w.pages),
        *(_both(_count(old, kind), _count(new, kind)) for kind in COUNTED),
    ]


def _total(found: Sequence[WhatIf]) -> list[str]:
    old, new = [w.in_force for w in found], [w.edited for w in found]
    rates = [
        f"{sum(_alerts(c) / w.months for c, w in zip(side, found, strict=True) if w.months):.1f}" for side in (old, new)
    ]
    return [
        counted(len(found), "model"),
        f"{sum(w.windows for w in found):,}",
        _both(sum(map(_alerts, old)), sum(map(_alerts, new))),
        _both(*rates),
        _both(sum(w.pages[0] for w in found), sum(w.pages[1] for w in found)),
        *(_both(sum(_count(c, k) for c in old), sum(_count(c, k) for c in new)) for k in COUNTED),
    ]


def _alerts(course: Course) -> int:
    return len(course.alerts)


def _count(course: Course, kind: str) -> int:
    return sum(decision.kind == kind for decision in course.decisions)


def _show_differences(found: Sequence[WhatIf], *, same: bool) -> None:
    changes = sorted(((d.at, w.model, d) for w in found for d in w.differences), key=lambda row: row[:2])
    if not changes:
        output.say("both are the same policy" if same else "the edited policy would have done the same")
        return
    width = max(len(model) for _, model, _ in changes)
    for at, model, difference in changes[:SHOWN]:
        mark, colour = MARKS[difference.kind]
        head = f"{mark} {at:%Y-%m-%d}  {output.plain(model):<{width}}  {difference.kind:<7}  {difference.what:<8}"
        output.say(f"{output.style(head, colour)}  {output.plain(difference.text)}")
    if len(changes) > SHOWN:
        output.say(f"… and {len(changes) - SHOWN:,} more: --format csv or json has all")
    output.say()


def difference_rows(found: Sequence[WhatIf]) -> list[dict[str, Any]]:
    """A row for each difference, in order of time."""
    rows = [
        {
            "at": _instant(d.at), "model": w.model, "change": d.kind, "what": d.what, "subject": d.subject,
            "text": d.text,
        }
        for w in found
        for d in w.differences
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["at"], row["model"]))


def as_json(found: Sequence[WhatIf]) -> dict[str, Any]:
    """All of it: the two courses of each model, what differs, and the notes."""
    return {"models": {w.model: _model(w) for w in found}, "differences": difference_rows(found)}


def _model(w: WhatIf) -> dict[str, Any]:
    return {
        "since": _instant(w.since),
        "until": _instant(w.until),
        "windows": w.windows,
        "months": round(w.months, 2),
        "in_force": _course(w.in_force, w.pages[0], w.months),
        "edited": _course(w.edited, w.pages[1], w.months),
        "notes": list(w.notes),
    }


def _course(course: Course, pages: int, months: float) -> dict[str, Any]:
    return {
        "alerts": [_alert(e, course) for e in course.alerts],
        "decisions": [{k: _plain(v) for k, v in asdict(d).items()} for d in course.decisions],
        "alerts_a_month": round(len(course.alerts) / months, 3) if months else None,
        "messages": pages,
        "unknown_from": _instant(course.unsure),
    }


def _alert(episode: Episode, course: Course) -> dict[str, Any]:
    found = {k: _plain(v) for k, v in asdict(episode).items() if k != "id"}
    return found | {"sure": not (episode.performance and course.doubtful(episode.opened))}


def _plain(value: Any) -> Any:
    return _instant(value) if isinstance(value, datetime) else value


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()

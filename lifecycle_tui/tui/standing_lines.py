"""How it stood at a moment, as lines above the history, and in full on a page. Pure but for `about_then`, a read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from lifecycle_tui.registry.standing import GAPS, standing
from lifecycle_tui.registry.standing_words import Told, told
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.reads.history import Then
from lifecycle_tui.tui.records import Fact, Section
from lifecycle_tui.tui.text import Line, Span, count, fold, joined, moment

NAMES = 10
"""Cells of a name."""


def then_lines(then: Then, now: datetime, cells: int, rows: int) -> list[Line]:
    """The lines, for so many cells on a screen of so many rows: where it is low, what matters most."""
    head = joined((f"as of {moment(then.at)} UTC", ages.ago(then.at, now)))
    keys = "  d another, Esc now" + (", o all of it" if then.stood is not None else "")
    lines: list[Line] = [(Span(f" {head}", "head"), Span(keys, "dim"))]
    if then.stood is None:
        return [*lines, _fleet(then)]
    most, folds = (5, 1) if rows < 24 else (7, 1) if rows < 40 else (99, 2)
    for one in told(then.stood)[:most]:
        lines += _lines(one, cells, folds)
    return lines


def _lines(one: Told, cells: int, most: int) -> list[Line]:
    """A name and its sentence; a health with its sign."""
    mark = marks.HEALTH.get(one.tone)
    text = one.text if mark is None else f"{mark.sign()} {one.text}"
    tone = "" if mark is None else mark.tone
    found = fold(text, max(10, cells - NAMES - 3)) if most > 1 else [text]
    shown = [*found[: most - 1], " ".join(found[most - 1 :])]
    return [
        (Span(f" {one.name if not n else '':<{NAMES}} ", "dim"), Span(part, tone))
        for n, part in enumerate(shown)
        if part or not n
    ]


def _fleet(then: Then) -> Line:
    """All models in a line."""
    by = [(word, sum(severity == word for severity, _ in then.alerts)) for word in ("critical", "warning", "info")]
    n = len(then.alerts)
    worst = next((word for word, many in by if many), "")
    models = len({model for _, model in then.alerts})
    said = "no alert was open"
    if n:
        what = ", ".join(f"{count(many)} {word}" for word, many in by if many)
        said = f"{count(n)} {'alert was' if n == 1 else 'alerts were'} open ({what}) in {count(models)} model" + (
            "" if models == 1 else "s"
        )
    champions = f"{count(then.champions)} model{'' if then.champions == 1 else 's'} had a champion"
    sign = "" if not worst else f"{marks.severity(worst).sign()} "
    tone = "" if not worst else marks.severity(worst).tone
    return (Span(f" {sign}{said}", tone), Span(f" · {champions} · o: the model under the cursor", "dim"))


def about_then(conn: sqlite3.Connection, *, model: str, at: datetime) -> Sequence[Section]:
    """The page of a model at a moment; with what cannot be told."""
    found = standing(conn, model, at)
    facts = [
        Fact(one.name, one.text, marks.HEALTH[one.tone].tone if one.tone in marks.HEALTH else "") for one in told(found)
    ]
    sections = [Section("", tuple(facts))]
    sections += [
        Section(
            f"alert {alert.id}  {alert.rule}",
            tuple(
                fact
                for fact in (
                    Fact("said", alert.message), Fact("opened", moment(alert.opened)),
                    Fact("acknowledged", f"by {alert.acknowledged}" if alert.acknowledged else ""),
                    Fact("snoozed", alert.snoozed), Fact("assigned", alert.assigned),
                )
                if fact.text
            ),
        )
        for alert in found.alerts
    ]  # fmt: skip
    return [*sections, Section("what state cannot tell", (Fact("", GAPS, "dim"),))]

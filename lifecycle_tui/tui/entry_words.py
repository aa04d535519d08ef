"""How an entry of the history reads: its mark, its sentence, its cells, and what a filter finds it by. Pure.

Called by the history's list.
"""

from __future__ import annotations

from datetime import datetime

from lifecycle_tui.registry.aliases import OURS
from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.text import joined, moment

_APPROVALS = {
    "requested": Mark("?", "?", "approval asked", "warning", 0),
    "approved": Mark("✓", "+", "approved", "ok", 0),
    "declined": Mark("✗", "X", "declined", "warning", 0),
    "withdrawn": Mark("–", "-", "request withdrawn", "dim", 0),
}


def mark(entry: Entry) -> Mark:
    """How an entry is marked: what happened in a word or three."""
    kind, what = entry.kind, entry.what
    if kind == "alert":
        return _alert(entry)
    if kind == "judgement":
        found = marks.verdict(what)
        return Mark(found.glyph, found.ascii, f"judged: {found.word}", found.tone, 0)
    if kind == "approval":
        return _APPROVALS.get(what) or Mark("?", "?", what, "", 0)
    if kind == "job":
        found = marks.job(what)
        return Mark(found.glyph, found.ascii, f"job {what}", found.tone if what != "done" else "", 0)
    if kind == "job-queued":
        return Mark("○", "o", "job queued", "dim", 0)
    if kind == "version":
        return Mark("◆", "#", f"version {what}", "info", 0)
    if kind == "alias":
        named = entry.subject if entry.subject in OURS else "alias"
        return Mark("→", "=", f"{named} {what}", "info" if what == "moved" else "dim", 0)
    if kind == "audit":
        return Mark("•", "*", f"did: {what}", "bold", 0)
    return Mark("·", ".", f"{kind} {what}", "dim", 0)


def _alert(entry: Entry) -> Mark:
    if entry.what == "resolved":
        return Mark("✓", "+", "alert resolved", "ok", 0)
    if entry.what in ("acknowledged", "unacknowledged", "snoozed", "woken", "assigned"):
        return Mark("•", "*", f"alert {entry.what}", "info", 0)
    found = marks.severity(entry.text.partition(":")[0])
    return Mark(found.glyph, found.ascii, f"{found.word} alert", found.tone, 0)


def _what(e: Entry) -> Cell:
    found = mark(e)
    return Cell(found.text(), found.tone)


def told(e: Entry) -> str:
    """An entry's subject and sentence, without what its mark says already."""
    subject, text = e.subject, e.text
    if e.kind == "alias" and subject in OURS:
        subject = ""
    elif e.kind == "alert":
        text = text.partition(": ")[2] if text.partition(":")[0] in marks.SEVERITY else text
    elif e.kind == "job" and e.what == "failed":
        text = text.partition(" s, ")[2] or text  # why it failed is asked first, how long it took is on its page
    return joined((subject, text), ": ")


def columns(model: bool) -> tuple[Column[Entry], ...]:
    """Columns of the list; with the model's name where it is about all of them."""
    return (
        Column("when", "when", 16, lambda e: Cell(moment(e.at))),
        Column("model", "model", 13 if model else 0, lambda e: Cell(e.model or "", "bold"), grow=1, most=28),
        Column("what", "what", 12, _what, grow=9, most=21),
        Column("text", "", 12, lambda e: Cell(told(e)), grow=9),
        Column("by", "by", 14, lambda e: Cell(e.by or "", "dim"), needs=100, grow=1, most=24),
    )


def searched(e: Entry, now: datetime) -> str:
    """What the filter looks in: all that the row says, `by:anna`, `kind:alert`, and the day in a word (`yesterday`)."""
    return " ".join(
        (moment(e.at), day_words(e.at, now), e.model or "", mark(e).word, f"kind:{e.kind}", e.kind, e.what, e.subject,
         e.text, f"by:{e.by}" if e.by else "", e.by or "")
    )  # fmt: skip


def day_words(at: datetime, now: datetime) -> str:
    """By which words a day is found: `today`, `yesterday`, and of the last week the weekday."""
    days = (now.date() - at.date()).days
    near = {0: "today", 1: "yesterday"}.get(days, "")
    return f"{near} {at:%A}".strip() if 0 <= days < 7 else near

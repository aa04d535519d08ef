"""The rows of the policy screen: the rules and sections that can be edited, and the files' lines with their problems.

Functions from what was read to values; `screens.policy` puts them into its two lists.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.panes.policy_lines import stands
from lifecycle_tui.tui.policy.asked import Flaw, Key, Lines
from lifecycle_tui.tui.policy.editing import dotted
from lifecycle_tui.tui.reads.policy import Standing
from lifecycle_tui.tui.text import joined, safe, width

TAB = 4
SECTIONS = {
    "training": "how new versions are made, when, and by which gates",
    "rollout": "how traffic moves to a new version",
    "monitor": "detectors, metrics, their thresholds and options",
}
ERROR = Mark("✗", "X", "error", "critical", 0)
WARNING = Mark("▲", "^", "warning", "warning", 1)
EDITED = Mark("~", "~", "edited", "info", 2)
PART = Mark("·", ".", "section", "dim", 3)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that has a form: a rule, or a section.

    Attributes:
        table: its key path. place: file and line, where it is written; "" where it is nowhere.
        shared: it comes from `[defaults]` alone.
        mark, said: how it stands now; flaw: the worst level of its problems, "" for none.
    """

    name: str
    table: Key
    text: str
    mark: Mark
    said: str
    severity: str = ""
    then: str = ""
    place: str = ""
    shared: bool = False
    flaw: str = ""

    @property
    def rule(self) -> bool:
        """Whether it is a rule."""
        return self.table[2:3] == ("rules",)

    def at(self, root: Path) -> tuple[Path, int] | None:
        """File and line, where it is written."""
        file, _, line = self.place.rpartition(":")
        return (Path(os.path.normpath(root.absolute() / file)), int(line)) if file and line.isdigit() else None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file; a heading between two files' lines (`number` is 0), or a gap between two of them (below 0).

    Attributes:
        level: of the worst problem on it: "error", "warning", or "".
        changed: the edit has changed it.
    """

    path: Path
    number: int
    text: str
    level: str = ""
    changed: bool = False

    @property
    def key(self) -> str:
        """Unique within the list."""
        return f"{self.path}\0{self.number}\0{self.text if self.number == 0 else ''}"


def entries(
    model: str, lines: Lines, standing: Standing | None, flaws: Iterable[Flaw], *, edited: bool = False
) -> Iterator[Entry]:
    """The rules in the file's order, then the sections.

    Args:
        edited: the lines are not those in force, by which the rules stand as they do.
    """
    outcomes = {} if standing is None else dict(standing.outcomes)
    opened = {} if standing is None else dict(standing.open)
    flaws = list(flaws)
    for rule in lines.file.rules:
        table: Key = ("models", model, "rules", rule.name)
        mark, said = stands(rule, outcomes.get(rule.name), opened.get(rule.name))
        said = f"as in force: {said}" if edited else said
        condition = rule.when + (f", {rule.windows} windows" if rule.windows > 1 else "")
        yield Entry(
            rule.name, table, condition, mark, said, rule.severity, ", ".join(rule.then), rule.place, rule.shared,
            _worst(table, flaws) or (_worst(("defaults", *table[2:]), flaws) if rule.shared else ""),
        )  # fmt: skip
    texts = {"training": lines.file.training, "rollout": lines.file.rollout, "monitor": lines.file.monitor}
    for name, about in SECTIONS.items():
        table = ("models", model, name)
        place = dict(lines.file.sections).get(name, "")
        yield Entry(name, table, texts[name] or f"none: {about}", PART, about, place=place, flaw=_worst(table, flaws))


def _worst(table: Key, flaws: Iterable[Flaw]) -> str:
    name = dotted(table)
    levels = {f.level for f in flaws if f.key == name or f.key.startswith((f"{name}.", f"{name}["))}
    return "error" if "error" in levels else "warning" if levels else ""


ENTRY_COLUMNS: tuple[Column[Entry], ...] = (
    Column("state", "state", 10, lambda e: _state(e)),
    Column("name", "rule", 14, lambda e: Cell(e.name, "bold"), grow=1, most=24),
    Column("text", "condition", 28, lambda e: Cell(e.text, "" if e.rule else "dim"), grow=4),
    Column("severity", "severity", 8, lambda e: Cell(e.severity), needs=70),
    Column("then", "then", 12, lambda e: Cell(e.then), grow=1, most=24, needs=100),
)


def _state(entry: Entry) -> Cell:
    if entry.flaw:
        mark = ERROR if entry.flaw == "error" else WARNING
        return Cell(mark.text(), mark.tone)
    return Cell(entry.mark.text(), entry.mark.tone)


def under(found: Iterable[Entry], root: Path, shown: Sequence[Row], row: Row) -> Entry | None:
    """The entry that a line belongs to: the one that begins last before it, with no other table's header between."""
    best: tuple[int, Entry] | None = None
    for entry in found:
        at = entry.at(root)
        if at is not None and at[0] == row.path and at[1] <= row.number and (best is None or at[1] > best[0]):
            best = at[1], entry
    if best is None:
        return None
    between = (r for r in shown if r.path == row.path and best[0] < r.number <= row.number)
    return None if any(r.text.lstrip().startswith("[") for r in between) else best[1]


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows(lines: Lines, flaws: Iterable[Flaw], name: Mapping[Path, str]) -> list[Row]:
    """The lines that concern the model, then those elsewhere that have problems.

    Args:
        name: of files, as they are shown.
    """
    levels: dict[tuple[Path, int], str] = {}
    texts: dict[Path, list[Flaw]] = {}
    for flaw in flaws:
        if flaw.spot is not None:
            at = (flaw.spot.path, flaw.spot.line)
            levels[at] = "error" if "error" in (flaw.level, levels.get(at)) else flaw.level
            texts.setdefault(flaw.spot.path, []).append(flaw)
    found: list[Row] = []
    shown: set[tuple[Path, int]] = set()
    for written in lines.file.written:
        found.append(Row(written.path, 0, f"{written.file}  {written.why}"))
        before = 0
        for number, text in written.lines:
            if before and number > before + 1:
                found.append(Row(written.path, -number, ""))
            before = number
            at = (written.path, number)
            shown.add(at)
            found.append(Row(written.path, number, text, levels.get(at, ""), at in lines.changed))
    for path, known in texts.items():
        other = sorted({f.spot.line for f in known if f.spot is not None and (path, f.spot.line) not in shown})
        if other:
            found.append(Row(path, 0, f"{name.get(path, str(path))}  problems that are not this model's alone"))
            said = {f.spot.line: f.message for f in reversed(known) if f.spot is not None}
            found += [Row(path, line, f"({said[line]})", levels[path, line]) for line in other]
    return found


def after(shown: Sequence[Row], here: Row | None, by: int) -> Row:
    """The next line with a problem, or the one before (`by` below 0), around the end; there must be one.

    Args:
        here: the cursor's line; None to begin at the top, or at the end.
    """
    keys = [row.key for row in shown]
    at = keys.index(here.key) if here is not None and here.key in keys else -1 if by > 0 else len(keys)
    places = [n for n, row in enumerate(shown) if row.level]
    ahead = [n for n in places if n > at] if by > 0 else [n for n in reversed(places) if n < at]
    return shown[ahead[0] if ahead else places[0 if by > 0 else -1]]


def text_columns(found: Iterable[Row]) -> tuple[Column[Row], ...]:
    """Margin, number and text, the last as wide as the longest line."""
    longest = max((width(_drawn(row.text)) for row in found), default=1)
    return (
        Column("margin", "", 1, _margin),
        Column("line", "line", 5, lambda r: Cell(str(r.number) if r.number > 0 else "", "dim"), right=True),
        Column("text", "file", max(1, longest), _text, grow=1),
    )


def _margin(row: Row) -> Cell:
    if row.level:
        mark = ERROR if row.level == "error" else WARNING
        return Cell(mark.sign(), mark.tone)
    return Cell(EDITED.sign() if row.changed else "", EDITED.tone)


def _text(row: Row) -> Cell:
    text = _drawn(row.text)
    if not row.number:
        return Cell(text, "bold")
    bare = text.lstrip()
    return Cell(text, "dim" if bare.startswith("#") else "bold" if bare.startswith("[") else "")


def _drawn(text: str) -> str:
    return safe(text.expandtabs(TAB))


def flaw_text(flaw: Flaw) -> tuple[str, str]:
    """A problem in words: what is wrong, and what helps."""
    head = f"{flaw.level}[{flaw.code}] {flaw.message}"
    also = ", ".join(f"{spot.path.name}:{spot.line}" for spot in flaw.related)
    return head, joined((flaw.hint or "", f"see also {also}" if also else ""))

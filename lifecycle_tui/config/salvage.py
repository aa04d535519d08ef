"""Goes on behind a fault of syntax, so that one run says all that is wrong with a file and not its first fault alone.

A statement or section that is no TOML is blanked out where it clearly ends, and the rest is read; what was lost is
told, so that nothing that may have stood there is called missing. Called by `loading` for files that cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifecycle_tui.config.report import Report
from lifecycle_tui.config.scanner import KeyPath, scan
from lifecycle_tui.config.sources import Source
from lifecycle_tui.config.syntax import parse
from lifecycle_tui.domain.problems import Problem

_ROUNDS = 30
_BEGINS = re.compile(r"[ \t]*(?:$|#|\[\[?[ \t]*[\w\"'-][^=]*\]|[\w\"'-][\w \t.\"'-]*=)")
"""A line that can stand by itself: blank, a comment, a header, a key with a value."""
_KEY = re.compile(r"[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)[ \t]*=")
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)")


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What could be read of a file that is no TOML.

    Attributes:
        source: with the values of what is sound, its places as in the file; without values if it could not be told.
        problems: every fault of syntax.
        lost: full key paths of what is not known.
    """

    source: Source
    problems: tuple[Problem, ...]
    lost: tuple[KeyPath, ...]


def note(source: Source, problem: Problem | None, report: Report) -> Source:
    """A file as it is to be used, the faults of its syntax and what they cost in the report."""
    if problem is None:
        return source
    found = salvage(source, problem)
    for fault in found.problems:
        report.add(fault)
    report.broken.update(found.lost)
    return found.source


def salvage(source: Source, problem: Problem) -> Salvaged:
    """Read on behind the first fault of a file's text, and behind each that is found after it."""
    problems, lost = [problem], list[KeyPath]()
    nothing = Salvaged(source, (problem,), (source.prefix,))
    if problem.code == "encoding":
        return nothing
    text = source.text
    for _ in range(_ROUNDS):
        place = problems[-1].place
        cut = None if place is None else _cut(text, place.line - 1)
        if cut is None:
            break
        first, last, path = cut
        lines = text.split("\n")
        lines[first:last] = [" " * len(line) for line in lines[first:last]]
        text = "\n".join(lines)
        lost.append((*source.prefix, *path))
        read, again = parse(source.path, text, source.prefix)
        if again is None:
            return Salvaged(read, tuple(problems), tuple(lost))
        if again.place is None or place is None or again.place.line <= place.line:
            break
        problems.append(again)
    return Salvaged(source, tuple(problems), (source.prefix,))


def _cut(text: str, fault: int) -> tuple[int, int, KeyPath] | None:
    """The lines (first, past the last) to leave out for a fault in a line (from 0), and the key path that is lost.

    None where it cannot be told what belongs to it.
    """
    lines = text.split("\n")
    if fault >= len(lines):
        return None
    first = _statement(lines, fault)
    if first is None:
        return None
    # A list or text that was not closed ends before the line that reads as a statement of its own.
    last = fault if first < fault and _BEGINS.match(lines[fault]) else fault + 1
    before = scan("\n".join(lines[:first]))
    if lines[first].lstrip().startswith("["):
        match = _HEADER.match(lines[first])
        while last < len(lines) and not lines[last].lstrip().startswith("["):
            last += 1
        return first, last, _parts(match) if match else ()
    while last < len(lines) and not _BEGINS.match(lines[last]):
        last += 1
    match = _KEY.match(lines[first])
    return first, last, (*_named(before.table), *(_parts(match) if match else ()))


def _statement(lines: list[str], fault: int) -> int | None:
    """The line in which the statement begins that a fault is in."""
    for first in range(fault, max(-1, fault - 200), -1):
        if scan("\n".join(lines[:first])).complete:
            return first
    return None


def _parts(match: re.Match[str]) -> KeyPath:
    return tuple(part.strip() for part in match.group(1).split("."))


def _named(table: KeyPath) -> KeyPath:
    """A table's path up to the first list in it: of that, it is not known which item a fault would be in."""
    return table[: next((n for n, part in enumerate(table) if isinstance(part, int)), len(table))]

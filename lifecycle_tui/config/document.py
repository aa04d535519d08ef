"""A TOML text as the edits see it: its values, where each line and table begins and ends. Called by `splice*`.

An edit is a list of splices of the text as it was; nothing outside of them is touched, line ends included.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from lifecycle_tui.config.scanner import Entry, KeyPath, Pair, Scan, scan
from lifecycle_tui.config.toml_text import EditError

_COMMENT = re.compile(r"[ \t]*#")
_DIRECTIVE = re.compile(r"[ \t]*#[:!]")


class Splice(NamedTuple):
    """Characters from start to end, replaced by text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A header with the lines below it; the lines above the first header have none.

    Attributes:
        path: the table's.
        start: of the header's line.
        last: where the line of its last key (else of its header) ends.
        end: as `last`, behind the comments that follow directly, unless those stand above the next header.
        pairs: its keys in the order of the text.
        indent: the blanks before its header.
    """

    path: KeyPath
    start: int
    last: int
    end: int
    pairs: tuple[Pair, ...]
    indent: str = ""


class Document:
    """A valid TOML text.

    Args:
        text: without a byte order mark; with the line ends that it has.

    Raises:
        EditError: it is not valid.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except (ValueError, RecursionError):
            raise _unsound(text) from None
        self.scan: Scan = scan(text)
        if not self.scan.complete:
            raise EditError("the file cannot be edited here: its syntax is too unusual", hint="edit it by hand")
        first = text.find("\n")
        self.newline = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"

    def spliced(self, splices: Sequence[Splice]) -> str:
        """The text with all of them made; they must not overlap."""
        text = self.text
        for start, end, new in sorted(splices, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    # Lines

    def line_start(self, pos: int) -> int:
        """Where the line of a position begins."""
        return self.text.rfind("\n", 0, pos) + 1

    def line_end(self, pos: int) -> int:
        """Where the line after a position's begins, or the text's end."""
        found = self.text.find("\n", pos)
        return len(self.text) if found < 0 else found + 1

    def line(self, start: int) -> str:
        """The line that begins there."""
        return self.text[start : self.line_end(start)]

    def indent(self, pos: int) -> str:
        """The blanks before a position on its line."""
        return self.text[self.line_start(pos) : pos]

    def blank_before(self, start: int) -> int:
        """How many blank lines stand directly above the line that begins at `start`."""
        count = 0
        while start > 0 and not self.line(start := self.line_start(start - 1)).strip():
            count += 1
        return count

    def blank_after(self, end: int) -> int:
        """How many blank lines begin at `end`."""
        count = 0
        while end < len(self.text) and not self.line(end).strip():
            count += 1
            end = self.line_end(end)
        return count

    def is_comment(self, start: int) -> bool:
        """Whether the line that begins there is a comment."""
        return _COMMENT.match(self.text, start) is not None

    def is_directive(self, start: int) -> bool:
        """Whether it is one that tools read at the file's top, as `#:schema`."""
        return _DIRECTIVE.match(self.text, start) is not None

    def alone(self, start: int) -> bool:
        """Whether nothing stands above the line that begins there: the text's top, a directive, or a blank line."""
        before = self.line_start(start - 1) if start else 0
        return start == 0 or self.is_directive(before) or not self.line(before).strip()

    def above(self, start: int) -> int:
        """Where the comments directly above the line that begins at `start` begin."""
        while start > 0:
            before = self.line_start(start - 1)
            if not self.is_comment(before) or self.is_directive(before):
                break
            start = before
        return start

    # Tables

    def entry(self, path: KeyPath) -> Entry | None:
        """Where a path is written."""
        return self.scan.entries.get(path)

    def opening(self, path: KeyPath) -> str:
        """`{` where a path is an inline table, `[` where it is a list with brackets, else nothing."""
        entry = self.entry(path)
        if entry is None or entry.value is None:
            return ""
        char = self.text[entry.value.start]
        return char if char in "[{" else ""

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The top of the file, then each header's."""
        headers = sorted((e.header.start, path) for path, e in self.scan.entries.items() if e.header)
        pairs = sorted((p for p in self.scan.pairs if not p.inside), key=lambda p: p.start)
        starts = [p.start for p in pairs]
        found = []
        for index, (start, path) in enumerate([(0, ()), *headers]):
            limit = headers[index][0] if index < len(headers) else len(self.text)
            own = tuple(pairs[bisect.bisect_left(starts, start) : bisect.bisect_left(starts, limit)])
            found.append(self._block(path, start, limit, own, header=index > 0))
        return tuple(found)

    def _block(self, path: KeyPath, start: int, limit: int, pairs: tuple[Pair, ...], *, header: bool) -> Block:
        begin = self.line_start(start)
        if pairs:
            last = self.line_end(pairs[-1].value.end)
        elif header:
            entry = self.entry(path)
            assert entry and entry.header
            last = self.line_end(entry.header.end)
        else:
            last = 0
        end, stop = last, self.line_start(limit) if limit < len(self.text) else limit
        while end < stop and self.is_comment(end):
            end = self.line_end(end)
        if end >= stop and limit < len(self.text):
            end = last
        return Block(path, begin, last, end, pairs, self.text[begin:start] if header else "")

    def block(self, path: KeyPath) -> Block | None:
        """The block of a table that has its own header, or of the file's top."""
        return next((b for b in self.blocks if b.path == path), None)


@lru_cache(maxsize=4)
def document(text: str) -> Document:
    """The same, read once while the steps of one edit look at it; nobody changes its values."""
    return Document(text)


def get(values: Any, path: KeyPath) -> Any:
    """What parsed values have at a path.

    Raises:
        KeyError, IndexError, TypeError: nothing.
    """
    for part in path:
        values = values[part]
    return values


def _unsound(text: str) -> EditError:
    from lifecycle_tui.config.syntax import read

    _, problem = read(Path("lifecycle.toml"), text.encode("utf-8", "surrogatepass"))
    if problem is None or problem.place is None:
        return EditError("the file is no TOML", hint="mend it in an editor first")
    where = f"line {problem.place.line}, column {problem.place.column}"
    return EditError(f"the file is no TOML: {where}: {problem.message}", hint="mend it in an editor first")

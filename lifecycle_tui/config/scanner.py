"""Key path → place in the text, for TOML that `tomllib` has read or nearly read.

tomllib and pydantic know key paths and no positions, so this scanner finds them. `sources` runs it only when a
problem or a rule's place is shown: a file without problems never pays for it. It checks no more of TOML than it
needs to keep its bearings, and records keys that are declared twice, because tomllib names neither place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of the file."""


class Span(NamedTuple):
    """Half-open range of character offsets."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one key path is written.

    Attributes:
        key: the key's own text, quotes included; the bracketed header's last part for a table; None for a list item.
        value: the value's text; None for tables made by headers or dotted keys.
        header: the whole `[a.b]` or `[[a.b]]`, for tables declared by one.
    """

    key: Span | None = None
    value: Span | None = None
    header: Span | None = None


class Pair(NamedTuple):
    """A `key = value` as it is written.

    Attributes:
        table: the table that its key counts from: the last header's, or the inline table.
        path: of the value.
        start: where the first part of its key begins.
        inside: it stands in an inline table, not on lines of its own.
    """

    table: KeyPath
    path: KeyPath
    start: int
    value: Span
    inside: bool


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key or table that is declared twice."""

    path: KeyPath
    first: Span
    second: Span


@dataclass(slots=True)
class Scan:
    """What a text holds.

    Attributes:
        entries: every key path that is written, tables that are only implied included.
        pairs: every `key = value`, those inside a value before the one that holds it; for edits.
        duplicates: keys declared twice, in the order of the text.
        complete: False where the text ceased to be TOML.
        stopped: where it did.
        opened: the bracket or brace that was open there, if any.
        table: the table that the text was in at its end.
    """

    entries: dict[KeyPath, Entry] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    complete: bool = True
    stopped: int = 0
    opened: Span | None = None
    table: KeyPath = ()


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_LITERAL = re.compile(r"'[^'\n]*'")
_SCALAR = re.compile(
    r'"""(?:[^\\"]|\\[\s\S]|"(?!""))*+"{3,5}'  # up to two quotes may stand before the closing three
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|""(?!")|"(?:[^"\\\n]|\\.)++"'
    r"|''(?!')|'[^'\n]++'"
    r"|\d{4}-\d\d-\d\d(?:[Tt ]\d\d:[^\s,\]}#]*)?"  # a date and a time may be parted by a space
    r"|[^\s,\[\]{}#\"'][^\s,\[\]{}#]*"
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class _LostError(Exception):
    """The text is not TOML at this point."""


def scan(text: str) -> Scan:
    """Find every key, value, list item and table of a TOML text whose line ends are plain newlines.

    Never raises: of a text that is not TOML it gives what comes before the fault.
    """
    scanner = _Scanner(text)
    try:
        scanner.run()
    except (_LostError, RecursionError):
        scanner.found.complete = False
        scanner.found.stopped = scanner.pos
        scanner.found.opened = scanner.open[-1] if scanner.open else None
    scanner.found.table = scanner.table
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.found = Scan()
        self.open: list[Span] = []
        self.table: KeyPath = ()
        self._lists: dict[KeyPath, int] = {}  # arrays of tables: index of the last one
        self._declared: dict[KeyPath, Span] = {}  # by a value or a header
        self._dotted: dict[KeyPath, Span] = {}  # opened by a dotted key: no header may follow

    def run(self) -> None:
        while True:
            self._skip(_BLANK)
            if self.pos >= len(self.text):
                return
            if self.text[self.pos] == "[":
                self._header()
            else:
                self._pair(self.table)
            self._skip(_SPACE)
            if self.pos < len(self.text) and self.text[self.pos] not in "\r\n#":
                raise _LostError

    # Small steps

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.pos)
        assert match  # both patterns match the empty string
        self.pos = match.end()

    def _take(self, literal: str) -> None:
        if not self.text.startswith(literal, self.pos):
            raise _LostError
        self.pos += len(literal)

    def _declare(self, path: KeyPath, span: Span) -> None:
        first = self._declared.setdefault(path, span)
        if first is not span:
            self.found.duplicates.append(Duplicate(path, first, span))

    def _implied(self, path: KeyPath, span: Span) -> None:
        self.found.entries.setdefault(path, Entry(key=span))

    def _part(self) -> tuple[str, Span]:
        """One part of a dotted key: bare, basic or literal."""
        for pattern in (_BARE, _BASIC, _LITERAL):
            if match := pattern.match(self.text, self.pos):
                span = Span(*match.span())
                self.pos = span.end
                return _name(match.group()), span
        raise _LostError

    def _key(self) -> list[tuple[str, Span]]:
        parts = [self._part()]
        while True:
            self._skip(_SPACE)
            if not self.text.startswith(".", self.pos):
                return parts
            self.pos += 1
            self._skip(_SPACE)
            parts.append(self._part())

    # Statements

    def _header(self) -> None:
        start = self.pos
        many = self.text.startswith("[[", start)
        self._take("[[" if many else "[")
        self._skip(_SPACE)
        parts = self._key()
        self._take("]]" if many else "]")
        header = Span(start, self.pos)
        path: KeyPath = ()
        for name, span in parts[:-1]:
            path = (*path, name)
            self._implied(path, span)
            if path in self._declared and self.found.entries[path].value is not None:
                self.found.duplicates.append(Duplicate(path, self._declared[path], span))
            if path in self._lists:
                path = (*path, self._lists[path])
        name, span = parts[-1]
        path = (*path, name)
        if many:
            path = self._next_of_list(path, span)
        else:
            self._declare(path, span)
            first = self._dotted.get(path) or (self.found.entries[path].key if path in self._lists else None)
            if first is not None:
                self.found.duplicates.append(Duplicate(path, first, span))
        self.found.entries[path] = Entry(key=span, header=header)
        self.table = path

    def _next_of_list(self, path: KeyPath, span: Span) -> KeyPath:
        if path in self._declared:
            self.found.duplicates.append(Duplicate(path, self._declared[path], span))
        self._implied(path, span)
        self._lists[path] = index = self._lists.get(path, -1) + 1
        return (*path, index)

    def _pair(self, base: KeyPath) -> None:
        parts = self._key()
        path = base
        for name, span in parts[:-1]:
            path = (*path, name)
            self._implied(path, span)
            self._dotted.setdefault(path, span)
            if path in self._declared:
                self.found.duplicates.append(Duplicate(path, self._declared[path], span))
        name, span = parts[-1]
        path = (*path, name)
        opened = self.found.entries.get(path)
        if opened is not None and opened.key is not None and path not in self._declared:
            self.found.duplicates.append(Duplicate(path, opened.key, span))  # a table by a dotted key or a header below
        self._declare(path, span)
        self._take("=")
        self._skip(_SPACE)
        value = self._value(path)
        self.found.entries[path] = Entry(key=span, value=value)
        self.found.pairs.append(Pair(base, path, parts[0][1].start, value, bool(self.open)))

    # Values

    def _value(self, path: KeyPath) -> Span:
        start = self.pos
        opening = self.text[start : start + 1]
        if opening and opening in "[{":
            self.open.append(Span(start, start + 1))
            self._array(path) if opening == "[" else self._inline(path)
            self.open.pop()
        elif match := _SCALAR.match(self.text, start):
            self.pos = match.end()
        else:
            raise _LostError
        return Span(start, self.pos)

    def _array(self, path: KeyPath) -> None:
        self._take("[")
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text.startswith("]", self.pos):
                break
            item = (*path, index)
            self.found.entries[item] = Entry(value=self._value(item))
            index += 1
            self._skip(_BLANK)
            if not self.text.startswith(",", self.pos):
                break
            self.pos += 1
        self._take("]")

    def _inline(self, path: KeyPath) -> None:
        self._take("{")
        self._skip(_SPACE)
        if not self.text.startswith("}", self.pos):
            while True:
                self._skip(_SPACE)
                self._pair(path)
                self._skip(_SPACE)
                if not self.text.startswith(",", self.pos):
                    break
                self.pos += 1
        self._take("}")


def _name(part: str) -> str:
    """The key that a part of a dotted key stands for."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return _ESCAPE.sub(_unescape, part[1:-1])
    return part


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] in "uU" and len(code) > 1:
        number = int(code[1:], 16)
        if number > 0x10FFFF:
            raise _LostError
        return chr(number)
    return _ESCAPED.get(code, code)

"""Which lines of a TOML file say something about one table, found line by line without reading the values.

A file may declare a thousand models: to show one of them, or to read its values, only its own lines are looked into.
Called by `reads.policy`. It takes the text as it is: of what is no TOML it gives what looks like it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


_STRING = r"""(?:"[^"\\\n]*+"|'[^'\n]*+')"""
_FLAT = rf"""(?:[^\n\[\]{{}}"'#]++|{_STRING})*+"""
_SIMPLE = rf"""(?![ \t]*[\[#])(?:[^\n\[\]{{}}"'#]++|{_STRING}|\[{_FLAT}\]|\{{{_FLAT}\}})*+(?:\#[^\n]*+)?\n"""
_COMMENT = r"(?:[ \t]*\#[^\n]*+\n)"
_BARE_KEY = r"[A-Za-z0-9_-]++"


def others(model: str) -> re.Pattern[str]:
    """Matches a run of whole tables of other models, as far as it is plain that they end where the next ones begin:
    with bare names, and values that begin and end on one line. It ends before the comment above the next table."""
    header = (
        rf"[ \t]*+\[[ \t]*+models[ \t]*+\.[ \t]*+(?!{re.escape(model)}[ \t]*+[.\]]){_BARE_KEY}"
        rf"(?:[ \t]*+\.[ \t]*+{_BARE_KEY})*+[ \t]*+\][ \t\r]*+(?:\#[^\n]*+)?\n"
    )
    return re.compile(rf"(?:{_COMMENT}*+{header}(?:{_COMMENT}*+{_SIMPLE})*+(?={_COMMENT}*+(?:[ \t]*\[|\Z)))++")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines that belong together: a table with its header and the comment above it, or one key where `table` is false.

    Attributes:
        path: keys from the top of the file; the first `given` of them are not in the lines themselves.
        first, start, last: numbers of lines, from 1: of the comment above it, of the header or key, and of the end.
    """

    path: Path
    first: int
    start: int
    last: int
    table: bool
    given: int


def pieces(
    lines: Sequence[str], base: Path = (), text: str = "", skip: re.Pattern[str] | None = None
) -> Iterator[Piece]:  # fmt: skip
    """The tables of a file, and the single keys above them and in tables of tables, in the order of the file.

    Args:
        lines: of the file, without line ends.
        base: under which the file's keys count, e.g. ("models", "churn") of an included file.
        text, skip: the file as one, and what matches tables of it that are left out (`others`).
    """
    path, table = base, None
    number, last, comment = 0, 0, 0
    at, counted = 0, 0
    while number < len(lines):
        if skip is not None:
            at, counted = at + sum(len(line) + 1 for line in lines[counted:number]), number
            if not comment and (run := skip.match(text, at)):
                if table is not None:
                    yield replace(table, last=last)
                table, number, at = None, number + text.count("\n", at, run.end()), run.end()
                counted = number
                continue
        number += 1
        said = lines[number - 1].lstrip()
        if not said.strip():
            # A comment that nothing follows belongs to what is above it.
            last, comment = (number - 1 if comment else last), 0
            continue
        if said.startswith("#"):
            comment = comment or number
            continue
        end = _end(lines, number)
        if said.startswith("["):
            if table is not None:
                yield replace(table, last=last)
            path = (*base, *_key_of_header(said))
            # A key of a table of tables may be a whole table, e.g. `bikes = { … }` under [models].
            split = path in (("models",), ("notifiers",))
            table = None if split else Piece(path, comment or number, number, number, True, len(base))
        elif table is None:
            yield Piece((*path, *_key_of_pair(said)), comment or number, number, end, False, len(path))
        comment, last, number = 0, end, end
    if table is not None:
        yield replace(table, last=len(lines) if comment else last)


def _key_of_header(text: str) -> Path:
    """The path that a header names."""
    inner = text.lstrip("[ \t").partition("]")[0].strip()
    if _BARE.fullmatch(inner):
        return tuple(part.strip() for part in inner.split("."))
    try:
        return _first_path(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return (inner,)


def _key_of_pair(text: str) -> Path:
    """The path that `a.b = value` gives a value."""
    bare = text.partition("=")[0].strip()
    if _BARE.fullmatch(bare):
        return tuple(part.strip() for part in bare.split("."))
    match = re.match(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[A-Za-z0-9_.\s-])+(?==)", text)
    try:
        return _first_path(tomllib.loads(f"{match[0] if match else text}= 0"))
    except tomllib.TOMLDecodeError:
        return (bare,)


def _first_path(found: dict) -> Path:
    path: list[str] = []
    value: object = found
    while isinstance(value, dict | list) and value:
        if isinstance(value, list):
            value = value[0]
            continue
        name = next(iter(value))
        path.append(name)
        value = value[name]
    return tuple(path)


def _end(lines: Sequence[str], number: int) -> int:
    """Number of the line on which what begins on line `number` ends; of a value that never ends its first line."""
    depth, closing = 0, ""
    for at in range(number, len(lines) + 1):
        depth, closing = _after(lines[at - 1], depth, closing)
        if depth <= 0 and not closing:
            return at
    return number


def _after(line: str, depth: int, closing: str) -> tuple[int, str]:
    """How many brackets and which long string are open after a line."""
    at = 0
    while True:
        if closing:
            found = line.find(closing, at)
            if found < 0:
                return depth, closing
            at, closing = found + 3, ""
        match = _TOKEN.search(line, at)
        if match is None:
            return depth, ""
        token, at = match[0], match.end()
        if token in ('"""', "'''"):
            closing = token
        elif token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1

"""Reading a TOML file, and what to say when it is none. Called by `loading`, once a file.

tomllib before Python 3.14 gives the position in its message only, and its words are those of a parser. They are
put into plain words here. For keys declared twice the scanner supplies the two places, which tomllib does not.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from lifecycle_tui.config.scanner import KeyPath, Span
from lifecycle_tui.config.sources import Source, dotted
from lifecycle_tui.domain.problems import Place, Problem

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_ESCAPES = ("Unescaped", "Invalid hex", "Escaped character")
_TWICE = ("Cannot declare", "Cannot overwrite", "Cannot redefine", "Cannot mutate", "Duplicate inline")

_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("Invalid statement", "a line must be a key with its value, a [table] or a comment", None),
    ("Expected newline or end of document", "there is something left after the value", "one key and value on a line"),
    ("Expected '='", "a key must be followed by = and its value", None),
    ("Expected ']' at the end", "the table's name must end with ]", None),
    ("Expected ']]'", "the table's name must end with ]]", None),
    ("Invalid initial character for a key", "a key cannot begin like this", 'other characters need quotes: "my key"'),
    ("Unclosed array", "the list is not closed, or a comma is missing between its items", None),
    ("Unclosed inline table", "the { table } is not closed on its line, or a comma is missing", None),
    (
        "Unescaped '\\'",
        "a backslash in double quotes must begin an escape",
        "single quotes take text as it is: 'C:\\data'",
    ),
    ("Invalid hex value", "the escape needs hexadecimal digits", None),
    ("Escaped character", "the escape names no character", None),
    ("Unterminated string", "the text's quotes are not closed", None),
    ("Illegal character '\\n'", "the text's quotes are not closed on this line", None),
    ("Illegal character", "a control character is not allowed here", None),
    ("Found invalid character", "a control character is not allowed here", None),
    ("Invalid date", "there is no such date", None),
    ("Invalid value", "this is no value", 'text needs quotes: "like this"'),
    ("Expected ", "the text's quotes are not closed", None),
)


def read(path: Path, data: bytes, prefix: KeyPath = ()) -> tuple[Source, Problem | None]:
    """A file's bytes as a source; with a problem, and no values, where they are not TOML."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        source = Source(path, data.decode("utf-8-sig", "replace").replace("\r\n", "\n"), {}, prefix)
        return source, _undecodable(source, data, exc)
    return parse(path, text, prefix)


def parse(path: Path, text: str, prefix: KeyPath = ()) -> tuple[Source, Problem | None]:
    """The same for a text whose line ends are plain newlines."""
    try:
        return Source(path, text, tomllib.loads(text), prefix), None
    except tomllib.TOMLDecodeError as exc:
        source = Source(path, text, {}, prefix)
        return source, _problem(source, str(exc))
    except RecursionError:
        source = Source(path, text, {}, prefix)
        return source, Problem("syntax", "tables or lists are nested too deeply", place=Place(source.name, 1, 1))
    except ValueError as exc:  # e.g. an integer of thousands of digits
        source = Source(path, text, {}, prefix)
        return source, Problem("syntax", f"a value cannot be read: {exc}", place=Place(source.name, 1, 1))


def _undecodable(source: Source, data: bytes, exc: UnicodeDecodeError) -> Problem:
    start = data.rfind(b"\n", 0, exc.start) + 1
    line = data.count(b"\n", 0, exc.start) + 1
    column = len(data[start : exc.start].decode("utf-8-sig" if start == 0 else "utf-8", "replace")) + 1
    return Problem(
        "encoding",
        f"the file is not UTF-8: byte 0x{data[exc.start]:02x} means nothing here",
        place=Place(source.name, line, column),
        hint="save the file as UTF-8",
    )


def _problem(source: Source, message: str) -> Problem:
    if message.startswith(_TWICE) and source.scan.duplicates:
        twice = source.scan.duplicates[0]
        return Problem(
            "duplicate-key",
            f"{dotted(twice.path)} is declared twice",
            dotted((*source.prefix, *twice.path)),
            source.at(twice.second),
            related=(source.at(twice.first),),
        )
    match = _PLACE.search(message)
    bare = message[: match.start()] if match else message
    if match is None or not match.group(1):
        return _at_end(source, bare)
    place = Place(source.name, int(match.group(1)), int(match.group(2)))
    if bare.startswith(_ESCAPES):  # tomllib points behind the escape
        before = source.text.split("\n")[place.line - 1][: place.column - 1]
        place = Place(source.name, place.line, before.rfind("\\") + 1 or place.column)
    return _worded(bare, place)


def _at_end(source: Source, bare: str) -> Problem:
    """What is missing at the end of the file was begun somewhere: that is the place to look at."""
    found = source.scan
    if not found.complete and source.text[found.stopped : found.stopped + 1] in ('"', "'"):
        return _worded("Unterminated string", source.at(Span(found.stopped, found.stopped + 1)))
    if not found.complete and found.opened is not None:
        begun = source.at(found.opened)
        return Problem("syntax", "this is not closed before the file ends", place=begun, related=(_end(source),))
    if bare.startswith("Invalid value"):
        return Problem("syntax", "the file ends where a value should be", place=_end(source))
    return _worded(bare, _end(source))


def _worded(bare: str, place: Place) -> Problem:
    for start, words, hint in _WORDS:
        if bare.startswith(start):
            return Problem("syntax", words, place=place, hint=hint)
    return Problem("syntax", bare, place=place)


def _end(source: Source) -> Place:
    """The end of the text: just after its last character that is not white space."""
    text = source.text.rstrip()
    return Place(source.name, text.count("\n") + 1, len(text) - text.rfind("\n"))

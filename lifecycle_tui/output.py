"""The only writer to stdout and stderr (DESIGN §9): stdout is data, stderr is narration.

Called by every command. Text that came from data (names, categories, log lines) goes through `plain`, so that
nobody's column name can move the cursor or change a colour.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.domain.problems import UNSHOWN, Place, Problem

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def plain(text: str) -> str:
    """`text` with control characters made visible, so that a terminal interprets none of it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)


def utf8(stream: TextIO) -> bool:
    """Whether the stream's encoding has every character."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")


def colours(stream: TextIO) -> bool:
    """Whether to colour: only on a terminal, never with NO_COLOR set or TERM=dumb."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def style(text: str, *names: str, stream: TextIO | None = None) -> str:
    """`text` in the named styles ("bold", "dim", "red", …) where the stream shows colours."""
    if not names or not colours(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(_CODES[n] for n in names)}m{text}\x1b[0m"


def _put(stream: TextIO, text: str) -> None:
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # The reader (head, less) left: what is still to come goes nowhere, and the command ends with its own exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str = "") -> None:
    """A line of data on stdout."""
    _put(sys.stdout, text + "\n")


def note(text: str) -> None:
    """A line of narration on stderr."""
    _put(sys.stderr, text + "\n")


def json_out(value: Any) -> None:
    """A JSON document on stdout. NaN and infinities become null: they are not JSON."""
    import json

    # Where stdout cannot show every character JSON's own escapes stand in: it must stay JSON.
    escaped = not utf8(sys.stdout)
    say(json.dumps(_finite(value), indent=2, ensure_ascii=escaped, default=str))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def rows_out(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], fmt: str) -> None:
    """A listing as `table`, `json` or `csv`. JSON and CSV use the column names as keys."""
    if fmt == "json":
        json_out([{c: row.get(c) for c in columns} for row in rows])
    elif fmt == "csv":
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(c) for c in columns] for row in rows)
        _put(sys.stdout, text.getvalue())
    else:
        table([[_cell(row.get(c)) for c in columns] for row in rows], columns)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return plain(str(value))


def table(rows: Iterable[Sequence[str]], header: Sequence[str], *, right: Sequence[int] = ()) -> None:
    """Aligned columns with a header; columns in `right` are flushed right."""
    body = [list(row) for row in rows]
    widths = [max([len(h), *(len(r[i]) for r in body)]) for i, h in enumerate(header)]
    for n, row in enumerate([list(header), *body]):
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        line = "  ".join(cells).rstrip()
        say(style(line, "bold") if n == 0 else line)


def _width() -> int:
    from shutil import get_terminal_size

    return max(20, get_terminal_size().columns)


class Progress:
    """One line on stderr that appears only when work has taken over a second, and is wiped at the end.

    On a pipe it stays silent: logs of cron jobs are not filled with it.
    """

    def __init__(self, *, after: float = 1.0, every: float = 0.25) -> None:
        self._begin = self._last = time.monotonic()
        self._after, self._every, self._shown = after, every, False

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if now - self._begin < self._after or now - self._last < self._every or not sys.stderr.isatty():
            return
        self._last, self._shown = now, True
        # A line that wraps could not be wiped.
        _put(sys.stderr, f"\r\x1b[K{plain(text)[: min(100, _width() - 1)]}")

    def done(self) -> None:
        if self._shown:
            _put(sys.stderr, "\r\x1b[K")
            self._shown = False


def problem_block(problem: Problem, source: str | None = None, texts: Texts | None = None) -> str:
    """One problem as people read it: place, code, the source line with a caret, the hint, where to read more.

    Args:
        source: the text of the problem's file.
        texts: gives the texts of files, so that the lines of other places are shown too.
    """
    level = style(
        f"{problem.level}[{problem.code}]", "red" if problem.level == "error" else "yellow", stream=sys.stderr
    )
    if problem.code in UNSHOWN:
        source = texts = None
    if source is None and texts is not None and problem.place is not None:
        source = texts(problem.place.file)
    head = f"{plain(str(problem.place))}: " if problem.place else ""
    lines = [f"{head}{level} {plain(problem.key)}".rstrip(), f"  {plain(problem.message)}"]
    if problem.place:
        lines += _marked(problem.place, source)
    for place in problem.related:
        lines.append(f"  see also {plain(str(place))}")
        if texts is not None:
            lines += _marked(place, texts(place.file))
    if problem.hint:
        lines.append(f"  {plain(problem.hint)}")
    lines.append(f"  see: {plain(problem.see)}")
    return "\n".join(lines)


def _marked(place: Place, source: str | None) -> list[str]:
    """The line of a place, with carets under what is meant; nothing where the text is not at hand."""
    if source is None:
        return []
    text = source.removeprefix("\ufeff").split("\n")
    if place.line > len(text):
        return []
    line = text[place.line - 1].rstrip("\r")
    before, meant = line[: place.column - 1], line[place.column - 1 : place.column - 1 + place.width]
    return [f"  | {_printed(line)}", f"  | {' ' * _cells(before)}{'^' * max(1, _cells(meant))}"]


def _printed(line: str) -> str:
    return plain(line.replace("\t", "    "))


def _cells(text: str) -> int:
    """Columns of a terminal that a part of a line takes."""
    shown = _printed(text)
    if shown.isascii():
        return len(shown)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in shown)


def problem_row(problem: Problem) -> dict[str, Any]:
    """One problem as the row of a JSON document; its keys are a contract."""
    place = problem.place
    return {
        "level": problem.level,
        "code": problem.code,
        "key": problem.key,
        "message": problem.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "width": place.width if place else None,
        "hint": problem.hint,
        "related": [str(p) for p in problem.related],
        "related_places": [
            {"file": p.file, "line": p.line, "column": p.column, "width": p.width} for p in problem.related
        ],
        "see": problem.see,
    }


class Texts:
    """The texts of files by name, each read once; None for one that cannot be read.

    Args:
        known: texts that stand in for what the disk has: an edit that is not saved.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known: dict[str, str | None] = dict(known or {})

    def __call__(self, name: str) -> str | None:
        if name not in self._known:
            try:
                with open(name, encoding="utf-8", errors="replace", newline="") as handle:
                    self._known[name] = handle.read()
            except OSError:
                self._known[name] = None
        return self._known[name]


def error(exc: LifecycleError) -> None:
    """An error as narration: what is wrong, and what to do."""
    if isinstance(exc, ConfigError) and exc.problems:
        texts = Texts(exc.texts)
        for problem in exc.problems:
            note(problem_block(problem, texts=texts))
            note("")
    note(f"{style('error', 'red', 'bold', stream=sys.stderr)}: {plain(exc.placed)}")
    if exc.hint:
        note(f"  {plain(exc.hint)}")

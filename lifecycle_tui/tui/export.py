"""Writes what a screen shows as a table in a file: CSV, JSON or Markdown. Pure writers, and one function that saves.

Called by the export dialog with the `Table` that a `Part` makes of itself. Control characters in names and messages are
written out (`\\x1b`), as on the screen: a file that is shown in a terminal must not be acted on.

CSV: UTF-8, one line of titles, `\\n`. Spreadsheets take text that begins with `=`, `+`, `-`, `@`, a tab or their
full-width twins for a formula, and whoever names a model or a category would have it run on the reader's machine: such
text gets an apostrophe in front (OWASP, "CSV Injection"). Numbers do not, and a lone sign does not. Text that has an
apostrophe before such a sign already gets another one, so that taking one away always gives the text back
(`undefused`).
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle_tui.output import plain
from lifecycle_tui.tui.text import width

Value = str | int | float | bool | None

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_SIGN = re.compile(r"[=+\-@＝＋－＠]")
_SPECIAL = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would act on within a cell; an underscore within a word is none of that."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a screen shows.

    Attributes:
        name: for the file, e.g. "fleet" or "card-fraud-drift".
        titles: one a column, not empty and each once.
        rows: one value a column; text is as it is shown, numbers may be exact.
        right: places of the columns that are flush right.
    """

    name: str
    titles: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    right: frozenset[int] = frozenset()


def joined_tables(parts: Sequence[Table]) -> Table:
    """Parts of one table as one; at least one."""
    return replace(parts[0], rows=tuple(row for part in parts for row in part.rows))


def csv_text(table: Table) -> str:
    """The table as CSV; formulas are defused (see above), none is an empty cell."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([defused(plain(title)) for title in table.titles])
    for row in table.rows:
        writer.writerow([defused(plain(value)) if isinstance(value, str) else _bare(value) for value in row])
    return text.getvalue()


def json_text(table: Table) -> str:
    """The table as a list of objects by title; what is no number (NaN, infinities) is null."""
    rows = [
        {
            plain(title): plain(value) if isinstance(value, str) else _finite(value)
            for title, value in zip(table.titles, row, strict=True)
        }
        for row in table.rows
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def markdown_text(table: Table) -> str:
    """The table as GitHub's Markdown, aligned; what Markdown would act on is escaped."""
    heads = [escaped(plain(title)) for title in table.titles]
    body = [[escaped(plain(v)) if isinstance(v, str) else str(_bare(v)) for v in row] for row in table.rows]
    wide = [max(3, *(width(line[at]) for line in (heads, *body))) for at in range(len(heads))]
    rule = ["-" * (cells - 1) + (":" if at in table.right else "-") for at, cells in enumerate(wide)]
    return "".join(_line(line, wide, table.right) for line in (heads, rule, *body))


def _line(cells: Sequence[str], wide: Sequence[int], right: frozenset[int]) -> str:
    padded = []
    for at, (cell, room) in enumerate(zip(cells, wide, strict=True)):
        pad = " " * (room - width(cell))
        padded.append(pad + cell if at in right else cell + pad)
    return f"| {' | '.join(padded)} |\n"


KINDS: dict[str, Callable[[Table], str]] = {".csv": csv_text, ".json": json_text, ".md": markdown_text}
"""Endings of files → what writes them."""


def defused(text: str) -> str:
    """Text that a spreadsheet takes for text."""
    if not _FORMULA.match(text) or _SIGN.fullmatch(text) or _is_number(text):
        return text
    return f"'{text}"


def undefused(text: str) -> str:
    """What `defused` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def escaped(text: str) -> str:
    """Text that Markdown shows as it is in a cell of a table."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return "_" not in text and text.isascii()


def _bare(value: Value) -> str | int | float:
    """A value in a cell of text: nothing for none, words for yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if isinstance(value, float) and value != value else value


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and value - value != 0.0 else value


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why nothing was written.

    Attributes:
        exists: there is such a file already: asked again with `overwrite` it is replaced.
    """

    said: str
    exists: bool = False


def target(asked: str) -> Path | Wrong:
    """The file that is asked for, `~` expanded; its ending says which kind it is."""
    asked = asked.strip()
    if not asked or "\x00" in asked:
        return Wrong("name a file that ends in .csv, .json or .md")
    path = Path(os.path.abspath(os.path.expanduser(asked)))
    if path.suffix.lower() not in KINDS:
        return Wrong("its name must end in .csv, .json or .md: that says which kind it is")
    return path


def save(table: Table, path: Path, *, overwrite: bool = False) -> Wrong | None:
    """Write a table into a file, in one piece; None where it is there.

    An existing file stays unless `overwrite`; then it keeps its mode, and what its name links to is replaced.
    """
    text = KINDS[path.suffix.lower()](table)
    try:
        if overwrite and path.is_file():
            _replace(Path(os.path.realpath(path)), text)
        else:
            _create(path, text)
    except FileExistsError:
        return Wrong(f"{path.name} is there already", exists=path.is_file())
    except FileNotFoundError:
        return Wrong(f"there is no folder {path.parent}")
    except OSError as exc:
        return Wrong(f"{path}: {exc.strerror or exc}")
    return None


def _create(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8", newline="") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            os.unlink(path)  # half a table would be taken for one
            raise


def _replace(path: Path, text: str) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(beside, os.stat(path).st_mode & 0o777)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise

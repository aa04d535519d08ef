"""How a delimited text file is written: separator, encoding, header, decimal mark. Used by the CSV source."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.data import stores
from lifecycle_tui.data.light import keep_pandas_out
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import CellProblem

_SAMPLE = 256 << 10
_BLOCK = 4 << 20
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Dialect:
    """How one file is written.

    Attributes:
        decimal: "." or ",".
        names: unique column names; `written` maps them to what the header says.
        skip: lines before the first row of data.
        empty: there is a header and nothing else.
        problems: what is odd about it ("separator", "encoding", "header", "duplicate-column").
    """

    separator: str
    encoding: str
    decimal: str
    names: tuple[str, ...]
    skip: int
    empty: bool
    problems: tuple[CellProblem, ...]
    written: Mapping[str, str]


def open_text(path: str) -> Any:
    """The bytes of a file, here or in a store, decompressed by its suffix, as a pyarrow stream."""
    import pyarrow as pa

    if not stores.is_address(path):
        return pa.input_stream(path, compression="detect")
    suffix = path.partition("?")[0].rpartition(".")[2].lower()
    packed = {"gz": "gzip", "bz2": "bz2", "zst": "zstd"}.get(suffix)
    return pa.input_stream(stores.open_stored(path), compression=packed)


def sniff_dialect(
    path: str, separator: str | None, encoding: str | None, decimal: str | None, *, whole: bool = True
) -> Dialect:
    """How the file at `path` is written; what is given is not looked for.

    With `whole` all of it is looked through for its encoding and quotes; the header needs only the beginning.

    Raises:
        DataError: if it is empty or not text.
    """
    keep_pandas_out()
    with open_text(path) as stream:
        head = stream.read(_SAMPLE)
        if not head.strip():
            raise DataError(f"{path} is empty")
        problems = []
        if encoding is None:
            encoding, quotes = _encoding(head, stream if whole else None)
            if quotes % 2:
                problems.append(CellProblem(None, "unclosed-quote", 1, "the file has an odd number of quotes"))
            if encoding == "latin-1":
                problems.append(CellProblem(None, "encoding", 1, "not UTF-8; read as Latin-1"))
    if b"\0" in head and not encoding.lower().startswith(("utf-16", "utf16", "utf-32")):
        raise DataError(f"{path} is not a text file")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    if len(head) == _SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    usual = "\t" if ".tsv" in path.lower() else ","
    if separator is None:
        separator = max(_SEPARATORS, key=lambda s: (_fit(text, s), s == usual))
        if separator != usual:
            problems.append(CellProblem(None, "separator", 1, f"{separator!r} instead of {usual!r}"))
    header, skip, rows = _rows(text, separator)
    widths = [len(row) for row in rows]
    written = [name.strip() for name in header]
    if widths and sum(w == len(header) + 1 for w in widths) * 2 > len(widths):
        # One cell more in most rows: a separator at each line's end, or row names without a title, as R writes them.
        trailing = all(row[-1] == "" for row in rows if len(row) == len(header) + 1)
        written = [*written, ""] if trailing else ["", *written]
        problems.append(CellProblem(None, "header", 1, "the header is one name short"))
    names, renamed = _unique(written)
    problems += [CellProblem(name, "duplicate-column", 1, f"{old!r} again, read as {name!r}") for name, old in renamed]
    if decimal is None:
        decimal = "," if separator == ";" and _decimal_comma(rows) else "."
    return Dialect(
        separator, encoding, decimal, names, skip, not rows, tuple(problems), dict(zip(names, written, strict=True))
    )


def _encoding(head: bytes, stream: Any) -> tuple[str, int]:
    """UTF-8 if the whole file is, UTF-16 if it says so, else Latin-1, which reads anything; and how many quotes."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, quotes, encoding = head, 0, "utf-8"
    while block:
        quotes += block.count(b'"')
        if encoding == "utf-8":
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                encoding = "latin-1"
        block = stream.read(_BLOCK) if stream is not None else b""
    if stream is None:
        return encoding, 0
    if encoding == "utf-8" and decoder.getstate()[0]:
        encoding = "latin-1"
    return encoding, quotes


def _rows(text: str, separator: str) -> tuple[list[str], int, list[list[str]]]:
    """Header, number of lines up to its end, and at most 200 rows after it; blank lines are not rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] = []
    skip, rows = 0, []
    for row in reader:
        if not header and row:
            header, skip = row, reader.line_num
        elif row:
            rows.append(row)
        if len(rows) == 200:
            break
    return header, skip, rows


def _fit(text: str, separator: str) -> float:
    """How well `separator` explains the sample: the share of rows as wide as the header, if that has several cells."""
    try:
        header, _, rows = _rows(text, separator)
    except csv.Error:
        return 0.0
    if len(header) < 2:
        return 0.0
    return (1 + sum(len(row) in (len(header), len(header) + 1) for row in rows)) / (1 + len(rows))


def _unique(written: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Names made unique (`x`, `x.2`; `column.3` for an empty one), and those that repeat another."""
    names: list[str] = []
    renamed = []
    for i, name in enumerate(written, start=1):
        base = name or f"column.{i}"
        unique, n = base, 1
        while unique in names or (n > 1 and unique in written):
            n += 1
            unique = f"{base}.{n}"
        if unique != base:
            renamed.append((unique, base))
        names.append(unique)
    return tuple(names), renamed


def _decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(bool(re.fullmatch(r"[+-]?\d+,\d+", cell)) for cell in cells)
    points = sum(bool(re.fullmatch(r"[+-]?\d+\.\d+", cell)) for cell in cells)
    return commas > points

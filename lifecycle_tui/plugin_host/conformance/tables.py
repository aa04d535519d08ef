"""Tables that are written for the checks of sources, in the formats that the suite knows. Runs beside the plugin."""

from __future__ import annotations

import csv
import json
import shlex
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lifecycle_tui.plugin_host.conformance.base import Skipped

Rows = Mapping[str, Sequence[Any]]
"""Column → its values, all of one length; None is missing."""

PLAIN: Rows = {
    "id": [1, 2, 3, 4, 5],
    "amount": [1.5, -2.25, None, 1e12, 0.0],
    "place": ["Ulm", "Århus", "日本", "🙂", None],
    "note": ["a, b", 'say "x"', "two words", "", "last"],
}
MORE: Rows = {
    "id": [6, 7],
    "amount": [3.5, 4.5],
    "place": ["Gent", "Ulm"],
    "note": ["x", "y"],
}
SPOILT: Rows = {
    "id": [1, 2, 3, 4],
    "amount": ["1.5", "abc", "n/a?", "2.5"],
    "place": ["Ulm", "Ulm", "Gent", "Gent"],
    "note": ["a", "b", "c", "d"],
}
"""Two cells of `amount` are no numbers; only formats that hold text can say that."""


def write(path: Path, rows: Rows) -> None:
    """The table as a file in the format that the suffix names.

    Raises:
        Skipped: the suite cannot write that format.
    """
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise Skipped(f"the suite cannot write {path.suffix or 'this format'}: give a table with --location")
    writer(path, rows)


def _delimited(separator: str) -> Callable[[Path, Rows], None]:
    def write_it(path: Path, rows: Rows) -> None:
        with path.open("w", encoding="utf-8", newline="") as out:
            lines = csv.writer(out, delimiter=separator)
            lines.writerow(rows)
            lines.writerows(["" if v is None else v for v in row] for row in zip(*rows.values(), strict=True))

    return write_it


def _fixed_width(path: Path, rows: Rows) -> None:
    cells = [[name, *("" if v is None else str(v) for v in values)] for name, values in rows.items()]
    wide = [max(map(len, column)) + 2 for column in cells]
    lines = ["".join(c.ljust(w) for c, w in zip(line, wide, strict=True)) for line in zip(*cells, strict=True)]
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), "utf-8")


def _json_lines(path: Path, rows: Rows) -> None:
    lines = [json.dumps(dict(zip(rows, row, strict=True))) for row in zip(*rows.values(), strict=True)]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _parquet(path: Path, rows: Rows) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if rows is SPOILT:
        raise Skipped("a column of this format has one type, so no cell of it can be spoilt")
    pq.write_table(pa.table({name: list(values) for name, values in rows.items()}), path)


def _sqlite(path: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE rows ({', '.join(rows)})")
        marks = ", ".join("?" * len(rows))
        connection.executemany(f"INSERT INTO rows VALUES ({marks})", zip(*rows.values(), strict=True))


def _logfmt(path: Path, rows: Rows) -> None:
    lines = [
        " ".join(f"{name}={shlex.quote(str(v))}" for name, v in zip(rows, row, strict=True) if v is not None)
        for row in zip(*rows.values(), strict=True)
    ]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


_WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".fwf": _fixed_width,
    ".db": _sqlite,
    ".jsonl": _json_lines,
    ".logfmt": _logfmt,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".pq": _parquet,
}

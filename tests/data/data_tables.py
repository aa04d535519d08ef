"""Small tables and specs for the tests of the data room."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle_tui.builtin.sources.csv import CsvSource
from lifecycle_tui.builtin.sources.jsonl import JsonLinesSource
from lifecycle_tui.builtin.sources.parquet import ParquetSource
from lifecycle_tui.builtin.sources.sql import SqlSource
from lifecycle_tui.builtin.sources.sqlite import SqliteSource
from lifecycle_tui.data.cache import FragmentCache
from lifecycle_tui.data.layout import tables
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.opening import open_table
from lifecycle_tui.domain.specs import (
    ColumnsSpec,
    DataSpec,
    LabelSpec,
    ModelSpec,
    ReferenceSpec,
    TableSpec,
    TimestampSpec,
)
from lifecycle_tui.domain.windows import DataFinding, TimeWindow, Window, WindowSpec

CLASSES = (CsvSource, JsonLinesSource, ParquetSource, SqlSource, SqliteSource)
START = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
MONTH = TimeWindow(1, "month")
DAY = TimeWindow(1, "day")


def day(n: float) -> datetime:
    """`n` days after the start of 2025."""
    return START + timedelta(days=n)


def write(path: Path, rows: Sequence[Mapping[str, Any]], *, text: bool | None = None) -> Path:
    """`rows` as CSV or Parquet, by suffix; datetimes as ISO text in CSV. The file is dated into 2020."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".csv":
        lines = [",".join(names)]
        lines += [",".join(_cell(row.get(name)) for name in names) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif path.suffix == ".jsonl":
        kept = [{name: row.get(name) for name in names} for row in rows]
        path.write_text("".join(f"{json.dumps(row, default=_cell)}\n" for row in kept), encoding="utf-8")
    elif path.suffix == ".db":
        into_sqlite(path, rows)
    else:
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    return dated(path)


def into_sqlite(path: Path, rows: Sequence[Mapping[str, Any]], table: str = "rows") -> Path:
    """`rows` added to a table of a SQLite file, datetimes as text; columns have no declared type."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(f'CREATE TABLE IF NOT EXISTS "{table}" ({columns})')
        cells = [[_cell(v) if isinstance(v := row.get(name), datetime) else v for name in names] for row in rows]
        connection.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(names))})', cells)
    return path


def dated(path: Path, seconds: int = 1_577_836_800) -> Path:
    """`path` with a modification time long ago (labels without a time of their own arrive then)."""
    os.utime(path, (seconds, seconds))
    return path


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def model(
    location: Path,
    *,
    window: WindowSpec = MONTH,
    reference: ReferenceSpec | None = None,
    columns: ColumnsSpec | None = None,
    labels: LabelSpec | None = None,
    task: str = "regression",
    **data: Any,
) -> ModelSpec:
    """A model over one wide table, with its reference in January 2025, unless told otherwise."""
    spec = DataSpec(
        reference=reference or ReferenceSpec(end=day(31)),
        window=window,
        table=None if "predictions" in data or "features" in data else TableSpec(str(location)),
        labels=labels or LabelSpec(),
        **data,
    )
    return ModelSpec("m", task, spec, columns or ColumnsSpec(timestamp=TimestampSpec(("ts",)), target="y"))  # type: ignore[arg-type]


def open_model(spec: ModelSpec, cache: FragmentCache | None = None, **options: Any) -> ModelData:
    """`ModelData` with the built-in sources."""
    return ModelData(spec, {role: open_table(t, CLASSES) for role, t in tables(spec).items()}, cache=cache, **options)


def rows_of(data: ModelData, window: Window, as_of: datetime = NOW, **options: Any) -> list[dict[str, Any]]:
    """All rows of a scan as dicts: features, and `_time`, `_id`, `_target` …, sorted by their text."""
    found = []
    for batch in data.scan(window, as_of, **options):
        columns = {name: batch.features.column(name).to_pylist() for name in batch.features.column_names}
        extra = {
            "_time": batch.time,
            "_id": batch.id,
            "_version": batch.version,
            "_prediction": batch.prediction,
            "_score": batch.score,
            "_target": batch.target,
            "_known": batch.target_known,
        }
        columns |= {name: (v.tolist() if not hasattr(v, "to_pylist") else v.to_pylist()) for name, v in extra.items()
                    if v is not None}  # fmt: skip
        assert all(len(values) == batch.rows for values in columns.values())
        found += [{name: values[i] for name, values in columns.items()} for i in range(batch.rows)]
    return sorted(found, key=repr)


def known_of(data: ModelData, as_of: datetime = NOW, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parts of all windows, as a check would have stored them."""
    survey = data.survey(known or {}, as_of)
    return {s.window.key: data.scan(s.window, as_of).run().parts for s in survey.windows}


def changes(data: ModelData, known: Mapping[str, Any], as_of: datetime = NOW) -> dict[str, str]:
    """Window key → change."""
    return {s.window.key: s.change for s in data.survey(known, as_of).windows}


def counts(findings: Sequence[DataFinding]) -> dict[str, int]:
    """code or code:column → count."""
    return {f.code + (f":{f.column}" if f.column else ""): f.count for f in findings}


def with_columns(spec: ModelSpec, **changes_: Any) -> ModelSpec:
    """`spec` with other columns."""
    return replace(spec, columns=replace(spec.columns, **changes_))

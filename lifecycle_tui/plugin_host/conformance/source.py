"""Checks of sources: pieces that stay the same, columns and kinds as asked for, bad data said to be the data's fault.

The suite writes small tables in the formats that it knows by suffix. Of another source, `--location` names a table that
it can read, and what needs made tables is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import DataError, LifecycleError
from lifecycle_tui.plugin_host.conformance import common, tables
from lifecycle_tui.plugin_host.conformance.base import Check, Failed, Skipped
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a source, in order."""
    yield from common.checks(info)
    yield Check("fragments", "finds the pieces of a table, sorted, each with an id of its own", fragments, "made")
    yield Check("stable", "finds the same pieces and columns when it is made again", stable, "fragments")
    yield Check(
        "reads", "reads every row once, in batches whose columns and types its schema names", reads, "fragments"
    )
    yield Check(
        "columns",
        "reads the columns that are asked for, in any order, and leaves out those it has not",
        columns,
        "reads",
    )
    yield Check("kinds", "reads numbers as numbers and labels as text where it is told so", kinds, "reads")
    yield Check("time-hint", "loses no row that lies within the time that is asked for", time_hint, "reads")
    yield Check("several-files", "takes a folder of files as one table", several, "reads")
    yield Check(
        "spoilt-cells",
        "reads a cell that is no number as missing and reports it, or refuses the table",
        spoilt,
        "reads",
    )
    yield Check("empty-table", "reads a table without rows as one, or refuses it as the data's fault", empty, "reads")
    yield Check("nothing-there", "says with a DataError that the location holds nothing", nothing, "made")
    yield Check("rubbish", "says with a DataError that a file cannot be read at all", rubbish, "reads")
    yield Check("table-unchanged", "leaves the files it reads as they were", unchanged, "reads")


# -- what is read -----------------------------------------------------------------------------------------------------


def _table(bench: Bench, *parts: tables.Rows) -> Any:
    """The source on a table of these parts, a file each; on the given location where there is one."""
    if bench.trial.location is not None:
        if parts and parts != (tables.PLAIN,):
            raise Skipped("the table is the one of --location")
        bench.location = bench.trial.location
        return bench.make()
    suffix = _suffix(bench)
    folder = Path(bench.scratch) / "table"
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(parts):
        tables.write(folder / f"part{number}{suffix}", part)
    bench.location = str(folder if len(parts) != 1 else folder / f"part0{suffix}")
    return bench.make()


def _suffix(bench: Bench) -> str:
    if not bench.info.suffixes:
        raise Skipped("it names no suffixes, so the suite can write nothing for it: give a table with --location")
    return bench.info.suffixes[0]


def _found(source: Any) -> Any:
    from lifecycle_tui.plugin_host.tables import as_fragments

    try:
        return as_fragments(source.fragments())
    except BadResult as exc:
        raise Failed("a sequence of Fragment", str(exc), method="fragments") from None


def _schema(source: Any) -> Any:
    from lifecycle_tui.plugin_host.tables import as_schema

    try:
        return as_schema(source.schema())
    except BadResult as exc:
        raise Failed("a mapping of column to Arrow type", str(exc), method="schema") from None


def _read(source: Any, **asked: Any) -> tuple[Any, list[Any]]:
    """All rows as an Arrow table (None without any batch), and the problems that were reported."""
    import pyarrow as pa

    from lifecycle_tui.domain.protocols import Batch

    batches: list[Any] = []
    problems: list[Any] = []
    for fragment in _found(source):
        row = 0
        for batch in source.read(fragment, **asked):
            if not isinstance(batch, Batch) or not isinstance(batch.data, pa.RecordBatch):
                raise Failed("a Batch that holds a RecordBatch", type(batch).__name__, method="read")
            if batch.first_row != row and not problems and not batch.problems:
                hint = "count the rows of the batches before"
                raise Failed(f"first_row {row} of fragment {fragment.id}", str(batch.first_row), hint, method="read")
            row += batch.data.num_rows
            batches.append(batch.data)
            problems += batch.problems
    if not batches:
        return None, problems
    try:
        return pa.Table.from_batches(batches), problems
    except pa.ArrowInvalid:
        hint = "give a column the type that schema() says, in each batch"
        raise Failed("batches of one schema", str({str(b.schema) for b in batches}), hint, method="read") from None


# -- the checks -------------------------------------------------------------------------------------------------------


def fragments(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    found = _found(source)
    if not found:
        raise Failed("a fragment for each file", "none", "look at `location`", method="fragments")
    ids = [f.id for f in source.fragments()]
    for one, two in pairwise(ids):
        if one > two:
            raise Failed("fragments sorted by id", f"{one!r} before {two!r}", "sort them", method="fragments")
    for fragment in found:
        if bench.scratch in fragment.id or os.path.isabs(fragment.id):
            hint = "ids are relative to the location: a table that is moved stays the same"
            raise Failed("an id without an absolute path", repr(fragment.id), hint, method="fragments")


def stable(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    other = bench.make()
    one, two = ([(f.id, f.stamp) for f in _found(s)] for s in (source, other))
    if one != two:
        raise Failed("the same ids, sizes and times", f"{one[:2]} and {two[:2]}", method="fragments")
    if _schema(source) != _schema(other):
        raise Failed("the same columns and types", f"{_schema(source)} and {_schema(other)}", method="schema")


def reads(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    data, _ = _read(source)
    told = [f.rows for f in _found(source)]
    if data is None or not data.num_rows:
        raise Failed("rows", "none", method="read")
    if None not in told and sum(told) != data.num_rows:
        raise Failed(f"the {sum(told)} rows that its fragments say", str(data.num_rows), method="read")
    schema = _schema(source)
    for field in data.schema:
        if field.name not in schema.names:
            raise Failed(f"columns of its schema ({', '.join(schema.names)})", field.name, method="read")
        if not _alike(schema.field(field.name).type, field.type):
            expected = f"{field.name} as {schema.field(field.name).type}, which its schema says"
            raise Failed(expected, str(field.type), method="read")
    if bench.trial.location is None:
        _compare(data, tables.PLAIN)


def _alike(one: Any, two: Any) -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
    return bool(one == two or all(any(k(t) for k in kinds) for t in (one, two)))


def _compare(data: Any, rows: tables.Rows) -> None:
    for name, values in rows.items():
        if name not in data.column_names:
            raise Failed(f"the column {name}", f"only {', '.join(data.column_names)}", method="read")
        found = data[name].to_pylist()
        same = [a in (b, str(b)) or {a, b} <= {None, ""} for a, b in zip(found, values, strict=False)]
        if len(found) != len(values) or not all(same):
            raise Failed(f"{name} = {list(values)}", str(found), method="read")


def columns(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    names = _schema(source).names
    for asked in (names[-1:], names[::-1][:2], [*names[:1], "no such column"]):
        data, _ = _read(source, columns=asked)
        expected = [n for n in asked if n in names]
        if data is None or sorted(data.column_names) != sorted(expected):
            came = "no batch" if data is None else ", ".join(data.column_names) or "none"
            raise Failed(f"the columns {', '.join(expected)} for columns={asked}", came, method="read")


def kinds(bench: Bench) -> None:
    import pyarrow as pa

    source = _table(bench, tables.PLAIN)
    if bench.trial.location is not None:
        raise Skipped("the table is the one of --location")
    asked = {"id": "categorical", "amount": "numeric", "place": "categorical", "note": "text"}
    data, _ = _read(source, columns=list(asked), kinds=asked)
    for name, kind in asked.items():
        form = data.schema.field(name).type
        number = pa.types.is_floating(form) or pa.types.is_integer(form)
        if name == "id" and form == _schema(source).field(name).type:
            continue  # a format whose columns have types may leave a number one: the program writes it as a label
        if number != (kind == "numeric"):
            expected = "float64" if kind == "numeric" else "strings, or a dictionary of them"
            raise Failed(f"{expected} for {name}, which is to be {kind}", str(form), method="read")
    if data["id"].cast(pa.string()).to_pylist() != ["1", "2", "3", "4", "5"]:
        hint = "a whole number that is a label is written without .0"
        raise Failed("the labels 1 to 5 for id", str(data["id"].to_pylist()), hint, method="read")


def time_hint(bench: Bench) -> None:
    from datetime import UTC, datetime

    source = _table(bench, tables.PLAIN)
    whole, _ = _read(source)
    name = whole.column_names[-1]
    hint = (name, datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
    data, _ = _read(source, time=hint)
    if data is None or data.num_rows != whole.num_rows:
        came = "none" if data is None else str(data.num_rows)
        raise Failed(f"all {whole.num_rows} rows within all of time", came, "ignore `time` where unsure", method="read")


def several(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN, tables.MORE)
    data, _ = _read(source)
    if data is None or sorted(int(v) for v in data["id"].to_pylist()) != [1, 2, 3, 4, 5, 6, 7]:
        came = "none" if data is None else str(data["id"].to_pylist())
        raise Failed("the rows of both files of a folder", came, method="fragments")


def spoilt(bench: Bench) -> None:
    source = _table(bench, tables.SPOILT)
    try:
        data, problems = _read(source, kinds={"amount": "numeric"})
    except DataError:
        return
    if data["amount"].to_pylist() != [1.5, None, None, 2.5]:
        raise Failed("amount = [1.5, None, None, 2.5]", str(data["amount"].to_pylist()), method="read")
    if sum(p.count for p in problems) < 2:
        hint = "Batch(data, first_row, problems=(CellProblem(…),)): the data report counts them"
        raise Failed("two cells reported", f"{sum(p.count for p in problems)}", hint, method="read")


def empty(bench: Bench) -> None:
    source = _table(bench, {name: [] for name in tables.PLAIN})
    try:
        data, _ = _read(source)
    except DataError:
        return
    if data is not None and data.num_rows:
        raise Failed("no row", str(data.num_rows), method="read")


def nothing(bench: Bench) -> None:
    bench.location = f"{bench.scratch}/nothing{(*bench.info.suffixes, '')[0]}"
    _refused(lambda: bench.make().fragments(), "a location that holds nothing", "fragments")


def rubbish(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    if bench.trial.location is not None:
        raise Skipped("the table is the one of --location")
    for fragment in _found(source):
        Path(fragment.path).write_bytes(b"\xff\xfe\x00PAR1\x00\x80{{{\n\x00\xff")
    source = bench.make()
    try:
        data, _ = _read(source)
    except DataError:
        return
    except (LifecycleError, Failed):
        raise
    except Exception as exc:
        hint = "raise DataError where the file is at fault: anything else is charged to the plugin"
        raise Failed("a DataError", f"{type(exc).__name__}: {exc}", hint, method="read") from exc
    if data is not None and data.num_rows > 2:
        raise Failed("a DataError", f"{data.num_rows} rows", method="read")


def _refused(call: Any, what: str, method: str) -> None:
    hint = "raise DataError(message, hint=…): it is shown as the data's fault, not as the plugin's"
    try:
        found = call()
    except DataError:
        return
    except Exception as exc:
        raise Failed(f"a DataError for {what}", f"{type(exc).__name__}: {exc}", hint, method=method) from exc
    raise Failed(f"a DataError for {what}", repr(found)[:80], hint, method=method)


def unchanged(bench: Bench) -> None:
    source = _table(bench, tables.PLAIN)
    paths = [Path(f.path) for f in _found(source)]
    before = [(p.read_bytes(), p.stat().st_mtime_ns) for p in paths if p.is_file()]
    _read(source)
    if before != [(p.read_bytes(), p.stat().st_mtime_ns) for p in paths if p.is_file()]:
        raise Failed("the same files", "changed ones", method="read")

"""JSON lines: .jsonl and .ndjson, also compressed; one object a line. Objects in objects become dotted columns.

pyarrow reads stretches of lines whose values have the types that the file shows; a stretch that does not fit is read
line by line with the standard library. A line that is no object is left out and said; no other row is lost with it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.api import (
    FORMS,
    Batch,
    CellProblem,
    ColumnKind,
    DataError,
    Form,
    Fragment,
    arrow_type,
    as_batch,
    as_labels,
    common_type,
    find_fragments,
    form_of,
    hookimpl,
    open_text,
    scalar,
    with_partitions,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
_BLOCK = 4 << 20
_EXACT = 2.0**53
"""From here on a double is no whole number's own."""
_LONGEST = 256 << 20
"""Bytes of one line; a file without line ends is not read into memory whole."""


@dataclass(frozen=True)
class _Shape:
    """Columns of one file as its first 4 MB show them (all of it, where `whole`); `lists` are the names of lists, which
    are left out."""

    forms: Mapping[str, Form]
    lists: tuple[str, ...] = ()
    whole: bool = False


@dataclass
class _Seen:
    """What inference has found of each column: a sample of its values."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)

    def shape(self, whole: bool) -> _Shape:
        # `{"a": null}` beside `{"a": {"b": 1}}` is no column of its own.
        above = {name[:i] for name in self.values for i, letter in enumerate(name) if letter == "."}
        forms = {
            name: form_of(values) or "number"
            for name, values in self.values.items()
            if name not in above or set(values) != {None}
        }
        names = [name for name in self.lists if name not in forms or set(self.values[name]) == {None}]
        return _Shape({n: f for n, f in forms.items() if n not in names}, tuple(names), whole)


class JsonLinesSource:
    """Fragments are files of JSON objects, one a line. Columns are the keys, `a.b` for `{"a": {"b": 1}}`; columns of
    lists are left out and said."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".jsonl.bz2", ".jsonl.zst")

    def __init__(self, location: str) -> None:
        self.location = location
        self._shapes: dict[tuple[str, str], _Shape] = {}

    def fragments(self) -> Sequence[Fragment]:
        """All files, sorted by id."""
        return find_fragments(self.location, self.suffixes)

    def schema(self) -> Mapping[str, pa.DataType]:
        """Union of the files' columns, each with a type that holds it in all of them."""
        found: dict[str, Any] = {}
        readable, problem = 0, None
        for fragment in self.fragments():
            try:
                for name, kind in self.fragment_schema(fragment).items():
                    found[name] = common_type(found.get(name, kind), kind)
                readable += 1
            except DataError as exc:
                problem = exc
        if problem is not None and not readable:
            raise problem
        return found

    def names(self, fragment: Fragment) -> tuple[str, ...]:
        """Columns that the first 4 MB of one file have."""
        return tuple(self.fragment_schema(fragment))

    def fragment_schema(self, fragment: Fragment) -> Mapping[str, pa.DataType]:
        """Columns and types of one file: int64, double, bool or string; partition columns included."""
        import pyarrow as pa

        own = {name: arrow_type(form) for name, form in self._shape(fragment).forms.items()}
        return {**own, **{name: pa.string() for name in fragment.partitions if name not in own}}

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of at most 65,536 rows: numeric columns float64, categories dictionary-encoded labels, text and time
        strings; a column without a kind has the type that its file shows. A key that is asked for is found wherever in
        the file it first occurs."""
        shape = self._shape(fragment, whole=columns is None)
        kinds = kinds or {}
        asked = list(shape.forms) if columns is None else list(dict.fromkeys(columns))
        late = [n for n in asked if n not in shape.forms and n not in shape.lists and n not in fragment.partitions]
        forms = {name: shape.forms[name] for name in asked if name in shape.forms}
        if late and not shape.whole:
            forms |= self._later(fragment, late)
        forms |= {name: FORMS[kinds[name]] for name in forms if name in kinds}
        extra = [p for p in fragment.partitions if p not in shape.forms and (columns is None or p in columns)]
        said = [CellProblem(name, "nested-column", 1, "a list: left out") for name in shape.lists
                if columns is None or name in columns]  # fmt: skip
        for batch in _Reading(fragment.path, forms, {**forms, **shape.forms}).batches():
            data = with_partitions(batch.data if forms else None, fragment, extra, batch.data.num_rows)
            yield replace(batch, data=data, problems=(*said, *batch.problems))
            said = []

    def _later(self, fragment: Fragment, names: Sequence[str]) -> dict[str, Form]:
        """Those of the columns that come further down: looked for as bytes first, which is cheaper than parsing."""
        keys = {word for name in names for word in _written(name.rpartition(".")[2])}
        if not any(word in block for block in _blocks(fragment.path) for word in keys):
            return {}
        known = self._shape(fragment, whole=True).forms
        return {name: known[name] for name in names if name in known}

    def _shape(self, fragment: Fragment, *, whole: bool = False) -> _Shape:
        key = (fragment.path, fragment.stamp)
        known = self._shapes.get(key)
        if known is None or (whole and not known.whole):
            known = self._shapes[key] = _look(fragment.path, whole)
        return known


# ── what a file holds ──


def _look(path: str, whole: bool) -> _Shape:
    """The columns of a file, from its first stretch or all of it."""
    seen, lines, bad, complete = _Seen(), 0, 0, True
    for number, block in enumerate(_blocks(path)):
        if number and not whole:
            complete = False
            break
        if number and _Reading(path, seen.shape(True).forms).holds(block):
            continue  # nothing new in it
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            lines += 1
            flat = _flat_or_none(line)
            if flat is None:
                bad += 1
                continue
            for name, value in flat.items():
                if isinstance(value, list):
                    seen.lists[name] = None
                    value = None
                _note(seen.values.setdefault(name, []), value)
    if not lines:
        raise DataError(f"{path} is empty")
    if bad == lines:
        raise DataError(f"{path} has no line that is a JSON object")
    return seen.shape(complete)


def _note(sample: list[Any], value: Any) -> None:
    """Keep one value of each type, and whole numbers that int64 does not hold."""
    large = type(value) is int and not -(2**63) <= value < 2**63
    if large or not any(type(old) is type(value) for old in sample):
        sample.append(value)


def _flat_or_none(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
        if b"\\u" in line:  # half a surrogate pair is no text
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return _flat(value) if isinstance(value, dict) else None


def _written(key: str) -> tuple[bytes, bytes]:
    """The ways to write a key."""
    return json.dumps(key).encode(), json.dumps(key, ensure_ascii=False).encode("utf-8", "replace")


def _flat(record: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """An object's values by dotted name; of two that have the same, the one that is written so counts."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            for name, inner in _flat(value, f"{before}{key}.").items():
                found.setdefault(name, inner)
        else:
            found[f"{before}{key}"] = value
    return found


def _blocks(path: str) -> Iterator[bytes]:
    """The file in stretches of whole lines, about 4 MB each."""
    rest = b""
    try:
        with open_text(path) as stream:
            while True:
                block = stream.read(_BLOCK)
                if not block:
                    break
                rest += block
                end = rest.rfind(b"\n") + 1
                if end:
                    yield rest[:end].removeprefix(b"\xef\xbb\xbf")
                    rest = rest[end:]
                elif len(rest) > _LONGEST:
                    raise DataError(f"{path} has a line of more than {_LONGEST >> 20} MB: it is no file of JSON lines")
    except (OSError, EOFError) as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc
    if rest:
        yield rest.removeprefix(b"\xef\xbb\xbf")


# ── reading ──


class _Reading:
    """One pass over one file, each stretch fast where it fits and else line by line.

    Args:
        forms: of the columns that are read. shown: what the file shows of them (by default the same).
    """

    def __init__(self, path: str, forms: Mapping[str, Form], shown: Mapping[str, Form] | None = None) -> None:
        self.path, self.forms = path, forms
        self.types = {name: _fast_type(form, (shown or forms)[name]) for name, form in forms.items()}
        self.dotted = tuple(word for name in forms if "." in name for word in _written(name))

    def batches(self) -> Iterator[Batch]:
        """All rows, in order."""
        row = 0
        for block in _blocks(self.path):
            table = self._parsed(block) if self.forms else None
            found = self._tables(table, row) if table is not None else self._lines(block, row)
            for batch in found:
                yield batch
                row += batch.data.num_rows

    def holds(self, block: bytes) -> bool:
        """Whether the columns and their types are all that a stretch has."""
        return self._parsed(block, "error") is not None

    def _parsed(self, block: bytes, unexpected: str = "ignore") -> Any:
        """The stretch as pyarrow reads it; None if it does not fit."""
        import pyarrow as pa
        from pyarrow import json as pajson

        schema = _nested(self.types)
        if schema is None or any(word in block for word in self.dotted):
            return None  # a key with a dot in it, which is no object in an object
        parse = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected)
        read = pajson.ReadOptions(block_size=len(block) + 1, use_threads=False)
        try:
            if not block.isascii():
                block.decode()
            table = pajson.read_json(io.BytesIO(block), read_options=read, parse_options=parse)
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        # Two objects in a line are two rows to pyarrow, and blank lines none.
        rows = block.count(b"\n") + (not block.endswith(b"\n"))
        return None if table.num_rows != rows or self._rounds(table) else table

    def _rounds(self, table: Any) -> bool:
        """Whether numbers that stand for labels are too large for a double to tell one from the next."""
        import pyarrow.compute as pc

        named = [_leaf(table, name) for name, form in self.forms.items() if form in ("label", "time")]
        return any((pc.max(pc.abs(one)).as_py() or 0.0) >= _EXACT for one in named if str(one.type) == "double")

    def _tables(self, table: Any, row: int) -> Iterator[Batch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        arrays = []
        for name, form in self.forms.items():
            column = _leaf(table, name)
            if form == "label":
                column = as_labels(column)
            elif form == "number":
                column = pc.if_else(pc.is_nan(column), scalar(None, column.type), column)
            arrays.append(column.cast(pa.string()) if form == "text" else column)
        whole = pa.RecordBatch.from_arrays(arrays, names=list(self.forms))
        for start in range(0, whole.num_rows, _ROWS):
            yield Batch(whole.slice(start, _ROWS), row + start)

    def _lines(self, block: bytes, row: int) -> Iterator[Batch]:
        """The stretch line by line; a line that is no object is charged to the row after it."""
        records: list[dict[str, Any]] = []
        bad: list[int] = []
        example = ""
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            flat = _flat_or_none(line)
            if flat is None:
                bad.append(len(records))
                example = example or f"before row {row + len(records) + 1}: {line[:80].decode('utf-8', 'replace')!r}"
            else:
                records.append(flat)
            if len(records) == _ROWS:
                yield self._batch(records, row, bad, example)
                row += len(records)
                records, bad, example = [], [], ""
        if records or bad:
            yield self._batch(records, row, bad, example)

    def _batch(self, records: Sequence[Mapping[str, Any]], row: int, bad: Sequence[int], example: str) -> Batch:
        columns = {name: [record.get(name) for record in records] for name in self.forms}
        problems = (CellProblem(None, "bad-line", len(bad), example, tuple(bad)),) if bad else ()
        if not columns:
            return Batch(_rows(len(records)), row, problems)
        batch = as_batch(columns, self.forms, row)
        return replace(batch, problems=(*problems, *batch.problems))


def _nested(types: Mapping[str, Any]) -> Any:
    """The schema of objects in objects that dotted columns of these types come from."""
    import pyarrow as pa

    tree: dict[str, Any] = {}
    for name, kind in types.items():
        *above, last = name.split(".")
        node = tree
        for key in above:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                return None  # a value here and an object there: nothing for the fast reader
        if last in node:
            return None
        node[last] = kind
    return pa.schema(_fields(tree))


def _fields(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    import pyarrow as pa

    return [(key, pa.struct(_fields(node)) if isinstance(node, dict) else node) for key, node in tree.items()]


def _leaf(table: Any, name: str) -> Any:
    """The column of a dotted name, null where an object above it is."""
    import pyarrow.compute as pc

    first, *below = name.split(".")
    column = table.column(first)
    column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    for key in below:
        column = pc.struct_field(column, key)
    return column


def _rows(count: int) -> Any:
    import pyarrow as pa

    return pa.record_batch({"": pa.repeat(pa.scalar(0, pa.int8()), count)})


def _fast_type(form: Form, shown: Form) -> Any:
    """What pyarrow is to read for a form: labels and times as the file has them."""
    if form in ("label", "time") or (form == "text" and shown == "whole"):
        form = shown
    return arrow_type(form)


@hookimpl
def register_sources(register: Any) -> None:
    register(JsonLinesSource)

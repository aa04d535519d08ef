"""Delimited text: .csv, .tsv, .txt, also compressed. Reads what people really have, and says what it had to do.

pyarrow reads well-formed stretches; where a cell or a row does not fit, the rest of the file is read as text and
made sense of cell by cell. Nothing is left out without a `CellProblem`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.api import (
    NO_LABEL,
    NO_NUMBER,
    Batch,
    CellProblem,
    ColumnKind,
    DataError,
    Dialect,
    Fragment,
    common_type,
    find_fragments,
    hookimpl,
    is_address,
    open_text,
    parse_numbers,
    scalar,
    sniff_dialect,
    strings,
    text_labels,
    with_partitions,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
_BLOCK = 4 << 20
_INFER = 32 << 20
_MISSING = tuple(dict.fromkeys(v for s in NO_NUMBER for v in (s, s.upper(), s.capitalize(), "NaN", "-NaN", "#N/A N/A")))


@dataclass
class _Rough:
    """Counts rows with a wrong number of cells while pyarrow parses them."""

    count: int = 0
    example: str = ""

    def __call__(self, row: Any) -> str:
        self.count += 1
        if not self.example:
            self.example = f"{row.actual_columns} cells instead of {row.expected_columns}: {row.text[:80]!r}"
        return "skip"

    def take(self) -> tuple[CellProblem, ...]:
        if not self.count:
            return ()
        problem = CellProblem(None, "ragged-row", self.count, self.example)
        self.count, self.example = 0, ""
        return (problem,)


class CsvSource:
    """Fragments are files. Separator, encoding and decimal mark are found out for each file unless declared.

    Args:
        separator: the character between cells.
        encoding: a Python codec name; by default UTF-8 (with or without mark), UTF-16 with a mark, else Latin-1.
        decimal: the decimal mark, "." or ",".
        missing: further spellings of a missing cell.
    """

    name = "csv"
    suffixes = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".csv.bz2", ".csv.zst")

    def __init__(
        self,
        location: str,
        *,
        separator: str | None = None,
        encoding: str | None = None,
        decimal: str | None = None,
        missing: tuple[str, ...] = (),
    ) -> None:
        self.location = location
        self.separator = separator
        self.encoding = encoding
        self.decimal = decimal
        self.missing = tuple(missing)
        self._dialects: dict[tuple[str, str, bool], Dialect] = {}
        self._types: dict[tuple[str, str], dict[str, Any]] = {}

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
        """Columns of one file, from its header."""
        names = self._dialect(fragment, whole=False).names
        return (*names, *(name for name in fragment.partitions if name not in names))

    def fragment_schema(self, fragment: Fragment) -> Mapping[str, pa.DataType]:
        """Columns and types of one file: int64, double, bool or string; partition columns included."""
        import pyarrow as pa

        key = (fragment.path, fragment.stamp)
        if key not in self._types:
            self._types[key] = self._infer(fragment)
        return {**self._types[key], **dict.fromkeys(fragment.partitions, pa.string())}

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of at most 65,536 rows: numeric columns float64, categories dictionary-encoded labels, text and
        time strings; a column without a kind has the type that its file shows."""
        dialect = self._dialect(fragment)
        names = list(dialect.names) if columns is None else [c for c in dict.fromkeys(columns) if c in dialect.names]
        extra = [p for p in fragment.partitions if p not in dialect.names and (columns is None or p in columns)]
        types = self._targets(fragment, names, kinds)
        reading = _Reading(fragment, dialect, names or [dialect.names[0]], types, self.missing)
        first = True
        for batch in reading.batches():
            rows = batch.data.num_rows
            data = with_partitions(batch.data if names else None, fragment, extra, rows)
            problems = (*dialect.problems, *batch.problems) if first else batch.problems
            first = False
            yield Batch(data, batch.first_row, problems)

    def _targets(
        self, fragment: Fragment, names: Sequence[str], kinds: Mapping[str, ColumnKind] | None
    ) -> dict[str, Any]:
        import pyarrow as pa

        known = {
            "numeric": pa.float64(),
            "categorical": pa.dictionary(pa.int32(), pa.string()),
            "text": pa.string(),
            "time": pa.string(),
        }
        kinds = kinds or {}
        types = {name: known[kinds[name]] for name in names if name in kinds}
        if len(types) < len(names):
            shown = self.fragment_schema(fragment)
            types |= {name: shown[name] for name in names if name not in types}
        return types

    def _dialect(self, fragment: Fragment, *, whole: bool = True) -> Dialect:
        key = (fragment.path, fragment.stamp, whole)
        if key not in self._dialects:
            given = (self.separator, self.encoding, self.decimal)
            try:
                self._dialects[key] = sniff_dialect(fragment.path, *given, whole=whole)
            except (OSError, UnicodeError, LookupError, csv.Error, EOFError) as exc:
                raise DataError(f"{fragment.path} cannot be read: {exc}") from exc
        return self._dialects[key]

    def _infer(self, fragment: Fragment) -> dict[str, Any]:
        import pyarrow as pa
        from pyarrow import csv as pacsv

        dialect = self._dialect(fragment)
        if dialect.empty:
            return dict.fromkeys(dialect.names, pa.float64())
        with open_text(fragment.path) as stream:
            head = stream.read(_INFER + 1)
        if len(head) > _INFER:
            head = head[: head.rfind(b"\n") + 1] or head
        reading = _Reading(fragment, dialect, list(dialect.names), {}, self.missing)
        options = reading.options({}, careful=True)
        try:
            table = pacsv.read_csv(io.BytesIO(head), **options)
        except pa.ArrowException:
            return dict.fromkeys(dialect.names, pa.string())
        return {field.name: _plain(field.type) for field in table.schema}


class _Reading:
    """One pass over one file, beginning fast and going on carefully where something does not fit."""

    def __init__(
        self,
        fragment: Fragment,
        dialect: Dialect,
        names: list[str],
        types: Mapping[str, Any],
        missing: tuple[str, ...],
    ) -> None:
        self.path, self.dialect, self.names, self.types, self.missing = fragment.path, dialect, names, types, missing
        self.rough = _Rough()
        self.left_out = 0

    def batches(self) -> Iterator[Batch]:
        """All rows, in order."""
        import pyarrow as pa

        if self.dialect.empty:
            yield self._batch(self._no_rows(), 0, ())
            return
        row = 0
        for attempt in ("fast", "careful", "unquoted"):
            skipped = 0
            try:
                for raw in self._parse(attempt):
                    rough = self.rough.take()
                    rest = raw.slice(max(0, row - skipped))  # without what the attempt before delivered
                    skipped += raw.num_rows
                    if rest.num_rows or rough:
                        yield self._batch(rest, row, rough)
                        row += rest.num_rows
                if rough := self.rough.take():
                    yield self._batch(self._no_rows(), row, rough)
                return
            except (OSError, pa.ArrowException) as exc:
                self.rough.take()
                if attempt == "unquoted" or not isinstance(exc, pa.ArrowInvalid):
                    raise DataError(f"{self.path} cannot be read: {str(exc).splitlines()[0]}") from exc

    def _no_rows(self) -> Any:
        import pyarrow as pa

        return pa.table([strings([])] * len(self.names), names=self.names)

    def _parse(self, attempt: str) -> Iterator[Any]:
        """Tables of at most 65,536 rows: typed by the fast attempt, all text by the others."""
        import pyarrow as pa
        from pyarrow import csv as pacsv

        careful = attempt != "fast"
        types = {name: pa.string() for name in self.names} if careful else dict(self.types)
        place = open_text(self.path) if is_address(self.path) else self.path
        reader = pacsv.open_csv(place, **self.options(types, careful=careful, quotes=attempt != "unquoted"))
        with reader:
            for batch in reader:
                table = pa.Table.from_batches([batch])
                for start in range(0, max(batch.num_rows, 1), _ROWS):
                    yield table.slice(start, _ROWS)

    def options(self, types: Mapping[str, Any], *, careful: bool, quotes: bool = True) -> dict[str, Any]:
        """Arguments for pyarrow's readers."""
        from pyarrow import csv as pacsv

        d = self.dialect
        return {
            "read_options": pacsv.ReadOptions(
                column_names=list(d.names), skip_rows=d.skip, encoding=d.encoding, block_size=_BLOCK
            ),
            "parse_options": pacsv.ParseOptions(
                delimiter=d.separator,
                quote_char='"' if quotes else False,
                newlines_in_values=quotes and (careful or len(d.names) == 1),
                invalid_row_handler=self.rough if careful else None,
            ),
            "convert_options": pacsv.ConvertOptions(
                column_types=dict(types),
                include_columns=self.names,
                null_values=[*_MISSING, *self.missing],
                strings_can_be_null=False,
                decimal_point=d.decimal,
            ),
        }

    def _batch(self, raw: Any, first_row: int, problems: tuple[CellProblem, ...]) -> Batch:
        """`raw` without repeated headers, every column in its type, with what could not be read."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        found, before = list(problems), self.left_out
        if repeated := self._repeated(raw):
            example = f"row {first_row + repeated[0] + 1}"
            found.append(CellProblem(None, "repeated-header", len(repeated), example, _places(repeated)))
            self.left_out += len(repeated)
            keep = np.ones(raw.num_rows, dtype=bool)
            keep[repeated] = False
            raw = raw.filter(pa.array(keep))
        arrays = []
        for name, column in zip(self.names, raw.columns, strict=True):
            array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
            target = self.types.get(name, array.type)
            if pa.types.is_floating(target) or pa.types.is_integer(target):
                array, wrong = self._numbers(name, array, target, first_row)
                found += wrong
            elif pa.types.is_boolean(target) and not pa.types.is_boolean(array.type):
                array = text_labels(array, self.missing).dictionary_decode()
                array = pc.if_else(
                    pc.is_in(array, strings(["true", "false"])),
                    pc.equal(array, scalar("true")),
                    scalar(None, pa.bool_()),
                )
            elif pa.types.is_dictionary(target):
                array = text_labels(array, self.missing)
            elif pa.types.is_string(array.type):
                array = _without(array, [*NO_LABEL, *self.missing])
            arrays.append(array)
        return Batch(pa.RecordBatch.from_arrays(arrays, names=self.names), first_row - before, tuple(found))

    def _repeated(self, raw: Any) -> list[int]:
        """Rows that are the header again. Typed columns cannot hold one: they made the fast attempt fail."""
        import pyarrow as pa
        import pyarrow.compute as pc

        mask = None
        for name, column in zip(self.names, raw.columns, strict=True):
            if not (pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)):
                return []
            cells = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
            if pa.types.is_dictionary(cells.type):
                if name not in cells.dictionary.to_pylist():
                    return []
                cells = cells.dictionary_decode()
            same = pc.equal(pc.utf8_trim_whitespace(cells), scalar(self.dialect.written[name]))
            mask = same if mask is None else pc.and_(mask, same)
            if not pc.any(mask).as_py():
                return []
        return [] if mask is None else pc.indices_nonzero(mask).to_pylist()

    def _numbers(self, name: str, array: Any, target: Any, first_row: int) -> tuple[Any, list[CellProblem]]:
        import pyarrow as pa

        if not pa.types.is_string(array.type):
            return array.cast(target), []
        if self.missing:
            array = _without(array, self.missing)
        numbers = parse_numbers(array, self.dialect.decimal)
        values = pa.array(numbers.values, from_pandas=True)
        if pa.types.is_integer(target):
            # The sample that the type came from may not have shown the fractions further down.
            with suppress(pa.ArrowInvalid):
                values = values.cast(target)
        if not numbers.bad or numbers.bad_rows is None:
            return values, []
        example = f"row {first_row + int(numbers.bad_rows[0]) + 1}: {numbers.example!r}"
        return values, [CellProblem(name, "bad-cell", numbers.bad, example, tuple(numbers.bad_rows.tolist()))]


def _without(array: Any, cells: Sequence[str]) -> Any:
    """The text with these cells made null."""
    import pyarrow.compute as pc

    return pc.if_else(pc.is_in(array, strings(cells)), scalar(None, array.type), array)


def _places(left_out: Sequence[int]) -> tuple[int, ...]:
    """Where rows that were left out would have been: positions among the rows that remain."""
    return tuple(row - i for i, row in enumerate(left_out))


def _plain(kind: Any) -> Any:
    """The type as this source offers it: dates and times stay text, which `data.times` reads in the model's zone."""
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return kind
    return pa.float64() if pa.types.is_null(kind) else pa.string()


@hookimpl
def register_sources(register: Any) -> None:
    register(CsvSource)

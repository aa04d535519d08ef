"""Reading a table fragment by fragment into normalised chunks; small tables are kept, so that twelve windows in one
file cost one read. Used by everything in this room that looks at rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.cache import FragmentCache
from lifecycle_tui.data.chunks import CHUNK, Chunk, Flaw, Need, empty_column
from lifecycle_tui.data.hashing import RowHash, mix
from lifecycle_tui.data.light import is_valid, keep_pandas_out
from lifecycle_tui.data.partitions import before
from lifecycle_tui.data.spill import Spill
from lifecycle_tui.data.times import parse_times
from lifecycle_tui.data.values import as_ids, as_labels, as_numbers, as_text
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment, Source
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import TimestampSpec

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class Lake:
    """What a table knows without opening its files.

    Attributes:
        cache, name: columns of the fragments that have not changed, and the name that they are remembered by.
        begin: fragments whose partitions say that they are older are left out; None: none is.
        partition: the declared partition column.
    """

    cache: FragmentCache
    name: str
    begin: datetime | None = None
    partition: str | None = None


class Table:
    """One source with its time, read in chunks.

    Args:
        timestamp: None for a table without time.
        memory: bytes of chunks to keep; a fragment that alone would take more than half is not kept, but written to an
            anonymous file in `scratch` if its windows would read it again and again.
        fragments: as they were listed elsewhere; None: the source is asked.
        lake: what spares opening files; None: they are opened.
    """

    def __init__(
        self,
        role: str,
        source: Source,
        timestamp: TimestampSpec | None,
        timezone: str,
        memory: int = 128 << 20,
        scratch: str | None = None,
        fragments: Sequence[Fragment] | None = None,
        lake: Lake | None = None,
    ) -> None:
        keep_pandas_out()
        self.role, self.lake = role, lake
        self.scratch = scratch
        self.source, self.timestamp, self.timezone, self.memory = source, timestamp, timezone, memory
        self._kept: OrderedDict[tuple, tuple[int, list[Chunk]]] = OrderedDict()
        self._held = 0
        self._rows: dict[tuple, int] = {}
        self._vain: set[tuple] = set()
        self._spills: dict[tuple, Spill] = {}
        self._spilling = timestamp is not None
        self._fragments = None if fragments is None else tuple(fragments)

    def fragments(self) -> tuple[Fragment, ...]:
        """All fragments, sorted by id; listed once for the life of this object."""
        if self._fragments is None:
            found, lake = tuple(self.source.fragments()), self.lake
            if lake is not None and (begin := lake.begin) is not None:
                # All of them are kept where none would be left: then the declaration is what is wrong.
                found = tuple(f for f in found if not before(f.partitions, lake.partition, begin)) or found
            self._fragments = found
        return self._fragments

    def names_of(self, fragment: Fragment) -> tuple[str, ...]:
        """Columns of one fragment where the source can tell (an optional method `names(fragment)`), else of all."""
        own = getattr(self.source, "names", None)
        if own is None:
            return tuple(self.source.schema())
        if self.lake is None:
            return tuple(own(fragment))
        key = (self.lake.name, fragment.id, fragment.stamp)
        known = self.lake.cache.get(*key)
        if known is None:
            known = {"names": list(own(fragment))}
            self.lake.cache.put(*key, known)
        return tuple(known["names"])

    def names(self, fragments: Sequence[Fragment] | None = None) -> tuple[str, ...]:
        """Columns of these fragments (of all) together; unreadable ones are passed over unless there is no other."""
        found: dict[str, None] = {}
        problem: DataError | None = None
        for fragment in self.fragments() if fragments is None else fragments:
            try:
                found.update(dict.fromkeys(self.names_of(fragment)))
            except DataError as exc:
                problem = exc
        if not found and problem is not None:
            raise problem
        return tuple(found)

    def is_small(self, fragment: Fragment) -> bool:
        """Whether its chunks will probably be kept."""
        return fragment.size * 8 <= self.memory // 2

    def chunks(
        self, fragment: Fragment, need: Need, between: tuple[datetime, datetime] | None = None
    ) -> Iterator[Chunk]:
        """Chunks of a fragment in order of rows. `between` may skip stretches outside it, where reading in full and
        keeping would cost too much memory.

        Raises:
            DataError: if the file cannot be read; whatever else the source's plugin raises.
        """
        key = (fragment.id, fragment.stamp, need.key())
        if key in self._kept:
            self._kept.move_to_end(key)
            yield from self._kept[key][1]
        elif self.is_small(fragment) or between is None:
            yield from self._keeping(key, fragment, need)
        else:
            yield from self._sparing(key, fragment, need, between)

    def _keeping(self, key: tuple, fragment: Fragment, need: Need) -> Iterator[Chunk]:
        """Read in full, and keep the chunks if they fit: of a fragment whose rows are known the first chunk tells."""
        kept: list[Chunk] | None = []
        size = rows = 0
        known = self._rows.get(key[:2], fragment.rows or 0)
        for chunk in self._read(fragment, need, None):
            rows += chunk.rows
            if kept is not None:
                size += chunk.nbytes()
                kept.append(chunk)
                if size * max(1.0, known / max(1, rows)) > self.memory // 2:
                    kept = None
            yield chunk
        self._rows[key[:2]] = rows
        if kept is not None:
            self._keep(key, size, kept)

    def _sparing(
        self, key: tuple, fragment: Fragment, need: Need, between: tuple[datetime, datetime]
    ) -> Iterator[Chunk]:
        """Read what may lie in `between`. Where most rows of a pass were read in vain, the next pass writes all chunks
        to disk, and from then on each window costs itself."""
        low, high = to_micros(between[0]), to_micros(between[1])
        if key in self._spills:
            yield from self._spills[key].chunks(low, high)
            return
        if key in self._vain and self._spilling:
            spill = Spill(self.scratch)
            for chunk in self._read(fragment, need, None):
                spill.write(chunk)
                yield chunk
            if spill.whole:
                self._spills[key] = spill
            self._spilling = spill.whole
            return
        rows = used = 0
        for chunk in self._read(fragment, need, between):
            rows += chunk.rows
            if chunk.time is not None:
                used += int(((chunk.time >= low) & (chunk.time < high)).sum())
            yield chunk
        if used * 2 < rows:
            self._vain.add(key)

    def _keep(self, key: tuple, size: int, chunks: list[Chunk]) -> None:
        self._kept[key] = (size, chunks)
        self._held += size
        while self._held > self.memory:
            _, (freed, _) = self._kept.popitem(last=False)
            self._held -= freed

    def _read(self, fragment: Fragment, need: Need, between: tuple[datetime, datetime] | None) -> Iterator[Chunk]:
        timed = self.timestamp.columns if self.timestamp else ()
        kinds: dict[str, ColumnKind] = {**need.kinds}
        for name in timed:
            kinds[name] = "time"
        # What a source sees of a time in a format of its own (days before months?) proves nothing.
        plain = self.timestamp is not None and self.timestamp.format is None
        hint = (timed[0], *between) if between and len(timed) == 1 and plain else None
        # One column at least: not every source can count rows of none.
        asked = list(kinds) or list(self.names_of(fragment)[:1])
        for batch in self.source.read(fragment, asked, kinds, hint):
            whole = _without_duplicates(batch.data)
            flaws = tuple(_flaw(p) for p in batch.problems)
            for start in range(0, max(whole.num_rows, 1), CHUNK):
                part = whole.slice(start, CHUNK)
                here = tuple(_shifted(f, start, part.num_rows) for f in flaws if start == 0 or f.rows is not None)
                yield self._chunk(
                    fragment, batch.first_row + start, part, need, tuple(f for f in here if f is not None)
                )

    def _chunk(self, fragment: Fragment, first_row: int, data: Any, need: Need, flaws: tuple[Flaw, ...]) -> Chunk:
        import numpy as np

        rows, found = data.num_rows, list(flaws)
        present = set(data.schema.names)
        time = None
        if self.timestamp is not None:
            time, wrong = self._times(data, present)
            found += wrong
        columns: dict[str, Any] = {}
        for name, kind in need.kinds.items():
            if name in present and name in need.ids:
                columns[name] = as_ids(data.column(name))
            elif name in present:
                columns[name], wrong = normalise(name, data.column(name), kind, self.timezone)
                # A part of the timestamp was asked for as text: that is no news about the data.
                parts = self.timestamp.columns if self.timestamp else ()
                found += [f for f in wrong if f.code != "retyped-column" or name not in parts]
            else:
                columns[name] = empty_column(kind, rows)
        role_hash = row_hash = None
        if need.hashed:
            roles = RowHash(rows)
            if time is not None:
                roles.add("\0time", time)
            for name in need.roles:
                roles.add(f"\0role\0{name}", columns[name])
            role_hash = roles.values
            if need.whole:
                features = RowHash(rows)
                for name in need.features:
                    features.add(name, columns[name])
                row_hash = mix(features.values + role_hash * np.uint64(3))
        lacks = tuple(name for name in need.kinds if name not in present)
        return Chunk(
            fragment.id, first_row, rows, time, columns, role_hash, row_hash, lacks, tuple(found), fragment.modified
        )

    def _times(self, data: Any, present: set[str]) -> tuple[np.ndarray, list[Flaw]]:
        import numpy as np

        from lifecycle_tui.data.zones import MISSING

        assert self.timestamp is not None
        rows = data.num_rows
        if not present.issuperset(self.timestamp.columns):
            time = np.full(rows, MISSING, dtype=np.int64)
            lost = [name for name in self.timestamp.columns if name not in present]
            return time, [Flaw("missing-column", lost[0], rows, "no row of it has a time", np.arange(rows))]
        parsed = parse_times([data.column(name) for name in self.timestamp.columns], self.timestamp, self.timezone)
        flaws = []
        if parsed.bad:
            label = " ".join(self.timestamp.columns)
            example = repr(parsed.example) if parsed.example else "empty"
            flaws.append(Flaw("bad-timestamp", label, parsed.bad, example, np.flatnonzero(parsed.values == MISSING)))
        if parsed.gaps or parsed.folds:
            text = f"{parsed.gaps} in the hour that was skipped, {parsed.folds} in the hour that came twice"
            flaws.append(Flaw("clock-change", " ".join(self.timestamp.columns), parsed.gaps + parsed.folds, text))
        return parsed.values, flaws


def normalise(name: str, column: Any, kind: ColumnKind, timezone: str) -> tuple[Any, list[Flaw]]:
    """A column in the form of its kind, with what could not be brought into it.

    Text or times where numbers are declared are retyped: numbers are read from text, times are seconds; both are said.
    """
    import numpy as np
    import pyarrow as pa

    flaws = []
    if kind == "numeric":
        numbers = as_numbers(column)
        inner = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not _is_number(inner):
            rows = np.arange(len(column))
            flaws.append(Flaw("retyped-column", name, len(column), f"{inner} instead of numbers", rows))
        if numbers.bad and numbers.bad_rows is not None:
            flaws.append(Flaw("bad-cell", name, numbers.bad, repr(numbers.example), numbers.bad_rows))
        return numbers.values, flaws
    if kind == "categorical":
        return as_labels(column), flaws
    if kind == "time":
        times = parse_times([column], TimestampSpec((name,)), timezone)
        lost = (times.values == -(2**63)) & is_valid(column)
        if lost.any():
            flaws.append(Flaw("bad-cell", name, int(lost.sum()), repr(times.example), np.flatnonzero(lost)))
        missing = times.values == -(2**63)
        return pa.array(times.values, pa.timestamp("us", "UTC"), mask=missing), flaws
    return as_text(column), flaws


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal, pa.types.is_null)
    return any(test(kind) for test in tests)


def _flaw(problem: Any) -> Flaw:
    import numpy as np

    rows = np.array(problem.rows, dtype=np.int64) if problem.rows else None
    return Flaw(problem.code, problem.column, problem.count, problem.example, rows)


def _shifted(flaw: Flaw, start: int, rows: int) -> Flaw | None:
    """The share of a batch's flaw that falls into a stretch of it (a row left out at the end goes with the last)."""
    if flaw.rows is None:
        return flaw
    here = flaw.rows[(flaw.rows >= start) & (flaw.rows <= start + rows if rows < CHUNK else flaw.rows < start + rows)]
    return replace(flaw, rows=here - start, count=len(here)) if len(here) else None


def _without_duplicates(batch: Any) -> Any:
    """A record batch in which every name occurs once: the first counts (a source should have renamed the others)."""
    names = batch.schema.names
    if len(set(names)) == len(names):
        return batch
    return batch.select([i for i, name in enumerate(names) if name not in names[:i]])

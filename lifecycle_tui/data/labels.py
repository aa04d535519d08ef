"""Labels as of an instant: which are known, which were corrected, which are taken as absent (DESIGN §5).

A labels table is held whole: 32 bytes a row and its distinct values. Ids are compared by a 64-bit hash of their
canonical text (two of ten million ids are mistaken for each other with a chance of about 3e-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.chunks import Need, join_chunks, take
from lifecycle_tui.data.hashing import RowHash, digest, hash_strings, mix
from lifecycle_tui.data.light import filled, is_valid, strings, to_numpy
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import LabelSpec
from lifecycle_tui.domain.windows import DataFinding

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_LATER = 2**62
"""An arrival that is not in the labels table: it follows from the row's own time."""


@dataclass(frozen=True)
class Known:
    """The labels of n rows as of an instant.

    Attributes:
        target: values aligned with the rows (float64, or string array), missing where not known.
        known: (n,) bool.
        missing: (n,) bool: the delay has passed and there is still no label (nor `absent`).
        corrected: rows of the labels table that a later one replaced; `repeated`: that say the same again.
        filled: rows that took `absent`.
        arrived: (n,) int64 microseconds: when what is known was known; it says nothing of other rows.
    """

    target: Any
    known: np.ndarray
    missing: np.ndarray
    corrected: int = 0
    repeated: int = 0
    filled: int = 0
    arrived: np.ndarray | None = None


class LabelTable:
    """The joined labels table, read on first use and kept."""

    def __init__(self, table: Table, key: str, target: str, kind: ColumnKind, spec: LabelSpec) -> None:
        self.table, self.key, self.target, self.kind, self.spec = table, key, target, kind, spec
        self.findings: list[DataFinding] = []
        self._loaded = False

    def fragments(self) -> Sequence[Fragment]:
        return self.table.fragments()

    def load(self) -> None:
        """Read it, once. A file that cannot be read becomes a finding."""
        if self._loaded:
            return
        self._loaded = True
        ids, arrived, values = [], [], []
        need = self._need()
        for fragment in self.table.fragments():
            try:
                for part in self._read(fragment, need):
                    ids.append(part[0])
                    arrived.append(part[1])
                    values.append(part[2])
            except DataError as exc:
                self.findings.append(DataFinding("unreadable-file", 1, exc.message, effect="left out"))
        self._arrange(ids, arrived, values)

    def _need(self) -> Need:
        kinds: dict[str, ColumnKind] = {self.key: "text", self.target: self.kind}
        if self.spec.arrived:
            # As text: the arrival is parsed here, with the table's own fall-backs.
            kinds[self.spec.arrived] = "time"
        return Need(others=kinds, ids=frozenset((self.key,)), hashed=False, whole=False)

    def _read(self, fragment: Fragment, need: Need) -> Iterable[tuple[np.ndarray, np.ndarray, Any]]:
        import numpy as np

        for chunk in self.table.chunks(fragment, need):
            for name in (self.key, self.target):
                if name in chunk.lacks:
                    raise DataError(f"{fragment.path} has no column {name!r}")
            for flaw in chunk.flaws:
                self.findings.append(
                    DataFinding(flaw.code, flaw.count, f"labels, {fragment.id}: {flaw.example}", flaw.column)
                )
            fallback = _LATER if self.spec.delay is not None else fragment.modified // 1000
            when = np.full(chunk.rows, fallback, dtype=np.int64)
            if self.spec.arrived and self.spec.arrived not in chunk.lacks:
                parsed = micros_of(chunk.columns[self.spec.arrived])
                when = np.where(parsed == MISSING, fallback, parsed)
            value = chunk.columns[self.target]
            present = _present(value)
            lost = int((~present).sum())
            if lost:
                text = f"labels, {fragment.id}: {lost} rows without a value"
                self.findings.append(DataFinding("missing-label", lost, text, self.target, "left out"))
            yield hash_strings(chunk.columns[self.key])[present], when[present], take(value, present)

    def _arrange(self, ids: list, arrived: list, values: list) -> None:
        import numpy as np

        if not ids:
            self.ids, self.arrived = np.empty(0, np.uint64), np.empty(0, np.int64)
            self.values: Any = np.empty(0) if self.kind == "numeric" else strings([]).dictionary_encode()
            self.value_hash = np.empty(0, np.uint64)
            return
        all_ids, all_arrived, all_values = np.concatenate(ids), np.concatenate(arrived), join_chunks(values)
        hashes = value_hashes(all_values)
        order = np.lexsort((hashes, all_arrived, all_ids))
        self.ids, self.arrived, self.value_hash = all_ids[order], all_arrived[order], hashes[order]
        self.values = take(all_values, order)

    def known(self, ids: np.ndarray, time: np.ndarray | None, as_of: datetime) -> Known:
        """What is known of the rows with these id hashes (and times, MISSING allowed) as of an instant."""
        import numpy as np

        self.load()
        now = to_micros(as_of)
        delay = _micros(self.spec)
        due = np.full(len(ids), -_LATER) if time is None else np.where(time == MISSING, _LATER, time + delay)
        first = np.searchsorted(self.ids, ids, side="left")
        # In a group of one id, rows are in order of arrival; those that follow the row's own time come last in it.
        seen = np.searchsorted(self.ids, ids, side="right")
        seen = self._visible(first, seen, due, now)
        known = seen > first
        last = np.where(known, seen - 1, 0)
        corrected, repeated = self._superseded(first[known], seen[known])
        # Without a delay a label may still come; only `absent` says that none means something.
        passed = due <= now if self.spec.delay is not None or self.spec.absent is not None else np.zeros(len(ids), bool)
        found = _fill(self.values, last, known, passed, self.spec.absent, self.kind, corrected, repeated)
        arrival = np.where(known, self.arrived[last], _LATER) if len(self.arrived) else np.full(len(ids), _LATER)
        return replace(found, arrived=np.where(arrival == _LATER, due, arrival))

    def _visible(self, first: np.ndarray, end: np.ndarray, due: np.ndarray, now: int) -> np.ndarray:
        """End of the visible rows of each group."""
        import numpy as np

        end = end.copy()
        # Take rows off the end of each group while they have not arrived; groups are short.
        open_rows = np.flatnonzero(end > first)
        while len(open_rows):
            arrival = self.arrived[end[open_rows] - 1]
            arrival = np.where(arrival == _LATER, due[open_rows], arrival)
            hidden = open_rows[arrival > now]
            end[hidden] -= 1
            open_rows = hidden[end[hidden] > first[hidden]]
        return end

    def _superseded(self, first: np.ndarray, end: np.ndarray) -> tuple[int, int]:
        import numpy as np

        several = end - first > 1
        corrected = repeated = 0
        for a, b in zip(first[several].tolist(), end[several].tolist(), strict=True):
            changes = int(np.count_nonzero(np.diff(self.value_hash[a:b])))
            corrected += changes
            repeated += b - a - 1 - changes
        return corrected, repeated

    def arrivals_between(self, after: datetime, until: datetime) -> bool:
        """Whether any label arrived in (after, until]."""
        self.load()
        when = self.arrived
        return bool(((when > to_micros(after)) & (when <= to_micros(until))).any())

    def orphans(self, ids: np.ndarray) -> list[int]:
        """When the label rows arrived whose id is not among `ids`, sorted. Those without an arrival of their own are
        taken to be there already."""
        import numpy as np

        self.load()
        alone = self.arrived[~np.isin(self.ids, ids)]
        return sorted(np.where(alone == _LATER, -_LATER, alone).tolist())


def own_labels(
    target: Any, arrived: np.ndarray | None, time: np.ndarray | None, modified: int, spec: LabelSpec, as_of: datetime
) -> Known:
    """What is known of targets that are a column of the base table; `modified`: the file's time in ns."""
    import numpy as np
    import pyarrow as pa

    now = to_micros(as_of)
    numeric = isinstance(target, np.ndarray)
    rows = len(target)
    present = _present(target)
    delay = _micros(spec)
    due = np.full(rows, -_LATER) if time is None else np.where(time == MISSING, _LATER, time + delay)
    when = due if spec.delay is not None else np.full(rows, modified // 1000)
    if arrived is not None:
        when = np.where(arrived == MISSING, when, arrived)
    known = present & (when <= now)
    if spec.delay is not None or (arrived is not None and spec.absent is not None):
        passed = due <= now
    elif arrived is not None:
        passed = np.zeros(rows, dtype=bool)
    else:
        passed = when <= now  # labels that come with their file are overdue from the moment that it is there
    values = target if numeric or pa.types.is_dictionary(target.type) else target.dictionary_encode()
    kind = "numeric" if numeric else "categorical"
    found = _fill(values, np.arange(rows), known, passed, spec.absent, kind, 0, 0)
    return replace(found, arrived=np.where(known, when, due))


def _fill(
    values: Any, rows: np.ndarray, known: np.ndarray, passed: np.ndarray, absent: Any, kind: str, corrected: int,
    repeated: int,
) -> Known:  # fmt: skip
    """Targets by row, with `absent` where nothing is known though the delay has passed."""
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.data.values import label_of

    lacking = ~known & passed
    if kind == "numeric":
        target = np.full(len(rows), np.nan)
        target[known] = values[rows[known]]
        if absent is not None:
            target[lacking] = float(absent)
    else:
        codes = np.full(len(rows), -1, dtype=np.int64)
        codes[known] = to_numpy(values.indices.take(pa.array(rows[known])))
        labels = values.dictionary.to_pylist()
        if absent is not None:
            codes[lacking] = len(labels)
            labels.append(label_of(absent))
        target = strings(labels).take(pa.array(codes, mask=codes < 0))
    if absent is not None:
        return Known(target, known | lacking, np.zeros(len(rows), bool), corrected, repeated, int(lacking.sum()))
    return Known(target, known, lacking, corrected, repeated)


def _present(value: Any) -> np.ndarray:
    import numpy as np

    if isinstance(value, np.ndarray):
        return ~np.isnan(value)
    return is_valid(value)


def micros_of(column: pa.Array) -> np.ndarray:
    """(n,) int64 of a timestamp[us] column, MISSING for nulls."""
    return filled(column.cast("int64"), MISSING)


def _micros(spec: LabelSpec) -> int:
    return 0 if spec.delay is None else int(spec.delay.total_seconds() * 1_000_000)


def value_hashes(values: Any) -> np.ndarray:
    """(n,) uint64 of label values of either form."""
    hashed = RowHash(len(values))
    hashed.add("\0label", values)
    return hashed.values


def label_digest(row_ids: np.ndarray, known: Known) -> str:
    """Fingerprint of which rows have which label."""
    import numpy as np

    hashes = value_hashes(known.target)
    return digest(mix(row_ids * np.uint64(5) + hashes)[known.known])

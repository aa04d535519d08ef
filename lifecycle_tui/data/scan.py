"""Reading one window: iterate a `Scan` for its batches, then read what it learned on the way.

A table that needs no features join is streamed: one batch, the rows with repeated ids, and a table of ids (where an
id is declared) are in memory. With a features join, one window's rows are held and the features streamed past them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.away import Away
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.chunks import Chunk, Flaw, Need, subset
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.groups import group_values, hashed
from lifecycle_tui.data.hashing import add_digests, all_finite, digest, hash_strings, mix
from lifecycle_tui.data.joining import concatenated
from lifecycle_tui.data.labels import Known, label_digest, micros_of, own_labels
from lifecycle_tui.data.light import is_valid
from lifecycle_tui.data.plan import ScanPlan
from lifecycle_tui.data.shares import ScanShare, repeated
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.data.zones import DAY, MISSING, from_micros, to_local, to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.windows import DataReport, FragmentPart

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_WHOLE_FILE = frozenset(("separator", "encoding", "header", "duplicate-column", "unclosed-quote"))
_UNORDERED = 0.1
"""A file in which more rows than this step back in time is not a log; its order says nothing."""


class Scan:
    """Batches of one window or of the reference. Can be iterated once; the attributes are complete afterwards.

    Attributes:
        report: all findings, and the number of rows kept.
        parts: contributions by fragment with digests, to be stored with the result (and given back to `survey`).
            Digests are empty when not all features were read. Parts that begin with "labels:" say which labels were
            seen; `touched_by_labels` needs them.
        rows: rows kept.
        labels: rows whose target is known as of the clock.
        mature: no more labels are expected (all known, or the delay has passed for every row).
    """

    def __init__(
        self, plan: ScanPlan, share: tuple[np.ndarray, bool] | None = None, away: Away | None = None
    ) -> None:  # fmt: skip
        """`share`: keys that are repeated in the whole slice, and whether to read the rows with one alone, or without
        (see `shares`). `away`: who can read it on other machines."""
        self._plan, self._share, self.away = plan, share, away
        self._findings = Findings()
        self._parts: dict[str, list[Any]] = {}
        self._label_digests: list[str] = []
        self._waiting = False
        self.report = DataReport(0)
        self.parts: tuple[FragmentPart, ...] = ()
        self.rows = 0
        self.labels = 0
        self.mature = True

    def __iter__(self) -> Iterator[ScanBatch]:
        chunks = self._base_chunks()
        if self._plan.join is not None:
            chunks = self._plan.join.joined(chunks, self._findings)
        for chunk in chunks:
            yield self._batch(chunk)
        self._finish()

    def run(self) -> Scan:
        """Read to the end for the attributes alone."""
        for _ in self:
            pass
        return self

    # ── the base's rows ──

    def _base_chunks(self) -> Iterator[Chunk]:
        import numpy as np

        again_keys = self._repeated_keys() if self._share is None else self._share[0]
        if self._share is not None and self._share[1]:
            yield from self._held(again_keys)
            return
        held: list[Chunk] = []
        for fragment in self._plan.fragments:
            for chunk in self._selected(fragment):
                if len(again_keys):
                    again = np.isin(self._row_keys(chunk), again_keys)
                    if again.any():
                        held.append(subset(chunk, again))
                        chunk = subset(chunk, ~again)
                if chunk.rows:
                    yield chunk
        if held and self._share is None:
            yield self._last_of(concatenated(held))

    def _held(self, keys: np.ndarray) -> Iterator[Chunk]:
        """The rows with repeated keys, of each the last. What else there is to say of them other shares say."""
        import numpy as np

        quiet = Scan(replace(self._plan, record=None))
        found = [
            subset(chunk, again)
            for fragment in (self._plan.fragments if len(keys) else ())
            for chunk in quiet._selected(fragment)
            if (again := np.isin(self._row_keys(chunk), keys)).any()
        ]
        if found:
            yield self._last_of(concatenated(found))

    def _selected(self, fragment: Fragment) -> Iterator[Chunk]:
        """The slice's rows of one fragment; counts what is odd about them."""
        plan = self._plan
        rows, digests, backward, previous, above = 0, list[str](), 0, MISSING, False
        seen_whole: dict[tuple[str, str | None], Flaw] = {}
        try:
            for chunk in plan.base.chunks(fragment, plan.need, _between(plan.selector)):
                mask = plan.selector.mask(fragment.id, chunk.first_row, chunk.rows, chunk.time)
                above = self._note_flaws(fragment, chunk, mask, seen_whole, above)
                if chunk.time is not None:
                    back, previous = _steps_back(chunk.time, mask, previous)
                    backward += back
                if not mask.any():
                    continue
                taken = chunk if mask.all() else subset(chunk, mask)
                rows += taken.rows
                if taken.row_hash is not None:
                    digests.append(digest(taken.row_hash))
                for name in chunk.lacks:
                    self._findings.add("missing-column", taken.rows, name, fragment.id)
                yield taken
        except DataError as exc:
            self._findings.add("unreadable-file", 1, None, exc.message)
        except Exception as exc:  # a source is a plugin: whatever it raises concerns its file, not the run
            self._findings.add("unreadable-file", 1, None, f"{fragment.path}: {type(exc).__name__}: {exc}")
        if not rows:
            return
        for (code, column), flaw in sorted(seen_whole.items(), key=lambda item: (item[0][0], item[0][1] or "")):
            self._findings.add(code, 1, column, f"{fragment.id}: {flaw.example}")
        if backward and backward <= _UNORDERED * rows:
            self._findings.add("backwards-clock", backward, None, fragment.id)
        for name in plan.base.names_of(fragment):
            if name not in plan.known_names:
                self._findings.add("extra-column", rows, name, fragment.id)
        total = add_digests(digests) if plan.need.hashed and plan.need.whole else ""
        self._parts[fragment.id] = [rows, total]
        if total and plan.record is not None:
            plan.record(fragment, plan.selector.name(fragment.id), rows, total)

    def _note_flaws(self, fragment: Fragment, chunk: Chunk, mask: np.ndarray, whole: dict, above: bool) -> bool:
        """Charge each flaw to the slice that its rows are in; a row without a time counts with the row above it.

        `above`: whether the last row of the chunk before is in the slice; returned for this chunk.
        """
        import numpy as np

        nearest = _with_neighbours(mask, chunk.time)
        last = bool(nearest[-1]) if chunk.rows else above
        if not chunk.flaws:
            return last
        for flaw in chunk.flaws:
            if flaw.code in _WHOLE_FILE:
                whole[(flaw.code, flaw.column)] = flaw
            elif flaw.rows is None:
                if nearest[0] if chunk.rows else above:
                    self._findings.add(flaw.code, flaw.count, flaw.column, f"{fragment.id}: {flaw.example}")
            elif chunk.rows:
                here = nearest[np.minimum(flaw.rows, chunk.rows - 1)]
                first = int(flaw.rows[np.argmax(here)]) if here.any() else 0
                place = "" if flaw.example.startswith("row ") else f"row {chunk.first_row + first + 1}: "
                self._findings.add(flaw.code, int(here.sum()), flaw.column, f"{fragment.id} {place}{flaw.example}")
        return last

    # ── repeated ids ──

    def _row_keys(self, chunk: Chunk) -> np.ndarray:
        """What may occur once in a slice: an id, for each version that scores."""
        import numpy as np

        assert self._plan.layout.key is not None
        keys = hash_strings(chunk.columns[self._plan.layout.key])
        version = self._plan.spec.columns.version
        if version and version in chunk.columns:
            keys = mix(keys * np.uint64(3) + hash_strings(chunk.columns[version]))
        return keys

    def _repeated_keys(self) -> np.ndarray:
        """Keys that occur more than once in the slice: a pass over the id column alone where the table is large."""
        return repeated(self.keys(fragment) for fragment in self._plan.fragments)

    def keys(self, fragment: Fragment) -> np.ndarray:
        """(n,) uint64: the keys of the slice's rows in one fragment; none where no id is declared."""
        import numpy as np

        plan, found = self._plan, [np.empty(0, dtype=np.uint64)]
        if plan.layout.key is None or not plan.spec.columns.id:
            return found[0]
        names = {plan.layout.key, plan.spec.columns.version} - {None}
        kinds = {n: k for n, k in plan.need.kinds.items() if n in names}
        narrow = Need(others=kinds, ids=plan.need.ids, hashed=False, whole=False)
        need = plan.need if plan.base.is_small(fragment) else narrow
        with suppress(Exception):  # counted when the file is read for its rows
            for chunk in plan.base.chunks(fragment, need, _between(plan.selector)):
                mask = plan.selector.mask(fragment.id, chunk.first_row, chunk.rows, chunk.time)
                found.append(self._row_keys(chunk)[mask & is_valid(chunk.columns[plan.layout.key])])
        return np.concatenate(found)

    def _last_of(self, chunk: Chunk) -> Chunk:
        """Of rows that share a key: the last by time, then by content, so that the order of files cannot matter."""
        import numpy as np

        keys = self._row_keys(chunk)
        time = chunk.time if chunk.time is not None else np.zeros(chunk.rows, dtype=np.int64)
        assert chunk.role_hash is not None
        content = chunk.row_hash if chunk.row_hash is not None else chunk.role_hash
        # Groups before the rest, so that a read without features keeps the row of the same group.
        groups = hashed(chunk, self._plan.layout.groups)
        order = np.lexsort((content, groups, chunk.role_hash, time, keys))
        ordered = keys[order]
        last = np.append(ordered[1:] != ordered[:-1], True)
        keep = np.zeros(chunk.rows, dtype=bool)
        keep[order[last]] = True
        self._findings.add("duplicate-id", int((~keep).sum()), self._plan.layout.key)
        return subset(chunk, keep)

    # ── batches ──

    def _batch(self, chunk: Chunk) -> ScanBatch:
        import numpy as np
        import pyarrow as pa

        plan, columns = self._plan, self._plan.spec.columns
        known = self._known(chunk)
        self.rows += chunk.rows
        arrays = []
        for name in plan.columns:
            column = chunk.columns[name]
            if isinstance(column, np.ndarray):
                if not all_finite(column):
                    self._findings.add("infinite", int(np.isinf(column).sum()), name)
                column = pa.array(column)
            arrays.append(column)
        features = pa.table(arrays, names=list(plan.columns)) if arrays else pa.table({})
        version = chunk.columns.get(columns.version) if columns.version else None
        prediction = chunk.columns.get(columns.prediction) if columns.prediction else None
        return ScanBatch(
            features=features,
            rows=chunk.rows,
            time=chunk.time,
            day=None if chunk.time is None else to_local(chunk.time, plan.spec.data.timezone) // DAY,
            id=_text(chunk.columns.get(columns.id)) if columns.id else None,
            version=None if version is None else version.dictionary_encode(),
            prediction=_outcome(prediction),
            score=self._score(chunk),
            target=None if known is None else _outcome(known.target),
            target_known=np.zeros(chunk.rows, dtype=bool) if known is None else known.known,
            arrived=None if known is None else known.arrived,
            groups={name: group_values(chunk.columns.get(name), chunk.rows) for name in plan.groups},
        )

    def _score(self, chunk: Chunk) -> np.ndarray | None:
        import numpy as np

        score = self._plan.spec.columns.score
        if score is None:
            return None
        if isinstance(score, str):
            return chunk.columns[score]
        return np.column_stack([chunk.columns[name] for name in score.values()])

    def _known(self, chunk: Chunk) -> Known | None:
        plan = self._plan
        if plan.layout.target is None:
            return None
        if plan.labels is not None:
            assert plan.layout.key is not None
            known = plan.labels.known(hash_strings(chunk.columns[plan.layout.key]), chunk.time, plan.as_of)
        else:
            spec, target = plan.spec.data.labels, plan.spec.columns.target
            assert target is not None
            when = micros_of(chunk.columns[spec.arrived]) if spec.arrived else None
            modified = chunk.modified
            if plan.base.role == "reference":
                # A reference table is complete by declaration, whenever its file was written.
                modified = min(modified, to_micros(plan.as_of) * 1000)
            known = own_labels(chunk.columns[target], when, chunk.time, modified, spec, plan.as_of)
        self.labels += int(known.known.sum())
        self._findings.add("correction", known.corrected, plan.spec.columns.target)
        self._findings.add("duplicate-label", known.repeated, plan.spec.columns.target)
        self._findings.add("missing-label", int(known.missing.sum()), plan.spec.columns.target)
        self._waiting |= self._expects(chunk, known)
        assert chunk.role_hash is not None
        self._label_digests.append(label_digest(chunk.role_hash, known))
        return known

    def _expects(self, chunk: Chunk, known: Known) -> bool:
        """Whether some row of the chunk may still get its label."""
        plan = self._plan
        if known.known.all():
            return False
        delay = plan.spec.data.labels.delay
        if delay is None:
            if plan.labels is None and plan.spec.data.labels.arrived is None:
                # Labels that come with their rows are there or never will be, once the file is there.
                return plan.base.role != "reference" and chunk.modified > to_micros(plan.as_of) * 1000
            return True
        if chunk.time is None:
            return False
        unknown = chunk.time[~known.known]
        return bool((unknown > to_micros(plan.as_of) - int(delay.total_seconds() * 1_000_000)).any())

    def _finish(self) -> None:
        self.take_over(self.share())

    @property
    def plan(self) -> ScanPlan:
        """What it reads."""
        return self._plan

    def take_over(self, share: ScanShare) -> None:
        """Be complete, as if the rows had been iterated here; `share` is of all of them."""
        found = share.finished(self._plan.layout.target is not None, self._plan.labels_set)
        self.report, self.parts, self.mature = found.report, found.parts, found.mature
        self.rows, self.labels = found.rows, found.labels

    def share(self) -> ScanShare:
        """What this scan has learned, to be added to that of other shares. Complete once it has been iterated."""
        plan = self._plan
        labels = () if plan.layout.target is None or plan.labels is None else tuple(plan.labels.findings)
        return ScanShare(
            self.rows,
            self.labels,
            self._waiting,
            tuple(FragmentPart(name, rows, total) for name, (rows, total) in sorted(self._parts.items())),
            () if plan.join is None else tuple(plan.join.parts()),
            add_digests(self._label_digests),
            self._findings.counted,
            tuple(f for f in labels if f.code == "unreadable-file"),
        )


def _between(selector: Selector) -> tuple[datetime, datetime] | None:
    if not selector.timed:
        return None
    low, high = max(selector.low, -62_000_000_000_000_000), min(selector.high, 253_000_000_000_000_000)
    return from_micros(low), from_micros(max(low, high))


def _steps_back(time: np.ndarray, mask: np.ndarray, previous: int) -> tuple[int, int]:
    """Rows of the slice whose time is before that of the row above, and the last known time."""
    import numpy as np

    known = time != MISSING
    if not known.any():
        return 0, previous
    times = time if known.all() else time[known]
    inside = mask if known.all() else mask[known]
    before = np.concatenate(([previous], times[:-1]))
    return int((inside & (times < before)).sum()), int(times[-1])


def _with_neighbours(mask: np.ndarray, time: np.ndarray | None) -> np.ndarray:
    """`mask`, with rows that have no time going with the row above (at the top: below)."""
    import numpy as np

    if time is None or not len(mask):
        return mask
    known = time != MISSING
    if known.all() or not known.any():
        return mask
    place = np.where(known, np.arange(len(mask)), -1)
    place = np.maximum.accumulate(place)
    return mask[np.where(place < 0, int(np.argmax(known)), place)]


def _outcome(column: Any) -> pa.Array | None:
    import numpy as np
    import pyarrow as pa

    if column is None:
        return None
    return pa.array(column) if isinstance(column, np.ndarray) else _text(column)


def _text(column: Any) -> pa.Array | None:
    import pyarrow as pa

    if column is None:
        return None
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

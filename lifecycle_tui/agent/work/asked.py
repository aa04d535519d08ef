"""Finds the rows that are to be explained, and a sample of the reference beside them. Called by the explain job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.question import Question
from lifecycle_tui.agent.work.spans import usable
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.survey import REFERENCE
from lifecycle_tui.data.zones import MISSING, from_micros
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.explaining import BACKGROUND
from lifecycle_tui.domain.windows import Window

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class AskedRows:
    """The rows with what usual ones look like.

    Attributes:
        rows, background: normalised features, in the same columns; labels of both share one dictionary.
        ids: as text, None where there is none. times: None where there is none. windows: keys. All aligned with `rows`.
        missing: ids that no row has.
    """

    rows: pa.Table
    background: pa.Table
    ids: tuple[str | None, ...] = ()
    times: tuple[datetime | None, ...] = ()
    windows: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def find(job: JobContext, model: Opened, question: Question, columns: Sequence[str], seed: int) -> AskedRows:
    """The rows of the question, newest first, or in the order of the ids; and background rows drawn by `seed`.

    Raises:
        UsageError: there is no such window.
    """
    import pyarrow as pa

    survey = model.data.survey({}, job.now)
    windows = _chosen(usable(job, survey), question, model.spec.name)
    found = _Found(job, model, columns)
    if question.rows:
        found.by_id(windows, question.rows)
    else:
        found.newest(windows[-1], question.count)
    usual = _sample(job, model, survey.reference, columns, seed)
    both = pa.concat_tables([*(table for table, *_ in found.rows), usual]).unify_dictionaries().combine_chunks()
    n = len(found.rows)
    return AskedRows(
        both.slice(0, n), both.slice(n),
        tuple(r[1] for r in found.rows), tuple(r[2] for r in found.rows), tuple(r[3] for r in found.rows),
        tuple(id_ for id_ in question.rows if id_ not in {r[1] for r in found.rows}),
    )  # fmt: skip


def _chosen(windows: tuple[Window, ...], question: Question, model: str) -> tuple[Window, ...]:
    """The windows to look in, oldest first."""
    with_rows = tuple(w for w in windows if w.rows)
    if not with_rows:
        raise UsageError(f"{model} has no rows yet")
    if question.window is None:
        return with_rows
    found = tuple(w for w in windows if w.key == question.window)
    if not found:
        keys = [w.key for w in windows]
        near = get_close_matches(question.window, keys, 1)
        hint = f'did you mean "{near[0]}"?' if near else f"the newest is {keys[-1]}"
        raise UsageError(f"{model} has no window {question.window!r}", hint=hint)
    return found


Row = tuple[Any, str | None, datetime | None, str]
"""A table of one row, its id, its time, the key of its window."""


class _Found:
    """Rows found so far."""

    def __init__(self, job: JobContext, model: Opened, columns: Sequence[str]) -> None:
        self._job, self._model, self._columns = job, model, columns
        self.rows: list[Row] = []

    def by_id(self, windows: Sequence[Window], ids: Sequence[str]) -> None:
        """The newest row of each id, in the order of `ids`; windows are read backwards until all are there."""
        import pyarrow as pa
        import pyarrow.compute as pc

        there: dict[str, Any] = {}
        for window in reversed(windows):
            wanted = [id_ for id_ in ids if id_ not in there]
            if not wanted:
                break
            if not self._has(window, wanted):
                continue
            for batch in self._batches(window, self._columns):
                hits = pc.is_in(batch.id, value_set=pa.array(wanted, pa.string()))
                for at in pc.indices_nonzero(hits).to_pylist():
                    row = self._row(batch, at, window)
                    id_ = str(row[1])
                    there[id_] = max(row, there.get(id_, row), key=_when)
        self.rows = [there[id_] for id_ in dict.fromkeys(ids) if id_ in there]

    def _has(self, window: Window, wanted: Sequence[str]) -> bool:
        """Whether one of the ids is in the window: its features are only read if so."""
        import pyarrow as pa
        import pyarrow.compute as pc

        some = pa.array(wanted, pa.string())
        return any(pc.any(pc.is_in(batch.id, value_set=some)).as_py() for batch in self._batches(window, ()))

    def newest(self, window: Window, count: int) -> None:
        """The last rows of the window by time; of rows without times, the last ones of its files."""
        kept: list[tuple[tuple[int, int], Any]] = []
        position = 0
        for batch in self._batches(window, self._columns):
            for at in _last(batch, count):
                time = 0 if batch.time is None else int(batch.time[at])
                kept.append(((time, position + int(at)), self._row(batch, int(at), window)))
            kept = sorted(kept, key=lambda pair: pair[0])[-count:]
            position += batch.rows
        self.rows = [row for _, row in reversed(kept)]

    def _batches(self, window: Window, columns: Sequence[str]) -> Iterator[ScanBatch]:
        done = 0
        for batch in self._model.data.scan(window, self._job.now, columns=columns):
            done += batch.rows
            self._job.progress(done, window.rows, "rows", f"{self._model.spec.name}: looking for rows in {window.key}")
            yield batch

    @staticmethod
    def _row(batch: ScanBatch, at: int, window: Window) -> Row:
        id_ = None if batch.id is None else batch.id[at].as_py()
        timed = batch.time is not None and batch.time[at] != MISSING
        time = from_micros(int(batch.time[at])) if timed and batch.time is not None else None
        return batch.features.slice(at, 1), id_, time, window.key


def _when(row: Row) -> float:
    return float("-inf") if row[2] is None else row[2].timestamp()


def _last(batch: ScanBatch, count: int) -> np.ndarray:
    """Positions of the newest rows of a batch."""
    import numpy as np

    order = np.arange(batch.rows) if batch.time is None else np.argsort(batch.time, kind="stable")
    return order[-count:]


def _sample(job: JobContext, model: Opened, reference: Window, columns: Sequence[str], seed: int) -> pa.Table:
    """Rows of the reference, drawn with equal chances in one pass: those with the smallest of random numbers."""
    import numpy as np
    import pyarrow as pa

    random, done = np.random.default_rng(seed), 0
    kept, keys = _empty(model, columns), np.empty(0)
    for batch in model.data.scan(reference, job.now, columns=columns):
        done += batch.rows
        job.progress(done, reference.rows, "rows", f"{model.spec.name}: drawing rows of the {REFERENCE}")
        drawn = random.random(batch.rows)
        at = np.argsort(drawn)[:BACKGROUND]
        keys = np.concatenate([keys, drawn[at]])
        kept = pa.concat_tables([kept, batch.features.take(pa.array(at))])
        best = np.argsort(keys)[:BACKGROUND]
        kept, keys = kept.unify_dictionaries().take(pa.array(best)), keys[best]
    return kept


def _empty(model: Opened, columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    types = {
        "numeric": pa.float64(), "categorical": pa.dictionary(pa.int32(), pa.string()), "text": pa.string(),
        "time": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    kinds = model.data.kinds()
    return pa.schema([(name, types[kinds[name]]) for name in columns]).empty_table()

"""Reads the rows of one window once: profiles of its columns, and predictions beside labels.

The same for the reference and for a window, whatever scored the rows: predictions in the data, or versions of ours.
Called by `reference` and `windows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.scoring import Part, Scorer, assembled
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ColumnsSpec, ModelSpec
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.monitoring.samples import Sample, Sampler
from lifecycle_tui.monitoring.segments import Segment, SegmentData, SegmentProfiler, Values
from lifecycle_tui.profiles.choose import MOST_KEPT
from lifecycle_tui.profiles.profiler import Profiler

if TYPE_CHECKING:
    import numpy as np

PREDICTION = "prediction"
"""Name of the output column where versions of ours score the rows."""

_KEPT, _LEAST_KEPT = 16_777_216, 65_536
"""Values that a window's profiles keep, all columns together, and at least a column: 8 bytes each."""

UNOPENED = "unopened-version"
"""Code of the finding about rows whose version cannot be opened; they are scored once it can."""


@dataclass(frozen=True)
class WindowRows:
    """What one read of a window gave.

    Attributes:
        columns: profile (and rows, if kept) of every feature and output.
        collector: predictions and labels by version.
        scan: the finished scan: its report, parts, rows, labels, maturity.
        unscored: rows that a version of ours should have scored and could not, and why.
        sample: rows for the detectors that take a sample, where some were asked for.
        segments: the same columns segment by segment, where that was asked for.
    """

    columns: dict[str, ColumnData]
    collector: Collector
    scan: Scan
    unscored: tuple[DataFinding, ...] = ()
    sample: Sample | None = None
    segments: Mapping[Segment, SegmentData] = field(default_factory=dict)


def label_text(value: str | int | float | bool) -> str:
    """A label as data/ writes it: the same text from every file format."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def coding(spec: ModelSpec, labels: set[str]) -> Coding:
    """How the model's labels are read, given those seen in the reference."""
    cutoff = 0.5 if spec.columns.cutoff is None else spec.columns.cutoff
    if spec.task == "binary":
        known = sorted(labels)
        positive = label_text(spec.columns.positive) if spec.columns.positive is not None else (known or ["1"])[-1]
        negative = next((v for v in known if v != positive), "0" if positive != "0" else "1")
        return Coding("binary", (negative, positive), cutoff)
    if spec.task == "multiclass":
        scored = spec.columns.score if isinstance(spec.columns.score, Mapping) else {}
        return Coding("multiclass", tuple(scored) or tuple(sorted(labels)) or ("",), cutoff)
    return Coding(spec.task, query=spec.columns.query)


def version_labels(batch: ScanBatch) -> np.ndarray | str:
    """Which version the data says scored each row: (n,) object, "(none)" in empty cells; "" where none is declared."""
    import numpy as np

    if batch.version is None:
        return ""
    names = [*batch.version.dictionary.to_pylist(), "(none)"]
    codes = batch.version.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
    return np.array(names, dtype=object)[codes]


def output_columns(columns: ColumnsSpec, task: str, scored_here: bool) -> dict[str, ColumnKind]:
    """The model's outputs, which are watched for drift like inputs: score and prediction, with their kinds."""
    if scored_here:
        return {PREDICTION: "numeric" if task in ("regression", "binary") else "categorical"}
    found: dict[str, ColumnKind] = {}
    if columns.prediction:
        found[columns.prediction] = "numeric" if task in ("regression", "ranking") else "categorical"
    if isinstance(columns.score, str):
        found[columns.score] = "numeric"
    elif columns.score:
        found.update(dict.fromkeys(columns.score.values(), "numeric"))
    return found


@dataclass(frozen=True)
class Settings:
    """What a `Reader` reads with, but for grids; values alone."""

    columns: ColumnsSpec
    coding: Coding
    kinds: Mapping[str, ColumnKind]
    outputs: Mapping[str, ColumnKind]
    keep_rows: bool = False
    sample: int = 0
    text: bool = False
    segments: Values = field(default_factory=dict)

    def reader(self, grids: Mapping[str, Any] | None) -> Reader:
        """A reader that reads so."""
        return Reader(
            self.columns, self.coding, self.kinds, grids, outputs=self.outputs, keep_rows=self.keep_rows,
            sample=self.sample, text=self.text, segments=self.segments,
        )  # fmt: skip


@dataclass(frozen=True)
class Pass:
    """What one pass over a scan gave.

    Attributes:
        kept: by column, its values batch by batch, where they are kept.
        unscored: (version, why, whether it could be opened) → rows.
    """

    profilers: dict[str, Profiler]
    kept: Mapping[str, list[Any]]
    collector: Collector
    unscored: Mapping[tuple[str, str, bool], int]
    sampler: Sampler | None
    segments: SegmentProfiler | None = None

    def values(self, name: str) -> Any:
        """The rows of a column, chunked; None where they are not kept, or there are none."""
        import pyarrow as pa

        chunks = [c for v in self.kept.get(name, []) for c in (v.chunks if isinstance(v, pa.ChunkedArray) else [v])]
        return pa.chunked_array(chunks) if chunks else None


class Reader:
    """Reads scans with one set of columns, grids and versions.

    Args:
        kinds: of every feature and output to profile.
        grids: of numeric columns; None while the reference itself is read, which makes them.
        scorer: scores rows with versions of ours; None where the data brings predictions.
        keep_rows: keep the columns' values for detectors that ask for them.
        sample: of rows, how many to keep for detectors that take a sample.
        text: whether to count characters and tokens of text columns, for detectors that are for those alone.
        segments: the values of segment columns in which the other columns are profiled by themselves.
    """

    def __init__(
        self,
        columns: ColumnsSpec,
        coding: Coding,
        kinds: Mapping[str, ColumnKind],
        grids: Mapping[str, Any] | None,
        *,
        outputs: Mapping[str, ColumnKind],
        scorer: Scorer | None = None,
        keep_rows: bool = False,
        sample: int = 0,
        text: bool = False,
        segments: Values | None = None,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._columns, self._coding, self._kinds, self._grids = columns, coding, kinds, grids
        self._outputs, self._scorer, self._keep, self._progress = outputs, scorer, keep_rows, progress
        self._sample, self._text, self._segments = sample, text, segments or {}

    def read(self, scan: Scan, *, profile: bool = True, again: Callable[[], Scan] | None = None) -> WindowRows:
        """Iterate the scan, here or where the workspace's engine reads. With `profile` False only predictions and
        labels are collected.

        Args:
            again: makes the same scan anew; needed while grids are made, where a column is too large to keep.
        """
        found: WindowRows | None = None if scan.away is None else scan.away.read(self, scan, profile)
        if found is not None:
            return found
        read = self.pass_over(scan, profile)
        if again is not None:
            self._second_pass(read.profilers, again)
        columns = {
            name: ColumnData(profiler.kind, profiler.result(), read.values(name))
            for name, profiler in read.profilers.items()
        }
        sample = None if read.sampler is None else read.sampler.result()
        unscored = tuple(starmap(_unscored, sorted(read.unscored.items())))
        segments = {} if read.segments is None else read.segments.result()
        return WindowRows(columns, read.collector, scan, unscored, sample, segments)

    def pass_over(self, scan: Scan, profile: bool = True) -> Pass:
        """One pass over the rows, before grids are decided."""
        wanted = {**self._kinds, **self._outputs} if profile else {}
        profilers = {name: self._profiler(name, kind) for name, kind in wanted.items()}
        kept: dict[str, list[Any]] = {name: [] for name in wanted} if self._keep else {}
        collector = Collector(self._coding)
        unscored: dict[tuple[str, str, bool], int] = {}
        sampler = Sampler(self._sample) if profile and self._sample else None
        segments = self._segment_profiler() if profile and self._segments else None
        rows = 0
        for batch in scan:
            parts = None if self._scorer is None else self._scorer.score(batch, self._coding)
            given = dict(self._values(batch, parts, profilers))
            # What versions of ours say follows from the inputs: it is no part of a row.
            told = {n: v for n, v in given.items() if n in self._kinds or self._scorer is None}
            if sampler is not None:
                sampler.add(told, batch.rows, batch.time, batch.id)
            if segments is not None:
                segments.add(told, batch.groups)
            for name, values in given.items():
                profilers[name].update(values)
                if self._keep:
                    kept[name].append(values)
            self._collect(collector, batch, parts)
            for part in parts or ():
                if part.said is None:
                    key = (part.label, part.why, part.opened)
                    unscored[key] = unscored.get(key, 0) + part.rows
            rows += batch.rows
            self._progress(rows)
        return Pass(profilers, kept, collector, unscored, sampler, segments)

    @property
    def settings(self) -> Settings | None:
        """What it reads with, as values; None where versions score, which this process alone can open."""
        if self._scorer is not None:
            return None
        return Settings(
            self._columns, self._coding, self._kinds, self._outputs, self._keep, self._sample, self._text,
            self._segments,
        )  # fmt: skip

    @property
    def grids(self) -> Mapping[str, Any] | None:
        """Of the numeric columns; None while the reference itself is read."""
        return self._grids

    @property
    def progress(self) -> Callable[[int], None]:
        """Is told how many rows have been read; raises where the job is to stop."""
        return self._progress

    def sampled(self, scan: Scan) -> Sample | None:
        """The sample alone."""
        sampler, rows = Sampler(self._sample), 0
        for batch in scan:
            sampler.add(
                dict(self._values(batch, None, [*self._kinds, *self._outputs])), batch.rows, batch.time, batch.id
            )
            rows += batch.rows
            self._progress(rows)
        return sampler.result()

    def segmented(self, scan: Scan) -> dict[Segment, SegmentData]:
        """The segments alone."""
        told: WindowRows | None = None if scan.away is None else scan.away.read(self, scan, True)
        if told is not None:
            return dict(told.segments)
        profiler, rows = self._segment_profiler(), 0
        for batch in scan:
            outputs = () if self._scorer is not None else self._outputs
            profiler.add(dict(self._values(batch, None, [*self._kinds, *outputs])), batch.groups)
            rows += batch.rows
            self._progress(rows)
        return profiler.result()

    def _segment_profiler(self) -> SegmentProfiler:
        outputs = {} if self._scorer is not None else self._outputs
        return SegmentProfiler(self._segments, {**self._kinds, **outputs}, self._grids or {})

    def _second_pass(self, profilers: dict[str, Profiler], again: Callable[[], Scan]) -> None:
        """Feed what was too large to keep once more, now that its grid is known."""
        seconds = {name: second for name, p in profilers.items() if (second := p.second_pass()) is not None}
        if not seconds:
            return
        ours = self._scorer is not None and any(name in self._outputs for name in seconds)
        for batch in again():
            parts = self._scorer.score(batch, self._coding) if ours and self._scorer is not None else None
            for name, values in self._values(batch, parts, seconds):
                seconds[name].update(values)
        profilers.update(seconds)

    def _profiler(self, name: str, kind: ColumnKind) -> Profiler:
        grid = None if self._grids is None else self._grids.get(name)
        keep = min(MOST_KEPT, max(_LEAST_KEPT, _KEPT // max(1, len(self._kinds) + len(self._outputs))))
        return Profiler(kind, grid, keep=keep, text=self._text)

    def _collect(self, collector: Collector, batch: ScanBatch, parts: Sequence[Part] | None) -> None:
        """Predictions beside labels, each version's by itself."""
        target, known, day, groups, time = batch.target, batch.target_known, batch.day, batch.groups, batch.time
        if parts is None:
            collector.add(version_labels(batch), target, known, batch.prediction, batch.score, day, groups, time)
            return
        for part in parts:
            if part.said is None:
                collector.leave_out(part.label, part.rows, part.why)
            elif part.at is None:
                collector.add(part.label, target, known, part.said, part.score, day, groups, time)
            else:
                at = part.at
                taken = None if target is None else target.take(at)
                collector.add(
                    part.label, taken, known[at], part.said, part.score, None if day is None else day[at],
                    {name: values[at] for name, values in groups.items()}, None if time is None else time[at],
                )  # fmt: skip

    def _values(
        self, batch: ScanBatch, parts: Sequence[Part] | None, wanted: Iterable[str]
    ) -> Iterator[tuple[str, Any]]:
        """The values of the wanted columns of a batch, as Arrow; columns that it does not have are passed over."""
        import pyarrow as pa

        for name in wanted:
            if name in self._kinds:
                yield name, batch.features.column(name)
            elif parts is not None:
                yield (
                    name,
                    output_values(*assembled(parts, batch.rows, self._coding), self._outputs[name], self._coding),
                )
            elif name == self._columns.prediction and batch.prediction is not None:
                said = batch.prediction
                labels = self._outputs[name] == "categorical" and not isinstance(said, pa.DictionaryArray)
                yield name, said.dictionary_encode() if labels else said
            elif batch.score is not None:
                yield name, self._score(name, batch.score)

    def _score(self, name: str, score: np.ndarray) -> Any:
        import numpy as np
        import pyarrow as pa

        if score.ndim == 1:
            return pa.array(score)
        assert isinstance(self._columns.score, Mapping)
        return pa.array(np.ascontiguousarray(score[:, list(self._columns.score.values()).index(name)]))


def output_values(said: np.ndarray, score: np.ndarray | None, kind: ColumnKind, code: Coding) -> Any:
    """What versions of ours say, as the column that is watched: a number (of a binary task the score, or 0 and 1 where
    there is none), else the label."""
    import numpy as np
    import pyarrow as pa

    if kind != "numeric":
        return pa.array([None if v is None else str(v) for v in said.tolist()], pa.string()).dictionary_encode()
    if code.task != "binary":
        return pa.array(np.asarray(said, np.float64))
    hard = np.array([np.nan if v is None else float(v == code.classes[1]) for v in said.tolist()], np.float64)
    return pa.array(hard if score is None else np.where(np.isnan(score), hard, score))


def _unscored(of: tuple[str, str, bool], rows: int) -> DataFinding:
    """A finding about the rows that a version left without a prediction."""
    label, why, opened = of
    says = f"{rows} rows without a prediction: version {label} {'cannot score them' if opened else 'cannot be opened'}"
    return DataFinding(
        "unscored-row" if opened else UNOPENED, rows, f"{says} ({why})", effect="left out of performance"
    )

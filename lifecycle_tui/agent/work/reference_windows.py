"""The reference measured window by window, as production is: what shows how often a rule fires while all is well.

A window of the reference is part of it, so it is compared with the rest of the reference, its own rows taken out: of
profiles by subtraction, exactly; of rows (for detectors that take Arrow or pandas) by putting the other windows' rows
together. Performance is that of the scores which the reference's own baseline has: the data's predictions, or forward
validation. Called by the job `reference` and at the end of a first evaluation; `config check` calls it without state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.reading import PREDICTION, Reader, output_values
from lifecycle_tui.agent.work.recipes import Validation
from lifecycle_tui.agent.work.reference import Reference
from lifecycle_tui.agent.work.scoring import Scorer, aligned
from lifecycle_tui.agent.work.seasons import Season, Seasons, of_segments, unmatched
from lifecycle_tui.agent.work.segments import NO_SEGMENTS, Segments
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.reference_cut import ReferencePart
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.monitoring.alarms.yardstick import MOST_SUMMED, Sums, Yardstick
from lifecycle_tui.monitoring.columns import ColumnData, Judging, measure_columns
from lifecycle_tui.monitoring.data_signals import data_signals
from lifecycle_tui.monitoring.instruments import Instruments
from lifecycle_tui.monitoring.performance import Collector
from lifecycle_tui.monitoring.samples import Sample, Samples
from lifecycle_tui.monitoring.segment_metrics import segment_metrics
from lifecycle_tui.policy.budget import UNTIMED, model_alpha
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.profiles.rest import rest

if TYPE_CHECKING:
    import numpy as np

MOST_WINDOWS = 400
"""So many windows say enough of a rate; of a longer reference the newest are taken."""

MOST_CELLS = 200_000_000
"""Rows times columns that are read at most; of a larger reference the newest windows are taken."""

MOST_COPIED = 200_000_000
"""Rows of the reference times windows times columns that are handed to detectors that take rows."""

MOST_SAMPLED = 100
"""Windows that detectors which take a sample are tried on: some fit a model for each."""

YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class ReferenceWindow:
    """One window of the reference with its signals; `mature` as windows of production are.

    `sums` are what it adds to those before it, `yardstick` what they are held against.
    """

    window: Window
    mature: bool
    signals: tuple[Signal, ...]
    sums: Sums = field(default_factory=dict)
    yardstick: Yardstick | None = None


@dataclass(frozen=True)
class Measured:
    """All that were measured, in window order.

    Attributes:
        a_year: how many such windows pass in a year.
        note: what was left out and why, a phrase; "" if nothing.
    """

    windows: tuple[ReferenceWindow, ...]
    a_year: float
    note: str = ""


@dataclass(frozen=True)
class Scored:
    """Where predictions on the reference come from; all None: from the data.

    Attributes:
        scorer: a version that came as a file scores the rows.
        validation: what forward validation said of them.
        label: of the version.
        silent: why there is none of that: then metrics stay unknown.
    """

    scorer: Scorer | None = None
    validation: Validation | None = None
    label: str = ""
    silent: str = ""


Progress = Callable[[int, int], None]
"""Is told how many rows of how many have been read."""


def cells(spec: ModelSpec, data: ModelData, reference: Window) -> int:
    """Rows times columns of a reference: what measuring its windows costs, roughly."""
    return reference.rows * max(1, len(data.features))


@dataclass(frozen=True)
class ReferenceMeasurer:
    """Everything that measuring the windows of one reference needs.

    Attributes:
        window: the reference as a whole, from the survey.
        reference: its profiles, grids and coding.
        most_windows, most_cells: bounds, lower ones where somebody waits.
        seasons: what windows are held against, each together with those before it; None: by its own rows alone.
        segments: of the reference, where the model has segment columns.
    """

    fleet: WorkspaceSpec
    spec: ModelSpec
    data: ModelData
    window: Window
    reference: Reference
    instruments: Instruments
    scored: Scored
    now: datetime
    progress: Progress = lambda done, total: None
    most_windows: int = field(default_factory=lambda: MOST_WINDOWS)
    most_cells: int = field(default_factory=lambda: MOST_CELLS)
    seasons: Seasons | None = None
    segments: Segments = NO_SEGMENTS

    def measure(self) -> Measured:
        """Measure them.

        Raises:
            DataError: the tables as a whole cannot serve.
        """
        parts = self.data.reference_parts(self.window)
        chosen, note = self._chosen(parts)
        if self.data.away is not None:
            self.data.away.expect(self._reading(part, 0, 0) for part in chosen)
        length = _length(parts)
        judging = Judging(
            model_alpha(self.fleet, self.spec, length), self.spec.monitor.floor, self.spec.monitor.min_rows
        )
        a_year = YEAR / (length or UNTIMED)
        notes = [note, self.scored.silent if self.spec.columns.target is not None else ""]
        if self.instruments.needs_rows:
            windows, left = self._with_rows(chosen, judging)
            notes.append(left)
        else:
            windows = self._one_by_one(chosen, judging)
            if self.instruments.sample and len(chosen) > MOST_SAMPLED:
                named = ", ".join(d.name for d in self.instruments.detectors if d.info.sample is not None)
                notes.append(f"{named} on the newest {MOST_SAMPLED} of them, because it takes rows")
        return Measured(windows, a_year, "; ".join(filter(None, notes)))

    def _chosen(self, parts: Sequence[ReferencePart]) -> tuple[tuple[ReferencePart, ...], str]:
        """The newest windows within the bounds, and what was left out."""
        most = self.most_cells // max(1, len(self.reference.columns))
        rows, kept = 0, 0
        for part in reversed(parts):
            rows += part.window.rows
            if kept == self.most_windows or (rows > most and kept >= 1):
                break
            kept += 1
        chosen = tuple(parts[len(parts) - kept :])
        return chosen, "" if kept == len(parts) else f"the newest {kept} of its {len(parts)} windows"

    def _one_by_one(self, parts: Sequence[ReferencePart], judging: Judging) -> tuple[ReferenceWindow, ...]:
        """One window in memory at a time."""
        total, done = sum(part.window.rows for part in parts), 0
        found: list[ReferenceWindow] = []
        for part in parts:
            columns, signals, mature, sample = self._read(part, done, total, judging)
            tools, samples = self._tools(len(parts) - len(found), MOST_SAMPLED), self._samples(sample)
            against = self._rest(part, columns)
            found.append(self._compared(part, columns, against, signals, mature, judging, tools, samples, found))
            done += part.window.rows
        return tuple(found)

    def _with_rows(self, parts: Sequence[ReferencePart], judging: Judging) -> tuple[tuple[ReferenceWindow, ...], str]:
        """All windows' rows in memory, as the reference's are for production; the newest few for detectors that take
        rows, because each is handed the rest of the reference anew."""
        total, done = sum(part.window.rows for part in parts), 0
        read = []
        for part in parts:
            read.append(self._read(part, done, total, judging))
            done += part.window.rows
        few = max(4, MOST_COPIED // max(1, total * len(self.reference.columns)))
        found: list[ReferenceWindow] = []
        for i, (part, (columns, signals, mature, sample)) in enumerate(zip(parts, read, strict=True)):
            others = [c for j, (c, _, _, _) in enumerate(read) if j != i]
            against = self._rest(part, columns)
            if against.spans is None:
                with_rows = {n: replace(c, values=_together(n, others)) for n, c in against.columns.items()}
                against = replace(against, columns=with_rows)
            tools, samples = self._tools(len(parts) - i, few), self._samples(sample)
            found.append(self._compared(part, columns, against, signals, mature, judging, tools, samples, found))
        named = ", ".join(d.name for d in self.instruments.detectors if d.info.takes != "profile")
        return tuple(found), "" if few >= len(parts) else f"{named} on the newest {few} of them, because it takes rows"

    def _tools(self, left: int, few: int) -> Instruments:
        """All detectors for the newest few windows, those that take profiles for the ones before."""
        if left <= few:
            return self.instruments
        kept = tuple(d for d in self.instruments.detectors if d.info.takes == "profile")
        return replace(self.instruments, detectors=kept)

    def read(self, part: ReferencePart) -> dict[str, ColumnData]:
        """The columns of a window."""
        judging = Judging(1.0, self.spec.monitor.floor, self.spec.monitor.min_rows)
        return self._read(part, 0, 0, judging)[0]

    def _read(
        self, part: ReferencePart, before: int, total: int, judging: Judging
    ) -> tuple[dict[str, ColumnData], list[Signal], bool, Sample | None]:
        """Columns, the signals that need no comparison, whether all labels are there, and the sampled rows."""
        ref, scored = self.reference, self.scored
        reader, scan = self._reading(part, before, total)
        read = reader.read(scan)
        columns = {n: c for n, c in read.columns.items() if n in ref.columns}
        findings = (*scan.report.findings, *read.unscored)
        signals = data_signals(scan.rows, scan.labels, findings, labelled=self.spec.columns.target is not None)
        collector: Collector | None = read.collector
        if scored.validation is not None:
            collector, at = self._validated(scored.validation, part)
            if collector is not None and PREDICTION in ref.columns:
                columns[PREDICTION] = self._said(scored.validation, at)
        elif scored.silent:
            collector = None
        if self.spec.columns.target is not None and collector is not None and collector.versions:
            version = max(collector.versions, key=collector.rows)
            measured = collector.measure(version, self.instruments.metrics, self._errors_before(part))
            signals += measured.signals
            signals += segment_metrics(
                measured.outcomes, self.instruments.metrics, self.segments.values, judging.min_rows
            )
        drift = self.segments.without(read.segments).drift(read.segments, self.instruments, judging)
        signals += drift if self.seasons is None else of_segments(drift, self.seasons.of_part(part.window))
        return columns, signals, scan.mature, read.sample

    def _reading(self, part: ReferencePart, before: int, total: int) -> tuple[Reader, Scan]:
        """What reads a window, and what it reads."""
        ref, scored = self.reference, self.scored
        said = {} if scored.validation is not None or scored.silent else ref.outputs
        reader = Reader(
            self.spec.columns,
            ref.coding,
            ref.features,
            self.segments.grids(ref.grids),
            outputs={n: k for n, k in said.items() if n in ref.columns},
            scorer=scored.scorer,
            keep_rows=self.instruments.needs_rows,
            sample=self.instruments.sample,
            text=self.instruments.text,
            segments=self.segments.values,
            progress=lambda rows: self.progress(before + rows, total),
        )
        return reader, self.data.scan(self.window, self.now, groups=True, part=part)

    def _errors_before(self, part: ReferencePart) -> np.ndarray | None:
        """The reference's newest errors that are not the window's."""
        start, end = part.window.start, part.window.end
        if self.reference.errors is None or start is None or end is None:
            return None
        return self.reference.errors.outside(to_micros(start), to_micros(end))

    def _samples(self, window: Sample | None) -> Samples:
        """Of the reference the sampled rows that are not the window's."""
        # Of the size that the window's has: a larger one may hold rows of the window that the window's sample lacks.
        whole = None if self.reference.sample is None else self.reference.sample.first(self.instruments.sample)
        rest = whole if whole is None or window is None else whole.without(window)
        return Samples(rest, window, self.reference.features.keys())

    def _validated(self, validation: Validation, part: ReferencePart) -> tuple[Collector | None, np.ndarray]:
        """What was said of the rows of a window, if forward validation has come to all of them."""
        import numpy as np

        time, selector = validation.gathered.rows.time, part.selector
        if time is None:
            return None, np.empty(0, np.int64)
        inside = (time >= selector.low) & (time < selector.high)
        at = np.flatnonzero(inside[validation.at])
        if not len(at) or len(at) < int(inside.sum()):
            return None, at
        score = validation.said.score
        said = replace(
            validation.said,
            prediction=np.asarray(validation.said.prediction)[at],
            score=None if score is None else np.asarray(score)[at],
        )
        some = Validation(validation.gathered, validation.at[at], said)
        return some.collected(self.scored.label, self.reference.coding), at

    def _said(self, validation: Validation, at: np.ndarray) -> ColumnData:
        code, kind = self.reference.coding, self.reference.outputs[PREDICTION]
        said, score = aligned(validation.said, len(validation.at), code)
        profiler = Profiler(kind, self.reference.grids.get(PREDICTION))
        profiler.update(output_values(said[at], None if score is None else score[at], kind, code))
        return ColumnData(kind, profiler.result())

    def _rest(self, part: ReferencePart, columns: Mapping[str, ColumnData]) -> Season:
        """The reference (of the window's season) without the rows of a window. A column is left out where its rows are
        not among those of the reference as a whole: of rows with one id in two windows, the whole has kept the last."""
        seasons = self.seasons or unmatched(self.reference, None)
        if seasons.matching is not None:
            name = "" if part.window.start is None else seasons.matching.name(part.window.start)
            return seasons.of_part(part.window).without(seasons.plain, columns, name)
        found = {}
        for name, column in columns.items():
            with contextlib.suppress(ValueError):
                found[name] = ColumnData(column.kind, rest(self.reference.columns[name].profile, column.profile))
        return Season(found, seasons.plain)

    def _compared(
        self,
        part: ReferencePart,
        columns: Mapping[str, ColumnData],
        against: Season,
        signals: list[Signal],
        mature: bool,
        judging: Judging,
        instruments: Instruments,
        samples: Samples,
        before: Sequence[ReferenceWindow],
    ) -> ReferenceWindow:
        adding = against.adding([(w.yardstick, w.sums) for w in before[-MOST_SUMMED:][::-1]])
        own = self.segments.others(judging)
        samples = replace(samples, reference=against.sample(samples.reference))
        measured = measure_columns(against.columns, columns, instruments, own, samples, adding)
        unique: dict[str, Signal] = {}
        for signal in (*measured.signals, *signals):
            unique.setdefault(signal.name, signal)
        return ReferenceWindow(part.window, mature, tuple(unique.values()), measured.sums, against.yardstick)


def _together(name: str, others: Sequence[Mapping[str, ColumnData]]) -> Any:
    """The rows of a column in all these windows, without copying them."""
    import pyarrow as pa

    values = [columns[name].values for columns in others if name in columns]
    chunks = [chunk for column in values if column is not None for chunk in column.chunks]
    return pa.chunked_array(chunks) if chunks else None


def _length(parts: Sequence[ReferencePart]) -> timedelta | None:
    """How long a window lasts, by how they follow each other; None where nothing has a time."""
    spans = [(p.window.start, p.window.end) for p in parts if p.window.start is not None and p.window.end is not None]
    if not spans:
        return None
    first, last = spans[0][0], spans[-1][1]
    length = (last - first) / len(spans)
    return length if length > timedelta(0) else None


def silent(exc: LifecycleError) -> Scored:
    """No predictions, for that reason."""
    return Scored(silent=f"no predictions on it: {exc.message}")

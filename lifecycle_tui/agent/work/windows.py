"""Measures one window: reads what is new in it, compares it with the reference, and gives the results to store.

A new window costs only itself. A grown one reads only its new files and merges their profiles into the stored ones. New
labels read only the columns that hold predictions and labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lifecycle_tui.agent.work.estimating import Estimating, how, mark_maturing
from lifecycle_tui.agent.work.importances import Baselines, LabelledRows, window_signals
from lifecycle_tui.agent.work.reading import Reader, WindowRows
from lifecycle_tui.agent.work.readings import Against
from lifecycle_tui.agent.work.reference import Reference
from lifecycle_tui.agent.work.scoring import Scorer
from lifecycle_tui.agent.work.searching import Searching
from lifecycle_tui.agent.work.seasons import Seasons, of_segments
from lifecycle_tui.agent.work.segments import NO_SEGMENTS, Segments
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.data.survey import LABELS, Survey, WindowState
from lifecycle_tui.domain.results import StoredProfile, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import DataFinding, DataReport, FragmentPart, Window
from lifecycle_tui.monitoring.alarms.yardstick import MOST_SUMMED, Sums, Yardstick
from lifecycle_tui.monitoring.columns import ColumnData, Judging, measure_columns
from lifecycle_tui.monitoring.data_signals import OF_LABELS, data_signals, merge_findings
from lifecycle_tui.monitoring.instruments import Instruments
from lifecycle_tui.monitoring.performance import Collector
from lifecycle_tui.monitoring.samples import Samples
from lifecycle_tui.monitoring.segment_metrics import segment_metrics
from lifecycle_tui.policy.budget import FILLING, model_alpha
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.profiles.nested import small
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.scores import ColumnSums
from lifecycle_tui.state import sums as kept_sums
from lifecycle_tui.state import windows as stored
from lifecycle_tui.state.text import dumps

Parts = Sequence[FragmentPart]

SUMMED = 1
"""Raised when a window's sums change their meaning."""

JUDGED = 2
"""Raised when verdicts are passed in another way, so that windows are judged anew."""


def basis(spec: ModelSpec, reference: Reference, instruments: Instruments) -> str:
    """Names what windows are compared with and how; results of another basis are measured anew."""
    columns = spec.columns
    names = [
        reference.digest,
        instruments.digest,
        sorted(reference.features.items()),
        [spec.monitor.floor, spec.monitor.min_rows],
        [columns.version, columns.cutoff, str(columns.positive), sorted(columns.ignore)],
        repr(spec.data.window),
        *how(spec, instruments),
    ]
    if spec.data.reference.match:
        names.append([sorted(spec.data.reference.match), spec.data.timezone])
    return hashlib.sha256(dumps(names).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Measurer:
    """Everything that measuring the windows of one model needs."""

    job: JobContext
    spec: ModelSpec
    data: ModelData
    survey: Survey
    reference: Reference
    reference_rows: Mapping[str, ColumnData]
    instruments: Instruments
    scorer: Scorer | None
    basis: str
    seasons: Seasons
    estimating: Estimating | None = None
    segments: Segments = NO_SEGMENTS
    searching: Searching | None = None
    labelled: LabelledRows | None = None

    def expect(self, states: Iterable[WindowState]) -> None:
        """Say which windows will be read in full, in this order, to whoever reads elsewhere."""
        if self.data.away is not None:
            self.data.away.expect((self._reader(s.window.rows, s.window.key), self._scan(s)) for s in states)

    def whole(self, state: WindowState) -> list[WindowResult]:
        """Read all of a window."""
        read = self._reader(state.window.rows, state.window.key).read(self._scan(state))
        columns = {name: read.columns[name] for name in self.reference.columns if name in read.columns}
        return self._results(state, read, columns, (*read.scan.report.findings, *read.unscored))

    def grown(self, state: WindowState, before: stored.WindowRow, parts: Parts) -> list[WindowResult] | None:
        """Read only the new files of a window; None where its stored profiles cannot be added to."""
        if self.scorer is not None or self.instruments.needs_rows or self.instruments.sample or self.segments.values:
            return None
        columns = self._stored_columns(before)
        if set(columns) != set(self.reference.columns) or not self._on_grids(columns):
            return None  # of a window that was over its profiles are coarser: they cannot be added to
        reader = self._reader(state.window.rows, state.window.key)
        added = reader.read(self._scan(state, fragments=state.added))
        columns = {n: ColumnData(c.kind, c.profile + added.columns[n].profile) for n, c in columns.items()}
        outcomes = reader.read(self._scan(state, columns=()), profile=False)
        known = (f for f in before.findings if f.code not in OF_LABELS)
        new = (f for f in added.scan.report.findings if f.code not in OF_LABELS)
        late = [f for f in outcomes.scan.report.findings if f.code in OF_LABELS]
        kept = [p for p in (*parts, *added.scan.parts) if not p.fragment.startswith(LABELS)]
        return self._results(state, outcomes, columns, merge_findings(known, new, late), kept)

    def relabelled(self, state: WindowState, before: stored.WindowRow, parts: Parts) -> list[WindowResult]:
        """Labels have arrived: measure performance again, from predictions and labels alone where they are data."""
        if self.scorer is not None:
            return self.whole(state)
        reader = self._reader(state.window.rows, state.window.key)
        read = reader.read(self._scan(state, columns=()), profile=False)
        findings = merge_findings(
            (f for f in before.findings if f.code not in OF_LABELS),
            (f for f in read.scan.report.findings if f.code in OF_LABELS),
        )
        with self.job.state.read() as conn:
            tables = {d.name for d in self.instruments.detectors if d.info.scope == "table"}
            about_inputs = [s for s in stored.signals(conn, before.id) if _of_inputs(s) or s.name in tables]
            sums = kept_sums.of(conn, before.id)
        kept = [p for p in parts if not p.fragment.startswith(LABELS)]
        columns = self._stored_columns(before)
        # The window is over and its profiles are as it grew with: from now on the smaller ones do.
        over = state.window.complete and any(small(p) is not p for p in _numeric(columns))
        profiles = self._profiles(state.window, columns) if over else ()
        return self._assemble(state, read, about_inputs, columns, findings, profiles, kept, sums if over else b"")

    def _scan(
        self, state: WindowState, *, columns: Sequence[str] | None = None, fragments: Sequence[str] | None = None
    ) -> Scan:
        return self.data.scan(state.window, self.job.now, columns=columns, fragments=fragments, groups=True)

    def _reader(self, total: int, key: str) -> Reader:
        ref = self.reference
        return Reader(
            self.spec.columns,
            ref.coding,
            ref.features,
            self.segments.grids(ref.grids),
            outputs={n: k for n, k in ref.outputs.items() if n in ref.columns},
            scorer=None if self.scorer is None else replace(self.scorer, labelled=self.labelled),
            keep_rows=self.instruments.needs_rows,
            sample=self.instruments.sample,
            text=self.instruments.text,
            segments=self.segments.values,
            progress=lambda rows: self.job.progress(rows, total, "rows", f"{self.spec.name}: window {key}"),
        )

    def _stored_columns(self, before: stored.WindowRow) -> dict[str, ColumnData]:
        with self.job.state.read() as conn:
            found = stored.profiles(conn, before.id)
        ref = self.reference
        return {p.column: ColumnData(p.kind, load(p.data, ref.grids.get(p.column))) for p in found}

    def _results(
        self,
        state: WindowState,
        read: WindowRows,
        columns: Mapping[str, ColumnData],
        findings: tuple[DataFinding, ...],
        kept: Parts = (),
    ) -> list[WindowResult]:
        season = self.seasons.of(state.window)
        rows = self.reference_rows if season.spans is None else {}  # those of a season are not told apart
        reference = {n: rows.get(n, c) for n, c in season.columns.items() if n in columns}
        samples = Samples(season.sample(self.reference.sample), read.sample, self.reference.features.keys())
        judging = self._judging(state.window)
        adding = season.adding(self._past(state.window))
        measured = measure_columns(reference, columns, self.instruments, self.segments.others(judging), samples, adding)
        segments = of_segments(self.segments.drift(read.segments, self.instruments, judging, adding), season)
        about_inputs = [*measured.signals, *segments]
        profiles = self._profiles(state.window, columns)
        plain = {name: one.plain() for name, one in measured.sums.items()}
        sums = kept_sums.pack(plain, self._held) if plain else b""
        return self._assemble(state, read, about_inputs, columns, findings, profiles, kept, sums)

    @property
    def _held(self) -> str:
        """Names what sums are held against: the reference, its seasons, and how scores are formed."""
        match = self.spec.data.reference.match
        return f"{self.reference.digest}:{','.join(sorted(match))}:{SUMMED}"

    def _past(self, window: Window) -> list[tuple[Yardstick | None, Sums]]:
        """Sums of the windows before it, the newest first, as far as they are held against the same reference, and
        what that is for each."""
        with self.job.state.read() as conn:
            found = kept_sums.before(conn, self.spec.name, window.key, self._held, MOST_SUMMED)
        return [
            (self.seasons.at(start).yardstick, {name: ColumnSums.of(plain) for name, plain in one.items()})
            for start, one in found
        ]

    def _profiles(self, window: Window, columns: Mapping[str, ColumnData]) -> tuple[StoredProfile, ...]:
        """What is stored of the columns: a few KB each once the window is over, all of it while it can grow."""
        found = []
        for name, column in sorted(columns.items()):
            profile = column.profile
            if window.complete and isinstance(profile, NumericProfile):
                profile = small(profile)
            found.append(StoredProfile(name, column.kind, self._grid(name), dump(profile)))
        return tuple(found)

    def _on_grids(self, columns: Mapping[str, ColumnData]) -> bool:
        """Whether the stored profiles are on the reference's own grids."""
        grids = self.reference.grids
        return all(c.profile.grid == grids.get(n) for n, c in columns.items() if isinstance(c.profile, NumericProfile))

    def _grid(self, column: str) -> str:
        grid: Any = self.reference.grids.get(column)
        return "" if grid is None else str(grid.id)

    def _assemble(
        self,
        state: WindowState,
        read: WindowRows,
        about_inputs: list[Signal],
        columns: Mapping[str, ColumnData],
        findings: tuple[DataFinding, ...],
        profiles: tuple[StoredProfile, ...],
        kept: Parts,
        sums: bytes = b"",
    ) -> list[WindowResult]:
        """The results of a window; `kept` are parts of inputs that this read did not look at."""
        scan, now = read.scan, self.job.now
        seen = [p for p in scan.parts if p.fragment.startswith(LABELS)] if kept else scan.parts
        window = replace(state.window, rows=scan.rows, parts=(*kept, *seen))
        found = (*state.findings, *findings)
        labelled = self.spec.columns.target is not None
        signals = [*about_inputs, *data_signals(scan.rows, scan.labels, found, labelled=labelled)]
        parts = self._versions(read.collector, window)
        if self.estimating is not None:
            self.estimating.add(parts, state, scan.mature)
        if not scan.mature:
            mark_maturing(parts, state, self.estimating, self.job)
        self._add_importance(scan.mature, parts)
        if self.searching is not None:
            self.searching.add(parts, state.window, scan.mature)
        signals += self._against(window).add_readings(signals, columns, found, scan, read.collector, parts)
        if list(parts) == [""]:
            signals += parts.pop("")[1]
        results = [
            WindowResult(
                self.spec.name,
                window,
                "",
                tuple(_unique(signals)),
                now,
                scan.labels,
                scan.mature,
                DataReport(scan.rows, found),
                profiles,
                self.basis,
                sums,
            )
        ]
        for version, (rows, of_version, labels) in parts.items():
            own = replace(window, rows=rows, parts=())
            results.append(
                WindowResult(
                    self.spec.name, own, version, tuple(of_version), now, labels, scan.mature, basis=self.basis
                )
            )
        return results

    def _versions(self, collector: Collector, window: Window) -> dict[str, tuple[int, list[Signal], int]]:
        """Rows, metric signals and labelled rows by version."""
        found = {}
        if self.spec.columns.target is None:
            return {v: (collector.rows(v), [], 0) for v in collector.versions if v}
        for version in collector.versions:
            before = None if self.reference.errors is None else self.reference.errors.error
            measured = collector.measure(version, self.instruments.metrics, before)
            of_segments = segment_metrics(
                measured.outcomes, self.instruments.metrics, self.segments.values, self.spec.monitor.min_rows
            )
            found[version] = (measured.rows, [*measured.signals, *of_segments], measured.labels)
        return found

    def _add_importance(self, mature: bool, parts: Mapping[str, tuple[int, list[Signal], int]]) -> None:
        """What each version of ours leans on, added to its signals; the rows were kept while they were scored."""
        if self.scorer is None or self.labelled is None:
            return
        samples, opened = self.labelled.take(), self.scorer.opened
        made = {label: v.version.facts.importance or {} for label, v in opened.items()}
        found = window_signals(
            opened, samples, Baselines(made, self.reference.leaning), self.instruments, self.reference.coding,
            mature=mature,
        )  # fmt: skip
        for version, of_version in found.items():
            if version in parts:
                parts[version][1].extend(of_version)

    def _against(self, window: Window) -> Against:
        ref = self.reference
        return Against(
            self.spec, self.instruments, frozenset(ref.outputs), ref.columns, ref.performance, ref.baseline,
            self._judging(window).alpha, ref.leaning, ref.leaning_by,
        )  # fmt: skip

    def level(self, window: Window) -> float:
        """Chance of a false alarm that a window may spend."""
        return self._judging(window).alpha

    def _judging(self, window: Window) -> Judging:
        monitor = self.spec.monitor
        alpha = model_alpha(self.job.workspace.spec, self.spec, self._length(window))
        alpha *= 1 - 1 / FILLING if window.complete else 1 / FILLING
        return Judging(alpha, monitor.floor, monitor.min_rows)

    def _length(self, window: Window) -> timedelta | None:
        """How long a window lasts; for windows by count or partition the mean spacing of those there are."""
        if window.start is not None and window.end is not None and window.end > window.start:
            return window.end - window.start
        starts = [w.window.start for w in self.survey.windows if w.window.start is not None]
        if len(starts) > 1:
            return (max(starts) - min(starts)) / (len(starts) - 1)
        return None


def _unique(signals: list[Signal]) -> list[Signal]:
    """One signal a name, the first one: a team's plugin cannot take the name of one of ours."""
    found: dict[str, Signal] = {}
    for signal in signals:
        found.setdefault(signal.name, signal)
    return list(found.values())


def _numeric(columns: Mapping[str, ColumnData]) -> Iterator[NumericProfile]:
    return (c.profile for c in columns.values() if isinstance(c.profile, NumericProfile))


def _of_inputs(signal: Signal) -> bool:
    """Whether a stored signal is about inputs (it stays when only labels have changed)."""
    return signal.column is not None or signal.name.startswith(("drift.", "rows."))

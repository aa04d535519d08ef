"""The reading of a window and of each version that scored it: gathers the evidence that `monitoring.reading` weighs.

Called by `windows` when a window's signals are complete; nothing here reads data. What the reference's outcomes looked
like comes from its stored facts (`Baseline`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.reading import LEVEL, Evidence, read_window, shift_signals
from lifecycle_tui.monitoring.reading_faults import Fault, column_faults, label_faults
from lifecycle_tui.monitoring.reading_tables import (
    Gaps,
    OutcomeBins,
    OutcomeTables,
    bins_facts,
    bins_from,
    compare,
    count,
    freeze,
    tables_facts,
    tables_from,
)

if TYPE_CHECKING:
    from lifecycle_tui.data.scan import Scan
    from lifecycle_tui.domain.specs import ModelSpec
    from lifecycle_tui.domain.windows import DataFinding
    from lifecycle_tui.monitoring.columns import ColumnData
    from lifecycle_tui.monitoring.instruments import Instruments
    from lifecycle_tui.monitoring.performance import Collector

MOST_VERSIONS = 10
"""Versions of the reference whose outcomes are kept, those with the most rows."""

MARGIN = 0.03
"""What `concept.shift` may differ by, beyond its floor, between a version and the fits of forward validation."""


@dataclass(frozen=True)
class Baseline:
    """What the reference's outcomes looked like.

    Attributes:
        version: which made most of its predictions, as windows name versions; the bins are of its scores.
        labelled: labelled rows as a share of all.
        validated: they are those of forward validation: several fits, none of them the version itself.
        tables: by version.
    """

    version: str
    labelled: float
    validated: bool
    bins: OutcomeBins
    tables: Mapping[str, OutcomeTables]


def baseline_of(collector: Collector, version: str, labelled: float, validated: bool) -> Baseline | None:
    """The baseline from the reference's own outcomes; None where no row has both prediction and truth."""
    outcomes = collector.outcomes(version)
    if outcomes is None:
        return None
    bins = freeze(outcomes)
    most = sorted(collector.versions, key=lambda name: (name != version, -collector.rows(name), name))[:MOST_VERSIONS]
    found = {name: collector.outcomes(name) for name in most}
    tables = {name: count(known, bins) for name, known in found.items() if known is not None}
    return Baseline(version, labelled, validated, bins, tables)


def baseline_facts(baseline: Baseline | None) -> dict[str, Any] | None:
    """As JSON values."""
    if baseline is None:
        return None
    return {
        "version": baseline.version, "labelled": baseline.labelled, "validated": baseline.validated,
        "bins": bins_facts(baseline.bins),
        "tables": {version: tables_facts(tables) for version, tables in baseline.tables.items()},
    }  # fmt: skip


def baseline_from(facts: Mapping[str, Any] | None) -> Baseline | None:
    """What `baseline_facts` wrote."""
    if not facts:
        return None
    tables = {version: tables_from(of_version) for version, of_version in facts["tables"].items()}
    return Baseline(facts["version"], facts["labelled"], facts["validated"], bins_from(facts["bins"]), tables)


@dataclass(frozen=True)
class Against:
    """What a model's windows are read against.

    Attributes:
        outputs: columns that models say.
        columns: profiles of the reference.
        performance: metric signals on the reference.
        importance: of features, where windows have none of their own, and what it is (`importance_by`).
        level: chance of a false alarm that a window may spend.
    """

    spec: ModelSpec
    instruments: Instruments
    outputs: frozenset[str]
    columns: Mapping[str, ColumnData]
    performance: Sequence[Signal]
    baseline: Baseline | None
    level: float
    importance: Mapping[str, float] | None = None
    importance_by: str = ""

    def add_readings(
        self,
        shared: Sequence[Signal],
        columns: Mapping[str, ColumnData],
        findings: Sequence[DataFinding],
        scan: Scan,
        collector: Collector,
        versions: Mapping[str, tuple[int, list[Signal], int]],
    ) -> list[Signal]:
        """What is to be added to the window's signals; what is about a version is added to its own list in place.

        Args:
            shared: the window's signals so far.
            columns: profiles of the window.
            versions: rows, metric signals and labelled rows by version.
        """
        inputs = {name: column for name, column in self.columns.items() if name not in self.outputs}
        faults = column_faults(inputs, columns, findings, scan.rows)
        readings: dict[str, Signal] = {}
        for version, (_, signals, _) in versions.items():
            gaps, about_labels = self._compared(collector, version, scan)
            evidence = self._evidence([*shared, *signals], (*about_labels, *faults), gaps, signals, scan.mature)
            readings[version] = read_window(evidence)
            signals += shift_signals(gaps, min(LEVEL, self.level) / 4, self._margin)
            if version:
                signals.append(readings[version])
        if readings:
            return [readings[max(readings, key=collector.rows)]]
        return [read_window(self._evidence(shared, faults, Gaps(), (), scan.mature))]

    @property
    def _margin(self) -> float:
        return MARGIN if self.baseline is not None and self.baseline.validated else 0.0

    def _evidence(
        self, signals: Sequence[Signal], faults: Sequence[Fault], gaps: Gaps, metrics: Sequence[Signal], mature: bool
    ) -> Evidence:
        base = {s.name: s for s in self.performance}
        better = {m.name: m.info.greater_is_better for m in self.instruments.metrics}
        pairs = [
            (s, base[s.name], bool(better[s.name]))
            for s in metrics
            if s.name in base and better.get(s.name) is not None
        ]
        return Evidence(
            signals, self.outputs, faults, gaps, pairs, self.importance, self.importance_by, self.level, self._margin,
            mature, self.spec.columns.target is not None,
        )  # fmt: skip

    def _compared(self, collector: Collector, version: str, scan: Scan) -> tuple[Gaps, tuple[Fault, ...]]:
        """The outcomes of a version against the reference's, and what is wrong with their labels.

        What a version says that did not score the reference is another score: only the truth by itself is compared
        then. Fits of forward validation spread their scores differently: of them only what a score promises
        is compared, with a margin.
        """
        base, target = self.baseline, self.spec.columns.target
        if base is None or target is None:
            return Gaps(), ()
        outcomes = collector.outcomes(version)
        # Labels that come first are no fair sample (a fraud is reported, its absence is not): until all can be there,
        # neither their mix nor what they say of the scores is held against the reference's.
        tables = None if outcomes is None or not scan.mature else count(outcomes, base.bins)
        strange = collector.strange(version)
        labels = strange + (0 if outcomes is None else len(outcomes))
        # Of all rows: those that a version could not score have labels too.
        shares = (base.labelled, scan.labels / scan.rows) if scan.mature and scan.rows else None
        own = base.tables.get(version)
        like = own if own is not None else base.tables[base.version]
        faults = label_faults(target, like, tables, strange, labels, shares)
        if tables is None:
            return Gaps(), faults
        gaps = compare(like, tables)
        if own is None:
            return Gaps(gaps.truth), faults
        return (Gaps(gaps.truth, gaps.given_said) if base.validated else gaps), faults

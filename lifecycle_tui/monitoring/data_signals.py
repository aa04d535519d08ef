"""Signals about a window's data itself: rows, labels, and what was found wrong (docs/signals.md lists them)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding

OF_LABELS = frozenset({"missing-label", "orphan-label", "correction", "duplicate-label"})
"""Findings that a later look at the labels replaces; the others are about the inputs."""

_COUNTED = {
    "data.bad_cells": ("bad-cell", "bad-timestamp", "ragged-row", "bad-line", "infinite"),
    "data.duplicates": ("duplicate-id",),
    "data.gaps": ("gap",),
}


def data_signals(rows: int, labels: int, findings: Sequence[DataFinding], *, labelled: bool) -> list[Signal]:
    """The window's own signals; `labelled` is whether the model declares a target at all."""
    found = [Signal("rows", float(rows), n=rows)]
    if labelled:
        found.append(Signal("labels", float(labels), n=rows))
        share = labels / rows if rows else None
        found.append(Signal("labels.share", share, n=rows, state="ok" if rows else "unknown"))
    for name, codes in _COUNTED.items():
        found.append(Signal(name, float(sum(f.count for f in findings if f.code in codes)), n=rows))
    return found


def late_signal(newest: datetime | None, now: datetime) -> Signal | None:
    """Age of the newest row at the loop's clock, in seconds; None without timestamps."""
    return None if newest is None else Signal("data.late", (now - newest).total_seconds())


def merge_findings(*groups: Iterable[DataFinding]) -> tuple[DataFinding, ...]:
    """Findings of several reads of one window: counts of the same code and column are added."""
    merged: dict[tuple[str, str | None], DataFinding] = {}
    for finding in (f for group in groups for f in group):
        key = (finding.code, finding.column)
        before = merged.get(key)
        if before is not None:
            finding = DataFinding(
                finding.code, before.count + finding.count, before.message, finding.column, before.effect
            )
        merged[key] = finding
    return tuple(merged[key] for key in sorted(merged, key=lambda k: (k[0], k[1] or "")))

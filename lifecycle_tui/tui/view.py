"""What the model screen shows, worked out of stored rows: pure functions, no widgets, no reading.

`source` calls them with what it read; the screens draw what they return. Frozen values, so that a grid can tell which
of its rows changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.plots import sparkline
from lifecycle_tui.state.windows import WindowRow, WindowSignals
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.column_facts import CHANGE
from lifecycle_tui.tui.column_facts import number as finite
from lifecycle_tui.tui.text import Line, Span, count, joined, number, percent

SUMMARY = ("drift.share", "drift.count", "drift.max")
LATE = "data.late"
LEADING = (CHANGE, "psi", "ks", "chi2", "missing", "unseen")
"""Detectors in the order in which they get the narrow screen's columns; a team's own follow by name."""


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One window: what concerns all its rows, and its versions' key metric.

    Attributes:
        ids: row id of each version's result ("" for all rows).
        metric: the key metric of `version`: the champion's where it scored rows, else whose labels are most.
        judged: how many columns drifted, of those that the drift share was taken over.
    """

    key: str
    row: WindowRow
    ids: tuple[tuple[str, int], ...]
    share: Signal | None
    count: Signal | None
    largest: Signal | None
    metric: Signal | None
    version: str
    labels: int
    mature: bool

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """The window's data report."""
        return self.row.findings


def window_lines(entries: Iterable[WindowSignals], metric: str | None, champion: str | None) -> list[WindowLine]:
    """Windows newest first, from the results of all their versions."""
    by_key: dict[str, list[WindowSignals]] = {}
    for entry in entries:
        by_key.setdefault(entry.window.key, []).append(entry)
    return [_window_line(key, by_key[key], metric, champion) for key in sorted(by_key, reverse=True)]


def _window_line(key: str, entries: Sequence[WindowSignals], metric: str | None, champion: str | None) -> WindowLine:
    whole = next((e for e in entries if e.window.version == ""), entries[0])
    measured = [e for e in entries if metric is not None and metric in e.signals]
    measured.sort(key=lambda e: (e.window.version != champion, -e.window.labels, -e.window.rows, e.window.version))
    chosen = measured[0] if measured else None
    labelled = chosen or max(entries, key=lambda e: e.window.labels)
    return WindowLine(
        key=key,
        row=whole.window,
        ids=tuple((e.window.version, e.window.id) for e in entries),
        share=whole.signals.get("drift.share"),
        count=whole.signals.get("drift.count"),
        largest=whole.signals.get("drift.max"),
        metric=chosen.signals[metric] if chosen and metric else None,
        version=chosen.window.version if chosen else "",
        labels=max(whole.window.labels, labelled.window.labels),
        mature=labelled.window.mature,
    )


def window_about(window: WindowLine | None) -> Line:
    """One line about a window: rows, labels, the key metric, what is irregular in its data."""
    if window is None:
        return ()
    row = window.row
    labels = f"{count(window.labels)} labels" + ("" if window.mature else ", more are expected")
    metric = ""
    if (found := window.metric) is not None:
        metric = joined((found.name, shown(found), interval(found), f"n {count(found.n)}"), " ")
    data = f"data report: {len(window.findings)} findings" if window.findings else ""
    revision = f"revision {row.revision}" if row.revision > 1 else ""
    return (Span(f" {window.key}  ", "bold"), Span(joined((f"{count(row.rows)} rows", labels, metric, data, revision))))


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of a window: its signals by detector, and what they come to.

    Attributes:
        state: the worst of its signals'.
        effect: the size of the change on the common scale 0..1: the verdict's, else the largest that a detector gives.
        lead: name of the signal whose past is drawn.
        importance: its share of what the model leans on; score: drift times that. None where it is not known.
    """

    name: str
    state: str
    effect: float | None
    signals: tuple[tuple[str, Signal], ...]
    message: str
    lead: str
    importance: float | None = None
    score: float | None = None

    def signal(self, detector: str) -> Signal | None:
        """The signal of one detector."""
        return next((s for name, s in self.signals if name == detector), None)

    @property
    def rank(self) -> tuple[int, float, float, str]:
        """Sorts the columns that matter first: by state, then by drift times importance, then by effect."""
        return (marks.signal(self.state).rank, -(self.score or 0.0), -(self.effect or 0.0), self.name)


def column_lines(signals: Iterable[Signal], reading: Signal | None = None) -> list[ColumnLine]:
    """The columns of one window, worst first.

    Args:
        reading: the window's, which ranks columns by drift times importance.
    """
    by_column: dict[str, list[Signal]] = {}
    for signal in signals:
        if signal.column is not None:
            by_column.setdefault(signal.column, []).append(signal)
    weights = _weights(reading)
    lines = (_column_line(name, found, weights.get(name, (None, None))) for name, found in by_column.items())
    return sorted(lines, key=lambda c: c.rank)


def _weights(reading: Signal | None) -> dict[str, tuple[float | None, float | None]]:
    """Column → (importance, drift times importance), of those that a reading ranks."""
    rows = None if reading is None else reading.detail.get("columns")
    if not isinstance(rows, list):
        return {}
    known = [row for row in rows if isinstance(row, Mapping)]
    return {
        str(row.get("column")): (finite(row.get("importance")), finite(row.get("score")))
        for row in known
    }  # fmt: skip


def _column_line(name: str, found: Sequence[Signal], weight: tuple[float | None, float | None]) -> ColumnLine:
    by_detector = {detector(s): s for s in found}
    ordered = sorted(by_detector.items(), key=lambda item: leading(item[0]))
    worst = min(found, key=lambda s: marks.signal(s.state).rank)
    own = by_detector.get(CHANGE)
    effects = [e for s in ([own] if own is not None else found) if (e := effect(s)) is not None]
    told = [text for s in found if s.state == worst.state and (text := said(s))]
    message = told[0] if told else ""
    largest = max(effects, default=None)
    return ColumnLine(name, worst.state, largest, tuple(ordered), message, ordered[0][1].name, *weight)


def detector(signal: Signal) -> str:
    """`psi` of `psi.income`."""
    suffix = f".{signal.column}"
    return signal.name.removesuffix(suffix) if signal.column else signal.name


def leading(name: str) -> tuple[int, str]:
    """Sorts detectors: the known ones first."""
    return (LEADING.index(name) if name in LEADING else len(LEADING), name)


FULL_SCALE = {CHANGE: 0.1, "psi": 0.25, "ks": 0.1, "missing": 0.05, "unseen": 0.05}
"""Where a small plot of a detector's past is full at the least, so that noise does not look like a mountain."""


def drawn_past(name: str, values: Sequence[float | None], cells: int) -> str:
    """A sparkline of a detector's values from 0 to its full scale, or to the largest value beyond it."""
    scale = FULL_SCALE.get(name)
    small = marks.plain_glyphs()
    if scale is None:
        return sparkline(values, cells, ascii_only=small)
    most = max([v for v in values if v is not None and v - v == 0.0], default=0.0)
    return sparkline(values, cells, low=0.0, high=max(most, scale), ascii_only=small)


def effect(signal: Signal) -> float | None:
    """The size of a change on the common scale, as the detector gave it; KS's value is one itself."""
    given = signal.detail.get("effect")
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    return signal.value if detector(signal) == "ks" else None


def where(signal: Signal) -> str:
    """Where an error is to be looked for: `plugins/x.py:7`, or who produced the signal."""
    file, line = signal.detail.get("file"), signal.detail.get("line")
    if isinstance(file, str) and file:
        # The folder and the name say it within a grid's cell; the message has the whole path.
        short = "/".join(file.rsplit("/", 2)[-2:])
        return f"{short}:{line}" if line else short
    return signal.source or detector(signal)


def said(signal: Signal) -> str:
    """A signal's message; of an error with its place, unless the message names that already."""
    message = signal.message or ""
    if signal.state != "error":
        return message
    place = where(signal)
    return message if place in message else f"{place}: {message}" if message else place


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A signal that is about no column, with the version that it was measured for ("" for all rows)."""

    version: str
    signal: Signal

    @property
    def key(self) -> str:
        """Unique within a window."""
        return f"{self.version}\0{self.signal.name}"


def _is_data(name: str) -> bool:
    return name.startswith("data.") or name in ("rows", "labels", "labels.share")


def counted(name: str) -> bool:
    """Whether a signal counts something."""
    return (_is_data(name) and name not in (LATE, "labels.share")) or name == "drift.count"


def shown(signal: Signal, digits: int = 3) -> str:
    """A signal's value as people read it: counts as counts, seconds as a duration, the labels' share in percent."""
    if signal.value is not None and int_of(signal.value) is not None:
        if counted(signal.name) and signal.value == int_of(signal.value):
            return count(int_of(signal.value))
        if signal.name == LATE:
            return ages.span(signal.value)
        if signal.name == "labels.share":
            return percent(signal.value)
    return number(signal.value, digits)


def int_of(value: float) -> int | None:
    """The value as an integer; None for infinities and NaN."""
    return int(value) if value - value == 0.0 else None


def interval(signal: Signal) -> str:
    """`[0.89, 0.93]`, or nothing where the signal has none."""
    if signal.lower is None and signal.upper is None:
        return ""
    return f"[{number(signal.lower)}, {number(signal.upper)}]"


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts of reference and window in the same bins; `numbers`: bins of a scale, not labels."""

    names: tuple[str, ...]
    reference: tuple[float, ...]
    window: tuple[float, ...]
    numbers: bool = False


def bars(detail: Mapping[str, Any]) -> Bars | None:
    """The small histogram that monitoring stores with one signal of each column; None where there is none."""
    found = detail.get("bars")
    if not isinstance(found, Mapping):
        return None
    reference, window = _numbers(found.get("reference")), _numbers(found.get("window"))
    names = found.get("names")
    if reference is None or window is None or not isinstance(names, list):
        return None
    if not len(reference) == len(window) == len(names):
        return None
    return Bars(tuple(map(str, names)), tuple(reference), tuple(window), bool(found.get("edges")))


def _numbers(value: object) -> list[float] | None:
    if not isinstance(value, list) or not value:
        return None
    found = [
        float(v) for v in value if isinstance(v, int | float) and not isinstance(v, bool) and v >= 0 and v - v == 0
    ]
    return found if len(found) == len(value) else None

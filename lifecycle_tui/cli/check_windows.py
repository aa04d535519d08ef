"""Metrics of a model and its last windows as a table; estimates where labels are missing. Called by `check_model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle_tui import output
from lifecycle_tui.cli import text
from lifecycle_tui.output import plain, say
from lifecycle_tui.plots import sparkline

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import ModelReport
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.state.windows import WindowSignals

ESTIMATED = "estimated."
KEY = 20
"""Characters of a window's key that are shown in the table."""


def metrics(m: ModelReport) -> None:
    """Each metric in the newest mature window, beside the reference; then what labels to come will show."""
    shown = list(m.scored.values())
    for name, base in m.baseline.items():
        values = [(e.window, e.signals[name]) for e in shown if name in e.signals]
        known = [(w, s) for w, s in values if s.value is not None and w.mature]
        if not known:
            waiting = [s for _, s in values if s.message]
            why = waiting[-1].message if waiting else "no window has all its labels yet"
            _say(f"{name}: {why or ''}")
        else:
            window, signal = known[-1]
            before = f"{text.number(base.get('value'))} in the reference, " if base.get("value") is not None else ""
            trend = sparkline([s.value for _, s in known], 24, ascii_only=not text.blocks())
            whose = "" if window.version in ("", m.champion) else f" by version {text.clipped(window.version, 20)}"
            _say(f"{name}: {before}{interval(signal)} in {text.clipped(window.key, KEY)}{whose}  {trend}")
        _estimate(name, shown)
    scorers = {e.window.version for e in shown if e.window.version}
    if scorers and m.champion and m.champion not in scorers:
        say(f"  version {plain(m.champion)} has scored no window yet")


def _say(line: str, indent: int = 2) -> None:
    for part in text.folded(line, indent):
        say(part)


def _estimate(name: str, shown: Sequence[WindowSignals]) -> None:
    """What the metric will be in the newest window, where its labels are still to come, and how far to trust that."""
    if not shown or shown[-1].window.mature:
        return
    signal = shown[-1].signals.get(ESTIMATED + name)
    if signal is None:
        return
    key = text.clipped(shown[-1].window.key, KEY)
    if signal.value is None:
        _say(f"no estimate for {key}: {signal.message or 'cannot tell'}", 4)
        return
    _say(f"estimated {interval(signal)} in {key}{_trust(signal)}", 4)


def _trust(signal: Signal) -> str:
    """In how many of the last windows what came true lay in the interval."""
    trust = signal.detail.get("trust")
    if not trust or not trust.get("windows"):
        return " (never scored yet)"
    return f" (the interval held in {trust['covered']} of the last {trust['windows']} windows)"


def interval(signal: Signal) -> str:
    """`0.91 [0.88, 0.94]`."""
    if signal.lower is None or signal.upper is None:
        return text.number(signal.value)
    return f"{text.number(signal.value)} [{text.number(signal.lower)}, {text.number(signal.upper)}]"


def table(m: ModelReport, shown: int) -> None:
    """The last windows as a table: rows, drifted columns, key metric."""
    shared = [e for e in m.history if e.window.version == ""]
    if len(shared) < 2:
        return
    metric, scored = m.row.metric, m.scored
    rows: list[list[str]] = []
    drifts: list[tuple[str, list[str]]] = []
    for entry in shared[-shown:]:
        window = entry.window
        share = entry.signals.get("drift.share")
        names = [str(c) for c in share.detail.get("columns", ())] if share is not None else []
        drifts.append(("cannot tell" if share is None or share.value is None else "-", names))
        by = scored[window.key]
        key = "  " + text.clipped(window.key, KEY)
        rows.append([key, f"{window.rows:,}", text.clipped(by.window.version or "-", 12), _value(by, entry, metric)])
    header = ["  window", "rows", "version", metric or "metric"]
    if len({row[2] for row in rows}) == 1:
        # One version scored them all: which one stands in the heading.
        header, rows = [*header[:2], header[3]], [[*row[:2], row[3]] for row in rows]
    taken = sum(max([len(h), *(len(row[i]) for row in rows)]) + 2 for i, h in enumerate(header))
    room = max(16, text.room() - taken)
    say()
    output.table(
        [[*row, _fitting(names, room) or none] for row, (none, names) in zip(rows, drifts, strict=True)],
        [*header, "drifted"],
        right=(1,),
    )
    if any("*" in row[-1] for row in rows):
        say("  * labels are still arriving")
    if any("~" in row[-1] for row in rows):
        say("  ~ estimated without labels, 99 % interval")
    if len(shared) > shown:
        say(f"  {len(shared) - shown} earlier windows: --windows N")


def _value(by: WindowSignals, entry: WindowSignals, metric: str | None) -> str:
    """The key metric of a window; what it is estimated to be where labels are not in."""
    mark = "" if by.window.mature else " *"
    signal = by.signals.get(metric) or entry.signals.get(metric) if metric else None
    if signal is not None and signal.value is not None:
        return interval(signal) + mark
    estimate = by.signals.get(f"{ESTIMATED}{metric}") if metric else None
    if estimate is not None and estimate.value is not None:
        return f"~ {interval(estimate)}{mark}"
    return "-" + mark


def _fitting(names: Sequence[str], room: int) -> str:
    """As many names as fit, and how many more there are."""
    said = ""
    for n, name in enumerate(names):
        more = f" +{len(names) - n - 1}" if n + 1 < len(names) else ""
        longer = f"{said}, {text.clipped(name, 24)}" if said else text.clipped(name, 24)
        if len(longer) + len(more) > room and said:
            return f"{said} +{len(names) - n}"
        said = longer
    return said

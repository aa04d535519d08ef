"""`check` for people: the verdict first, the few columns that matter, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lifecycle_tui import output
from lifecycle_tui.cli import text
from lifecycle_tui.output import plain, say, style
from lifecycle_tui.plots import sparkline

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import Acted, ModelReport, Report
    from lifecycle_tui.domain.signals import Signal

COLOURS = {"ok": "green", "warning": "yellow", "critical": "red", "error": "red", "unknown": "dim"}
GLYPHS = {"ok": "●", "warning": "▲", "critical": "✖", "error": "✖", "unknown": "○"}
MOST_COLUMNS = 4
"""Drifted columns shown with a histogram; the others are named in one line."""
LONGEST = 60
"""Characters of a column's name that are shown."""


def show(report: Report, shown: int) -> None:
    """Print the report, worst model first."""
    for model in report.models:
        _model(model, shown)
        say()
    _plugins(report)
    _acted(report.acted)
    _pending(report)
    bad = [m for m in report.models if m.alerts or m.failed]
    firing = sum(len(m.alerts) for m in report.models)
    failed = sum(m.failed for m in report.models)
    wrong = sum(bool(m.problems) for m in report.models)
    many = len(report.models)
    if not bad and not wrong:
        say(f"{text.counted(many, 'model')} checked: no rule is firing")
        return
    parts = [f"{text.counted(firing, 'rule')} firing"] if firing else []
    parts += [f"{text.counted(failed, 'model')} could not be evaluated"] if failed else []
    parts += [f"{text.counted(wrong, 'model')} with a problem in what is declared"] if wrong else []
    say(style(f"{text.counted(many, 'model')} checked: {', '.join(parts)}", "bold"))
    if firing:
        say("  `lifecycle` opens the terminal; `lifecycle ack ID` takes an alert on; `lifecycle history` tells all")


def _acted(acted: Acted) -> None:
    """What would follow, or what followed, a line each."""
    for line in acted.would:
        say(f"would {style('(with --act)', 'dim')} {plain(line)}")
    for line in acted.did:
        say(plain(line))
    for job in acted.jobs:
        told = job.error if job.state != "done" else str(job.outcome.get("text", ""))
        state = style(job.state, "red" if job.state == "failed" else "dim")
        say(f"  {state} {job.kind} (job {job.id}): {plain(told or '')}")
    if acted.agent:
        say("an agent runs: what follows from this check is its to do (`lifecycle jobs list`)")


def _model(m: ModelReport, shown: int) -> None:
    health = m.row.health
    glyph = GLYPHS[health] if text.blocks() else "*"
    head = style(f"{glyph} {health}", COLOURS[health], "bold")
    champion = f" · version {m.champion}" if m.champion else ""
    say(f"{head}  {style(plain(m.spec.name), 'bold')}  ({m.spec.task}{champion})")
    if m.failed:
        say(f"  {plain(m.job.error or 'it was ' + m.job.state)}")
    for problem in m.problems:
        say(f"  {style('problem', 'red')} {plain(problem)}")
    for note in m.job.outcome.get("notes", ()):
        say(f"  note: {plain(str(note))}")
    for row in m.alerts:
        alert = row.alert
        state = f" · acknowledged by {plain(alert.acknowledged_by)}" if alert.acknowledged_by else ""
        on = f" · still in {plain(alert.last_window or '')}" if alert.repeats else ""
        say(f"  alert {row.id} {alert.severity}: {plain(alert.rule)}: {plain(alert.message)}{on}{state}")
    shared = [e for e in m.history if e.window.version == ""]
    if not shared:
        if not m.failed:
            say("  no window yet: all the data belongs to the reference")
        return
    say(f"  {_done(m)}")
    _drift(m)
    _reading(m)
    _team(m)
    _metrics(m)
    _log(m)
    _windows(m, shown)
    _findings(shared[-1].window.key, shared[-1].window.findings)
    _errors(m.newest.values())
    if not m.spec.rules:
        say("  no rule is declared, so nothing here can alert: see docs/policies.md")


def _done(m: ModelReport) -> str:
    """What this check did, in words."""
    outcome = m.job.outcome
    names = {"new": "new", "grown": "grown", "changed": "changed", "relabelled": "with new labels"}
    parts = [f"{outcome[key]} {word}" for key, word in names.items() if outcome.get(key)]
    return f"{text.counted(int(outcome.get('windows', 0)), 'window')}: {', '.join(parts) if parts else 'nothing new'}"


def _drift(m: ModelReport) -> None:
    newest = m.newest
    share = newest.get("drift.share")
    if share is None:
        return
    key = plain(m.row.window_key or "")
    if share.value is None:
        say(f"  drift in {key}: {plain(share.message or 'cannot tell')}")
        return
    columns = [str(c) for c in share.detail.get("columns", ())]
    judged = share.detail.get("judged", 0)
    say(f"  drift in {key}: {len(columns)} of {judged} columns" + (":" if columns else ""))
    for column in columns[:MOST_COLUMNS]:
        signal = next(s for s in newest.values() if s.column == column and s.state == "drifted")
        say(f"    {text.clipped(column, LONGEST)}: {plain(signal.message or '')}")
        for line in _picture(m, column):
            say(f"      {line}")
    if columns[MOST_COLUMNS:]:
        say(f"    and {text.some(columns[MOST_COLUMNS:])}")


def _reading(m: ModelReport) -> None:
    """What most likely happened, where a fall comes from, and what to do; nothing where nothing happened."""
    worst = m.newest.get("segments.worst")
    if worst is not None and worst.value:
        say(f"  {plain(worst.message or '')}")
    reading = m.newest.get("reading")
    if reading is None or reading.state == "ok":
        return
    say(f"  reading: {plain(reading.message or '')}")
    if reading.state == "drifted":
        say(f"    {plain(str(reading.detail.get('advice', '')))}")


def _log(m: ModelReport) -> None:
    """Errors, latency and patterns of the newest window's log lines."""
    newest = m.newest
    lines = newest.get("log.lines")
    if lines is None:
        return
    if lines.value is None:
        say(f"  log: {plain(lines.message or 'cannot tell')}")
        return
    parts = [text.counted(int(lines.value), "line")]
    errors, slow = newest.get("log.errors.share"), newest.get("log.latency.p95")
    if errors is not None and errors.value is not None:
        parts.append(f"errors {_marked(errors, f'{errors.value:.2%}')}")
    if slow is not None and slow.value is not None:
        parts.append(f"p95 {_marked(slow, text.number(slow.value))}")
    bad = newest.get("log.bad_lines")
    if bad is not None and bad.value:
        parts.append(f"{int(bad.value):,} could not be read")
    say(f"  log: {', '.join(parts)}")
    for name, word in (("new", "new"), ("growing", "growing")):
        found = newest.get(f"log.patterns.{name}")
        for row in () if found is None else found.detail.get("patterns", ())[:MOST_COLUMNS]:
            say(f"    {word}: {int(row['count']):,} x {text.clipped(str(row['template']), LONGEST + 20)}")


def _marked(signal: Signal, value: str) -> str:
    before = signal.detail.get("reference")
    then = "" if before is None else f" (reference {before:.2%})" if "share" in signal.name else ""
    then = then or ("" if before is None else f" (reference {text.number(before)})")
    return style(value, "yellow") + then if signal.state == "drifted" else value + then


def _picture(m: ModelReport, column: str) -> list[str]:
    """The column in the reference and in the newest window as small histograms."""
    found = [s.detail["bars"] for s in m.newest.values() if s.column == column and "bars" in s.detail]
    if not found:
        return []
    bars = found[0]
    axis = text.axis([str(n) for n in bars["names"]], bars.get("edges", ()))
    return text.picture(bars["reference"], bars["window"], ("reference", plain(m.row.window_key or "now")), axis)


def _team(m: ModelReport) -> None:
    """What the team's own detectors say of the newest window, largest values first."""
    found: dict[str, list[Signal]] = {}
    for signal in m.newest.values():
        if signal.column and " (" in signal.source and signal.value is not None:
            found.setdefault(signal.source.split(" (")[0], []).append(signal)
    for name, signals in sorted(found.items()):
        signals.sort(key=lambda s: -abs(s.value or 0.0))
        told = ", ".join(f"{plain(s.column or '')} {text.number(s.value)}" for s in signals[:MOST_COLUMNS])
        more = f" and {len(signals) - MOST_COLUMNS} more" if len(signals) > MOST_COLUMNS else ""
        say(f"  {plain(name)}: {told}{more}")


def _metrics(m: ModelReport) -> None:
    """Each metric in the newest mature window, beside the reference; it says whose where that is not the champion."""
    shown = list(m.scored.values())
    for name, base in m.baseline.items():
        values = [(e.window, e.signals[name]) for e in shown if name in e.signals]
        known = [(w, s) for w, s in values if s.value is not None and w.mature]
        if not known:
            waiting = [s for _, s in values if s.message]
            why = waiting[-1].message if waiting else "no window has all its labels yet"
            say(f"  {plain(name)}: {plain(why or '')}")
            continue
        window, signal = known[-1]
        before = f"{text.number(base.get('value'))} in the reference, " if base.get("value") is not None else ""
        trend = sparkline([s.value for _, s in known], 24, ascii_only=not text.blocks())
        whose = "" if window.version in ("", m.champion) else f" by version {plain(window.version)}"
        say(f"  {plain(name)}: {before}{_interval(signal)} in {plain(window.key)}{whose}  {trend}")
    scorers = {e.window.version for e in shown if e.window.version}
    if scorers and m.champion and m.champion not in scorers:
        say(f"  version {plain(m.champion)} has scored no window yet")


def _interval(signal: Signal) -> str:
    if signal.lower is None or signal.upper is None:
        return text.number(signal.value)
    return f"{text.number(signal.value)} [{text.number(signal.lower)}, {text.number(signal.upper)}]"


def _windows(m: ModelReport, shown: int) -> None:
    """The last windows as a table: rows, drifted columns, key metric."""
    shared = [e for e in m.history if e.window.version == ""]
    if len(shared) < 2:
        return
    metric, scored = m.row.metric, m.scored
    rows = []
    for entry in shared[-shown:]:
        window = entry.window
        share = entry.signals.get("drift.share")
        names = [str(c) for c in share.detail.get("columns", ())] if share is not None else []
        told = ", ".join(text.clipped(n, 24) for n in names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")
        drift = "cannot tell" if share is None or share.value is None else told or "-"
        by = scored[window.key]
        signal = by.signals.get(metric) or entry.signals.get(metric) if metric else None
        value = "-" if signal is None or signal.value is None else _interval(signal)
        value += "" if window.mature else " *"
        rows.append(["  " + plain(window.key), f"{window.rows:,}", plain(by.window.version or "-"), value, drift])
    say()
    header = ["  window", "rows", "version", metric or "metric", "drifted"]
    if len({row[2] for row in rows}) == 1:
        # One version scored them all: which one stands in the heading.
        header, rows = [*header[:2], *header[3:]], [[*row[:2], *row[3:]] for row in rows]
    output.table(rows, header, right=(1,))
    if any(r[-2].endswith("*") for r in rows):
        say("  * labels are still arriving")
    if len(shared) > shown:
        say(f"  {len(shared) - shown} earlier windows: --windows N")


def _findings(key: str, findings: Iterable[Any]) -> None:
    found = list(findings)
    if not found:
        return
    say()
    say(f"  data of {plain(key)}:")
    for finding in found[:8]:
        effect = f" ({finding.effect})" if finding.effect else ""
        say(f"    {finding.code}: {text.clipped(finding.message, 200)}{plain(effect)}")
    if len(found) > 8:
        say(f"    and {len(found) - 8} more: --format json")


def _errors(signals: Iterable[Signal]) -> None:
    """Signals that failed, one line for each message."""
    groups: dict[str, list[Signal]] = {}
    for signal in signals:
        if signal.state == "error":
            groups.setdefault(signal.message or "failed", []).append(signal)
    for message, found in groups.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        say(f"  {style('failed', 'red')} {text.clipped(found[0].name, LONGEST)}{more}: {plain(message)}")
        if isinstance(hint := found[0].detail.get("hint"), str):
            say(f"    {plain(hint)}")


def _plugins(report: Report) -> None:
    for info in report.plugins:
        if info.fault is not None:
            where = f"{info.fault.file}:{info.fault.line}" if info.fault.file and info.fault.line else info.place
            place = where.removeprefix(report.root + "/")
            say(f"{style('plugin', 'red')} {plain(info.name)} cannot be used: {plain(info.fault.message)} ({place})")


def _pending(report: Report) -> None:
    if report.sent is not None:
        outcome: Mapping[str, Any] = report.sent.outcome
        failed = outcome.get("failed", 0)
        said = f"sent {text.counted(int(outcome.get('sent', 0)), 'message')}"
        say(said + (f", {failed} failed and will be tried again by a later `lifecycle check --act`:" if failed else ""))
        for error in outcome.get("errors", ()):
            say(f"  {text.clipped(str(error), 300)}")
    elif report.waiting:
        told = ", ".join(f"{plain(name)} ({count})" for name, count in sorted(report.waiting.items()))
        say(f"would notify {told}: `lifecycle check --act` does it")

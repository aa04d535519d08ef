"""One model of `check` as text: alerts, the reading and what to do, what moved, metrics, log, windows, data.

Called by `check_text`. Lines are folded to the terminal's width: nothing wraps in the middle of a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle_tui.cli import check_columns, check_windows, text
from lifecycle_tui.domain.wording import essence, headline
from lifecycle_tui.output import plain, say, style

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import ModelReport
    from lifecycle_tui.domain.signals import Signal

COLOURS = {"ok": "green", "warning": "yellow", "critical": "red", "error": "red", "unknown": "dim"}
GLYPHS = {"ok": "●", "warning": "▲", "critical": "✖", "error": "✖", "unknown": "○"}
MOST_EVIDENCE = 3
"""Pieces of evidence for a reading that are shown; JSON and the HTML report have all."""
MOST_PATTERNS = 3
LONGEST = 60
"""Characters of a column's name that are shown."""


def show(m: ModelReport, shown: int) -> None:
    """Print the model; `shown` windows at most stand in its table."""
    health = m.row.health
    glyph = GLYPHS[health] if text.blocks() else "*"
    head = style(f"{glyph} {health}", COLOURS[health], "bold")
    champion = f" · version {m.champion}" if m.champion else ""
    say(f"{head}  {style(plain(m.spec.name), 'bold')}  ({m.spec.task}{champion})")
    if m.failed:
        say(f"  {plain(m.job.error or 'it was ' + m.job.state)}")  # unfolded: paths in it stay whole
    for problem in m.problems:
        say(f"  {style('problem', 'red')} {plain(problem)}")
    for note in m.job.outcome.get("notes", ()):
        _say(f"note: {note}", most=4)
    _alerts(m)
    shared = [e for e in m.history if e.window.version == ""]
    if not shared:
        if not m.failed:
            say("  no window yet: all the data belongs to the reference")
        return
    say(f"  {_done(m)}")
    _reading(m)
    check_columns.show(m)
    _worst(m)
    _team(m)
    check_windows.metrics(m)
    _log(m)
    check_windows.table(m, shown)
    _findings(shared[-1].window.key, shared[-1].window.findings)
    _errors(m.newest.values())
    if not m.spec.rules:
        say("  no rule is declared, so nothing here can alert: see docs/policies.md")


def _say(line: str, indent: int = 2, *, most: int = 3) -> None:
    for part in text.folded(line, indent, most=most):
        say(part)


def _alerts(m: ModelReport) -> None:
    for row in m.alerts:
        alert = row.alert
        on = f" · still in {alert.last_window or ''}" if alert.repeats else ""
        state = f" · acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
        state += f" · assigned to {row.assigned_to}" if row.assigned_to else ""
        state += f" · snoozed until {row.snoozed_until:%Y-%m-%d %H:%M}" if row.snoozed_until else ""
        _say(f"alert {row.id} {alert.severity}: {alert.rule}: {alert.message}{on}{state}")


def _done(m: ModelReport) -> str:
    """What this check did, in words."""
    outcome = m.job.outcome
    names = {"new": "new", "grown": "grown", "changed": "changed", "relabelled": "with new labels"}
    parts = [f"{outcome[key]} {word}" for key, word in names.items() if outcome.get(key)]
    return f"{text.counted(int(outcome.get('windows', 0)), 'window')}: {', '.join(parts) if parts else 'nothing new'}"


def _reading(m: ModelReport) -> None:
    """What most likely happened, by what evidence, and what to do; nothing where nothing happened."""
    reading = m.newest.get("reading")
    if reading is None or reading.state == "ok":
        return
    key = text.clipped(m.row.window_key or "", 24)
    for n, line in enumerate(text.folded(f"reading of {key}: {headline(reading.message, reading.detail)}", 2)):
        say(style(line, "bold", COLOURS["warning"]) if n == 0 and reading.state == "drifted" else line)
    if reading.state != "drifted":
        return
    if said := _because(reading.detail.get("evidence", ())):
        _say(f"because {said}", 4)
    if advice := reading.detail.get("advice"):
        _say(f"what to do: {advice}", 4)


def _because(evidence: Sequence[Any]) -> str:
    """The evidence in a sentence; the columns' verdicts, of which the list below tells more, are one piece of it."""
    columns = [p for p in evidence if str(p.get("signal", "")).startswith("change.")]
    others = [essence(str(p.get("says", ""))) for p in evidence if p not in columns]
    said = [f"{text.counted(len(columns), 'column')} moved (below)"] if columns else []
    return "; ".join([*said, *others[:MOST_EVIDENCE]])


def _worst(m: ModelReport) -> None:
    """Where a fall comes from, and segments whose columns moved."""
    worst = m.newest.get("segments.worst")
    if worst is not None and worst.value:
        _say(worst.message or "")
    moved = [
        (s.value, f"{segment.get('column')}={segment.get('value')} {s.value:.0%}")
        for name, s in m.newest.items()
        if name.startswith("drift.share.") and s.state == "drifted" and s.value is not None
        and (segment := s.detail.get("segment")) is not None
    ]  # fmt: skip
    if moved:
        names = [said for _, said in sorted(moved, key=lambda pair: (-pair[0], pair[1]))]
        say(f"  share of columns that moved by segment: {text.some(names, text.room() - 54)}")


def _team(m: ModelReport) -> None:
    """What the team's own detectors say of the newest window, largest values first."""
    found: dict[str, list[Signal]] = {}
    for signal in m.newest.values():
        if signal.column and " (" in signal.source and signal.value is not None:
            found.setdefault(signal.source.split(" (")[0], []).append(signal)
    for name, signals in sorted(found.items()):
        signals.sort(key=lambda s: -abs(s.value or 0.0))
        told = ", ".join(f"{text.clipped(s.column or '', 24)} {text.number(s.value)}" for s in signals[:4])
        more = f" and {len(signals) - 4} more" if len(signals) > 4 else ""
        _say(f"{name}: {told}{more}")


def _log(m: ModelReport) -> None:
    """Errors, latency and patterns of the newest window's log lines."""
    newest = m.newest
    lines = newest.get("log.lines")
    if lines is None:
        return
    if lines.value is None:
        _say(f"log: {lines.message or 'cannot tell'}")
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
    for word in ("new", "growing"):
        found = newest.get(f"log.patterns.{word}")
        patterns = () if found is None else found.detail.get("patterns", ())
        for row in patterns[:MOST_PATTERNS]:
            told = f"    {word}: {int(row['count']):,} x "
            say(told + text.clipped(str(row["template"]), text.room() - len(told)))
        if len(patterns) > MOST_PATTERNS:
            say(f"    and {len(patterns) - MOST_PATTERNS} more {word} ones")


def _marked(signal: Signal, value: str) -> str:
    before = signal.detail.get("reference")
    then = "" if before is None else f" (reference {before:.2%})" if "share" in signal.name else ""
    then = then or ("" if before is None else f" (reference {text.number(before)})")
    return style(value, "yellow") + then if signal.state == "drifted" else value + then


def _findings(key: str, findings: Iterable[Any]) -> None:
    found = list(findings)
    if not found:
        return
    say()
    say(f"  data of {text.clipped(key, 40)}:")
    for finding in found[:8]:
        effect = f" ({finding.effect})" if finding.effect else ""
        _say(f"{finding.code}: {finding.message}{effect}", 4)
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
            _say(hint, 4)

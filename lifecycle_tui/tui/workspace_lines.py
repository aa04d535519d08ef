"""The workspace in words: first what needs attention, then facts by area. Pure functions, called by its screen."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifecycle_tui import __version__
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.banners import filling
from lifecycle_tui.tui.reads.workspace import Facts, Folder, Measured
from lifecycle_tui.tui.text import Line, Span, count, cut, fold, joined, moment, percent, safe, width

LARGE_WAL = 512 * 1024**2
MODES = {
    "auto": "ends by itself when nobody looks and nothing is under way",
    "stay": "stays until it is stopped",
    "simulated": "lives through the past on a simulated clock",
    "check": "a check, which acts once",
}
WIDE = 140
"""Cells from which on the facts stand in two columns."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the screen knows.

    Attributes:
        measured: None until it was measured for the first time.
        still: seconds that the agent's beat has not moved; None while it beats.
        forgets: why the place and the views cannot be kept for the next start.
    """

    name: str
    folder: str
    facts: Facts
    measured: Measured | None
    still: float | None
    switches: Sequence[tuple[str, str]]
    forgets: str = ""


def size(count_: int) -> str:
    """Bytes for people: `0 B`, `12 kB`, `3.4 MB`, `1.2 GB`."""
    value = float(count_)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def attention(seen: Seen) -> list[tuple[str, str]]:
    """(sentence, tone) of what needs somebody, the worst first."""
    facts = seen.facts
    return [*_disk_wrong(facts), *_file_wrong(seen), *_agent_wrong(seen), *_jobs_wrong(facts), *_sends_wrong(facts),
            *_models_wrong(facts), *_forgets(seen)]  # fmt: skip


def _forgets(seen: Seen) -> Iterable[tuple[str, str]]:
    if seen.forgets:
        yield f"where you are cannot be kept for the next start: {seen.forgets}", "info"


def _disk_wrong(facts: Facts) -> Iterable[tuple[str, str]]:
    if (tone := filling(facts.free, facts.disk)) is not None:
        yield f"only {size(facts.free)} are free on the disk: when it is full, nothing can be recorded", tone
    if facts.wal > LARGE_WAL:
        yield f"state.db-wal has grown to {size(facts.wal)}: something keeps reading an old state", "warning"
    if not facts.writable:
        yield "you may not write to this workspace: you can look, and act as its owner alone (sudo -u)", "info"


def _file_wrong(seen: Seen) -> Iterable[tuple[str, str]]:
    if seen.facts.note is not None:
        yield seen.facts.note, "critical"
    elif seen.measured is not None and seen.measured.problem:
        yield f"lifecycle.toml cannot be read: {seen.measured.problem}; `lifecycle config check` says more", "critical"


def _agent_wrong(seen: Seen) -> Iterable[tuple[str, str]]:
    facts, live = seen.facts, seen.facts.running + seen.facts.queued
    if facts.held:
        if seen.still is not None:
            pid = facts.lease.process.pid if facts.lease.process else "?"
            yield (f"the agent (pid {pid}) has not moved for {seen.still:.0f} s: it hangs or was stopped; "
                   "`lifecycle agent` starts one that takes over", "critical")  # fmt: skip
        if facts.elsewhere:
            yield f"{facts.elsewhere}: what is done from here is refused", "critical"
        return
    waits = f", and {count(live)} {'job waits' if live == 1 else 'jobs wait'} for one" if live else ""
    last = "" if facts.lease.process is None else f" (the last one, pid {facts.lease.process.pid}, was killed)"
    yield f"no agent runs{last}{waits}: nothing is checked by itself. {_how(seen)}", "critical" if live else "warning"


def _how(seen: Seen) -> str:
    """How an agent comes to run here."""
    if dict(seen.switches).get("LIFECYCLE_AGENT") == "off":
        return "LIFECYCLE_AGENT=off keeps this terminal from starting one; `lifecycle agent` does."
    if seen.measured is not None and seen.measured.agent == "off":
        return 'The file says agent = "off"; `lifecycle agent` runs one, `lifecycle check --act` does what is due.'
    if not seen.facts.writable:
        return "Its owner can start one."
    return "`lifecycle agent --detach` starts one."


def _jobs_wrong(facts: Facts) -> Iterable[tuple[str, str]]:
    if facts.gone:
        named = ", ".join(map(str, facts.gone[:5]))
        yield f"the worker of job {named} is gone" + ("; the agent sees to it" if facts.held else ""), "warning"


def _sends_wrong(facts: Facts) -> Iterable[tuple[str, str]]:
    if facts.failed:
        n = len(facts.failed)
        many = "1 notification was" if n == 1 else f"{n} notifications were"
        yield f"{many} not delivered, and will not be tried again: see below", "critical"
    tried = [n for n in facts.waiting if n.last_error]
    if tried:
        yield f"{tried[0].notifier} cannot be reached: {tried[0].last_error}; it is tried again", "warning"


def _models_wrong(facts: Facts) -> Iterable[tuple[str, str]]:
    if facts.broken:
        yield (
            f"{count(facts.broken)} of {count(facts.declared)} models could not be evaluated: F lists them first",
            "warning",
        )
    if new := facts.declared - facts.checked:
        yield f"{count(new)} {'model was' if new == 1 else 'models were'} never checked", "info"


# -- all of it ------------------------------------------------------------------------------------------------------


def lines(seen: Seen, cells: int) -> list[Line]:
    """Everything, in lines of at most `cells` cells."""
    wrong = attention(seen)
    out: list[Line] = [()]
    if not wrong:
        out.append((Span(f" {marks.HEALTH['ok'].sign()} ", "ok"), Span("Nothing here needs attention.")))
    for said, tone in wrong:
        parts = [part for text in said.split("\n") for part in fold(text, max(10, cells - 5))]
        out += [
            (Span(f" {marks.severity(tone).sign() if not n else ' '} ", tone), Span(part))
            for n, part in enumerate(parts)
        ]
    left = [_workspace(seen), _agent(seen), _jobs(seen)]
    right = [_disk(seen), _sends(seen), _program(seen)]
    if cells < WIDE:
        return out + [line for section in left + right for line in _section(section, cells)]
    half = cells // 2
    return out + _beside(
        [line for s in left for line in _section(s, half - 2)], [line for s in right for line in _section(s, half)],
        half,
    )  # fmt: skip


Section = tuple[str, list[tuple[str, str]]]


def _section(section: Section, cells: int) -> list[Line]:
    title, pairs = section
    out: list[Line] = [(), (Span(f" {title}", "head"),)]
    for name, text in pairs:
        for n, part in enumerate(fold(text, max(10, cells - 15), most=8)):
            out.append((Span(f"   {name if not n else '':<10} ", "dim"), Span(part)))
    return out


def _beside(left: list[Line], right: list[Line], cells: int) -> list[Line]:
    out = []
    for n in range(max(len(left), len(right))):
        line = left[n] if n < len(left) else ()
        used = sum(width(safe(span.text)) for span in line)
        out.append((*line, Span(" " * max(0, cells - used)), *(right[n] if n < len(right) else ())))
    return out


def _workspace(seen: Seen) -> Section:
    facts = seen.facts
    declared = joined((
        f"{count(facts.declared)} declared", f"{count(facts.checked)} checked",
        f"{count(facts.undeclared)} no longer declared, their history is kept" if facts.undeclared else "",
    ))  # fmt: skip
    file = "lifecycle.toml"
    if facts.note is not None or (seen.measured is not None and seen.measured.problem):
        file += " has errors; what was accepted last counts"
    clock = "the machine's"
    if facts.clock is not None:
        left = (facts.clock.until - facts.clock.at).total_seconds()
        until = f"goes on until {moment(facts.clock.until)}" if left > 0 else "has reached its end"
        clock = f"simulated: {moment(facts.clock.at)}, {until}, a day takes {facts.clock.day:.3g} s"
    due = "nothing that waits for the clock"
    if facts.due is not None:
        model, what, then = facts.due
        due = joined((f"{model} {ages.ago(then, facts.now)}", what))
    last = (
        "never"
        if facts.evaluated_at is None
        else f"{moment(facts.evaluated_at)} ({ages.ago(facts.evaluated_at, facts.now)})"
    )
    return "Workspace", [
        ("folder", seen.folder), ("file", file), ("models", declared), ("clock", clock), ("evaluated", last),
        ("next", due),
    ]  # fmt: skip


def _agent(seen: Seen) -> Section:
    facts, lease = seen.facts, seen.facts.lease
    viewers = "this terminal" if seen.measured is None or not seen.measured.viewers else count(seen.measured.viewers)
    if not facts.held:
        return "Agent", [("runs", "no"), ("viewers", viewers)]
    mode = MODES.get(lease.mode or "", lease.mode or "")
    since = "" if lease.since is None else moment(lease.since)
    return "Agent", [
        ("runs", joined((f"pid {lease.process.pid}" if lease.process else "", f"since {since}" if since else ""))),
        ("mode", mode), ("environment", lease.environment or "none"),
        ("beat", "every second" if seen.still is None else f"{seen.still:.0f} s ago"),
        ("viewers", viewers),
    ]  # fmt: skip


def _jobs(seen: Seen) -> Section:
    facts = seen.facts
    return "Jobs", [("running", count(facts.running)), ("queued", count(facts.queued))]


def _disk(seen: Seen) -> Section:
    facts, found = seen.facts, seen.measured
    copies = ", ".join(f"{name} ({size(n)})" for name, n in facts.copies)
    pairs = [
        ("free", f"{size(facts.free)} of {size(facts.disk)} ({percent(facts.free / max(1, facts.disk))})"),
        ("state", f"{size(facts.database)}, and {size(facts.wal)} in its journal"),
    ]
    if found is None:
        pairs.append(("artefacts", "being counted"))
    else:
        pairs += [("artefacts", _folder(found.artifacts)), ("journals", _folder(found.journals)),
                  ("logs", _folder(found.logs))]  # fmt: skip
    if found is not None:
        folders = (found.artifacts, found.journals, found.logs)
        taken = facts.database + facts.wal + sum(n for _, n in facts.copies) + sum(folder.size for folder in folders)
        more = "" if all(folder.whole for folder in folders) else "more than "
        pairs.insert(0, ("taken", f"{more}{size(taken)} by .lifecycle"))
    return "Disk", [*pairs, ("copies", copies or "none from upgrades")]


def _folder(found: Folder) -> str:
    more = "" if found.whole else "more than "
    return f"{more}{size(found.size)} in {count(found.files)} {'file' if found.files == 1 else 'files'}"


def _sends(seen: Seen) -> Section:
    facts = seen.facts
    pairs = [("waiting", count(facts.waits) if facts.waits else "none")]
    for n in facts.waiting:
        tried = f"tried {n.attempts} times" if n.attempts else ""
        pairs.append(("", joined((f"{n.notifier}: alert {n.alert_id} {n.kind}", tried, n.last_error or "",
                                  f"due {ages.ago(n.due_at, facts.now)}"))))  # fmt: skip
    pairs.append(("failed", "none" if not facts.failed else count(len(facts.failed))))
    pairs += [("", joined((f"{n.notifier}: alert {n.alert_id} {n.kind}", n.last_error or ""))) for n in facts.failed]
    return "Notifications", pairs


def _program(seen: Seen) -> Section:
    textual = "" if seen.measured is None else f"Textual {seen.measured.textual}"
    switches = [(name, value or "(empty)") for name, value in seen.switches]
    named = "; ".join(f"{name}={cut(safe(value), 60)}" for name, value in switches)
    return "Program", [
        ("version", joined((f"lifecycle {__version__}", f"Python {platform.python_version()}",
                            f"SQLite {sqlite3.sqlite_version}", textual))),
        ("state", f"schema {seen.facts.schema}"),
        ("switches", named or "none is set"),
    ]  # fmt: skip

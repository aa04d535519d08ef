"""`check` for people: each model, worst first (see `check_model`), then plugins, what follows, and the sum of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lifecycle_tui.cli import check_model, text
from lifecycle_tui.output import plain, say, style

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import Acted, Report


def show(report: Report, shown: int) -> None:
    """Print the report, worst model first."""
    for model in report.models:
        check_model.show(model, shown)
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
        say("  `lifecycle` opens the terminal; `lifecycle ack ID` takes an alert on;")
        say("  `lifecycle report MODEL` writes all that is known as one HTML file")


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

"""What `config check` says after the problems: how often each rule would have fired on the reference, and the false
pages a year that the file as a whole must be expected to send.

From state where a check has measured the reference; else measured here, within bounds, unless `--no-data`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lifecycle_tui import output

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecycle_tui.agent.expected import Known, Outlook
    from lifecycle_tui.plugin_host.runner import Runner
    from lifecycle_tui.policy.firing import Expected
    from lifecycle_tui.stats.rates import RateInterval
    from lifecycle_tui.workspace import Workspace

PATIENCE = 20.0
"""Seconds for all references together that are measured here; those of the other models are left to the agent."""

HEADER = ("model", "rule", "fired on the reference", "expected a year", "pages")


def look(workspace: Workspace, *, data: bool) -> Outlook:
    """What must be expected of the file's rules.

    Args:
        data: measure references that state does not know.
    """
    from lifecycle_tui.agent.expected import outlook_of

    found = _stored(workspace)
    if data:
        _measure(workspace, found)
    return outlook_of(workspace, found)


def _stored(workspace: Workspace) -> dict[str, Known]:
    """What state knows of each model's reference."""
    from lifecycle_tui.agent.expected import UNMEASURED, Known, known
    from lifecycle_tui.domain.errors import StateError
    from lifecycle_tui.state.database import State, version

    models, root = workspace.spec.models, workspace.spec.root
    nothing = {spec.name: Known(spec.columns.kinds, None, UNMEASURED) for spec in models}
    try:
        if version(root) in (None, 0):
            return nothing
        with State.view(root) as state, state.snapshot() as conn:
            return {spec.name: known(conn, workspace, spec) for spec in models}
    except StateError as exc:
        output.note(f"state cannot be read: {exc.message}")
        return nothing


def _measure(workspace: Workspace, found: dict[str, Known]) -> None:
    """Measure what is not known, and put it in its place."""
    from dataclasses import replace

    from lifecycle_tui.agent.expected import from_measured
    from lifecycle_tui.agent.work.reference_now import measure_now
    from lifecycle_tui.domain.clock import SystemClock
    from lifecycle_tui.domain.errors import LifecycleError

    now, until = SystemClock().now(), time.monotonic() + PATIENCE
    missing = [spec for spec in workspace.spec.models if found[spec.name].stretch is None and spec.rules]
    progress = output.Progress()
    try:
        with _runner() as runner:
            for number, spec in enumerate(missing, 1):
                head = f"{number} of {len(missing)} models · {spec.name}: windows of the reference"

                def said(done: int, total: int, head: str = head) -> None:
                    progress(f"{head} · {done:,} of {total:,} rows" if total else head)

                try:
                    tried = measure_now(workspace, spec, runner, now, said, until=until)
                except LifecycleError as exc:
                    found[spec.name] = replace(found[spec.name], why=exc.message)
                else:
                    found[spec.name] = from_measured(tried.measured, tried.kinds)
    finally:
        progress.done()


@contextlib.contextmanager
def _runner() -> Iterator[Callable[[], Runner]]:
    """The plugins' process, started when a team's plugin is called for."""
    from lifecycle_tui.plugin_host.runner import Codec, Runner
    from lifecycle_tui.profiles import wire

    with contextlib.ExitStack() as stack:
        made: list[Runner] = []

        def runner() -> Runner:
            if not made:
                codec = Codec(wire.encode, "lifecycle_tui.profiles.wire:decode")
                made.append(stack.enter_context(Runner(codec=codec)))
            return made[0]

        yield runner


def show(found: Outlook) -> None:
    """The table, what to know of it, and the pages of the file as a whole."""
    if not found.rules:
        return
    output.say("Rules on the reference, where all is well:")
    output.table([_row(row) for row in found.rules], HEADER)
    for model, note in found.notes:
        output.say(f"  {model}: {note}")
    shared = tuple(note for _, note in found.notes)
    for row in found.rules:
        if row.message and not row.message.endswith(shared):
            output.say(f"  {row.model}.{row.rule}: {row.message}")
    output.say()
    for line in _pages(found):
        output.say(line)
    output.say()


def _row(row: Expected) -> tuple[str, ...]:
    fired = "unknown" if row.fired is None else f"{_times(row.fired)} in {_windows(row.judged)}"
    if row.mostly and row.fired is not None:
        fired = f"holds in {row.held} of {_windows(row.judged)}"
    return row.model, row.rule, fired, rate(row.a_year, budget=row.basis == "budget"), ", ".join(row.pages) or "nobody"


def _times(count: int) -> str:
    return "never" if count == 0 else "once" if count == 1 else f"{count} times"


def _windows(count: int) -> str:
    return "1 window" if count == 1 else f"{count} windows"


def rate(found: RateInterval | None, *, budget: bool = False) -> str:
    """Alerts or pages a year, in words."""
    if found is None:
        return "unknown"
    if budget:
        return f"at most {_number(found.upper)}"
    if found.value == 0:
        return f"0 to {_number(found.upper)}"
    return f"{_number(found.value)} ({_number(found.lower)} to {_number(found.upper)})"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"


def _pages(found: Outlook) -> list[str]:
    pages = found.pages
    if pages.silent == pages.rules:
        return ["False pages a year: none, because no rule tells anybody (no notifier wants to hear of one)."]
    lines = [f"False pages a year that this file must be expected to send: {rate(pages.a_year)}"]
    told = [n for n in pages.notifiers if n.rules]
    if len(told) > 1:
        lines += [f"  to {n.notifier}: {rate(n.a_year)}" for n in told]
    if pages.unknown:
        names = ", ".join(f"{row.model}.{row.rule}" for row in pages.unknown[:5])
        more = f" and {len(pages.unknown) - 5} more" if len(pages.unknown) > 5 else ""
        lines.append(f"  not counted, because nothing is known of them: {names}{more}")
    return [*lines, f"  That holds {pages.assumed}"]


def as_json(found: Outlook | None) -> dict[str, Any]:
    """The keys `rules` and `pages`; empty and null where the file has errors."""
    return {"rules": [], "pages": None} if found is None else {"rules": _rule_rows(found), "pages": _page_row(found)}


def _rule_rows(found: Outlook) -> list[dict[str, Any]]:
    return [
        {
            "model": row.model,
            "rule": row.rule,
            "severity": row.severity,
            "when": row.when,
            "windows": row.windows,
            "judged": row.judged,
            "held": row.held,
            "fired": row.fired,
            "a_year": _interval(row.a_year),
            "basis": row.basis,
            "message": row.message or None,
            "pages": list(row.pages),
        }
        for row in found.rules
    ]


def _page_row(found: Outlook) -> dict[str, Any]:
    pages = found.pages
    return {
        "a_year": _interval(pages.a_year),
        "notifiers": [
            {"notifier": n.notifier, "a_year": _interval(n.a_year), "rules": n.rules} for n in pages.notifiers
        ],
        "unknown": [{"model": row.model, "rule": row.rule} for row in pages.unknown],
        "silent": pages.silent,
        "notes": [{"model": model, "note": note} for model, note in found.notes],
        "assumed": pages.assumed,
    }


def _interval(found: RateInterval | None) -> dict[str, float] | None:
    return None if found is None else {"value": found.value, "lower": found.lower, "upper": found.upper}

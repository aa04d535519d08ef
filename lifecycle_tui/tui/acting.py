"""What the dialogs of actions say: plans, refusals, deeds and their jobs, as lines for a width. Pure; called by `act`.

Whatever comes from data is made safe when it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle_tui.domain import read_only
from lifecycle_tui.state.job_words import left_text, name_of, progress_text
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.doing import Deed, Fault, Looked
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.text import Line, Span, fold, joined, safe

if TYPE_CHECKING:
    from lifecycle_tui.actions.base import Plan, Refusal

REFUSED = Mark("✗", "X", "cannot be done", "critical", 0)
ERROR = Mark("!", "!", "error", "error", 1)
LOCKED = Mark("✗", "X", "look only", "warning", 2)
SETTLED = Mark("✓", "+", "nothing to do", "ok", 3)
READY = Mark("»", ">", "can be done", "info", 4)
DONE = Mark("✓", "+", "done", "ok", 5)
BEGUN = Mark("✓", "+", "asked for", "ok", 5)

RISKS = {"low": "changes only the record", "traffic": "changes what serves"}
UNDONE = ("failed", "unknown", "none")
"""Verdicts after which the champion stays."""
LABEL = 10
"""Cells of a label."""
LISTED = 200
"""Of several that are asked for at once so many are told one by one: each paint lays all of them out anew."""


def title(text: str) -> Line:
    """The title, with a badge where nothing can be done from here."""
    badge = (Span(" [RO]", "warning"),) if read_only.on() else ()
    return (*badge, Span(f" {text}"))


def far(jobs: Mapping[int, Job], *, several: bool) -> str:
    """How far what was asked for is."""
    live = sum(not job.ended for job in jobs.values())
    return f"{live} running" if live and several else "under way" if live else "done"


def folded(text: str, cells: int, tone: str = "", *, indent: int = 1, first: Line = ()) -> list[Line]:
    """A sentence in as many lines as it takes; the first one after `first`."""
    wide = max(10, cells - indent - 1)
    pad = Span(" " * indent)
    lines = fold(text, wide)
    return [(first if first and not at else (pad,)) + (Span(line, tone),) for at, line in enumerate(lines)]


def labelled(label: str, text: str, cells: int, tone: str = "") -> list[Line]:
    """A fact under its name."""
    return folded(text, cells, tone, indent=LABEL + 1, first=(Span(f" {label:<{LABEL}}", "dim"),))


def marked(mark: Mark, text: str, cells: int) -> list[Line]:
    """A state in glyph and word, then a sentence."""
    head = f"{mark.text()}: "
    first = (Span(f" {head}", mark.tone),)
    lines = fold(f"{head}{text}", max(10, cells - 4))
    return [(*first, Span(line[len(head) :])) if not at else (Span(f"   {line}"),) for at, line in enumerate(lines)]


def asked_lines(
    models: Sequence[str], looked: Looked | None, fault: Fault | None, cells: int, *, more: str | None = None
) -> list[Line]:
    """What is asked about one subject, or about several models; above it why the last try did nothing.

    Args:
        more: what else can be tried where it is refused.
    """
    lines: list[Line] = [] if fault is None else [(), *fault_lines(fault, cells)]
    if looked is None:
        return [*lines, ()] if lines else [(), (Span(" …", "dim"),), ()]
    return [*lines, *(several_lines(models, looked, cells) if models else one_lines(looked, cells, more=more))]


def done_lines(
    models: Sequence[str], deeds: Sequence[Deed], plans: Sequence[Plan], jobs: Mapping[int, Job], cells: int
) -> list[Line]:
    """What came of it, for one subject or for several models: of those for the ones that it could be done to."""
    if not models:
        return deed_lines(deeds[0], plans[0], jobs, cells)
    return deeds_lines([str(plan.ask.values["model"]) for plan in plans], deeds, jobs, cells)


def one_lines(looked: Looked, cells: int, *, more: str | None = None) -> list[Line]:
    """What came of planning for one subject."""
    found = looked.found[0]
    if isinstance(found, str):
        about = next((p.help for p in looked.action.parameters if p.name == found), "")
        return [(), *folded(f"It needs its {found}: give it below.", cells), *folded(about, cells, "dim"), ()]
    if isinstance(found, Fault):
        return [(), *fault_lines(found, cells), ()]
    return plan_lines(found, looked, cells, more=more)


def plan_lines(plan: Plan, looked: Looked, cells: int, *, more: str | None = None) -> list[Line]:
    """A plan for one thing: what would be done, who does it, the way back, the command; or why not.

    Args:
        more: what else can be tried where it is refused.
    """
    lines: list[Line] = [()]
    if looked.older is not None:
        lines += folded(f"warning: {looked.older}", cells, "warning")
    if plan.refused is not None:
        return lines + refused_lines(plan.refused, cells, more)
    assert plan.draft is not None
    if plan.draft.settled is not None:
        return [*lines, *marked(SETTLED, plan.draft.settled, cells), ()]
    head, *rest = plan.lines
    lines += folded(head[:1].upper() + head[1:], cells, "bold")
    for line in rest:
        against = plan.draft.against is not None and plan.draft.against in line
        tone = "warning" if line.startswith("warning") else "critical" if against else ""
        lines += folded(line, cells, tone, indent=3)
    lines.append(())
    who = plan.ask.who if plan.ask.behind is None else f"{plan.ask.who} (as {plan.ask.behind})"
    lines += labelled("as", f"{who}; one row is added to the audit log", cells)
    lines += labelled("way back", plan.back, cells)
    lines += labelled("command", plan.draft.command, cells, "info")
    if looked.locked is not None:
        lines += [(), *marked(LOCKED, looked.locked, cells)]
        said = "the command above does it where that may be" if read_only.on() else (
            "who may write there can give the command above"
        )  # fmt: skip
        lines += folded(said, cells, indent=3)
    return [*lines, ()]


def refused_lines(refused: Refusal, cells: int, more: str | None = None) -> list[Line]:
    """Why something is not done."""
    lines = marked(REFUSED, refused.reason, cells)
    if refused.hint:
        lines += folded(refused.hint, cells, "dim", indent=3)
    if more:
        lines += folded(more, cells, indent=3)
    return [*lines, ()]


def fault_lines(fault: Fault, cells: int) -> list[Line]:
    """What went wrong, and what to do about it."""
    lines = marked(ERROR, fault.text, cells)
    for text in fault.more:
        lines += folded(text, cells, indent=3)
    if fault.hint:
        lines += folded(fault.hint, cells, "dim", indent=3)
    return lines


def heading(found: Plan | Fault | str) -> tuple[Mark, str]:
    """One thing of several in a line: its state, and what would be done or why not."""
    if isinstance(found, str):
        return READY, f"asks for its {found}"
    if isinstance(found, Fault):
        return ERROR, joined((found.text, *found.more[:1]), ": ")
    if found.refused is not None:
        return REFUSED, found.refused.reason
    assert found.draft is not None
    if found.draft.settled is not None:
        return SETTLED, found.draft.settled
    return READY, found.lines[0]


def several_lines(names: Sequence[str], looked: Looked, cells: int) -> list[Line]:
    """Plans for several models."""
    lines: list[Line] = [()]
    if looked.older is not None:
        lines += folded(f"warning: {looked.older}", cells, "warning")
    ready = plans_of(looked)
    for name, found in zip(names[:LISTED], looked.found[:LISTED], strict=True):
        mark, text = heading(found)
        lines += _row(mark, name, text, cells)
    if len(names) > LISTED:
        able = len(plans_of(replace(looked, found=looked.found[LISTED:])))
        lines += folded(f"and {len(names) - LISTED:,} more, {able:,} of which can be done", cells, "dim")
    lines.append(())
    if ready:
        ask = ready[0].ask
        who = ask.who if ask.behind is None else f"{ask.who} (as {ask.behind})"
        lines += labelled("as", f"{who}; one row for each is added to the audit log", cells)
        draft = ready[0].draft
        assert draft is not None
        lines += labelled("command", f"{draft.command}   … and so on for each", cells, "info")
    if looked.locked is not None:
        lines += [(), *marked(LOCKED, looked.locked, cells)]
    return [*lines, ()]


def plans_of(looked: Looked) -> list[Plan]:
    """Those that can be done."""
    return [
        found for found in looked.found
        if not isinstance(found, Fault | str) and found.draft is not None and found.draft.settled is None
    ]  # fmt: skip


def _row(mark: Mark, name: str, text: str, cells: int) -> list[Line]:
    name = safe(name)
    first = (Span(f" {mark.sign()} ", mark.tone), Span(f"{name}  ", "bold"))
    lines = fold(f"{name}  {text}", max(10, cells - 5))
    head = len(name) + 2
    found: list[Line] = []
    for at, line in enumerate(lines):
        found.append((*first, Span(line[head:])) if not at and line.startswith(name) else (Span(f"   {line}"),))
    return found if lines[0].startswith(name) else [first, *found]


def deed_lines(deed: Deed, plan: Plan, jobs: Mapping[int, Job], cells: int) -> list[Line]:
    """What came of one deed, and how far its job is."""
    lines: list[Line] = [()]
    if deed.done is not None:
        job = None if deed.done.job is None else jobs.get(deed.done.job)
        lines += marked(DONE if deed.done.job is None else BEGUN, deed.done.text, cells)
        if job is not None:
            lines += [(), *job_lines(job, cells)]
        if plan.draft is not None and (job is None or not job.ended or (job.kind == "deploy" and job.state == "done")):
            lines += [(), *labelled("way back", plan.back, cells)]
    if deed.fault is not None:
        lines += fault_lines(deed.fault, cells)
    return [*lines, ()]


def deeds_lines(names: Sequence[str], deeds: Sequence[Deed], jobs: Mapping[int, Job], cells: int) -> list[Line]:
    """What came of several, one after the other."""
    lines: list[Line] = [()]
    told = list(zip(names, deeds, strict=True))
    if len(told) > LISTED:  # what was not done comes first
        told = sorted(told, key=lambda pair: pair[1].done is not None)[:LISTED]
    for name, deed in told:
        if deed.done is None:
            assert deed.fault is not None
            lines += _row(ERROR, name, f"not done: {deed.fault.text}", cells)
            continue
        job = None if deed.done.job is None else jobs.get(deed.done.job)
        mark, said = (DONE, deed.done.text) if job is None else job_said(job)
        lines += _row(mark, name, said if job is None else f"job {job.id} {mark.word}: {said or deed.done.text}", cells)
        if deed.fault is not None:
            lines += fault_lines(deed.fault, cells)
    if len(deeds) > len(told):
        lines += folded(f"and {len(deeds) - LISTED:,} more", cells, "dim")
    failed = sum(deed.done is None for deed in deeds)
    lines += [(), (Span(f" {len(deeds) - failed} done" + (f", {failed} not done" if failed else "")),), ()]
    return lines


def job_said(job: Job) -> tuple[Mark, str]:
    """The state of a job as a mark, and what it says of itself. A verdict that keeps the champion is no success."""
    if job.state == "done":
        text = str(job.outcome.get("text") or "")
        verdict = job.outcome.get("verdict")
        if verdict in UNDONE:
            return Mark("▲", "^", "done, the champion stays", "warning", 0), text
        return marks.job("done"), text
    if job.ended:
        by = f"by {job.cancelled_by}" if job.cancelled_by else ""
        return marks.job(job.state), joined((job.error or "", by))
    mark = marks.job("stopping" if job.cancel and job.state == "running" else job.state)
    if job.state == "queued":
        return mark, "it waits for a worker"
    text = job.text or ""
    far = progress_text(job)
    return mark, joined((text, far if far != text else "", left_text(job)))


def job_lines(job: Job, cells: int) -> list[Line]:
    """A job in a line or more."""
    mark, text = job_said(job)
    head = Mark(mark.glyph, mark.ascii, f"job {job.id} ({name_of(job)}) is {mark.word}", mark.tone, 0)
    return marked(head, text, cells) if text else [(Span(f" {head.text()}", head.tone),)]

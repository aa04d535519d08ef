"""The commands that do something, made from the actions' declarations: one place for words, dry run, waiting, codes.

`retrain`, `promote`, `approve`, `rollback`, `ack`, `snooze`, `assign` … Exit codes: 0 done, 1 a gate keeps the
champion, 2 usage, 3 it broke.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.actions.base import Action, Done, Parameter, Plan
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.domain.errors import LifecycleError

if TYPE_CHECKING:
    from lifecycle_tui.actions.doing import Doer
    from lifecycle_tui.state.jobs import Job
    from lifecycle_tui.workspace import Workspace

UNDONE = ("failed", "unknown", "none")
"""Verdicts after which the champion stays."""


def command_of(action: Action) -> click.Command:
    """The command of an action; its name is the last word of the action's."""
    parameters: list[click.Parameter] = [_parameter(p) for p in action.parameters]
    parameters += [
        click.Option(["--note"], help="Why, or what is being done; kept with it and in the audit log."),
        click.Option(["--dry-run"], is_flag=True, help="Say what would be done, and do nothing."),
    ]
    if action.waits:
        parameters.append(click.Option(["--no-wait"], is_flag=True, help="Do not wait for the job that does it."))
    if action.file:
        path = click.Path(path_type=Path, dir_okay=False)
        parameters.append(click.Option(["--file"], type=path, help="Another lifecycle.toml."))
    if not any(p.name == "format" for p in action.parameters):
        choice = click.Choice(["text", "json"])
        parameters.append(click.Option(["--format", "fmt"], type=choice, default="text", help="How to print it."))
    return click.Command(
        action.name.split(" ")[-1], params=parameters, callback=_callback(action), help=_help(action),
        short_help=action.help,
    )  # fmt: skip


def _parameter(p: Parameter) -> click.Parameter:
    types: dict[str, Any] = {
        "job": click.IntRange(min=1), "entry": click.IntRange(min=1), "choice": click.Choice(p.choices),
    }  # fmt: skip
    if p.option:
        if p.kind == "flag":
            return click.Option([f"--{p.name}"], is_flag=True, help=p.help)
        return click.Option([f"--{p.name}"], type=types.get(p.kind, str), help=p.help)
    metavar = {"path": "FILE"}.get(p.name, p.name.upper())
    if p.many:
        return click.Argument([p.name], nargs=-1, required=p.required, metavar=f"{metavar}...")
    return click.Argument(
        [p.name], type=types.get(p.kind, str), required=p.required, metavar=metavar if p.required else f"[{metavar}]"
    )


def _help(action: Action) -> str:
    codes = "Exit codes: 0 done · 1 a gate keeps the champion · 2 usage or configuration · 3 something broke."
    head = "Example" if len(action.example) == 1 else "Examples"
    lines = "\n".join(f"  {line}" for line in action.example)
    return f"{action.help}\n\n{action.about}\n\n{codes}\n\n\b\n{head}:\n{lines}"


def _callback(action: Action) -> Callable[..., None]:
    @click.pass_context
    def call(
        ctx: click.Context, /, note: str | None, dry_run: bool, fmt: str = "text", file: Path | None = None,
        no_wait: bool = False, **values: Any,
    ) -> None:  # fmt: skip
        if isinstance(file, str):  # a parameter of the action's own: one of the workspace's files
            from lifecycle_tui.config.homes import main_of

            values["file"], file = file, main_of(Path(file))[0]
        given = {name: value for name, value in values.items() if value not in (None, False, ())}
        ctx.exit(run(action, given, note=note, dry_run=dry_run, fmt=fmt, file=file, wait=not no_wait))

    return call


def run(
    action: Action, values: dict[str, Any], *, note: str | None = None, dry_run: bool = False, fmt: str = "text",
    file: Path | None = None, wait: bool = True,
) -> int:  # fmt: skip
    """Plan, show or apply, wait; returns the exit code.

    Raises:
        LifecycleError: it was refused, or broke.
    """
    from lifecycle_tui.actions.doing import Doer
    from lifecycle_tui.domain.folder import find_root

    root = find_root() if file is None else file.absolute().parent
    with Doer(root, file, look=dry_run or not action.file) as doer:
        workspace = doer.workspace(action)
        if doer.problem is not None:
            output.note(output.plain(f"{doer.problem}: what the agent last accepted is taken instead"))
        if workspace is not None and not dry_run:
            doer.adopt()
        plan = doer.plan(action, values, note)
        if dry_run:
            return _shown(plan, fmt)
        if plan.refused is not None:
            if fmt == "json":
                output.json_out(_json(plan))
            raise plan.refused.error()
        for line in plan.lines:
            if line.startswith("warning"):
                output.note(line)
        if plan.draft is not None and fmt == "text":
            _difference(plan.draft.diff)
        done = doer.apply(plan)
        job = _followed(doer, workspace, done, wait, fmt) if done.job is not None and workspace is not None else None
    return _told(plan, done, job, fmt)


def _shown(plan: Plan, fmt: str) -> int:
    """A dry run: the plan, and nothing else."""
    if fmt == "json":
        output.json_out(_json(plan))
    if plan.refused is not None:
        raise plan.refused.error()
    assert plan.draft is not None
    if fmt == "json":
        return 0
    if plan.draft.settled is not None:
        output.say(output.plain(plan.draft.settled))
        return 0
    ask = plan.ask
    head, *rest = plan.lines
    output.say(output.plain(f"would {head}"))
    for line in rest:
        output.say(output.plain(f"  {line}"))
    _difference(plan.draft.diff)
    who = ask.who if ask.behind is None else f"{ask.who} (as {ask.behind})"
    output.say(output.plain(f"  by {who}" + (f", note: {ask.note}" if ask.note else "")))
    if plan.draft.recorded:
        output.say("  one row is added to the audit log")
    output.say(output.plain(f"  the way back: {plan.back}"))
    return 0


def _difference(lines: Sequence[str]) -> None:
    """A unified diff, as narration."""
    tones = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        tone = "bold" if line.startswith(("+++", "---")) else tones.get(line[:1])
        output.note(output.style(output.plain(line), *([tone] if tone else []), stream=sys.stderr))


def _followed(doer: Doer, workspace: Workspace, done: Done, wait: bool, fmt: str) -> Job:
    """The job at its end; or, where nobody waits for it, as it is once somebody has it in hand."""
    from lifecycle_tui.agent.workers.pool import Pool
    from lifecycle_tui.state import jobs

    assert done.job is not None
    if wait:
        if fmt == "text":
            output.note(output.plain(done.text))
        progress = output.Progress()
        try:
            return Pool(doer.state, workspace.spec.file).run([done.job], lambda found: progress(_line(found)))[0]
        finally:
            progress.done()
    doer.hand_over([done.job])
    with doer.state.read() as conn:
        found = jobs.job(conn, done.job)
    assert found is not None
    return found


def _line(found: Sequence[Job]) -> str:
    job = found[0]
    if job.state != "running" or not job.text:
        return f"job {job.id} is {job.state}"
    if job.total and job.done is not None:
        return f"{job.text} · {job.done:,.0f} of {job.total:,.0f} {job.unit} ({100 * job.done / job.total:.0f} %)"
    return job.text


def _told(plan: Plan, done: Done, job: Job | None, fmt: str) -> int:
    """Say what came of it, and return the exit code."""
    assert plan.draft is not None
    if fmt == "json":
        output.json_out(_json(plan, done, job))
    if job is None or not job.ended:
        if fmt == "text":
            output.say(output.plain(done.text))
            if job is not None:
                output.note(f"`lifecycle jobs show {job.id}` says how far it is")
            elif plan.draft.undo and plan.draft.settled is None:
                output.note(output.plain(f"the way back: {plan.draft.undo}"))
        return 0
    if job.state != "done":
        raise _broken(job)
    if fmt == "text":
        output.say(output.plain(str(job.outcome.get("text") or done.text)))
        if plan.draft.undo and job.kind == "deploy":
            output.note(output.plain(f"the way back: {plan.draft.undo}"))
    return 1 if job.outcome.get("verdict") in UNDONE else 0


def _broken(job: Job) -> LifecycleError:
    if job.state == "cancelled":
        by = f" by {job.cancelled_by}" if job.cancelled_by else ""
        from lifecycle_tui.agent.workers.context import Cancelled

        return Cancelled(f"job {job.id} was cancelled{by}")
    return LifecycleError(job.error or f"job {job.id} failed", hint=f"`lifecycle jobs log {job.id}` says more")


def _json(plan: Plan, done: Done | None = None, job: Job | None = None) -> dict[str, Any]:
    """Keys are stable: see docs/commands.md."""
    draft, refused = plan.draft, plan.refused
    return {
        "action": plan.action.name,
        "subject": None if draft is None else draft.subject,
        "model": plan.ask.values.get("model") if draft is None else draft.model,
        "plan": list(plan.lines),
        "diff": None if draft is None or not draft.diff else list(draft.diff),
        "command": None if draft is None else draft.command,
        "undo": None if draft is None else draft.undo,
        "settled": None if draft is None else draft.settled,
        "refused": None if refused is None else {"reason": refused.reason, "hint": refused.hint, "gate": refused.gate},
        "done": None if done is None else done.text,
        "job": None if job is None else {
            "id": job.id, "kind": job.kind, "state": job.state, "error": job.error, "outcome": dict(job.outcome),
        },
    }  # fmt: skip


retrain = command_of(ACTIONS["retrain"])
promote = command_of(ACTIONS["promote"])
approve = command_of(ACTIONS["approve"])
rollback = command_of(ACTIONS["rollback"])
pause = command_of(ACTIONS["pause"])
resume = command_of(ACTIONS["resume"])
ack = command_of(ACTIONS["ack"])
unack = command_of(ACTIONS["unack"])
snooze = command_of(ACTIONS["snooze"])
unsnooze = command_of(ACTIONS["unsnooze"])
assign = command_of(ACTIONS["assign"])
undo = command_of(ACTIONS["undo"])
resend = command_of(ACTIONS["notifications resend"])
register = command_of(ACTIONS["versions register"])
disable = command_of(ACTIONS["plugins disable"])
enable = command_of(ACTIONS["plugins enable"])
config_set = command_of(ACTIONS["config set"])
config_set.context_settings = {"ignore_unknown_options": True}  # a value may be -1
config_unset = command_of(ACTIONS["config unset"])

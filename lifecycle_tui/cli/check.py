"""`lifecycle check`: observes and decides what is due, once, for people, CI and cron.

This process reads declarations and state only; the work is done by the agent's workers. What they found is read back
from state and shown: see `check_text`, `check_json`, `check_junit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import UsageError

if TYPE_CHECKING:
    from lifecycle_tui.agent.workers.pool import Pool
    from lifecycle_tui.cli.check_report import Acted, Report
    from lifecycle_tui.state.database import State
    from lifecycle_tui.state.jobs import Job
    from lifecycle_tui.workspace import Workspace


@click.command(name="check")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--act", is_flag=True, help="Also do what was decided: retrain, judge, deploy, notify.")
@click.option("--note", help="Why; leaves a row in the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what would be checked, and do nothing.")
@click.option(
    "--format", "fmt", type=click.Choice(["text", "json", "junit"]), default="text", help="How to print the result."
)
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Another lifecycle.toml.")
@click.option(
    "--windows", "shown", type=click.IntRange(1), default=8, show_default=True, help="How many windows the text shows."
)
@click.option("--no-plugins", is_flag=True, help="Leave out everything but the built-in plugins.")
@click.pass_context
def command(
    ctx: click.Context, models: tuple[str, ...], act: bool, note: str | None, dry_run: bool, fmt: str,
    file: Path | None, shown: int, no_plugins: bool,
) -> None:  # fmt: skip
    """Observe and decide what is due, once.

    Profiles every new window of each MODEL (all of them by default), compares it with the reference, measures what has
    labels, decides the rules, and shows what it would do. With --act it does it: trains, judges, deploys and sends
    what is due; where an agent runs, that one does.

    Exit codes: 0 fine · 1 a rule is firing · 2 a problem in the file · 3 a model could not be evaluated.

    \b
    Example:
      lifecycle check                       all models
      lifecycle check card-fraud --act      one model, and do what follows
      lifecycle check --format junit > check.xml
    """
    from lifecycle_tui.agent.workers.pool import Pool
    from lifecycle_tui.cli import check_report
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import open_workspace

    workspace = open_workspace(file, plugins=not no_plugins)
    for problem in workspace.warnings:
        output.note(output.problem_block(problem))
    names = _names(workspace, models)
    if dry_run:
        ctx.exit(_planned(names, note, file, fmt))
    with State.open(workspace.spec.root) as state:
        _same_environment(state)
        pool = Pool(state, workspace.spec.file, plugins=not no_plugins)
        if act:
            _listen(state, workspace)
        done = _evaluate(state, workspace, pool, names, note)
        acted = _act(state, workspace, names, plugins=not no_plugins) if act else _would(state, workspace, names)
        sent = _send(state, pool) if act and workspace.spec.notifiers else None
        if act:
            _tell(state, workspace, pool)
        report = check_report.read(state, workspace, done, sent, acted)
    _show(report, fmt, shown)
    ctx.exit(report.exit_code)


def _same_environment(state: State) -> None:
    """The agent's workers would do what is asked for here by another environment's declarations."""
    from lifecycle_tui.state import lease

    with state.read() as conn:
        other = lease.elsewhere(conn)
    if other is not None:
        raise UsageError(other, hint="give `--env` as the agent has it, or stop the agent first")


def _names(workspace: Workspace, models: Sequence[str]) -> list[str]:
    declared = [m.name for m in workspace.spec.models]
    if not declared:
        raise UsageError("the file declares no model", hint="`lifecycle init DATA` adds one")
    for name in models:
        if name not in declared:
            from difflib import get_close_matches

            near = get_close_matches(name, declared, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(declared[:8])}"
            raise UsageError(f"there is no model {name!r}", hint=hint)
    return list(models) or declared


def _planned(names: Sequence[str], note: str | None, file: Path | None, fmt: str) -> int:
    """What the action `check` would do to each."""
    from lifecycle_tui.actions.registry import ACTIONS
    from lifecycle_tui.cli.act import run

    if fmt != "text" and len(names) > 1:
        raise UsageError("a dry run of several models is told as text", hint="leave out --format, or name one model")
    shown = "json" if fmt == "json" else "text"
    for name in names:
        run(ACTIONS["check"], {"model": name}, note=note, dry_run=True, fmt=shown, file=file)
    return 0


def _evaluate(state: State, workspace: Workspace, pool: Pool, names: Sequence[str], note: str | None) -> dict[str, Job]:
    """Run one evaluate job a model; a job of another process for the same model is waited for instead."""
    from lifecycle_tui.domain.clock import SystemClock
    from lifecycle_tui.state import audit, jobs, lease, models

    now = SystemClock().now()
    _let_cancelled_end(state, pool, names)
    with state.write() as tx:
        lease.remember(tx)
        models.declare(tx, [models.Declared(m.name, m.task, m.owner, m.tags) for m in workspace.spec.models])
        models.retire_missing(tx, [m.name for m in workspace.spec.models])
        jobs.requeue_lost(tx, now)
        who, behind = audit.person()
        ids = [jobs.enqueue(tx, "evaluate", name, {}, now, by=who) for name in names]
        for name, id_ in zip(names, ids, strict=True) if note else ():
            # Without a note it is what cron does all day, and the job alone says who asked for it.
            detail = {"job": id_, "note": note}
            audit.append(tx, "check", name, now, model=name, detail=detail, who=who, behind=behind)
    progress = output.Progress()
    try:
        ended = pool.run(ids, lambda found: progress(_line(found)))
    finally:
        progress.done()
    return {job.model: job for job in ended if job.model is not None}


def _let_cancelled_end(state: State, pool: Pool, names: Sequence[str]) -> None:
    """Wait for jobs that were asked to stop (Ctrl-C a moment ago): joining one would be cancelled with it."""
    from lifecycle_tui.state import jobs

    with state.read() as conn:
        live = jobs.jobs(conn, live=True, limit=100_000)
    if stopping := [j.id for j in live if j.kind == "evaluate" and j.model in names and j.cancel]:
        pool.run(stopping)


def _would(state: State, workspace: Workspace, names: Sequence[str]) -> Acted:
    """What would be set off; nothing is."""
    from lifecycle_tui.agent import loop
    from lifecycle_tui.cli.check_report import Acted
    from lifecycle_tui.state import clock

    with state.read() as conn:
        return Acted(would=loop.preview(conn, workspace.spec, clock.now(conn), names))


def _act(state: State, workspace: Workspace, names: Sequence[str], *, plugins: bool) -> Acted:
    """Do what was decided, and what follows from it, until nothing more does; leave it to the agent where one runs."""
    from lifecycle_tui.agent.session import CHECK, session
    from lifecycle_tui.cli.check_report import Acted
    from lifecycle_tui.state import clock

    with state.read() as conn:
        simulated = clock.read(conn)
    said: list[str] = []
    progress = output.Progress()
    try:
        with session(
            state, workspace.spec, CHECK, say=said.append, watch=lambda found: progress(_line(found)), plugins=plugins
        ) as loop:
            if loop is None:
                return Acted(agent=True)
            done = loop.rest(None if simulated is None else simulated.at, models=names)
    finally:
        progress.done()
    return Acted(did=tuple(said), jobs=done)


def _send(state: State, pool: Pool) -> Job:
    from lifecycle_tui.domain.clock import SystemClock
    from lifecycle_tui.state import audit, jobs

    with state.write() as tx:
        id_ = jobs.enqueue(tx, "notify", None, {}, SystemClock().now(), by=audit.person()[0])
    return pool.run([id_])[0]


def _listen(state: State, workspace: Workspace) -> None:
    """Event hooks that are new are told what happens from here on."""
    from lifecycle_tui.agent.work import events

    events.listen(state, workspace.plugins)


def _tell(state: State, workspace: Workspace, pool: Pool) -> None:
    """Tell the event hooks of plugins what has happened; say what they got wrong."""
    from lifecycle_tui.agent.work import events
    from lifecycle_tui.domain.clock import SystemClock
    from lifecycle_tui.state import audit

    id_ = events.enqueue(state, workspace.plugins, {}, SystemClock().now(), audit.person()[0])
    if id_ is None:
        return
    job = pool.run([id_])[0]
    for error in [*job.outcome.get("errors", ()), *([job.error] if job.error else ())]:
        output.note(output.plain(f"error: plugin {error}"))


def _line(found: Sequence[Job]) -> str:
    """Progress of all jobs in one line."""
    ended = sum(j.state in ("done", "failed", "cancelled") for j in found)
    running = [j for j in found if j.state == "running" and j.text]
    head = f"{ended} of {len(found)} models · " if len(found) > 1 else ""
    if not running:
        return f"{head}starting"
    from lifecycle_tui.state.job_words import left_text, progress_text

    job = running[0]
    done = progress_text(job) if job.total and job.done is not None else ""
    return head + " · ".join(part for part in (job.text, done, left_text(job)) if part)


def _show(report: Report, fmt: str, shown: int) -> None:
    if fmt == "json":
        from lifecycle_tui.cli.check_json import as_json

        output.json_out(as_json(report))
    elif fmt == "junit":
        from lifecycle_tui.cli.check_junit import as_junit

        output.say(as_junit(report))
    else:
        from lifecycle_tui.cli.check_text import show

        show(report, shown)

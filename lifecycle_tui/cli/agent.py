"""`lifecycle agent`: runs the loop until it is stopped, and says on stderr what it does, a line each."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from lifecycle_tui.state.database import State

WAIT = 30.0
"""Seconds in which a detached agent must hold the lease or stand by."""


@click.command(name="agent")
@click.option(
    "--mode", type=click.Choice(["stay", "auto"]), default="stay", show_default=True,
    help="stay: until it is stopped. auto: until no terminal is open and nothing is under way.",
)  # fmt: skip
@click.option("--detach", is_flag=True, help="Run in the background, also when this session ends.")
@click.option(
    "--simulate", nargs=2, metavar="FROM UNTIL", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="Run on a simulated clock between these instants (UTC), through data that is there already.",
)  # fmt: skip
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Another lifecycle.toml.")
@click.option("--no-plugins", is_flag=True, help="Leave out everything but the built-in plugins.")
@click.pass_context
def command(
    ctx: click.Context, mode: str, detach: bool, simulate: tuple[datetime, datetime] | None, file: Path | None,
    no_plugins: bool,
) -> None:  # fmt: skip
    """Run the loop until stopped.

    It evaluates, decides, retrains, judges, promotes and notifies, and says on stderr what it does.

    One agent acts for a workspace; a second one stands by and takes over when the first one ends, dies or hangs.
    SIGTERM or Ctrl-C end it in good order; jobs that run go on, and the next agent adopts them.

    With --simulate it lives through the past: nothing that lies after its clock is seen, no label before it arrived,
    and what it decides is recorded at the clock's time. Try a policy on a copy of the folder before it is live.

    \b
    Examples:
      lifecycle agent             in this terminal
      lifecycle agent --detach    in the background, logs to .lifecycle/agent.log
      lifecycle agent --simulate 2025-01-01 2026-01-01
    """
    if simulate is not None:
        ctx.exit(_simulate(_file(file), *simulate, plugins=not no_plugins))
    if detach:
        ctx.exit(_detach(_file(file), mode, *(["--no-plugins"] if no_plugins else [])))
    if (lived := _lived(_file(file), mode, plugins=not no_plugins)) is not None:
        ctx.exit(lived)
    from lifecycle_tui.agent.agent import Agent

    agent = Agent(_file(file), mode="auto" if mode == "auto" else "stay", plugins=not no_plugins, say=_say)
    got = _signals(agent.stop)
    if not agent.run():
        output.note("another agent runs this workspace already")
    ctx.exit(130 if signal.SIGINT in got else 0)


def _file(file: Path | None) -> Path:
    from lifecycle_tui.domain.folder import FILE, find_root

    return (find_root() / FILE if file is None else file).absolute()


def _simulate(file: Path, start: datetime, until: datetime, *, plugins: bool) -> int:
    """Run on a simulated clock; what happens goes to stdout, as it is what was asked for."""
    import threading

    from lifecycle_tui.agent import simulated
    from lifecycle_tui.agent.told import hear
    from lifecycle_tui.domain.errors import UsageError
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import open_workspace

    if until < start:
        raise UsageError("the simulated clock cannot run backwards", hint="the earlier instant comes first")
    ended = threading.Event()
    hear((signal.SIGTERM, signal.SIGINT), ended.set)
    workspace = open_workspace(file, plugins=plugins)
    for problem in workspace.warnings:
        output.note(output.problem_block(problem))
    with State.open(workspace.spec.root) as state:
        reached = simulated.simulate(
            state, workspace.spec, start.replace(tzinfo=UTC), until.replace(tzinfo=UTC),
            lambda told: output.say(f"{told.at:%Y-%m-%d %H:%M}  {output.plain(told.text)}"),
            ended=ended, plugins=plugins,
        )  # fmt: skip
    output.note(f"the clock stands at {reached:%Y-%m-%d %H:%M} UTC; `lifecycle history` tells all of it")
    return 130 if ended.is_set() else 0


def _lived(file: Path, mode: str, *, plugins: bool) -> int | None:
    """Let the simulated clock of a demo go on; None where the workspace lives on the machine's."""
    import threading

    from lifecycle_tui.agent import lived
    from lifecycle_tui.agent.accepted import Watched
    from lifecycle_tui.state import clock
    from lifecycle_tui.state.database import State, version

    if version(file.parent) in (None, 0):
        return None
    with State.view(file.parent) as state, state.read() as conn:
        if clock.read(conn) is None:
            return None
    ended = threading.Event()
    got = _signals(ended.set)
    with State.open(file.parent) as state:
        watched = Watched(file, plugins=plugins, fall_back=True)
        reached = lived.live(
            state, watched, mode, lambda told: output.note(f"{told.at:%Y-%m-%d %H:%M} {output.plain(told.text)}"),
            ended=ended, plugins=plugins,
        )  # fmt: skip
    output.note(f"the clock stands at {reached:%Y-%m-%d %H:%M} UTC")
    return 130 if signal.SIGINT in got else 0


def _say(text: str) -> None:
    now = datetime.now(UTC)
    for line in text.splitlines():
        output.note(f"{now:%Y-%m-%d %H:%M:%SZ} {output.plain(line)}")


def _signals(stop: Callable[[], None]) -> list[int]:
    """Let signals end the agent in good order; which ones came."""
    from lifecycle_tui.agent.told import hear

    return hear((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), stop)


def _detach(file: Path, mode: str, *more: str) -> int:
    """Start one in the background and wait until it is there; the exit code.

    Raises:
        ConfigError: if the file has errors: better here than in a log.
    """
    from lifecycle_tui.agent import spawn
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import open_workspace

    for problem in open_workspace(file).warnings:
        output.note(output.problem_block(problem))
    with State.open(file.parent) as state:
        process = spawn.start(file, mode, *more)
        said = _until_there(state, process, mode)
    if said is None and process.poll() != 0:
        output.note(f"the agent did not start: {spawn.log_file(file.parent)} says why")
        return 3
    output.note(said or "another agent runs this workspace already")
    return 0


def _until_there(state: State, process: subprocess.Popen[bytes], mode: str) -> str | None:
    """What has become of it, in words; None if it has ended, or done nothing for long."""
    import time

    from lifecycle_tui.state import lease

    with state.read() as conn:
        until, before = time.monotonic() + WAIT, lease.read(conn)
        while time.monotonic() < until and process.poll() is None:
            found = lease.read(conn)
            if found.process is not None and found.process.pid == process.pid:
                return f"agent {found.number} runs (pid {process.pid})"
            if mode == "stay" and found == before and found.process is not None and lease.held(found):
                return f"agent {found.number} runs already (pid {found.process.pid}); pid {process.pid} stands by"
            time.sleep(0.05)
    return None

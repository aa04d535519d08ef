"""`lifecycle demo`: a workspace with four models and months of simulated production, then the terminal on it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.agent.simulated import Told

FOLDER = "lifecycle-demo"


@click.command(name="demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True,
              help="Where to write it; a demo that is there is gone on with.")  # fmt: skip
@click.option("--seed", type=int, help="Other data, another history; the same seed gives the same.")
@click.option("--new", is_flag=True, help="Begin anew where a demo is there already.")
@click.option("--no-tui", is_flag=True, help="Do not open the terminal afterwards.")
@click.option("--pace", type=click.FloatRange(0.1, 3600), metavar="SECONDS",
              help="Seconds that a simulated day takes in the terminal.")  # fmt: skip
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table",
              help="How to print what happened.")  # fmt: skip
@click.pass_context
def command(
    ctx: click.Context, folder: Path, seed: int | None, new: bool, no_tui: bool, pace: float | None, fmt: str
) -> None:
    """Show the loop at work on four simulated models.

    Writes a workspace, lets the real loop live through four months of it on a simulated clock (about a minute),
    prints what happened, and opens the terminal, where time goes on: drift, alerts, retrainings, promotions, refusals,
    rollbacks. Everything in it works as on your own models; its lifecycle.toml and plugins/ are there to be read.

    \b
    Examples:
      lifecycle demo
      lifecycle demo --no-tui --dir other --seed 3
      cd lifecycle-demo && lifecycle history house-prices
    """
    from lifecycle_tui import demo
    from lifecycle_tui.demo import replay
    from lifecycle_tui.domain.errors import UsageError

    if pace is not None and pace != pace:
        raise click.BadParameter("nan is no number of seconds", ctx, param_hint="--pace")
    root = folder.absolute()
    found = replay.standing(root)
    if found.seed is not None and new:
        replay.clear(root)
        found = replay.Standing()
    if found.seed is not None and seed is not None and found.seed != seed:
        raise UsageError(f"the demo in {root} is of seed {found.seed}", hint="--new begins anew, --dir takes a folder")
    if not found.written:
        _write(root, next(s for s in (found.seed, seed, demo.SEED) if s is not None), pace or demo.DAY_SECONDS)
    elif pace is not None:
        replay.pace(root, pace)
    if not found.lived:
        if not _live(root):
            output.note("stopped; the same command goes on from there")
            ctx.exit(130)
    elif found.clock is not None:
        output.note(f"the demo in {root} goes on from {found.clock.at:%Y-%m-%d %H:%M}; --new begins anew")
    if no_tui or not found.lived:
        _table(root, fmt)
    if not no_tui:
        _open(root)


def _write(root: Path, seed: int, day: float) -> None:
    from lifecycle_tui.demo import replay

    begin = time.monotonic()
    if not replay.write(root, seed, day):
        return
    output.note(f"wrote four models' data, lifecycle.toml and plugins to {root} ({time.monotonic() - begin:.1f} s)")


def _live(root: Path) -> bool:
    """Live through the past, telling what happens as it happens; whether it got to the end."""
    from lifecycle_tui import demo
    from lifecycle_tui.agent.told import hear
    from lifecycle_tui.demo import replay

    ended = threading.Event()
    hear((signal.SIGTERM, signal.SIGINT), ended.set)
    begin, progress = time.monotonic(), output.Progress(after=0.0)

    def say(told: Told) -> None:
        progress.done()
        output.note(f"{told.at:%Y-%m-%d}  {output.plain(told.text)}")
        progress(_progress(told.at))

    arrived = replay.live_through(root, say, ended)
    progress.done()
    if arrived:
        days = (demo.NOW - demo.START).days
        output.note(f"lived through {days} days of four models in {time.monotonic() - begin:.1f} s")
    return arrived


def _progress(at: datetime) -> str:
    from lifecycle_tui import demo

    share = (at - demo.START) / (demo.NOW - demo.START)
    return f"{at:%Y-%m-%d} · {100 * share:.0f} % of {(demo.NOW - demo.START).days} days"


def _table(root: Path, fmt: str) -> None:
    """What happened, a model a line."""
    from dataclasses import asdict

    from lifecycle_tui.demo import table
    from lifecycle_tui.state.database import State

    with State.view(root) as state, state.read() as conn:
        rows = [asdict(row) for row in table.history_table(conn)]
    output.rows_out(rows, tuple(rows[0]) if rows else (), fmt)


def _open(root: Path) -> None:
    """Open the terminal on it, in this process's place."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        output.note(f"no terminal here to open: `cd {root}`, then `lifecycle`")
        return
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "lifecycle_tui"])

"""Starts the terminal: refuses kindly where it cannot work, restores the screen whatever ends it, passes exit codes on.

Called by `__main__` when `lifecycle` is run without words. Textual is imported only once nothing stands against it.
"""

from __future__ import annotations

import _thread
import asyncio
import codecs
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lifecycle_tui import output
from lifecycle_tui.domain.errors import LifecycleError, UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.tui import splash

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.keeper import Keeper
    from lifecycle_tui.tui.source import Source

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""What ends the program from outside; Textual itself would leave the terminal in its mode on the first two."""

AGAIN = 2.0
"""Seconds between two looks whether a check that holds the place of the agent has ended."""

KILLED = 5.0
"""Seconds between two looks whether the agent was killed."""

MOST = 5
"""Agents that one terminal starts anew: where each is killed, e.g. for want of memory, more would be too."""

PATIENCE = 4.0
"""Seconds that leaving in good order may take after a signal; it takes half of one."""


def main(argv: Sequence[str] | None = None) -> int:
    """Open the terminal on the workspace of the current folder, or of the folder that `argv` names.

    Returns:
        0; 2 where it cannot start; 3 if the program broke; 128 + n when signal n ended it (130 for Ctrl+C).
    """
    try:
        refuse_unfit()
        root = find_root(Path(argv[0]) if argv else None)
        app = build(root)
    except LifecycleError as exc:
        splash.take_away()
        output.error(exc)
        return exc.exit_code
    finally:
        splash.take_away()
    try:
        return run(app)
    finally:
        if app.keeper is not None:
            app.keeper.end()
        app.source.close()
        let_go()


def let_go() -> None:
    """Where the terminal is gone, drop what could not be written: Python would end with 120 over it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def refuse_unfit() -> None:
    """Raise UsageError where a full screen cannot be painted; each message names what works instead."""
    instead = "`lifecycle status` shows the fleet as text"
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        raise UsageError("this terminal can show plain lines only (TERM is dumb or not set)", hint=instead)
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr)):
        if stream is None or not stream.isatty():
            raise UsageError(f"the screen needs a terminal, and {name} is none", hint=instead)
    if not _utf8(sys.stderr):
        raise UsageError(
            f"the screen needs UTF-8, and this terminal is set to {sys.stderr.encoding}",
            hint=f"set LANG to a UTF-8 locale, e.g. LANG=C.UTF-8; or {instead}",
        )


def _utf8(stream: TextIO) -> bool:
    try:
        return codecs.lookup(stream.encoding or "ascii").name == "utf-8"
    except LookupError:
        return False


def build(root: Path) -> LifecycleApp:
    """The app on a workspace.

    Raises:
        StateError: if there is no state yet, or it cannot be read.
    """
    import gc

    # Textual paints at most so often a second. We write only what differs, at the line's pace: what was pressed shows
    # sooner, and nothing else is painted so often.
    os.environ.setdefault("TEXTUAL_FPS", "200")
    # The imports make many objects and no garbage: not looking for any saves an eighth of the start.
    gc.disable()
    try:
        from lifecycle_tui.tui.source import Source

        source = Source(root)
        from lifecycle_tui.tui.app import LifecycleApp
        from lifecycle_tui.tui.grid_rows import Order, View
        from lifecycle_tui.tui.reads import fleet_page
        from lifecycle_tui.tui.screens import fleet as screen  # noqa: F401

        view = View(Order(more=fleet_page.Shape()), lines=shutil.get_terminal_size().lines)
        first = fleet_page.page(source.conn, root, view, source.now())
        return LifecycleApp(source, lambda: keep(root), first, remembered(root, source))
    finally:
        gc.freeze()
        gc.enable()


def remembered(root: Path, source: Source) -> Keeper:
    """What is remembered of the workspace, unless LIFECYCLE_FRESH (`lifecycle --fresh`) says to begin anew."""
    from lifecycle_tui.tui.keeper import Keeper

    keeper = Keeper(root, fresh=os.environ.get("LIFECYCLE_FRESH", "") not in ("", "0"))
    keeper.check(source.conn)
    return keeper


def attend(root: Path) -> None:
    """Count as a viewer, and start an agent where none runs and one is wanted. Called once the screen is painted.

    Both hold until this process ends: the kernel frees the lock, and the agent is in a session of its own.
    """
    import sqlite3
    from threading import Event

    from lifecycle_tui.agent import spawn, viewers
    from lifecycle_tui.domain.folder import FILE
    from lifecycle_tui.state import lease
    from lifecycle_tui.state.database import State

    _HELD.append(viewers.Viewer(root))
    if spawn.wanted(root) is None:
        return
    try:
        with State.view(root) as state, state.read() as conn:
            while lease.held(found := lease.read(conn)):
                if found.mode in lease.STANDING:
                    return
                # A check or a simulation: it ends, and leaves the workspace without an agent.
                Event().wait(AGAIN)
        if (mode := spawn.wanted(root)) is not None:
            _HELD.append(spawn.start(root / FILE, mode))
    except (LifecycleError, sqlite3.Error, OSError):
        return  # the screen goes on without, and says that no agent runs


def keep(root: Path) -> None:
    """Attend, and start an agent anew where one was killed; one that was stopped in good order stays away.

    Otherwise what was asked for would wait, beside an open terminal, for somebody to open the next one.
    """
    from threading import Event

    from lifecycle_tui.agent import spawn
    from lifecycle_tui.domain.folder import FILE

    attend(root)
    started = 0
    while started < MOST and spawn.wanted(root) is not None:
        Event().wait(KILLED)
        if _killed(root) and (mode := spawn.wanted(root)) is not None:
            started += 1
            _HELD.append(spawn.start(root / FILE, mode))


def _killed(root: Path) -> bool:
    """Whether the last agent is gone without having said so."""
    import sqlite3

    from lifecycle_tui.state import lease
    from lifecycle_tui.state.database import State

    try:
        with State.view(root) as state, state.read() as conn:
            found = lease.read(conn)
    except (LifecycleError, sqlite3.Error, OSError):
        return False
    return found.mode in lease.STANDING and found.process is not None and not lease.held(found)


_HELD: list[object] = []


def run(app: LifecycleApp) -> int:
    """Run the app until it ends, and return the exit code."""
    asyncio.run(_run(app))
    code = app.return_code or 0
    # Textual's 1 is an exception that it has shown; 1 would say that a rule is firing.
    return 3 if code == 1 else code


async def _run(app: LifecycleApp) -> None:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        listen(loop, app, number)
    watch = asyncio.create_task(_watch_terminal(app))
    try:
        # Over SSH every move of the mouse would be traffic and a repaint.
        await app.run_async(mouse=mouse_wanted())
    finally:
        watch.cancel()


def listen(loop: asyncio.AbstractEventLoop, app: LifecycleApp, number: int) -> None:
    """Leave on this signal."""
    loop.add_signal_handler(number, leave, app, 128 + number)
    # The loop itself may be the one that waits for room in the writer's queue, and never hear of it.
    signal.signal(number, lambda number, _: _in_time(128 + number))


async def _watch_terminal(app: LifecycleApp) -> None:
    """Leave when the terminal is gone and no SIGHUP said so: Textual would read its end for ever, at full speed."""
    import select

    gone = select.poll()
    gone.register(sys.stdin.fileno(), 0)
    while not gone.poll(0):
        await asyncio.sleep(1.0)
    leave(app, 128 + signal.SIGHUP)


def leave(app: LifecycleApp, code: int) -> None:
    """End from outside, within `PATIENCE` seconds even where the terminal takes no more bytes.

    Textual's writer blocks once the terminal is gone or stopped, and nothing of ours would run again in this thread.
    """
    _in_time(code)
    app.exit(return_code=code)


def _in_time(code: int) -> None:
    """End with this code in `PATIENCE` seconds, whatever holds the program until then.

    Takes no lock, as `threading` would: a handler may run where the main thread holds it.
    """
    _thread.start_new_thread(_at_last, (code,))


def _at_last(code: int) -> None:
    time.sleep(PATIENCE)
    os._exit(code)


def mouse_wanted() -> bool:
    """Whether to follow the mouse: not over SSH, unless LIFECYCLE_MOUSE says so (1 or 0)."""
    said = os.environ.get("LIFECYCLE_MOUSE")
    if said is not None:
        return said not in ("", "0")
    return not (os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))

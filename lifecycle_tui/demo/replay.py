"""Makes the demo's workspace and lets the real loop live through its past, up to where the terminal takes over.

Called by `lifecycle demo`. A replay that was killed goes on where its clock stands, and so does a demo that is there.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui import demo
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import clock, folder, lease
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.agent.simulated import Told

KEY = "demo"
"""Key of `meta` that says that a workspace is a demo, and of which seed."""

STOP = "close the terminal that is open on it, or stop its agent, and try again"


@dataclass(frozen=True, slots=True)
class Standing:
    """What lies in the folder.

    Attributes:
        seed: of the demo that is there; None where there is none.
        written: all its files are.
        clock: how far it has got.
    """

    seed: int | None = None
    written: bool = False
    clock: Simulated | None = None

    @property
    def lived(self) -> bool:
        """Whether the past has been lived through."""
        return self.clock is not None and self.clock.at >= demo.NOW


def standing(root: Path) -> Standing:
    """What lies in `root`.

    Raises:
        UsageError: something that is no demo, which must not be written over; or it cannot be read.
    """
    with _in_words(root, "read"):
        there = {path.name for path in root.iterdir()} if root.exists() else set()
    if not there or (there == {folder.NAME} and _holds_nothing(root)):
        return Standing()
    if folder.database(root).exists():
        with State.view(root) as state, state.read() as conn:
            found = conn.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
            if found is not None:
                facts = json.loads(found[0])
                return Standing(int(facts["seed"]), bool(facts["written"]), clock.read(conn))
    raise UsageError(f"{root} holds something that is no demo", hint="name an empty or a new folder with --dir")


def _holds_nothing(root: Path) -> bool:
    """Whether state has never known a model: a demo was stopped while its state was made."""
    if not folder.database(root).exists():
        return True
    try:
        with contextlib.closing(
            sqlite3.connect(f"{folder.database(root).absolute().as_uri()}?mode=ro", uri=True)
        ) as conn:
            known = conn.execute("SELECT count(*) FROM sqlite_master WHERE name = 'models'").fetchone()[0]
            said = (
                known
                and conn.execute(
                    "SELECT (SELECT count(*) FROM models) + (SELECT count(*) FROM meta WHERE key = ?)", (KEY,)
                ).fetchone()[0]
            )
    except sqlite3.DatabaseError:
        return False
    return not said


@contextlib.contextmanager
def _in_words(root: Path, what: str) -> Iterator[None]:
    """A folder that cannot be used is no fault of the program."""
    try:
        yield
    except OSError as exc:
        raise UsageError(f"{root} cannot be {what}: {exc.strerror or exc}", hint="name another with --dir") from exc


def clear(root: Path) -> None:
    """Remove the demo that lies in `root`: what it wrote, and its state. Other files stay.

    Raises:
        UsageError: it is in use.
    """
    with State.view(root) as state, state.read() as conn:
        if lease.held(lease.read(conn)):
            raise UsageError(f"an agent runs the demo in {root}", hint=STOP)
    with _in_words(root, "cleared"):
        for path in (root / FILE, root / "data", root / "plugins", folder.folder(root)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def write(root: Path, seed: int, day: float) -> bool:
    """Write the workspace, its clock at the beginning; false where another process has done so meanwhile.

    Raises:
        UsageError: the folder cannot be written to.
    """
    with _in_words(root, "written"):
        root.mkdir(parents=True, exist_ok=True)
        with State.open(root) as state, folder.lock(root):
            # The lock: two that write at once would read each other's halves.
            found = standing(root)
            if found.written:
                return False
            seed = seed if found.seed is None else found.seed
            with state.write() as tx:
                # First of all, so that a folder in which this was killed is known as what it is.
                _remember(tx, seed, written=False)
                clock.put(tx, Simulated(demo.START, demo.END, day))
            demo.write(root, seed)
            with state.write() as tx:
                _remember(tx, seed, written=True)
            return True


def _remember(tx: sqlite3.Connection, seed: int, *, written: bool) -> None:
    value = json.dumps({"seed": seed, "written": written})
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, value))


def pace(root: Path, day: float) -> None:
    """Have a simulated day take so many seconds from now on."""
    with State.open(root) as state, state.write() as tx:
        found = clock.read(tx)
        if found is not None and found.day != day:
            clock.put(tx, replace(found, day=day))


def live_through(root: Path, say: Callable[[Told], None], ended: threading.Event) -> bool:
    """Let the loop live from where the clock stands to the demo's present; False if it was stopped before.

    Raises:
        UsageError: an agent runs the workspace, or another process lives through it.
    """
    from lifecycle_tui.agent import simulated
    from lifecycle_tui.workspace import open_workspace

    spec = open_workspace(root / FILE).spec
    with State.open(root) as state:
        with state.read() as conn:
            found, holder = clock.read(conn), lease.read(conn)
        if lease.held(holder):
            if holder.mode in lease.STANDING:
                raise UsageError(f"an agent runs the demo in {root}", hint=STOP)
            raise UsageError(f"another process lives through the demo in {root}", hint="wait until it is done")
        begin = demo.START if found is None else found.at
        reached = simulated.simulate(state, spec, begin, demo.NOW, say, ended=ended)
    return reached >= demo.NOW

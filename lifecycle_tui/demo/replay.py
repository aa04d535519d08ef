"""Makes the demo's workspace and lets the real loop live through its past, up to where the terminal takes over.

Called by `lifecycle demo`. A replay that was killed goes on where its clock stands, and so does a demo that is there.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
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
        UsageError: something that is no demo, which must not be written over.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return Standing()
    if folder.database(root).exists():
        with State.view(root) as state, state.read() as conn:
            found = conn.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
            if found is not None:
                facts = json.loads(found[0])
                return Standing(int(facts["seed"]), bool(facts["written"]), clock.read(conn))
    raise UsageError(f"{root} holds something that is no demo", hint="name an empty or a new folder with --dir")


def clear(root: Path) -> None:
    """Remove the demo that lies in `root`: what it wrote, and its state. Other files stay.

    Raises:
        UsageError: it is in use.
    """
    with State.view(root) as state, state.read() as conn:
        if lease.held(lease.read(conn)):
            raise UsageError(f"an agent runs the demo in {root}", hint=STOP)
    for path in (root / FILE, root / "data", root / "plugins", folder.folder(root)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def write(root: Path, seed: int, day: float) -> None:
    """Write the workspace, its clock at the beginning."""
    root.mkdir(parents=True, exist_ok=True)
    with State.open(root) as state:
        with state.write() as tx:
            # First of all, so that a folder in which this was killed is known as what it is.
            _remember(tx, seed, written=False)
            clock.put(tx, Simulated(demo.START, demo.END, day))
        demo.write(root, seed)
        with state.write() as tx:
            _remember(tx, seed, written=True)


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
        UsageError: an agent runs the workspace.
    """
    from lifecycle_tui.agent import simulated
    from lifecycle_tui.workspace import open_workspace

    spec = open_workspace(root / FILE).spec
    with State.open(root) as state:
        with state.read() as conn:
            found = clock.read(conn)
        begin = demo.START if found is None else found.at
        reached = simulated.simulate(state, spec, begin, demo.NOW, say, ended=ended)
    return reached >= demo.NOW

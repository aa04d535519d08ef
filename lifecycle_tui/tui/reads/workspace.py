"""What a person wants to know of the workspace itself: agent, clock, jobs, notifications, disk, program.

`facts` reads state within a few milliseconds; `measured` walks folders and parses the file, and is for a thread.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import clock, folder, jobs, lease, outbox
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.lease import Lease
from lifecycle_tui.state.outbox import Notification
from lifecycle_tui.state.processes import alive
from lifecycle_tui.state.text import instant, maybe_moment, moment

SHOWN = 20
"""Notifications of each kind that are listed."""
WALKED = 50_000
"""Files of a folder that are counted at most."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What state and the file system say at once.

    Attributes:
        held: the lease's holder is there. note: what the agent says to viewers, e.g. that the file has errors.
        declared, checked, undeclared, broken: models; `broken` of those declared.
        gone: running jobs whose worker is not there.
        due: (model, what, when) that comes next by the clock alone.
        waiting, failed: notifications that have not gone out yet, and that will not; the first of `waits`.
        database, wal: bytes. free, disk: bytes of the file system.
        copies: names of copies of the state that upgrades have left, with their bytes.
        elsewhere: that the agent works in another environment than this terminal.
    """

    now: datetime
    clock: Simulated | None
    lease: Lease
    held: bool
    note: str | None
    declared: int
    checked: int
    undeclared: int
    broken: int
    evaluated_at: datetime | None
    due: tuple[str, str, datetime] | None
    running: int
    queued: int
    gone: tuple[int, ...]
    waiting: tuple[Notification, ...]
    waits: int
    failed: tuple[Notification, ...]
    schema: int
    database: int
    wal: int
    free: int
    disk: int
    copies: tuple[tuple[str, int], ...]
    writable: bool
    elsewhere: str | None = None


def facts(conn: sqlite3.Connection, root: Path, now: datetime) -> Facts:
    """All of it, by the workspace's clock.

    Raises:
        sqlite3.Error: it cannot be read now.
    """
    held_by = lease.read(conn)
    declared, checked, undeclared, broken, evaluated = conn.execute(
        "SELECT coalesce(sum(declared), 0), coalesce(sum(declared AND evaluated_at IS NOT NULL), 0), "
        "coalesce(sum(NOT declared), 0), coalesce(sum(declared AND health = 'error'), 0), max(evaluated_at) FROM models"
    ).fetchone()
    running = [job for job, _ in jobs.running(conn)]
    gone = tuple(job.id for job in running if job.process is not None and alive(job.process) is False)
    (queued,) = conn.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
    waits = "state IN ('pending', 'sending')"
    waiting = conn.execute(f"{outbox.SELECT} WHERE {waits} ORDER BY due_at, id LIMIT ?", (SHOWN,)).fetchall()
    (many,) = conn.execute(f"SELECT count(*) FROM notifications WHERE {waits}").fetchone()
    (schema,) = conn.execute("PRAGMA user_version").fetchone()
    state = folder.database(root)
    disk = shutil.disk_usage(state.parent)
    return Facts(
        now=now, clock=clock.read(conn), lease=held_by, held=lease.held(held_by), note=lease.note(conn),
        declared=declared, checked=checked, undeclared=undeclared, broken=broken, evaluated_at=maybe_moment(evaluated),
        due=_due(conn, now), running=len(running), queued=queued, gone=gone,
        waiting=tuple(map(outbox.row, waiting)), waits=many, failed=outbox.failed(conn, SHOWN),
        schema=schema, database=_size(state), wal=_size(Path(f"{state}-wal")), free=disk.free, disk=disk.total,
        copies=tuple((path.name, _size(path)) for path in sorted(state.parent.glob("state.db.before-*"))),
        writable=os.access(state, os.W_OK), elsewhere=lease.elsewhere(conn),
    )  # fmt: skip


def _due(conn: sqlite3.Connection, now: datetime) -> tuple[str, str, datetime] | None:
    found = conn.execute(
        "SELECT model, next, due_at FROM loop WHERE due_at > ? ORDER BY due_at LIMIT 1", (instant(now),)
    ).fetchone()
    return None if found is None else (found[0], found[1] or "", moment(found[2]))


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class Folder:
    """How much lies in a folder; `whole` is False where it has more files than were counted."""

    files: int = 0
    size: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """What takes a while to find out.

    Attributes:
        problem: why `lifecycle.toml` is no TOML; "" where it is. agent: `[workspace] agent`.
        files: how many files declare the models.
        viewers: open terminals; None where that cannot be seen.
        textual: its version.
    """

    artifacts: Folder
    journals: Folder
    logs: Folder
    problem: str
    agent: str
    viewers: int | None
    textual: str


def measured(root: Path) -> Measured:
    """Walk the folders and read the file; nothing raises."""
    from importlib.metadata import version

    own = folder.folder(root)
    problem, agent = _declares(root)
    return Measured(
        _walked(own / "artifacts"), _walked(own / "jobs"), _logs(own), problem, agent, _viewers(own), version("textual")
    )


def _declares(root: Path) -> tuple[str, str]:
    try:
        tables = tomllib.loads((root / FILE).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as exc:
        return str(exc), ""
    workspace = tables.get("workspace")
    agent = workspace.get("agent", "auto") if isinstance(workspace, dict) else "auto"
    return "", str(agent)


def _walked(top: Path) -> Folder:
    files = size = 0
    for path in _files(str(top)):
        if files >= WALKED:
            return Folder(files, size, False)
        files += 1
        size += _size(path)
    return Folder(files, size)


def _files(top: str) -> Iterator[Path]:
    for where, _, names in os.walk(top):
        yield from (Path(where, name) for name in names)


def _logs(own: Path) -> Folder:
    found = [path for pattern in ("*.log", "*.log.1") for path in own.glob(pattern)]
    return Folder(len(found), sum(map(_size, found)))


def _viewers(own: Path) -> int | None:
    """Open terminals: who shares the lock, as the kernel lists locks."""
    try:
        inode = os.stat(own / "viewers.lock").st_ino
        with open("/proc/locks", encoding="ascii") as handle:
            return sum(line.split()[5].endswith(f":{inode}") for line in handle if " -> " not in line)
    except (OSError, IndexError):
        return None


def switches(environ: Mapping[str, str] = os.environ) -> list[tuple[str, str]]:
    """Environment variables that this program goes by and that are set."""
    known = ("NO_COLOR", "SSH_CONNECTION", "TERM")
    return [(name, environ[name]) for name in sorted(environ) if name.startswith("LIFECYCLE_") or name in known]

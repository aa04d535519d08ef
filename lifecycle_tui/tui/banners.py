"""What is wrong with the ground that everything stands on, said on every screen: state, file, disk, agent.

`look` is called by the app with each poll, in the reader's thread; `told` is pure and says the worst thing first. The
`Banner` draws one line of it; the workspace screen has all of it at length.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

LOOK = 1.0
"""Seconds between two looks at the agent."""
DISK = 30.0
"""Seconds between two looks at the disk."""
ABSENT = 8.0
"""Seconds that no agent runs before it is said: a terminal starts one, and anew where one was killed."""
STILL = 20.0
"""Seconds without a beat after which the agent counts as hanging; it beats every second."""
TAIL, SPARE = 4096, 30.0
"""Bytes at the end of the agent's log that are looked at; seconds that it may be older than its absence."""
FEW, LOW, PLENTY = 1024**3, 0.05, 50 * 1024**3
"""The disk is filling below so many bytes, or below this share unless so many bytes are left all the same."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong; `tone` is "critical" or "warning"."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen at the last looks. Times are of the monotonic clock.

    Attributes:
        at, disk_at: when it was looked. absent: since when no agent runs; None where one does.
        beat, beaten: the agent's beat, and when it last moved. pid: of the agent that holds the lease.
        wanted: the file wants an agent here; problem: why it cannot be read.
        own: whether this person may start one. queued: jobs that wait.
        says: why the last one that was started has ended at once; "" where it did not say.
        free, total: bytes of the disk; None where that cannot be asked.
    """

    at: float = -1e9
    disk_at: float = -1e9
    absent: float | None = None
    beat: tuple[int, int] = (-1, -1)
    beaten: float = 0.0
    pid: int | None = None
    wanted: bool = False
    problem: str = ""
    own: bool = True
    queued: int = 0
    says: str = ""
    free: int | None = None
    total: int = 0


def look(conn: sqlite3.Connection, root: Path, before: Looked, environ: Mapping[str, str] = os.environ) -> Looked:
    """Look again at what is due; the same value where nothing is.

    Raises:
        sqlite3.Error: state cannot be read now.
    """
    now = time.monotonic()
    found = before
    if now - before.at >= LOOK:
        found = _agent(conn, root, replace(found, at=now), now, environ)
    if now - before.disk_at >= DISK:
        free, total = usage(root)
        found = replace(found, disk_at=now, free=free, total=total)
    return found


def _agent(conn: sqlite3.Connection, root: Path, found: Looked, now: float, environ: Mapping[str, str]) -> Looked:
    from lifecycle_tui.state import lease

    held = lease.read(conn)
    pid = None if held.process is None else held.process.pid
    if lease.held(held):
        beat = (held.number, held.beat)
        beaten = now if beat != found.beat else found.beaten
        return replace(found, absent=None, beat=beat, beaten=beaten, pid=pid, problem="", queued=0)
    found = replace(found, absent=now if found.absent is None else found.absent, pid=pid)
    if found.absent is None or now - found.absent < ABSENT:
        return found
    from lifecycle_tui.agent import spawn

    mode, problem = spawn.declared(root, environ)
    (queued,) = conn.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
    return replace(
        found, wanted=mode in ("auto", "stay") and environ.get(spawn.SWITCH) != "off", problem=problem,
        own=spawn.may(root, environ), queued=int(queued), says=_says(root, time.time() - (now - found.absent) - SPARE),
    )  # fmt: skip


def _says(root: Path, since: float) -> str:
    """The last error that an agent has written into its log, if it wrote since then (seconds since 1970)."""
    from lifecycle_tui.agent import spawn

    log = spawn.log_file(root)
    try:
        if log.stat().st_mtime < since:
            return ""
        with open(log, "rb") as handle:
            handle.seek(max(0, log.stat().st_size - TAIL))
            lines = handle.read(TAIL).decode("utf-8", "replace").strip().split("\n")[-5:]
    except OSError:
        return ""
    said = next((line for line in reversed(lines) if line.startswith("error: ")), "")
    return said.removeprefix("error: ").replace(f"{root.absolute()}/", "").strip()


def usage(root: Path) -> tuple[int | None, int]:
    """(free, all) bytes of the disk that state lies on; (None, 0) where that cannot be asked."""
    from lifecycle_tui.state import folder

    try:
        found = shutil.disk_usage(folder.folder(root))
    except OSError:
        return None, 0
    return found.free, found.total


# -- in words -------------------------------------------------------------------------------------------------------


def told(found: Looked, note: str, trouble: str, keys: str, now: float) -> list[Wrong]:
    """Everything that is wrong, the worst first.

    Args:
        note: what the agent has to say to viewers. trouble: why state cannot be read. keys: what is wrong with those.
        now: of the monotonic clock.
    """
    said = [Wrong("critical", f"state cannot be read: {trouble}")] if trouble else []
    said += _disk(found)
    said += [Wrong("critical", note)] if note else []
    said += _file(found)
    said += [] if trouble else _absent(found, now)
    return [*said, *([Wrong("warning", keys)] if keys else [])]


def _disk(found: Looked) -> list[Wrong]:
    if found.free is None or not found.total:
        return []
    tone = filling(found.free, found.total)
    if tone is None:
        return []
    from lifecycle_tui.tui.workspace_lines import size

    left = f"only {size(found.free)} of {size(found.total)} are free on the disk"
    return [Wrong(tone, f"{left}: when it is full, nothing can be recorded; W says more")]


def filling(free: int, total: int) -> str | None:
    """Whether a disk is filling: "critical", "warning", or None for no."""
    if free < FEW:
        return "critical"
    return "warning" if free < LOW * total and free < PLENTY else None


def _file(found: Looked) -> list[Wrong]:
    if not found.problem:
        return []
    return [Wrong("critical", f"lifecycle.toml cannot be read: {found.problem}; `lifecycle config check` says more")]


def _absent(found: Looked, now: float) -> list[Wrong]:
    if found.absent is None:
        if found.pid is None or now - found.beaten <= STILL or found.beat == (-1, -1):
            return []
        seconds = int((now - found.beaten) // 10 * 10)
        what = f"the agent (pid {found.pid}) has not moved for {seconds} s: it hangs or was stopped"
        return [Wrong("critical", f"{what}; `lifecycle agent` takes over")]
    if not found.wanted or now - found.absent < ABSENT:
        return []
    jobs = "" if not found.queued else f", {found.queued:,} {'job waits' if found.queued == 1 else 'jobs wait'}"
    tone = "critical" if found.queued else "warning"
    if found.says:
        return [Wrong(tone, f"no agent runs{jobs}, the last one ended: {found.says}; `lifecycle config check`")]
    do = "`lifecycle agent --detach` starts one" if found.own else "who may act here can start one"
    return [Wrong(tone, f"no agent runs{jobs}: nothing is checked by itself; {do}")]

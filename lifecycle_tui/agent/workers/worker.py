"""A worker: `python -m lifecycle_tui.agent.workers.worker FILE` claims jobs until none is queued, then ends.

Started by `supervisor`, in a session of its own, so that it outlives the terminal that asked for the work. It never
prints: what it has to say goes into the job's log and progress, where any terminal can read it.

    --job ID        do exactly this one (retrain, deploy), and end
    --spare         load what a training needs, then do the one job whose number comes on standard input
    --idle SECONDS  wait so long for further jobs: the libraries that an evaluation needs are loaded once
    --no-plugins    built-in plugins only

SIGTERM stops the job at hand and ends it; SIGUSR1 ends it when the job at hand is done.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecycle_tui import output
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.told import hear
from lifecycle_tui.agent.workers import children
from lifecycle_tui.agent.workers.context import Cancelled, JobContext
from lifecycle_tui.agent.workers.kinds import KINDS, perform, shared
from lifecycle_tui.agent.workers.watchdog import Watchdog
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import LifecycleError, StateError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.plugin_host.secrets import hidden
from lifecycle_tui.state import feed, jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

BEAT = 2.0
"""Seconds between heartbeats."""

LOOK = 0.1
"""Seconds between two questions whether anything was committed, while a warm worker waits."""

SOON, EAGER = 2.0, 0.005
"""For so long after a job it asks that often: one job is seldom alone, and an answer takes 10 µs."""

FULL = 200
"""A warm worker ends after so many jobs: whatever a library has leaked goes with it."""


PATIENCE = 30
"""How often a job's end is written again, every two seconds, while state takes none."""


class Heart:
    """Writes the job's heartbeat in a thread, for those who cannot see the process."""

    def __init__(self, state: State, job_id: int) -> None:
        self._state, self._id = state, job_id
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        clock = SystemClock()
        while not self._done.wait(BEAT):
            with contextlib.suppress(LifecycleError, sqlite3.Error), self._state.write(durable=False) as tx:
                jobs.heartbeat(tx, self._id, clock.now())


class Signals:
    """What the worker was told: to stop what it does, or to take no further job."""

    def __init__(self) -> None:
        self.stop, self.leave = threading.Event(), threading.Event()
        hear([signal.SIGTERM], self._stop)
        hear([signal.SIGUSR1], self.leave.set)

    def _stop(self) -> None:
        self.stop.set()
        self.leave.set()


def run(file: Path, *, plugins: bool = True, job_id: int | None = None, idle: float = 0.0) -> None:
    """Claim and do jobs of the workspace of `file` until none is left, or none has come for `idle` seconds."""
    told = Signals()
    watched = Watched(file, plugins=plugins, fall_back=True, settle=True)
    root = str(watched.workspace.spec.root)
    if root not in sys.path:
        # Last, so that no file of the team's shadows a library: for estimators by "module:function".
        sys.path.append(root)
    kinds = shared() if job_id is None else tuple(KINDS)
    me = processes.this()
    done = 0
    with State.open(watched.workspace.spec.root) as state:
        while not told.leave.is_set() and done < FULL:
            if not _wait(state, kinds, job_id, told, idle):
                return
            watched.look()
            if done and _has_old_code(root):
                return
            with state.write() as tx:
                job = jobs.claim(tx, me, SystemClock().now(), kinds, job_id=job_id)
            if job is None:
                continue
            _do(state, watched, job, told)
            done += 1
            if job_id is not None:
                return


def _wait(state: State, kinds: tuple[str, ...], job_id: int | None, told: Signals, idle: float) -> bool:
    """Whether a job waits; follows state for `idle` seconds until one does."""
    begun, seen = time.monotonic(), -1
    with state.read() as conn:
        while not told.leave.is_set():
            version = feed.data_version(conn)
            if version != seen and jobs.waits(conn, kinds, job_id):
                return True
            seen = version
            waited = time.monotonic() - begun
            if waited >= idle:
                return False
            told.leave.wait(EAGER if waited < SOON else LOOK)
    return False


_BEGAN = time.time_ns()


def _has_old_code(root: str) -> bool:
    """Whether a module of the workspace that is loaded here has been changed since."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(f"{root}/") and "/site-packages/" not in file:
            with contextlib.suppress(OSError):
                if os.stat(file).st_mtime_ns > _BEGAN:
                    return True
    return False


def _do(state: State, watched: Watched, job: Job, told: Signals) -> None:
    workspace, me = watched.workspace, processes.this()
    journal = workspace.spec.root / ".lifecycle" / "jobs" / f"{job.id}-calls.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    clock = jobs.clock_of(job)

    def give_up(error: str) -> None:
        with contextlib.suppress(LifecycleError, sqlite3.Error), state.write() as tx:
            jobs.finish(tx, job.id, "failed", clock.now(), error=error, process=me)
        children.kill_below()
        os._exit(0)

    outcome: dict[str, Any] = {}
    ending: jobs.Outcome = "done"
    error: str | None = None
    with Watchdog(job.time_limit, give_up) as watchdog:
        context = JobContext(
            state, workspace, job.id, clock, journal, told.stop.is_set, job.payload, job.created_by, job.model,
            watchdog.late,
        )  # fmt: skip
        with Heart(state, job.id):
            try:
                outcome = dict(perform(context, _spec(context, job), job))
            except Cancelled as exc:
                ending, error = "cancelled", exc.message
            except LifecycleError as exc:
                ending, error = "failed", exc.said
            except Exception as exc:
                frame = traceback.extract_tb(exc.__traceback__)[-1]
                where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
                ending, error = "failed", f"{type(exc).__name__}: {exc} ({where})"
                context.log("error", traceback.format_exc())
        outcome["seconds"] = round(watchdog.seconds, 3)
    error = None if error is None else hidden(error)

    def settle() -> None:
        with state.write() as tx:
            ours = jobs.finish(tx, job.id, ending, clock.now(), outcome=outcome, error=error, process=me)
            if ours and ending == "failed" and job.kind == "evaluate" and job.model:
                models.put_error(tx, job.model, error or "", clock.now())

    _insist(settle, told)


def _insist(settle: Callable[[], None], told: Signals) -> None:
    """Say how the job ended; where the disk is full or the state is locked, again for a while: the work is done."""
    for _ in range(PATIENCE):
        try:
            settle()
            return
        except StateError:
            if told.stop.wait(BEAT):
                break
    settle()


def _spec(context: JobContext, job: Job) -> ModelSpec | None:
    """The model that the job is about.

    Raises:
        LifecycleError: if the file does not declare it any more.
    """
    if job.model is None:
        return None
    try:
        return context.workspace.spec.model(job.model)
    except KeyError:
        raise LifecycleError(f"the file no longer declares {job.model}") from None


def _handed() -> int | None:
    """Load what a training needs, and wait for its number; None if whoever started this has no use for it any more."""
    import pandas  # noqa: F401
    import skops.io  # noqa: F401

    from lifecycle_tui.agent.work import retrain  # noqa: F401

    line = sys.stdin.readline().strip()
    return int(line) if line else None


def main() -> int:
    """Exit code 0 when no job is left, else that of the error."""
    words = sys.argv[1:]
    job_id = int(words[words.index("--job") + 1]) if "--job" in words else None
    idle = float(words[words.index("--idle") + 1]) if "--idle" in words else 0.0
    children.adopt_orphans()
    if "--spare" in words:
        job_id = _handed()
        if job_id is None:
            return 0
    try:
        run(Path(words[0]), plugins="--no-plugins" not in words, job_id=job_id, idle=idle)
    except LifecycleError as exc:
        output.error(exc)  # stderr is the workers' log file
        return exc.exit_code
    finally:
        children.kill_below()
    return 0


if __name__ == "__main__":
    sys.exit(main())

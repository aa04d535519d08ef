"""A worker: `python -m lifecycle_tui.agent.worker FILE` claims jobs until none is queued, then ends.

Started by `pool`, in a session of its own, so that it outlives the terminal that asked for the work. It never prints:
what it has to say goes into the job's log and progress, where any terminal can read it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from lifecycle_tui import output
from lifecycle_tui.agent.context import Cancelled, JobContext
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.workspace import Workspace, open_workspace

BEAT = 2.0
"""Seconds between heartbeats."""

KINDS = ("evaluate", "notify")


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
            with contextlib.suppress(LifecycleError), self._state.write(durable=False) as tx:
                jobs.heartbeat(tx, self._id, clock.now())


def run(file: Path, *, plugins: bool = True) -> None:
    """Claim and do jobs of the workspace of `file` until none is left."""
    workspace = open_workspace(file, plugins=plugins)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    me = processes.this()
    with State.open(workspace.spec.root) as state:
        while not ended.is_set():
            with state.write() as tx:
                job = jobs.claim(tx, me, SystemClock().now(), KINDS)
            if job is None:
                return
            _do(state, workspace, job, ended)


def _do(state: State, workspace: Workspace, job: Job, ended: threading.Event) -> None:
    journal = workspace.spec.root / ".lifecycle" / "jobs" / f"{job.id}-calls.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    context = JobContext(state, workspace, job.id, SystemClock(), journal, ended.is_set)
    outcome: dict[str, Any] = {}
    ending: jobs.Outcome = "done"
    error: str | None = None
    with Heart(state, job.id):
        try:
            outcome = _dispatch(context, job)
        except Cancelled as exc:
            ending, error = "cancelled", exc.message
        except LifecycleError as exc:
            ending, error = "failed", f"{exc.message}{f' ({exc.hint})' if exc.hint else ''}"
        except Exception as exc:
            frame = traceback.extract_tb(exc.__traceback__)[-1]
            where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
            ending, error = "failed", f"{type(exc).__name__}: {exc} ({where})"
            context.log("error", traceback.format_exc())
    with state.write() as tx:
        if ending == "failed" and job.kind == "evaluate" and job.model:
            models.put_error(tx, job.model, error or "", context.clock.now())
        jobs.finish(tx, job.id, ending, context.clock.now(), outcome=outcome, error=error)


def _dispatch(context: JobContext, job: Job) -> dict[str, Any]:
    if job.kind == "notify":
        from lifecycle_tui.agent.notify import notify

        return notify(context)
    from lifecycle_tui.agent.evaluate import evaluate

    try:
        spec = context.workspace.spec.model(str(job.model))
    except KeyError:
        raise LifecycleError(f"the file no longer declares {job.model}") from None
    return evaluate(context, spec)


def main() -> int:
    """Exit code 0 when no job is left, else that of the error."""
    try:
        run(Path(sys.argv[1]), plugins="--no-plugins" not in sys.argv)
    except LifecycleError as exc:
        output.error(exc)  # stderr is the workers' log file
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

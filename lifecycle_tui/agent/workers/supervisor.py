"""Starts workers, watches the jobs that run, and cleans up after the dead: for the agent, and for `check` (see `pool`).

Everything it goes by is in state, so that it does not matter who started a worker: jobs of an earlier agent, or of a
`check` that was killed, are watched like its own. Whoever calls may die: the workers go on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.agent.workers import children
from lifecycle_tui.agent.workers.kinds import KINDS
from lifecycle_tui.agent.workers.slots import TRAINING, plan, slots
from lifecycle_tui.agent.workers.watch import SAID, STOPPED, Sign, Watch
from lifecycle_tui.domain.clock import Clock, SystemClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import jobs, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

LOOK = 1.0
"""Seconds between two looks at running jobs."""

FALSE_STARTS = 3
"""Workers that may end with an error, one after the other, before it is given up."""

OWN = frozenset(name for name, kind in KINDS.items() if kind.own)


class WorkersFail(LifecycleError):
    """Workers end at once, again and again: something is wrong with this installation or workspace."""


@dataclass
class Started:
    """A worker that this process started; `job` is the one that it is for, if it is for one."""

    process: subprocess.Popen[bytes]
    pid: str
    job: int | None


class Supervisor:
    """The workers of one workspace.

    Args:
        file: its `lifecycle.toml`.
        size: how many jobs may run at once; None for as many as the machine bears.
        idle: seconds that shared workers wait for further jobs.
        spare: keep a worker at hand that has loaded what a training needs and waits for one. It costs the memory of
            these libraries, and saves their loading where one training follows the other.
        say: hears what is done, a line each.
        clock: the machine's.
    """

    def __init__(
        self, state: State, file: Path, *, size: int | None = None, plugins: bool = True, idle: float = 0.0,
        spare: bool = False, say: Callable[[str], None] = lambda text: None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._keep_spare = spare
        self._spare: subprocess.Popen[bytes] | None = None
        self._clock = clock or SystemClock()
        self._state, self._file, self._plugins = state, file.absolute(), plugins
        self.size, self._idle, self._say = slots(size), idle, say
        self._workers: list[Started] = []
        self._watches: dict[int, Watch] = {}
        self._false: Counter[int | None] = Counter()
        self._looked: float | None = None
        self._holds: tuple[int | None, int] = (None, 0)
        self._stopped: Counter[str] = Counter()

    @property
    def spare(self) -> int | None:
        """Process of the spare worker; None while there is none."""
        return None if self._spare is None else self._spare.pid

    def look(self) -> None:
        """Look at the running jobs, at most once a second: queue lost ones again, kill what hangs.

        Raises:
            StateError: if state takes no write now; whatever could be done without was done.
        """
        now = time.monotonic()
        elapsed = 0.0 if self._looked is None else now - self._looked
        if self._looked is not None and elapsed < LOOK:
            return
        self._looked = now
        self._free_state()
        with self._state.read() as conn:
            running = jobs.running(conn)
            lost = {job.id for job in jobs.lost(conn, self._clock.now())}
        watches: dict[int, Watch] = {}
        for job, beat in running:
            if job.id in lost:
                continue
            watch = self._watches.get(job.id)
            if watch is None or watch.attempt != job.attempts:
                watch = Watch(job.attempts)
            watches[job.id] = watch.look(_sign(job, beat), elapsed, cancel=job.cancel)
        self._watches = watches
        for job, _ in running:
            why = watches[job.id].verdict(job.time_limit) if job.id in watches else "fine"
            if why == "silent":
                self._prove(job)
            elif why != "fine":
                self._kill(job, why)
        self._end_stopped({str(job.process) for job, _ in running})
        if lost:
            self._recover([job for job, _ in running if job.id in lost])

    def start(self, only: Collection[int] | None = None) -> None:
        """Start workers for what is queued.

        Args:
            only: for these jobs alone.

        Raises:
            WorkersFail: if the shared workers end at once.
        """
        self._collect()
        with self._state.read() as conn:
            queued = [(i, kind) for i, kind in jobs.queued(conn) if kind in KINDS and (only is None or i in only)]
            if not queued:
                return
            running = [job for job, _ in jobs.running(conn)]
        mine = {worker.pid for worker in self._workers}
        others = sum(job.kind not in OWN and str(job.process) not in mine for job in running)
        shared = sum(worker.job is None for worker in self._workers)
        kinds = dict(queued)
        under_way = {w.job: kinds[w.job] for w in self._workers if w.job is not None and w.job in kinds}
        found = [(job.id, job.kind) for job in running]
        starts = plan(queued, found, under_way, shared + others, self.size, own=OWN)
        for _ in range(starts.shared):
            self._spawn(None)
        for id_ in starts.jobs:
            if kinds[id_] != TRAINING or not self._hand_over(id_):
                self._spawn(id_)
        if self._keep_spare and self._spare is None and not any(worker.job for worker in self._workers):
            self._spare = self._popen(["--spare"], stdin=subprocess.PIPE)

    def stop(self) -> None:
        """Ask this process's workers to stop what they do, as on Ctrl-C."""
        for worker in self._workers:
            worker.process.terminate()

    def leave(self) -> None:
        """Let waiting workers end, and the others when they are done with the job at hand."""
        if self._spare is not None and self._spare.stdin is not None:
            self._spare.stdin.close()  # it ends when nobody can hand it a job any more
            self._spare = None
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(signal.SIGUSR1)

    def forgive(self) -> None:
        """Try again where workers have ended at once: something has changed."""
        self._false.clear()

    def _free_state(self) -> None:
        """Kill a worker that was stopped while it wrote: whatever job it is at may be known to it alone yet."""
        pid = children.stopped_writer(self._state.path)
        self._holds = (pid, self._holds[1] + 1 if pid == self._holds[0] else 1)
        if pid is not None and self._holds[1] >= STOPPED and children.is_worker(pid):
            self._say(f"{SAID['stopped']} while it held the state: worker {pid} killed")
            children.kill_worker(processes.of(pid))

    def _end_stopped(self, at_work: Collection[str]) -> None:
        """Kill workers of ours that were stopped before they had a job: what they were started for would wait."""
        seen = self._stopped
        self._stopped = Counter(
            {
                w.pid: seen[w.pid] + 1
                for w in self._workers
                if w.pid not in at_work and children.is_stopped(w.process.pid)
            }
        )
        for worker in self._workers:
            if self._stopped[worker.pid] >= STOPPED:
                self._say(f"{SAID['stopped']}: worker {worker.process.pid} killed")
                children.kill_worker(processes.of(worker.process.pid))

    def _prove(self, job: Job) -> None:
        """Say that a job's worker is silent. Where state does not take even this, its silence says nothing."""
        watch = self._watches[job.id] = self._watches[job.id].wait(proven=False)
        with self._state.write() as tx:
            jobs.log(tx, job.id, "warning", "its worker shows no sign of life", jobs.clock_of(job).now())
        self._watches[job.id] = watch.wait(proven=True)

    def _kill(self, job: Job, why: str) -> None:
        """Kill the worker of a job with all that it has started; `_recover` then finds the job lost."""
        worker = job.process
        if worker is None or processes.alive(worker) is not True:
            return
        if why != "stopped":
            # Not of a stopped one: it may be what keeps state from being written.
            now = jobs.clock_of(job).now()
            with self._state.write() as tx:
                found = jobs.job(tx, job.id)
                if found is None or found.state != "running" or found.process != worker:
                    return
                jobs.log(tx, job.id, "warning", f"{SAID[why]}: worker {worker.pid} was killed", now)
                if why == "over":
                    jobs.finish(tx, job.id, "failed", now, error=SAID[why], process=worker)
        self._say(f"job {job.id} ({_name(job)}): {SAID[why]}: worker {worker.pid} killed")
        children.kill_worker(worker)

    def _recover(self, lost: list[Job]) -> None:
        for job in lost:
            if job.process is not None:
                # What a dead worker has left must not work beside the next one.
                children.kill_worker(job.process)
        with self._state.write() as tx:
            again = jobs.requeue_lost(tx, self._clock.now())
        for job in again:
            told = {"queued": "queued again", "failed": "failed", "cancelled": "cancelled"}.get(job.state, job.state)
            self._say(f"job {job.id} ({_name(job)}): its worker is gone: {told}")

    def _collect(self) -> None:
        ended = [w for w in self._workers if w.process.poll() is not None]
        self._workers = [w for w in self._workers if w not in ended]
        for worker in ended:
            # A killed worker (negative code) is a lost job's affair; one that ends by itself with an error cannot work.
            false = (worker.process.returncode or 0) > 0
            self._false[worker.job] = self._false[worker.job] + 1 if false else 0
            if worker.job is not None and self._false[worker.job] >= FALSE_STARTS:
                self._give_up(worker.job)
        if self._false[None] >= FALSE_STARTS:
            raise WorkersFail("the worker processes end at once", hint=f"{self._log} says why")

    def _give_up(self, job_id: int) -> None:
        error = f"its worker processes end at once; {self._log} says why"
        with self._state.write() as tx:
            jobs.give_up(tx, job_id, self._clock.now(), error)
        del self._false[job_id]

    @property
    def _log(self) -> Path:
        return self._state.path.parent / "worker.log"

    def _spawn(self, job_id: int | None) -> None:
        words = [] if job_id is None else ["--job", str(job_id)]
        if job_id is None and self._idle:
            words = ["--idle", str(self._idle)]
        process = self._popen(words)
        self._workers.append(Started(process, str(processes.of(process.pid)), job_id))

    def _hand_over(self, job_id: int) -> bool:
        """Give a job to the spare worker; False if there is none that takes it."""
        process, self._spare = self._spare, None
        if process is None or process.stdin is None or process.poll() is not None:
            return False
        try:
            with process.stdin as line:
                line.write(f"{job_id}\n".encode())
        except OSError:
            return False  # it has just died, and claimed nothing
        self._workers.append(Started(process, str(processes.of(process.pid)), job_id))
        return True

    def _popen(self, words: list[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "lifecycle_tui.agent.workers.worker", str(self._file), *words]
        if not self._plugins:
            command.append("--no-plugins")
        with open(self._log, "ab") as errors:
            return subprocess.Popen(
                command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # Paths of the file are relative to its folder, wherever the command was typed.
                cwd=self._file.parent,
                # Threads that have nothing to do must not spin: the cores are shared with the other workers.
                env={"OMP_WAIT_POLICY": "passive", **os.environ},
                start_new_session=True,
            )


def _sign(job: Job, beat: str | None) -> Sign:
    if job.process is None or job.process.place != processes.this().place:
        # It cannot be looked at: its heartbeat alone is judged, by `jobs.lost`.
        return Sign(f"{time.monotonic()}", None, False)
    pid = job.process.pid
    return Sign(beat, children.cpu_ticks(pid), children.is_stopped(pid))


def _name(job: Job) -> str:
    return job.kind if job.model is None else f"{job.kind} {job.model}"

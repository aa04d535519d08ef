"""Rounds against agent, workers and two writers: what goes wrong in one, and what must hold at its end.

A round: an agent and a standby run, two writers ask for work, something goes wrong at a random moment (kill -9,
SIGSTOP and SIGCONT, a full disk, a clock that is set back), then everything that was asked for must come to its end, by
itself. Every tenth round the workspace begins anew, so that first evaluations are hit as well as later ones. Called by
test_e2e_agent_kill*.py.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e_tools import MODELS, Facts, Run, damage, differences, facts, wait_for, write_workspace

from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State

HERE = Path(__file__).parent
EPISODE = 10
"""Rounds on one workspace."""

PATIENCE = 300.0
"""Seconds after which a round hangs: whoever is stopped or silent is found out after up to forty, by and by."""

TRAINED = MODELS["rides"].replace("models.rides", "models.trips") + '[models.trips.training]\nestimator = "linear"\n'
"""A model that is retrained; what becomes of it depends on when, so its rows are not compared."""

MODEL_NAMES = {"shop", "rides", "trips"}
REASONS = re.compile(
    "its worker|disk|cannot be written|File too large|No space|has been writing|end at once|since this was decided"
)
"""Errors of jobs that what we did explains; the last one is a deployment that came too late, and is decided again."""

HARM = {
    "kill agent": 20, "kill worker": 24, "kill writer": 6, "kill all": 10, "pause agent": 8, "pause worker": 10,
    "pause all": 6, "stop worker": 2, "stop agent": 2, "disk": 14, "clock": 8, "cancel": 4, "nothing": 2,
}  # fmt: skip
"""What goes wrong, with its weight. "pause" is SIGSTOP and soon SIGCONT; "stop" is SIGSTOP until others have acted."""


@dataclass
class Scene:
    """A workspace with agents on it, and what was asked of them.

    Attributes:
        expected: rows of `shop` and `rides` that an undisturbed run has found; None while that is under way.
    """

    root: Path
    run: Run
    expected: Facts | None = None
    asked: list[int] = field(default_factory=list)
    clock: Path = field(init=False)
    counted: float = 0.0

    def __post_init__(self) -> None:
        self.clock = self.root.parent / "clock"
        self.said = open(self.root.parent / "agents.txt", "ab")  # noqa: SIM115

    def agents(self, count: int = 2) -> None:
        """Let there be so many: one that acts, and standbys."""
        for _ in range(count - sum(p.role == "agent" for p in self.run.processes())):
            words = [
                sys.executable,
                str(HERE / "scripted_agent.py"),
                str(self.root / "lifecycle.toml"),
                str(self.clock),
            ]
            subprocess.Popen(
                words, cwd=self.root, env=self.run.environment, stdin=subprocess.DEVNULL, stdout=self.said,
                stderr=self.said, start_new_session=True,
            )  # fmt: skip

    def writers(self, seed: int) -> list[subprocess.Popen[str]]:
        """Two of them, asking for three jobs each: a round that trains is ten times as dear as one that does not."""
        found = []
        for name in ("ana", "raj"):
            words = [sys.executable, str(HERE / "writer.py"), str(self.root), name, f"{name} {seed}", "3"]
            found.append(
                subprocess.Popen(
                    words, cwd=self.root, env=self.run.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=self.said, text=True,
                )
            )  # fmt: skip
        return found

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the state; none as long as there is no state."""
        if not (self.root / ".lifecycle" / "state.db").exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.root}/.lifecycle/state.db?mode=ro", uri=True)) as conn:
            try:
                return conn.execute(sql).fetchall()
            except sqlite3.OperationalError as exc:
                if "no such table" not in str(exc):
                    raise
                return []  # it is being made

    def kept_quiet(self) -> bool:
        """`quiet`, with somebody who starts an agent again where one has ended: the killed take a moment to be gone."""
        if time.monotonic() >= self.counted + 1.0:
            self.counted = time.monotonic()
            self.agents()
        return self.quiet()

    def quiet(self) -> bool:
        """Whether everything that was asked for has come to its end, and an agent is there to see it."""
        with contextlib.suppress(sqlite3.OperationalError, ValueError):
            ((live, beating),) = self.ask(
                "SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')), "
                "(SELECT process IS NOT NULL AND beat > 0 FROM lease)"
            )
            evaluated = {m for (m,) in self.ask("SELECT DISTINCT model FROM jobs WHERE kind = 'evaluate'")}
            waiting = self.ask("SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending')")
            return not live and beating and evaluated >= MODEL_NAMES and waiting == [(0,)]
        return False

    def jobs(self) -> tuple[Any, ...]:
        """The newest job, and how many are under way."""
        return self.ask("SELECT max(id), sum(state IN ('queued', 'running')) FROM jobs")[0]

    def evaluate(self) -> None:
        """Ask for every model once more: a job that was cancelled, or whose workers were killed twice, has ended."""
        with State.open(self.root) as state, state.write() as tx:
            for model in MODEL_NAMES:
                self.asked.append(jobs.enqueue(tx, "evaluate", model, {}, datetime.now(UTC)))

    def wrong(self) -> list[str]:
        """What is not as it must be while nothing is under way."""
        said = damage(self.root)
        known = dict(self.ask("SELECT id, state FROM jobs"))
        said += [f"job {id_} was asked for and is lost" for id_ in self.asked if id_ not in known]
        twice = "SELECT number, count(DISTINCT process) FROM acts GROUP BY number HAVING count(DISTINCT process) > 1"
        said += [f"two agents have acted as {row[0]}" for row in self.ask(twice)]
        back = "SELECT a.id FROM acts a JOIN acts b ON b.id = a.id - 1 WHERE a.number < b.number"
        said += [f"a deposed agent has acted: {row}" for row in self.ask(back)]
        gaps = "SELECT model, count(*), max(number), count(DISTINCT number) FROM versions GROUP BY model"
        said += [f"versions of {row[0]}: {row[1:]}" for row in self.ask(gaps) if len(set(row[1:])) > 1]
        failed = self.ask("SELECT id, kind, error FROM jobs WHERE state = 'failed'")
        said += [f"failed: {row}" for row in failed if not REASONS.search(row[2])]
        last = "SELECT max(id), model, state, error FROM jobs WHERE kind = 'evaluate' GROUP BY model"
        said += [f"not evaluated in the end: {row}" for row in self.ask(last) if row[2] != "done"]
        return said + ([] if self.expected is None else differences(self.expected, compared(self.root)))


def compared(root: Path) -> Facts:
    """Rows of the models that nobody retrains."""
    return {
        table: [row for row in rows if "trips" not in row]
        for table, rows in facts(root).items()
        if table in ("windows", "window_parts", "signals", "profiles", "alerts", "versions", "aliases")
    }


@contextlib.contextmanager
def full_disk(scene: Scene, chance: random.Random) -> Iterator[None]:
    """No file of the workspace can grow any more: for real where its disk is small, else by a limit on each process."""
    free = shutil.disk_usage(scene.root).free
    if free < 200e6:
        ballast = scene.root / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        try:
            yield
        finally:
            ballast.unlink()
        return
    limited = [p.pid for p in scene.run.processes() if p.role in ("agent", "worker", "writer")]
    state = scene.root / ".lifecycle" / "state.db"
    size = chance.choice([0, 50_000, state.stat().st_size if state.exists() else 4096])
    for pid in limited:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        while _lift(scene):
            pass


def _lift(scene: Scene) -> int:
    """Lift the limits of all processes, also of those that were started meanwhile; how many had one.

    Who was started by one that had its limit still may not have been there yet when we looked.
    """
    count = 0
    for process in scene.run.processes():
        with contextlib.suppress(ProcessLookupError):
            before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            count += before[0] != resource.RLIM_INFINITY
    return count


def _await(scene: Scene, role: str, writers: list[subprocess.Popen[str]], chance: random.Random) -> None:
    """Wait until there is one of that role, and a little longer, or none can come any more: the machine may be slow."""
    if any(p.role == role for p in scene.run.processes()):
        return

    def there() -> bool:
        asked = all(writer.poll() is not None for writer in writers)
        over = asked and (role == "writer" or scene.quiet())
        return over or any(p.role == role for p in scene.run.processes())

    wait_for(there, f"a process to hit: {role}", PATIENCE)
    threading.Event().wait(chance.uniform(0.0, 0.2))


def harm(scene: Scene, what: str, chance: random.Random, writers: list[subprocess.Popen[str]]) -> bool:
    """Let something go wrong; whether anybody was hit."""
    pause = threading.Event()
    word, _, role = what.partition(" ")
    if role not in ("", "all"):
        _await(scene, role, writers, chance)
    if word == "kill":
        return bool(scene.run.kill(role))
    if word in ("pause", "stop"):
        hit = [p.pid for p in scene.run.processes() if role in ("all", p.role)]
        hit = hit if role == "all" else chance.sample(hit, min(1, len(hit)))
        if word == "stop" and role == "agent":
            hit = [int(process.split()[0]) for (process,) in scene.ask("SELECT process FROM lease") if process]
        for pid in hit:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        if word == "pause":
            pause.wait(chance.uniform(0.05, 1.5))
        else:
            wait_for(lambda: scene.kept_quiet() and not _holds(scene, hit), "the others", PATIENCE)
        for pid in hit:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return bool(hit)
    if word == "disk":
        with full_disk(scene, chance):
            pause.wait(chance.uniform(0.3, 2.0))
    elif word == "clock":
        scene.clock.write_text(str(chance.choice([0.01, 1, 400])), "utf-8")
        pause.wait(chance.uniform(0.3, 1.0))
        if chance.random() < 0.5:
            scene.run.kill("agent")
    elif word == "cancel":
        live = [id_ for (id_,) in scene.ask("SELECT id FROM jobs WHERE state IN ('queued', 'running')")]
        code, _ = scene.run.run("jobs", "cancel", str(chance.choice(live or [1])))
        return code == 0
    return True


def _holds(scene: Scene, pids: list[int]) -> bool:
    """Whether one of these is the agent, or has a job."""
    sql = "SELECT process FROM lease UNION ALL SELECT process FROM jobs WHERE state = 'running'"
    return any(int(process.split()[0]) in pids for (process,) in scene.ask(sql) if process)


def play(scene: Scene, what: str, chance: random.Random, seed: int, kills: Counter[str]) -> list[str]:
    """One round; what is wrong at its end."""
    scene.agents()
    writers = scene.writers(seed)
    threading.Event().wait(chance.uniform(0.0, 1.2))
    if harm(scene, what, chance, writers):
        kills[what] += 1
    scene.agents()
    for writer in writers:
        scene.asked += [int(line) for line in writer.communicate(timeout=PATIENCE)[0].split()]
    try:
        wait_for(scene.kept_quiet, "the end of all jobs", PATIENCE)
        scene.evaluate()
        wait_for(scene.kept_quiet, "the end of the last evaluations", PATIENCE)
    except AssertionError:
        live = scene.ask("SELECT * FROM jobs WHERE state IN ('queued', 'running')")
        return [f"stuck: {live} {scene.ask('SELECT * FROM lease')} {scene.run.processes()}"]
    finally:
        scene.clock.unlink(missing_ok=True)
    for _ in range(10):
        before, wrong = scene.jobs(), scene.wrong()
        if before[1] == 0 and scene.jobs() == before:
            break
        # A turn may have set off something since the last look, a judgement that is worth another try: it too ends.
        wait_for(scene.kept_quiet, "the end of what was set off since", PATIENCE)
    return wrong


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own of 60 MB at `folder`, where this user may mount one; whether it could be."""
    words = ["mount", "-t", "tmpfs", "-o", "size=60m", "lifecycle-e2e", str(folder)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def begin(disk: Path, expected: Facts | None) -> Scene:
    """A fresh workspace, always the same to the time of its files: what is stored names them."""
    root, before = disk / "ws", disk.parent / "before"
    if not before.exists():
        write_workspace(before)
        with (before / "lifecycle.toml").open("a", encoding="utf-8") as file:
            file.write(TRAINED)
    shutil.copytree(before, root)
    return Scene(root, Run(root), expected)


def end(scene: Scene, disk: Path) -> None:
    """End its processes and remove it."""
    scene.run.kill("all")
    scene.run.until_quiet()
    scene.said.close()
    for path in (scene.root, disk / "ws.tmp"):
        shutil.rmtree(path)


def undisturbed(disk: Path) -> Facts:
    """What an agent finds that nobody disturbs."""
    scene = begin(disk, None)
    try:
        assert play(scene, "nothing", random.Random(1), 0, Counter()) == []
        return compared(scene.root)
    finally:
        end(scene, disk)


HITS = 0.9
"""Share of the rounds that must have hit somebody."""


def rounds(disk: Path, count: int, seed: int, wishes: list[str] | None = None) -> tuple[Counter[str], list[Any]]:
    """So many rounds, more where too few hit anybody: what went wrong on purpose, and what did not stand it."""
    expected, chance = undisturbed(disk), random.Random(seed)
    kills, failures = Counter[str](), []
    for n in range(0, 2 * count, EPISODE):
        if n >= count and kills.total() >= HITS * count:
            break
        scene = begin(disk, expected)
        try:
            for r in range(n, n + EPISODE if n >= count else min(n + EPISODE, count)):
                what = wishes[r % len(wishes)] if wishes else chance.choices(list(HARM), list(HARM.values()))[0]
                clock = time.monotonic()
                wrong = play(scene, what, chance, r, kills)
                wrong = [text[:300] for text in wrong[:5]]
                print(f"round {r}: {what}: {time.monotonic() - clock:.1f} s", *wrong, flush=True)
                if wrong:
                    failures.append((r, what, wrong))
                    break  # the rounds after it would find the same
        finally:
            end(scene, disk)
    return kills, failures


def many(disk: Path, count: int, seed: int) -> None:
    """So many rounds of everything that may go wrong.

    Raises:
        AssertionError: if one of them did not stand it, or too few hit anybody.
    """
    kills, failures = rounds(disk, count, seed)
    print(f"\n{dict(sorted(kills.items()))}, failed: {failures}")
    assert failures == []
    assert kills.total() >= count * HITS

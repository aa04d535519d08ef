"""The terminal is killed and the connection cut in the middle of a retraining: the job goes on, the next terminal shows
its whole log.

Everything is real: the program in a pseudo-terminal, driven by its keys; the agent that it starts; the worker; a team's
program that trains. A round begins a retraining, loses the terminal while it trains, and looks at the job anew.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable

import pytest
from e2e_tools import DEADLINE, Run, wait_for

from lifecycle_tui.state import jobs, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from tests.tui.tui_pty import Terminal

EPOCHS = 24
LOST = "lost"
"""A file: the terminal is lost, so a training may come to its end. A terminal may paint slower than it trains."""

TRAIN = f"""
import os, threading, uuid
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq

asked = pq.read_table(os.environ["LIFECYCLE_VALIDATION"])
out, word, pause = Path(os.environ["LIFECYCLE_OUTPUT"]), uuid.uuid4().hex[:8], threading.Event()
lost = Path(__file__).with_name("{LOST}")
for epoch in range(1, {EPOCHS} + 1):
    print(f"{{word}} epoch {{epoch:02d}} of {EPOCHS} [b]loss[/b] {{1 / epoch:.4f}}", flush=True)
    pause.wait(0.05)
    while epoch == {EPOCHS} - 2 and not lost.exists():
        pause.wait(0.05)
(out / "artifact").mkdir()
(out / "artifact" / "weights.txt").write_text(word)
pq.write_table(pa.table({{"score": [0.5] * asked.num_rows}}), out / "predictions.parquet")
"""
TRAINING = f"""
[models.shop.training]
command = [{json.dumps(sys.executable)}, "train.py"]
"""
HOWS = ("kill", "hangup", "cut")
"""kill -9 of the terminal's program; SIGHUP; the pseudo-terminal itself goes, as a connection that drops."""
SIZE = (120, 60)


class Patient(Terminal):
    """A terminal whose program, agent and worker may take their time."""

    def until(self, true: Callable[[], bool], what: str, limit: float = DEADLINE) -> None:
        super().until(true, what, limit)


class Story:
    """One workspace in which terminals come and go."""

    def __init__(self, run: Run) -> None:
        self.run = run
        (run.root / "train.py").write_text(TRAIN, "utf-8")
        with open(run.root / "lifecycle.toml", "a", encoding="utf-8") as file:
            file.write(TRAINING)
        code, said = run.run("check", "--act")
        assert code in (0, 1), said
        self.state = State.view(run.root)
        self.last: Job | None = None

    def terminal(self) -> Terminal:
        """A terminal on the workspace, whose agent is to be started as usual."""
        env: dict[str, str | None] = {**self.run.environment, "LIFECYCLE_AGENT": None, "NO_COLOR": None}
        return Patient(self.run.root, size=SIZE, env=env)

    def newest(self) -> Job:
        with self.state.read() as conn:
            (found,) = jobs.jobs(conn, model="shop", kind="retrain", limit=1)
        return found

    def round(self, how: str) -> None:
        """Look at the last job, begin another one, lose the terminal while it trains; the job ends all the same."""
        lost = self.run.root / LOST
        lost.unlink(missing_ok=True)
        with self.terminal() as terminal:
            terminal.shows("agent on")
            if self.last is not None:
                self.look(terminal, self.last)
                back(terminal)
            terminal.shows("shop")
            terminal.type("t")
            terminal.shows("Enter do it")
            terminal.type("\r")
            terminal.shows("Enter the job")
            terminal.type("\r")
            terminal.shows("epoch 03")
            job = self.newest()
            assert job.state == "running", "it is in the middle of it"
            lose(terminal, how)
        lost.touch()
        self.last = self.ended(job.id)
        assert (self.last.state, self.last.attempts, self.last.error) == ("done", 1, None), how

    def ended(self, id_: int) -> Job:
        """The job once it has ended."""
        found: list[Job] = []

        def look() -> bool:
            with self.state.read() as conn:
                job = jobs.job(conn, id_)
            assert job is not None
            found.append(job)
            return job.ended

        try:
            wait_for(look, f"the end of job {id_}")
        except AssertionError as exc:
            raise AssertionError(f"{exc}\n{self.scene(found[-1])}") from None
        return found[-1]

    def scene(self, job: Job) -> str:
        """What there is to see where a job does not end: the job, its log, who lives, what they wrote."""
        with self.state.read() as conn:
            agent, log = lease.read(conn), jobs.events(conn, job.id)[-3:]
        said = [f"{job}", f"{agent}", *map(str, log), *map(str, self.run.processes())]
        for name in ("agent.log", "worker.log"):
            path = self.run.root / ".lifecycle" / name
            said.append(f"{name}: {path.read_text('utf-8')[-2000:] if path.exists() else 'none'}")
        return "\n".join(said)

    def look(self, terminal: Terminal, job: Job) -> None:
        """The job's screen shows every line that `lifecycle jobs log` prints, in order, and how it ended."""
        terminal.type("J")
        terminal.shows(f"{job.id} ✓ done")
        # The agent may evaluate just now: that job would be the first row.
        terminal.type("/retrain\r")
        terminal.until(
            lambda: "filter: retrain" in terminal.text and "evaluate" not in terminal.text, "trainings alone"
        )
        terminal.shows(f"{job.id} ✓ done")
        terminal.type("\r")
        terminal.shows(f" job {job.id}  retrain shop")
        terminal.shows("it has come to its end")
        code, said = self.run.run("jobs", "log", str(job.id), "--format", "json")
        assert code == 0
        expected = [line["text"] for line in json.loads(said)]
        terminal.until(lambda: shown(terminal) == expected, f"{len(expected)} lines")
        epochs = [text for text in expected if " epoch " in text]
        assert [int(text.split(" epoch ")[1][:2]) for text in epochs] == list(range(1, EPOCHS + 1))
        assert len({text.split(" ")[0] for text in epochs}) == 1, "of this job alone"

    def close(self) -> None:
        """End the agent that the terminals have started."""
        with self.state.read() as conn:
            agent = lease.read(conn).process
        if agent is not None and processes.alive(agent):
            os.kill(agent.pid, signal.SIGKILL)
        self.state.close()


def shown(terminal: Terminal) -> list[str]:
    """The lines of the log on the screen without their times; those that are wrapped in one piece again."""
    found: list[str] = []
    for line in terminal.screen.display:
        if re.match(r" \d\d:\d\d:\d\d ", line):
            found.append(line[10:])
        elif found and line.strip() and line.startswith(" " * 10):
            found[-1] += line[10:]
        elif found:
            break
    return [line.rstrip() for line in found]


def back(terminal: Terminal) -> None:
    """From a job that has ended to the fleet: what is typed next is for that."""
    terminal.type("F")
    terminal.until(lambda: "it has come to its end" not in terminal.text and "shop" in terminal.text, "the fleet")


def lose(terminal: Terminal, how: str) -> None:
    """The terminal is gone, and its program with it."""
    if how == "cut":
        terminal.cut()
    else:
        os.kill(terminal.process.pid, signal.SIGKILL if how == "kill" else signal.SIGHUP)
    assert terminal.process.wait(DEADLINE) == {"kill": -signal.SIGKILL}.get(how, 128 + signal.SIGHUP)


def rounds(new_run: Callable[..., Run], hows: list[str]) -> None:
    story = Story(new_run("shop"))
    try:
        for how in hows:
            story.round(how)
        with story.terminal() as terminal:
            assert story.last is not None
            terminal.shows("agent on")
            story.look(terminal, story.last)
            back(terminal)
            terminal.type("q")
            assert terminal.ends() == 0
    finally:
        story.close()


@pytest.mark.slow
def test_a_terminal_that_is_lost_takes_no_job_with_it(new_run: Callable[..., Run]) -> None:
    rounds(new_run, ["kill", "cut"])


@pytest.mark.slow
def test_fifty_terminals_are_lost(new_run: Callable[..., Run]) -> None:
    rounds(new_run, [HOWS[n % len(HOWS)] for n in range(50)])

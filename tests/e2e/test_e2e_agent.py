"""The agent through the real command: it acts, another takes over when it dies or is stopped, jobs outlive them all."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from e2e_tools import DEADLINE, Run, damage, differences, facts, wait_for

from lifecycle_tui.agent.workers.children import is_stopped
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State

LOOPS = {"LIFECYCLE_PLUGIN_SECONDS": "300"}
"""With the plugin `loops`: an evaluation that does not come to its end."""


def ask(root: Path, sql: str, *args: object) -> list[tuple[Any, ...]]:
    """Rows of the state; none while there is no state yet."""
    try:
        conn = sqlite3.connect(f"file:{root}/.lifecycle/state.db?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return []
    with contextlib.closing(conn), contextlib.suppress(sqlite3.OperationalError):
        return conn.execute(sql, args).fetchall()
    return []


def holder(root: Path) -> tuple[int, int]:
    """Number and pid of the agent."""
    found = ask(root, "SELECT number, process FROM lease")
    return (0, 0) if not found or found[0][1] is None else (found[0][0], int(found[0][1].split()[0]))


def started(run: Run, number: int = 1) -> subprocess.Popen[str]:
    """An agent that holds the lease under this number."""
    agent = run.start(command="agent")
    wait_for(lambda: holder(run.root) == (number, agent.pid), f"agent {number}")
    return agent


def all_ended(root: Path) -> bool:
    return ask(root, "SELECT count(*) > 0, sum(state IN ('queued', 'running')) FROM jobs") == [(1, 0)]


def said(agent: subprocess.Popen[str]) -> str:
    """What an agent that has ended said."""
    assert agent.stderr is not None
    return agent.stderr.read()


def stopped_between_writes(root: Path, pid: int) -> bool:
    """Stop a process, unless that is in the middle of a transaction of its own: then it goes on."""
    os.kill(pid, signal.SIGSTOP)
    # Each thread stops by itself, as soon as the kernel gets to it: the one that beats writes too.
    wait_for(lambda: all(is_stopped(int(task)) for task in os.listdir(f"/proc/{pid}/task")), "the process stopped")
    with contextlib.closing(sqlite3.connect(root / ".lifecycle" / "state.db", timeout=0)) as conn:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        conn.rollback()
        return True


def hangs(run: Run) -> None:
    """Wait until the first job hangs in its plugin; a plugin's process is there also while its file is indexed."""

    def found() -> bool:
        there = any(p.role == "plugin" for p in run.processes())
        return there and ask(run.root, "SELECT state FROM jobs WHERE id = 1") == [("running",)]

    wait_for(found, "the plugin that hangs")


def warm(run: Run) -> set[int]:
    """Workers that are there."""
    return {p.pid for p in run.processes() if p.role == "worker"}


def evaluated_by(root: Path) -> int:
    """The worker that had the last evaluation."""
    ((process,),) = ask(root, "SELECT process FROM jobs WHERE kind = 'evaluate' ORDER BY id DESC LIMIT 1")
    return int(process.split()[0])


@pytest.mark.slow
def test_it_does_what_checks_do_and_ends_in_good_order(new_run: Callable[..., Run]) -> None:
    checked, run = new_run("shop"), new_run("shop")
    checked.check("--act")
    agent = started(run)
    wait_for(lambda: len(ask(run.root, "SELECT 1 FROM notifications WHERE state = 'sent'")) == 3, "three notifications")
    wait_for(lambda: all_ended(run.root), "the end of all jobs")
    checked.until_quiet()
    told = [(root / ".lifecycle" / "alerts.log").read_text("utf-8").splitlines() for root in (checked.root, run.root)]
    rules = [sorted(json.loads(line)["rule"] for line in lines) for lines in told]
    assert rules[0] == rules[1] == ["drift", "moved", "thin"]
    found = [{table: facts(root)[table] for table in ("signals", "alerts")} for root in (checked.root, run.root)]
    assert differences(*found) == []
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(DEADLINE) == 0
    text = said(agent)
    for words in (f"agent 1 runs {run.root} (stay)", "evaluate shop done in", "the agent has ended"):
        assert words in text
    run.until_quiet()  # warm workers too: at once, not in half a minute
    assert damage(run.root) == [] and holder(run.root) == (0, 0)


@pytest.mark.slow
def test_a_job_is_followed_left_and_cancelled_though_it_hangs(new_run: Callable[..., Run]) -> None:
    run = new_run("shop", plugins=("loops",), env=LOOPS, until=28)
    agent = started(run)
    hangs(run)
    follow = run.start("log", "1", "--follow", command="jobs")
    assert follow.stderr is not None and "Ctrl-C leaves it running" in follow.stderr.readline()
    follow.send_signal(signal.SIGINT)
    assert follow.wait(DEADLINE) == 130
    assert ask(run.root, "SELECT state FROM jobs WHERE id = 1") == [("running",)], "leaving does not touch it"
    code, text = run.run("jobs", "cancel", "1", "--dry-run")
    assert code == 0 and "would be asked to stop: it is running" in text
    code, text = run.run("jobs", "cancel", "1")
    assert (code, text) == (0, "job 1: evaluate shop: cancelled\n")
    ((state, by),) = ask(run.root, "SELECT state, cancelled_by FROM jobs WHERE id = 1")
    assert state == "cancelled" and by
    assert ask(run.root, "SELECT action, subject FROM audit") == [("cancel", "job 1")]
    wait_for(lambda: [p.role for p in run.processes()] == ["agent"], "the end of all that the job had started")
    code, text = run.run("jobs", "show", "1", "--format", "json")
    assert code == 0 and json.loads(text)["cancelled_by"] == by
    assert agent.poll() is None


@pytest.mark.slow
def test_another_takes_over_within_seconds_and_adopts_what_runs(new_run: Callable[..., Run]) -> None:
    run = new_run("shop", plugins=("loops",), env=LOOPS, until=28)
    first = started(run)
    second = run.start(command="agent")
    assert second.stderr is not None and "standing by" in second.stderr.readline()
    hangs(run)
    before = ask(run.root, "SELECT id, process, attempts FROM jobs WHERE state = 'running'")
    assert second.poll() is None and holder(run.root) == (1, first.pid)
    first.kill()
    wait_for(lambda: holder(run.root) == (2, second.pid), "the second agent")
    assert ask(run.root, "SELECT id, process, attempts FROM jobs WHERE state = 'running'") == before
    worker = int(before[0][1].split()[0])
    os.kill(worker, signal.SIGKILL)
    sql = "SELECT attempts, process FROM jobs WHERE state = 'running'"
    wait_for(lambda: [n for n, _ in ask(run.root, sql)] == [2], "the job's second worker")
    assert ask(run.root, sql)[0][1] != before[0][1]
    second.send_signal(signal.SIGINT)
    assert second.wait(DEADLINE) == 130
    text = said(second)
    assert "adopt" not in text
    assert "agent 2 runs" in text and "deposed" not in text, "the lock was free: it did not wait for silence"
    assert ask(run.root, "SELECT state FROM jobs WHERE id = 1") == [("running",)], "jobs go on without an agent"


@pytest.mark.slow
def test_a_stopped_agent_is_deposed_and_does_not_act_when_it_wakes(new_run: Callable[..., Run]) -> None:
    run = new_run("shop")
    first = started(run)
    second = run.start(command="agent")
    wait_for(lambda: all_ended(run.root), "the end of its first jobs")
    # One that is stopped in the middle of a transaction keeps the others from writing, and is killed for it.
    wait_for(lambda: stopped_between_writes(run.root, first.pid), "a moment at which it writes nothing")
    wait_for(lambda: holder(run.root) == (2, second.pid), "the second agent")
    # Something to decide for whoever looks first.
    with contextlib.closing(sqlite3.connect(run.root / ".lifecycle" / "state.db", timeout=30)) as conn, conn:
        conn.execute("UPDATE models SET message = 'moved'")
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait(DEADLINE) == 3
    assert f"another agent (pid {second.pid}) has taken over" in said(first)
    assert holder(run.root) == (2, second.pid) and second.poll() is None


@pytest.mark.slow
def test_detached_it_goes_on_and_says_so(new_run: Callable[..., Run]) -> None:
    run = new_run("shop")
    code, _ = run.run("agent", "--detach")
    number, pid = holder(run.root)
    assert code == 0 and number == 1 and os.getsid(pid) == pid, "in a session of its own"
    wait_for(lambda: all_ended(run.root), "the end of its jobs")
    assert "agent 1 runs" in (run.root / ".lifecycle" / "agent.log").read_text("utf-8")
    agent = run.start("--detach", "--mode", "auto", command="agent")
    assert agent.wait(DEADLINE) == 0 and "another agent runs this workspace already" in said(agent)
    assert holder(run.root) == (1, pid)
    # With one that runs, `check` lets it do the work.
    for _ in range(5):
        with State.open(run.root) as state, state.write() as tx:
            jobs.enqueue(tx, "evaluate", "shop", {}, datetime.now(UTC))
        wait_for(lambda: all_ended(run.root), "the end of an evaluation: a worker waits for more")
        before = warm(run)
        code, _ = run.check()
        assert code == 1
        if evaluated_by(run.root) in before:
            break
        # Where the check takes half a minute to begin, they wait no longer: that says nothing.
        assert not before & warm(run), "the agent's worker was there, and the check took another"
    else:
        pytest.fail("no worker of the agent's ever waited long enough")
    os.kill(pid, signal.SIGTERM)
    run.until_quiet()


def test_a_file_with_errors_is_refused_before_it_is_detached(new_run: Callable[..., Run]) -> None:
    run = new_run("shop")
    (run.root / "lifecycle.toml").write_text("[models.shop\n", "utf-8")
    for words in ([], ["--detach"]):
        agent = run.start(*words, command="agent")
        assert agent.wait(DEADLINE) == 2 and "lifecycle.toml:1" in said(agent)
    assert not (run.root / ".lifecycle" / "agent.log").exists()

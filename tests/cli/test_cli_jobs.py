"""`lifecycle jobs`: lists in three formats, one job in full, its log, and stopping one."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.agent.workers import supervisor, watch
from lifecycle_tui.cli import jobs as command
from lifecycle_tui.state import audit, job_words, jobs, processes
from lifecycle_tui.state.database import State
from tests.agent.processes_below import Stand, gone, until
from tests.cli.conftest import Here

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ME = processes.this()


@pytest.fixture(scope="module")
def empty_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty state, migrated once: a migration is a child process."""
    root = tmp_path_factory.mktemp("empty")
    State.open(root).close()
    return root


@pytest.fixture
def state(empty_root: Path, tmp_path: Path) -> Iterator[State]:
    (tmp_path / "lifecycle.toml").write_text("", "utf-8")
    shutil.copytree(empty_root / ".lifecycle", tmp_path / ".lifecycle")
    with State.open(tmp_path) as found:
        yield found


@pytest.fixture
def four(state: State) -> State:
    """One job done, one failed, one that runs, one that waits."""
    with state.write() as tx:
        for kind, model in (("evaluate", "bikes"), ("deploy", "bikes"), ("retrain", "bikes"), ("evaluate", "taxis")):
            jobs.enqueue(tx, kind, model, {"why": "as \x1b[31mplanned"}, NOW, by="ana", time_limit=3600.0)
        for id_ in (1, 2, 3):
            jobs.claim(tx, ME, NOW, job_id=id_)
        jobs.log(tx, 1, "info", "fitted\nversion 1", NOW)
        jobs.log(tx, 1, "warning", "\x1b[31mred", NOW)
        jobs.finish(tx, 1, "done", NOW + timedelta(seconds=5), outcome={"seconds": 4.25, "new": 3})
        jobs.finish(tx, 2, "failed", NOW, error="no room")
        jobs.progress(tx, 3, 1200, 5000, "rows", "fitting", 185.0)
    return state


def test_lists(four: State, here: Here) -> None:
    found = json.loads(here(four.root, "jobs", "list", "--format", "json").out)
    assert [row["id"] for row in found] == [4, 3, 2, 1] and tuple(found[0]) == command.COLUMNS
    assert found[1]["progress"] == "1,200 of 5,000 rows (24 %)" and found[1]["left"] == 185.0
    assert (found[3]["seconds"], found[3]["state"], found[2]["why"]) == (4.2, "done", "no room")
    rows = list(csv.DictReader(io.StringIO(here(four.root, "jobs", "list", "--format", "csv").out)))
    assert [row["id"] for row in rows] == ["4", "3", "2", "1"] and rows[1]["left"] == "185.0"
    text = here(four.root, "jobs", "list").out
    assert "3 min" in text and "\x1b" not in text and "2026-03-01T08:00:00Z" in text
    for words, ids in (
        (["--live"], [4, 3]),
        (["--kind", "evaluate"], [4, 1]),
        (["--model", "bikes", "--limit", "2"], [3, 2]),
        (["--model", "taxis", "--live"], [4]),
    ):
        done = here(four.root, "jobs", "list", "--format", "json", *words)
        assert [row["id"] for row in json.loads(done.out)] == ids, words


def test_where_there_is_nothing(tmp_path: Path, here: Here, state: State) -> None:
    done = here(tmp_path, "jobs", "list")
    assert (done.code, done.out) == (0, "") and "no such job" in done.err
    assert here(tmp_path, "jobs", "list", "--live", "--format", "json").out == "[]\n"
    for words in (["show"], ["log"], ["log", "--follow"], ["cancel"]):
        done = here(tmp_path, "jobs", *words, "7")
        assert done.code == 2 and "there is no job 7" in done.err


def test_before_the_first_check(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text("", "utf-8")
    done = here(tmp_path, "jobs", "list")
    assert (done.code, done.out) == (0, "") and not (tmp_path / ".lifecycle").exists()
    assert here(tmp_path, "jobs", "show", "1").code == 3


def test_one_job_in_full(four: State, here: Here) -> None:
    facts = json.loads(here(four.root, "jobs", "show", "3", "--format", "json").out)
    assert (facts["done"], facts["total"], facts["unit"], facts["left"]) == (1200, 5000, "rows", 185.0)
    assert (facts["time_limit"], facts["by"], facts["attempts"], facts["worker"]) == (3600.0, "ana", 1, ME.pid)
    text = here(four.root, "jobs", "show", "1").out
    assert '"new": 3' in text and "\x1b" not in text and "seconds       4.25" in text
    (row,) = csv.DictReader(io.StringIO(here(four.root, "jobs", "show", "1", "--format", "csv").out))
    assert json.loads(row["outcome"]) == {"new": 3, "seconds": 4.25}


def test_its_log(four: State, here: Here) -> None:
    lines = here(four.root, "jobs", "log", "1").out.splitlines()
    assert lines == [r"2026-03-01T08:00:00Z  info  fitted\x0aversion 1", r"2026-03-01T08:00:00Z  warning  \x1b[31mred"]
    found = json.loads(here(four.root, "jobs", "log", "1", "--format", "json").out)
    assert [tuple(line) for line in found] == [command.LINES] * 2
    done = here(four.root, "jobs", "log", "1", "--follow", "--format", "csv")
    assert done.code == 2 and "as they come" in done.err


@pytest.mark.parametrize(("ending", "code"), [("done", 0), ("failed", 3), ("cancelled", 130)])
def test_a_log_is_followed_to_the_end(
    four: State, here: Here, monkeypatch: pytest.MonkeyPatch, ending: jobs.Outcome, code: int
) -> None:
    """The job writes another line, and ends, while it is followed."""
    monkeypatch.setattr(command, "POLL", 0.01)
    followed = threading.Event()
    events = jobs.events

    def seen(*args: object, **kwargs: object) -> tuple[jobs.JobEvent, ...]:
        followed.set()
        return events(*args, **kwargs)

    monkeypatch.setattr(jobs, "events", seen)

    def work() -> None:
        assert followed.wait(120)
        with four.write() as tx:
            jobs.log(tx, 3, "info", "the last line", NOW)
            jobs.finish(tx, 3, ending, NOW, error=None if ending == "done" else "why not")

    thread = threading.Thread(target=work)
    thread.start()
    done = here(four.root, "jobs", "log", "3", "--follow")
    thread.join()
    assert (done.code, done.out) == (code, "2026-03-01T08:00:00Z  info  the last line\n")
    assert "Ctrl-C leaves it running" in done.err and f"job 3: {ending}" in done.err


def test_a_queued_job_is_cancelled_at_once_and_who_did_is_kept(four: State, here: Here) -> None:
    done = here(four.root, "jobs", "cancel", "4", "--dry-run")
    assert done.out == "job 4: evaluate taxis would end at once: it is queued\n"
    with four.read() as conn:
        assert jobs.job(conn, 4).state == "queued"
    done = here(four.root, "jobs", "cancel", "4")
    assert (done.code, done.out) == (0, "job 4: evaluate taxis: cancelled\n")
    with four.read() as conn:
        assert jobs.job(conn, 4).cancelled_by == audit.person()[0]
        (row,) = audit.entries(conn)
    assert (row.action, row.subject, row.model, row.detail) == (
        "cancel",
        "job 4",
        "taxis",
        {"kind": "evaluate", "note": None},
    )
    done = here(four.root, "jobs", "cancel", "4")
    assert done.code == 2 and "has ended already: cancelled" in done.err


def test_a_running_job_is_asked(four: State, here: Here) -> None:
    done = here(four.root, "jobs", "cancel", "3", "--no-wait")
    assert (done.code, done.out) == (0, "asked to stop: job 3: retrain bikes\n")
    assert "stopping" in here(four.root, "jobs", "list").out
    assert json.loads(here(four.root, "jobs", "list", "--format", "json").out)[1]["state"] == "running"


def test_a_job_that_does_not_react_is_killed_without_an_agent(
    state: State, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "DEAF", 0.2)
    monkeypatch.setattr(supervisor, "LOOK", 0.05)
    stand = Stand.start()
    try:
        with state.write() as tx:
            jobs.enqueue(tx, "retrain", "bikes", {}, NOW)
            jobs.claim(tx, stand.process, NOW)
        done = here(state.root, "jobs", "cancel", "1")
        assert (done.code, done.out) == (0, "job 1: retrain bikes: cancelled\n")
        assert "it did not stop when it was asked to" in done.err
        until(lambda: gone(stand.process) and gone(stand.child), "killed, with its child")  # kills take their moment
    finally:
        stand.end()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (40, "40 s"), (100, "2 min"), (5399, "90 min"), (9000, "2.5 h")]
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert job_words.duration(seconds) == text


def test_a_job_whose_worker_is_gone_is_not_waited_for(four: State, here: Here) -> None:
    gone_one = processes.Process(2**22 + 1, "1", ME.place)
    with four.write() as tx:
        tx.execute("UPDATE jobs SET process = ? WHERE id = 3", (str(gone_one),))
    done = here(four.root, "jobs", "log", "3", "--follow")
    assert done.code == 3 and "the worker of job 3" in done.err and "no agent runs" in done.err
    assert "`lifecycle check --act` has it done again" in done.err


def test_ctrl_c_while_a_log_is_followed_leaves_the_job(
    four: State, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command.time, "sleep", lambda _: signal.raise_signal(signal.SIGINT))
    done = here(four.root, "jobs", "log", "3", "--follow")
    assert done.code == 130
    with four.read() as conn:
        assert (jobs.job(conn, 3).state, jobs.job(conn, 3).cancel) == ("running", False)


def test_listing_imports_nothing_heavy(tmp_path: Path, four: State) -> None:
    from tests.test_hygiene import HEAVY, loaded

    assert sys.executable and not loaded(["jobs", "list"], four.root) & set(HEAVY)
    assert not loaded(["jobs", "cancel", "4"], four.root) & set(HEAVY)

"""`lifecycle demo`: what it does with a folder, how it goes on, what it prints; its story is in test_demo_life."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lifecycle_tui import demo
from lifecycle_tui.cli.demo import command
from lifecycle_tui.demo import replay
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state import clock, lease, models, processes
from lifecycle_tui.state.database import State


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A past of a day: the first look at each model, and nothing more."""
    monkeypatch.setattr(demo, "NOW", demo.START + timedelta(days=1))


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=True)


@pytest.mark.slow
def test_from_nothing_to_a_table_and_on(tmp_path: Path, short: None) -> None:
    root = tmp_path / "demo"
    first = run("--dir", str(root), "--no-tui", "--format", "json", "--pace", "0.5")
    assert first.exit_code == 0, first.output
    rows = json.loads(first.stdout)
    assert [row["model"] for row in rows] == ["card-fraud", "house-prices", "loan-approval", "shop-recommender"]
    assert "wrote four models' data" in first.stderr and "lived through 1 days" in first.stderr
    with State.view(root) as state, state.read() as conn:
        assert clock.read(conn) == clock.Simulated(demo.NOW, demo.END, 0.5)
    again = run("--dir", str(root), "--no-tui", "--pace", "2")
    assert again.exit_code == 0 and "goes on from" in again.stderr and "wrote" not in again.stderr
    assert "card-fraud" in again.stdout and replay.standing(root).clock == clock.Simulated(demo.NOW, demo.END, 2.0)
    other = run("--dir", str(root), "--seed", "99", "--no-tui")
    assert isinstance(other.exception, UsageError) and "seed 7" in other.exception.message


@pytest.mark.slow
def test_without_a_terminal_it_says_how_to_open_one(tmp_path: Path, short: None) -> None:
    done = run("--dir", str(tmp_path / "demo"))
    assert done.exit_code == 0 and "then `lifecycle`" in done.stderr


@pytest.mark.parametrize("what", ["somebody's file", "another workspace"])
def test_what_is_no_demo_is_not_written_over(tmp_path: Path, what: str) -> None:
    if what == "another workspace":
        State.open(tmp_path).close()
    (tmp_path / "lifecycle.toml").write_text("# mine")
    for words in ([], ["--new"]):
        done = run("--dir", str(tmp_path), "--no-tui", *words)
        assert isinstance(done.exception, UsageError) and "no demo" in done.exception.message
    assert (tmp_path / "lifecycle.toml").read_text() == "# mine"


def test_what_was_killed_while_it_wrote_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(folder: Path, seed: int) -> None:
        (folder / "lifecycle.toml").write_text("half of")
        raise KeyboardInterrupt

    write: Callable[..., Any] = demo.write
    monkeypatch.setattr(demo, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        replay.write(tmp_path / "demo", 3, 4.0)
    found = replay.standing(tmp_path / "demo")
    assert (found.seed, found.written, found.lived) == (3, False, False)
    monkeypatch.setattr(demo, "write", write)
    replay.write(tmp_path / "demo", 3, 4.0)
    assert replay.standing(tmp_path / "demo").written
    assert "half of" not in (tmp_path / "demo" / "lifecycle.toml").read_text()


@pytest.mark.slow
def test_a_past_that_was_interrupted_goes_on_where_it_stopped(tmp_path: Path, short: None) -> None:
    replay.write(tmp_path, 7, 4.0)
    ended = threading.Event()
    ended.set()
    assert not replay.live_through(tmp_path, lambda told: None, ended)
    assert not replay.standing(tmp_path).lived
    assert replay.live_through(tmp_path, lambda told: None, threading.Event())
    assert replay.standing(tmp_path).lived


def test_beginning_anew_takes_away_what_it_wrote_and_nothing_else(tmp_path: Path) -> None:
    replay.write(tmp_path, 7, 4.0)
    (tmp_path / "notes.txt").write_text("mine")
    with State.open(tmp_path) as state:
        with state.write() as tx:
            number = lease.take(tx, processes.this(), "auto", demo.START)
        with pytest.raises(UsageError, match="an agent runs"):
            replay.clear(tmp_path)
        with state.write() as tx:
            lease.release(tx, number)
    replay.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("made", ["folder", "empty state", "half a state"])
def test_stopped_while_its_state_was_made_it_begins_again(tmp_path: Path, short: None, made: str) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    if made == "empty state":
        State.open(root).close()
    else:
        (root / ".lifecycle").mkdir()
    if made == "half a state":
        sqlite3.connect(root / ".lifecycle" / "state.db").close()
    done = run("--dir", str(root), "--no-tui")
    assert done.exit_code == 0, done.output
    assert "wrote four models' data" in done.stderr


def test_state_that_knows_models_is_no_demo_that_was_stopped(tmp_path: Path) -> None:
    with State.open(tmp_path) as state, state.write() as tx:
        models.declare(tx, [models.Declared("mine", "binary")])
    assert isinstance(run("--dir", str(tmp_path), "--no-tui").exception, UsageError)


@pytest.mark.slow
def test_two_at_once_write_one_demo(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        wrote = list(pool.map(lambda seed: replay.write(tmp_path, seed, 1.0), (1, 2)))
    assert sorted(wrote) == [False, True]
    found = replay.standing(tmp_path)
    assert found.written and found.seed == 1 + wrote.index(True)
    other = tmp_path / "other"
    demo.write(other, found.seed)
    for path in other.glob("data/*"):
        assert path.read_bytes() == (tmp_path / "data" / path.name).read_bytes()


@pytest.mark.thorough
@pytest.mark.parametrize(("mode", "said"), [("simulated", "another process lives"), ("auto", "an agent runs")])
def test_who_comes_second_is_told_in_words(tmp_path: Path, short: None, mode: str, said: str) -> None:
    replay.write(tmp_path, 7, 1.0)
    with State.open(tmp_path) as state, state.write() as tx:
        lease.take(tx, processes.this(), mode, demo.START)
    done = run("--dir", str(tmp_path), "--no-tui")
    assert isinstance(done.exception, UsageError) and said in done.exception.message


@pytest.mark.parametrize("where", ["/dev/null/demo", "/proc/demo"])
def test_where_nothing_can_be_written_it_says_so(where: str) -> None:
    done = run("--dir", where, "--no-tui")
    assert isinstance(done.exception, UsageError) and where in done.exception.message


def test_a_pace_that_is_no_number_is_refused(tmp_path: Path) -> None:
    done = run("--dir", str(tmp_path / "demo"), "--pace", "nan", "--no-tui")
    assert done.exit_code == 2 and "nan" in done.output and not (tmp_path / "demo").exists()

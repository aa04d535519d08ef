"""`lifecycle demo`: what it does with a folder, how it goes on, what it prints; its story is in test_demo_life."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lifecycle_tui import demo
from lifecycle_tui.cli.demo import command
from lifecycle_tui.demo import replay
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state import clock, lease, processes
from lifecycle_tui.state.database import State


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A past of a day: the first look at each model, and nothing more."""
    monkeypatch.setattr(demo, "NOW", demo.START + timedelta(days=1))


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=True)


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

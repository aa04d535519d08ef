"""Runs the program: in this process where that tells as much, in real ones where processes are the matter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lifecycle_tui.agent.workers import supervisor, worker
from lifecycle_tui.agent.workers.kinds import KINDS
from lifecycle_tui.cli import main
from lifecycle_tui.state import jobs
from tests.cli import cli_spaces


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Here = Callable[..., Ran]


def lifecycle(folder: Path, *words: str, **env: str) -> Ran:
    """The program in a process of its own, workers and all."""
    done = subprocess.run(
        [sys.executable, "-m", "lifecycle_tui", *words],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1", **env},
        timeout=300,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """`here(folder, *words)`: the program in this process; its worker does the jobs here too, in turn."""

    def work(of: supervisor.Supervisor, only: Collection[int]) -> None:
        with of._state.read() as conn:
            waiting = [(id_, kind) for id_, kind in jobs.queued(conn) if id_ in only]
        for id_, kind in waiting:
            worker.run(of._file, plugins=of._plugins, job_id=id_ if KINDS[kind].own else None)

    monkeypatch.setattr(supervisor.Supervisor, "start", work)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}

    def call(folder: Path, *words: str) -> Ran:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["lifecycle", *words])
        capsys.readouterr()
        return Ran(main.main(), *capsys.readouterr())

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def broad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Good, bad and odd models in one workspace, and what one real check of all of them said."""
    root = tmp_path_factory.mktemp("broad")
    text = cli_spaces.good(root) + cli_spaces.bad(root) + cli_spaces.odd(root)
    (root / "lifecycle.toml").write_text(text, encoding="utf-8")
    (root / "below").mkdir()
    return root, lifecycle(root, "check")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A small workspace of one's own, never checked: `steady` and `moving`."""
    (tmp_path / "lifecycle.toml").write_text(cli_spaces.good(tmp_path), encoding="utf-8")
    return tmp_path

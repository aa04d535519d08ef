"""kill -9 of the program's processes: a few kills of checks, while plugins are indexed, and while people are told.

The hundred kills are in test_e2e_kill_first.py and test_e2e_kill_later.py: files of their own run beside each other.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_tools import Run, drop_in, write_workspace
from kill_rounds import MOST, Stage, disturb, kill_round

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.plugin_host import guardian, index


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Where the workspace of a test goes."""
    yield tmp_path / "ws"


@pytest.mark.slow
def test_three_kills_lose_and_double_nothing(root: Path) -> None:
    drop_in(write_workspace(root, "shop"), "spread")
    stage, chance, kills = Stage.of(root), random.Random(5), Counter[str]()
    for role in ("all", "worker", "plugin"):
        for _ in range(MOST):  # a busy machine may let one finish before its moment comes
            assert kill_round(stage, role, chance, kills, part=0.5, again=role == "all") == [], role
            if kills[role]:
                break
        assert kills[role], kills


@pytest.mark.parametrize("kills", [1, 1000])
def test_kill_while_a_file_is_indexed_is_not_held_against_it(root: Path, kills: int) -> None:
    drop_in(write_workspace(root, "shop"), "spread")
    (root / ".lifecycle").mkdir()
    ended, left = threading.Event(), [kills]

    def kill() -> None:
        while left[0] and not ended.wait(0.002):
            processes = guardian.descendants(os.getpid())
            if len(processes) > 1:  # the guardian and the plugin's process below it
                with contextlib.suppress(ProcessLookupError):
                    os.kill(processes[-1], signal.SIGKILL)
                    left[0] -= 1

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for _ in range(100):  # where the killer gets the processor too late, once more
            with contextlib.suppress(LifecycleError):  # it cannot even be started, if it is killed each time
                index.read(root, [root / "plugins"], refresh=True)
            if left[0] < kills:
                break
    finally:
        ended.set()
        killer.join()
    assert left[0] < kills
    (row,) = (r for r in index.read(root, [root / "plugins"]) if r.origin == "drop-in")
    assert row.usable and row.key == "detector:spread"


@pytest.mark.slow
def test_killed_while_it_notifies_everybody_open_is_told(root: Path) -> None:
    """A kill may cost a receiver a second copy of what was just going out; it never costs the message."""
    stage_root = write_workspace(root, "shop")
    before = root.with_name("before")
    shutil.copytree(stage_root, before)
    run, begin = Run(root), time.monotonic()
    run.run("check", "--act")
    seconds = time.monotonic() - begin
    expected = _told(root)
    assert len(expected) == 3 and set(expected.values()) == {1}
    chance = random.Random(77)
    for role in ("check", "worker", "all") * 4:
        run.until_quiet()
        shutil.rmtree(root)
        shutil.copytree(before, root)
        disturb(run, (0.4 * seconds, seconds), role, chance, "--act")
        run.run("check", "--act")
        run.until_quiet()
        told = _told(root)
        assert told.keys() == expected.keys() and max(told.values()) <= 2, role


def _told(root: Path) -> Counter[tuple[str, str, str]]:
    """What the log notifier has written: rule, first window and transition of each alert; nothing waits any more."""
    with contextlib.closing(sqlite3.connect(root / ".lifecycle" / "state.db")) as conn:
        live = set(conn.execute("SELECT rule, since, 'opened' FROM alerts WHERE state <> 'resolved'"))
        assert conn.execute("SELECT count(*) FROM notifications WHERE state <> 'sent'").fetchone() == (0,)
    lines = (root / ".lifecycle" / "alerts.log").read_text("utf-8").splitlines()
    told = Counter((row["rule"], row["since"], row["transition"]) for row in map(json.loads, lines))
    assert live == set(told)
    return told

"""kill -9 of the program's processes at random moments: a rerun has lost, doubled and changed nothing.

A round: `check` runs on a known workspace, something of it is killed, `check` runs again to its end; then every row of
its state is compared with that of a run which nobody disturbed.
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
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from e2e_tools import (
    DAYS,
    DEADLINE,
    SPLIT,
    Facts,
    Run,
    damage,
    differences,
    drop_in,
    facts,
    write_data,
    write_workspace,
)

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.plugin_host import guardian, index

ROLES = ("check", "worker", "plugin", "guardian", "all")
"""Who is killed; "all" is every process at once."""


@dataclass
class Stage:
    """A workspace as it is before a check, and what the check must leave behind.

    Attributes:
        root: where each round happens: always the same place, as a state remembers the paths of its files.
        before: a copy to begin a round with.
        seconds: that the undisturbed check took.
    """

    root: Path
    before: Path
    expected: Facts = field(default_factory=dict)
    exit_code: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, root: Path) -> Stage:
        """The workspace at `root` as it is now; runs the check undisturbed."""
        before = root.with_name(f"{root.name}-before-{len(list(root.parent.iterdir()))}")
        shutil.copytree(root, before)
        stage, run, begin = cls(root, before), Run(root), time.monotonic()
        stage.exit_code, said = run.check()
        stage.seconds = time.monotonic() - begin
        run.until_quiet()
        assert not said["plugins"] and all(m["job"]["state"] == "done" for m in said["models"].values())
        stage.expected = facts(root)
        assert damage(root) == []
        return stage

    def fresh(self) -> Run:
        """A run of the workspace as it was before."""
        shutil.rmtree(self.root)
        shutil.copytree(self.before, self.root)
        return Run(self.root)

    def wrong(self, run: Run, codes: list[int]) -> list[str]:
        """What is not as the undisturbed check left it, after the processes of `run` have ended."""
        run.until_quiet()
        said = [f"exit code {code}, not {self.exit_code}" for code in codes if code != self.exit_code]
        return said + damage(self.root) + differences(self.expected, facts(self.root))


def disturb(
    run: Run, seconds: tuple[float, float], role: str, chance: random.Random, *words: str
) -> tuple[list[str], list[int]]:
    """Start a check and kill `role` between these `seconds` of it: the roles that were hit, the code of a survivor.

    Where no process of that role runs at the moment, the next one that comes is killed a little later.
    """
    process = run.start("--format", "json", *words, quiet=True)
    moment, later = chance.uniform(*seconds), chance.uniform(0.0, 0.3)
    pause = threading.Event()
    pause.wait(moment)
    hit = run.kill(role)
    while not hit and process.poll() is None:
        if any(found.role == role for found in run.processes()):
            pause.wait(later)
            hit = run.kill(role)
        pause.wait(0.01)
    if role in ("check", "all") and hit:
        process.wait(DEADLINE)
        return hit, []
    return hit, [process.wait(DEADLINE)]


def kill_round(
    stage: Stage, role: str, chance: random.Random, kills: Counter[str], *, part: float = 0.9, again: bool = True
) -> list[str]:
    """Kill `role` in a check, then check to the end; what is wrong afterwards.

    Args:
        again: also where the killed check has come to its end by itself.
    """
    run = stage.fresh()
    hit, codes = disturb(run, (0.0, part * stage.seconds), role, chance)
    kills.update([role] if hit else ["nobody"])
    if again or not codes:
        codes.append(run.check()[0])  # at once: the workers of a killed check may still be at it
    return stage.wrong(run, codes)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Where the workspace of a test goes."""
    yield tmp_path / "ws"


@pytest.mark.slow
def test_three_kills_lose_and_double_nothing(root: Path) -> None:
    drop_in(write_workspace(root, "shop"), "spread")
    stage, chance, kills = Stage.of(root), random.Random(5), Counter[str]()
    for role in ("all", "worker", "plugin"):
        assert kill_round(stage, role, chance, kills, part=0.5, again=role == "all") == [], role
    assert kills["nobody"] < 3, kills  # a busy machine may let one finish before its moment comes


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
        with contextlib.suppress(LifecycleError):  # it cannot even be started, if it is killed each time
            index.read(root, [root / "plugins"])
    finally:
        ended.set()
        killer.join()
    assert left[0] < kills
    (row,) = (r for r in index.read(root, [root / "plugins"]) if r.origin == "drop-in")
    assert row.usable and row.key == "detector:spread"


@pytest.mark.slow
def test_hundred_kills_lose_and_double_nothing(root: Path) -> None:
    """Of first checks (fitting, profiling references), and of checks that find new, grown and relabelled windows.

    A round whose moment comes too late to hit anybody is compared like the others, and not counted.
    """
    drop_in(write_workspace(root, until=DAYS), "spread")
    first = Stage.of(root)
    shutil.rmtree(root)
    drop_in(write_workspace(root, until=SPLIT), "spread")
    run = Run(root)
    run.check()
    run.until_quiet()
    write_data(root, DAYS)
    second = Stage.of(root)
    chance, kills, failures, rounds = random.Random(2025), Counter[str](), [], 0
    while kills.total() - kills["nobody"] < 100 and rounds < 130:
        stage, role = first if rounds % 4 == 0 else second, chance.choice(ROLES)
        # Plugins work in the middle of a check, and for a short time: begin to wait for one before it is over.
        wrong = kill_round(stage, role, chance, kills, part=0.4 if role in ("plugin", "guardian") else 0.85)
        if wrong:
            failures.append((rounds, role, wrong[:5]))
            print(f"\nround {rounds}: {role} killed in {'first' if stage is first else 'later'} check: {wrong[:5]}")
        rounds += 1
    print(f"\n{rounds} rounds, killed: {dict(sorted(kills.items()))}, failed: {len(failures)}")
    assert failures == []
    assert kills.total() - kills["nobody"] >= 75


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

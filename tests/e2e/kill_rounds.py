"""Rounds of kill -9 against a check, and the comparison of what they leave behind with an undisturbed run.

A round: `check` runs on a known workspace, something of it is killed, `check` runs again to its end; then every row of
its state is compared with that of a run which nobody disturbed. Called by test_e2e_kill*.py.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from e2e_tools import DEADLINE, Facts, Run, damage, differences, facts

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
    run, begin = stage.fresh(), time.monotonic()
    hit, codes = disturb(run, (0.0, part * stage.seconds), role, chance)
    if not hit:
        # It was over before its moment came: the machine is quicker than when the undisturbed one was timed.
        stage.seconds = min(stage.seconds, time.monotonic() - begin)
    kills.update([role if hit else "nobody"])
    if again or not codes:
        codes.append(run.check()[0])  # at once: the workers of a killed check may still be at it
    return stage.wrong(run, codes)


MOST = 5
"""Rounds to a kill at the most, where the machine has become so much quicker that its moments come too late."""


def rounds(stage: Stage, count: int, seed: int) -> None:
    """So many kills, each in a round of its own; a round whose moment comes too late to hit anybody is not counted.

    A check that outlives its workers, plugins and guardians must be right by itself: only every third is run again.

    Raises:
        AssertionError: if a round left anything else behind, or too few rounds hit somebody.
    """
    chance, kills, failures, done = random.Random(seed), Counter[str](), [], 0
    while kills.total() - kills["nobody"] < count and done < MOST * count:
        role = chance.choice(ROLES)
        # Plugins work in the middle of a check, and for a short time: begin to wait for one before it is over.
        part = 0.4 if role in ("plugin", "guardian") else 0.85
        wrong = kill_round(stage, role, chance, kills, part=part, again=done % 3 == 0)
        if wrong:
            failures.append((done, role, wrong[:5]))
            print(f"\nround {done}: {role} killed: {wrong[:5]}")
        done += 1
    print(f"\n{done} rounds, killed: {dict(sorted(kills.items()))}, failed: {len(failures)}")
    assert failures == []
    assert kills.total() - kills["nobody"] == count

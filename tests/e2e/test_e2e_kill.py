"""kill -9 of the program's processes at random moments: afterwards a rerun has lost, doubled and changed nothing.

A round: the program runs `check` on a known workspace, some of its processes are killed, `check` runs again to its end,
and its state is compared, row by row, with that of a run nobody disturbed.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest_e2e import drop_in
from e2e_tools import DAYS, SPLIT, Facts, Run, damage, differences, facts, wait_for, write_data, write_workspace

ROLES = ("check", "worker", "plugin", "guardian", "all")
"""Who is killed: "all" is every process at once, as when the machine loses power."""


@dataclass
class Stage:
    """A workspace as it is before a check, and what the check must leave behind.

    Attributes:
        before: a copy to begin each round with; `root` is where it is put, always the same place.
        seconds: that the undisturbed check took.
    """

    root: Path
    before: Path
    expected: Facts
    exit_code: int
    seconds: float

    @classmethod
    def make(cls, root: Path) -> Stage:
        """Of the workspace at `root`, which is run undisturbed for this."""
        before = root.with_name(f"{root.name}-before-{len(list(root.parent.iterdir()))}")
        shutil.copytree(root, before)
        run, begin = Run(root), time.monotonic()
        exit_code, said = run.check()
        run.until_quiet()
        assert not said["plugins"] and all(m["job"]["state"] == "done" for m in said["models"].values())
        return cls(root, before, facts(root), exit_code, time.monotonic() - begin)

    def fresh(self) -> Run:
        """Everything as it was before the check; the last round's processes must have ended."""
        shutil.rmtree(self.root)
        shutil.copytree(self.before, self.root)
        return Run(self.root)

    def differences(self) -> list[str]:
        """What is not as the undisturbed check left it."""
        return damage(self.root) + differences(self.expected, facts(self.root))


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert Run.left_in(tmp_path) == []


def kill_at_random(run: Run, generator: random.Random, seconds: float, role: str) -> list[str]:
    """Start a check and kill `role` at some moment of its `seconds`; the roles that were hit.

    Where no process of that role runs at that moment, the first one that comes is killed. The check itself is waited
    for, unless it was killed: what it says then is of no interest.
    """
    process = run.start("--format", "json")
    drain = threading.Thread(target=process.communicate)
    drain.start()
    threading.Event().wait(generator.uniform(0.0, seconds))
    hit: list[str] = []
    wait_for(lambda: bool(hit.extend(run.kill(role))) or bool(hit) or process.poll() is not None, f"a {role} to kill")
    drain.join() if not {"check"} & set(hit) else process.wait()
    return hit

"""Plans and deeds in a process of their own, where the workspace declares many models.

    python -m lifecycle_tui.tui.errand          # one `Errand` on its input, what comes of it on its output

Checking 10,000 declarations takes seconds of pure computing. In a thread of the terminal that would hold up its keys
until it is through, even where the dialog that asked has closed; a process of its own does not, and can be ended.
Used by `doing.Hand`, for what declares few models is checked sooner than a process has begun.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import doing
from lifecycle_tui.tui.doing import Asked, Deed, Fault, Tell

if TYPE_CHECKING:
    from lifecycle_tui.actions.base import Done, Plan

MANY = 200
"""Models from which on another process is worth its start; some 0.1 s of computing."""
LARGE = 100_000
"""Bytes of lifecycle.toml that say the same before the models have come into state."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan that is to be carried out: what was asked for, and what the person has seen it rest on."""

    name: str
    asked: Asked
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done: plan `looks`, action → what is asked of it; or do what is `wanted`."""

    root: Path
    looks: Mapping[str, Sequence[Asked]]
    wanted: tuple[Wanted, ...] = ()


def worth(root: Path) -> bool:
    """Whether the workspace is so large that it is checked elsewhere."""
    with contextlib.suppress(OSError):
        if (root / FILE).stat().st_size >= LARGE:
            return True
    try:
        with State.view(root) as state, state.read() as conn:
            (models,) = conn.execute("SELECT count(*) FROM models").fetchone()
    except (LifecycleError, sqlite3.Error):
        return False  # the look itself will say what is wrong
    return bool(models >= MANY)


def wanted(plans: Sequence[Plan]) -> tuple[Wanted, ...]:
    """Plans as they are carried out elsewhere."""
    return tuple(Wanted(p.action.name, Asked(p.ask.values, p.ask.note), p.seen) for p in plans)


class Runner:
    """One process for one errand. `stop` may be called from another thread than `run`."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, errand: Errand, tell: Tell) -> Any:
        """What came of it: of looks name → `Looked`, else the deeds; it waits.

        Args:
            tell: hears how far it is.

        Returns:
            A `Fault` where the process could not be started, or has died.
        """
        try:
            self._child = child = subprocess.Popen(
                [sys.executable, "-P", "-m", "lifecycle_tui.tui.errand"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            return Fault(f"no process could be started: {exc.strerror}")
        if self._stopped:
            child.kill()
        assert child.stdin is not None and child.stdout is not None
        found: Any = None
        with child.stdout as told, contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            with child.stdin as asked:
                pickle.dump(errand, asked)
            while isinstance(found := pickle.load(told), str):
                tell(found)
        child.wait()
        if found is None or isinstance(found, str):
            return Fault(
                "the process that was at it has died", hint="r begins it anew; the audit log says what is done"
            )
        return found

    def stop(self) -> None:
        """End it; only for looks."""
        self._stopped = True
        if self._child is not None:
            self._child.kill()


# ── in the other process ──────────────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Run one errand; what nobody reads any more is done all the same."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What plugins' files or libraries print is no answer.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)

    def say(said: Any) -> None:
        with contextlib.suppress(OSError):
            pickle.dump(said, told)
            told.flush()

    errand: Errand = pickle.load(asked)
    try:
        say(_done(errand, say))
    except Exception as exc:
        say(doing.fault(exc))


def _done(errand: Errand, say: Callable[[str], None]) -> Any:
    if errand.wanted:
        return carry_out(errand.root, errand.wanted, say)
    found = doing.looks(errand.root, errand.looks, say)
    return {name: replace(looked, found=tuple(map(_light, looked.found))) for name, looked in found.items()}


def _light(found: Plan | Fault | str) -> Plan | Fault | str:
    """What is shown of a plan, without what does it: that stays here, and is planned anew to be carried out."""
    if isinstance(found, Fault | str):
        return found
    draft = None if found.draft is None else replace(found.draft, commit=_not_here, before=None)
    refused = None if found.refused is None else replace(found.refused, problems=(), texts={})
    return replace(found, ask=replace(found.ask, prepared=None), draft=draft, refused=refused)


def _not_here(tx: sqlite3.Connection, now: object) -> Done:
    raise RuntimeError("this plan is carried out by another process")


def carry_out(root: Path, wanted: Sequence[Wanted], tell: Tell) -> tuple[Deed, ...]:
    """As `doing.carry_out`: each is planned anew, and done if it rests on what the person has seen."""
    from lifecycle_tui.actions.base import refuse_moved
    from lifecycle_tui.actions.doing import Doer
    from lifecycle_tui.actions.registry import ACTIONS

    def again(doer: Doer, one: Wanted) -> Plan:
        found = doer.plan(ACTIONS[one.name], one.asked.values, one.asked.note)
        refuse_moved(one.seen, found)
        return found

    return doing.deeds(root, wanted, again, tell)


if __name__ == "__main__":
    # By its name, which the other process knows what it is sent by.
    from lifecycle_tui.tui import errand

    errand.main()

"""Stories of the loop to be replayed: the same turns and jobs, with instants between the weeks, people and faults.

After each instant the clock goes on to the next week or to what the loop waits for, whichever comes first, as on a
simulated clock; people act where it stands, once the loop has come to rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from lifecycle_tui.agent import loop
from lifecycle_tui.agent.history import History, read_history
from lifecycle_tui.agent.replay import Course, replay
from lifecycle_tui.agent.whatif import WhatIf, policy_of, signals_of, what_if
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import approvals
from lifecycle_tui.state import loop as memory
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.loop_story import PRODUCTION, TRAINING, TURN, WEEK, Story

Doings = Mapping[int, Callable[["Lived"], None]]
"""What people do in a week, counted from `PRODUCTION`."""


class Lived(Story):
    """A story whose clock stops wherever the loop has something to wait for."""

    def live(self, doings: Doings | None = None, weeks: int = 9) -> Lived:
        """Week after week, with what people do at each week's instant."""
        doings = doings or {}
        week = (self.clock.now() - PRODUCTION) // WEEK
        while week <= weeks:
            until = PRODUCTION + week * WEEK
            while self.clock.now() < until:
                with State.open(self.root) as state, state.read() as conn:
                    due = memory.next_due(conn, self.clock.now())
                self.clock.advance(min(until, due or until) - self.clock.now())
                if self.clock.now() < until:
                    self.rest()
            self.instant()
            if week in doings:
                doings[week](self)
                self.rest()
            week += 1
        return self

    def rest(self) -> None:
        """Turns until nothing follows, with no look at the data."""
        workspace = open_workspace(self.root / "lifecycle.toml")
        with State.open(self.root) as state:
            ids = [0]
            while ids:
                with state.write() as tx:
                    turned = loop.turn(tx, workspace.spec, self.clock.now(), simulated=True)
                ids = list(turned.jobs)
                self.do(state, ids)

    def look(self) -> None:
        """Observe alone, as `lifecycle check` does: the loop is not there."""
        self.ask("evaluate")

    def edit(self, old: str, new: str) -> None:
        """Another policy from now on."""
        file = self.root / "lifecycle.toml"
        text = file.read_text("utf-8")
        assert old in text, old
        file.write_text(text.replace(old, new), "utf-8")

    def rewrite(self, change: Callable[[list[str]], list[str]]) -> None:
        """Other rows from now on."""
        file = self.root / "riders.csv"
        file.write_text("\n".join(change(file.read_text("utf-8").splitlines())) + "\n", "utf-8")

    def say(self, word: str) -> None:
        """A person's word about the promotion that waits, if one does."""
        with State.open(self.root) as state:
            with state.write() as tx:
                found = approvals.pending(tx, self.model)
                if found is None:
                    return
                approvals.decide(tx, found.id, word, "ana", None, self.clock.now())  # type: ignore[arg-type]
                if word == "declined":
                    aliases.remove_alias(tx, self.model, aliases.CHALLENGER, "ana", "no", self.clock.now())
            if word == "approved":
                self.ask("deploy", version=found.version, champion=self.number, kind="promote", why="yes", by="ana")

    @property
    def number(self) -> int | None:
        found = self.champion()
        return None if found is None else found.number

    def serve(self, version: int) -> None:
        """A person lets another version serve."""
        self.ask("deploy", version=version, champion=self.number, kind="rollback", why="ana says so", by="ana")

    # -- replayed -------------------------------------------------------------------------------------------------

    def replayed(self) -> tuple[History, Course]:
        """The story once more, from what state remembers, by the file's policy."""
        space = open_workspace(self.root / "lifecycle.toml")
        spec = space.spec.model(self.model)
        policy = policy_of(space, spec)
        with State.view(self.root) as state, state.read() as conn:
            history = read_history(conn, self.model, signals_of(policy), delay=spec.data.labels.delay)
        return history, replay(history, policy)

    def asked(self, text: str | None = None, **span: datetime) -> WhatIf:
        """The file's policy against another text of it."""
        file = self.root / "lifecycle.toml"
        before = open_workspace(file)
        after = before if text is None else open_workspace(file, over={file: text.encode()})
        with State.view(self.root) as state, state.read() as conn:
            return what_if(conn, before, after, self.model, **span)


def told(story: Story) -> list[tuple[object, ...]]:
    """What state remembers of alerts, in the order in which they opened."""
    found = [row.alert for row in story.alerts()]
    return [(a.rule, a.since, a.opened, a.resolved, a.message) for a in found]


def given(course: Course) -> list[tuple[object, ...]]:
    """What a replay gives of alerts."""
    return [(e.rule, e.since, e.opened, e.resolved, e.message) for e in course.alerts]


def set_off(history: History) -> list[int]:
    """The jobs that the loop has set off."""
    return [j.id for j in history.jobs if j.created_by == loop.AGENT]


def decided(course: Course) -> list[int | None]:
    """The jobs that a replay's decisions are answered by; None where history holds none."""
    return [d.job for d in course.decisions if d.kind not in ("ask-approval", "drop-challenger")]


__all__ = ["PRODUCTION", "TRAINING", "TURN", "WEEK", "Lived", "Path", "decided", "given", "set_off", "told"]

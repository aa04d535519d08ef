"""The policy of a model: how each rule stands now, and the file's part that says so. `e` opens it to be edited."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.tui.panes import policy_lines
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.panes.policy_lines import Policy
from lifecycle_tui.tui.reads import policy
from lifecycle_tui.tui.reads.policy import Standing
from lifecycle_tui.tui.reads.policy_file import File, Files
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.pager import Pager


def _read(conn: sqlite3.Connection, files: Files, model: str) -> tuple[File, Standing]:
    return files.read(), policy.standing(conn, model)


class PolicyPane(Pane):
    """Rules as they stand, then the file's lines."""

    NAME = "policy"
    TITLE = "policy"
    ACTIONS = ("retrain",)
    MODELWIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e,enter", "edit", "edit", id="pane.edit", tooltip="edit the policy: rules, training, gates"),
        Binding(
            "s",
            "simulate",
            "simulate",
            id="pane.simulate",
            tooltip="what it would have done with the windows of the past",
        ),
    ]

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._files = Files(source.root, model)
        self._policy: Policy | None = None
        self.pager = Pager(lambda cells: policy_lines.lines(self._policy, cells), id="policy")

    def compose(self) -> ComposeResult:
        yield self.pager

    async def load(self) -> None:
        """Read state, and the files where they have changed; drawn anew only where that changed what is said."""
        written, standing = await self.source.ask(_read, self._files, self.model)
        found = Policy(written, standing, self.source.now())
        if self._policy is None or (found.file, found.standing) != (self._policy.file, self._policy.standing):
            self._policy = found
            self.pager.renew()

    def moved(self) -> bool:
        """The files are looked at in the reader's thread; what has changed is read there, too."""
        self.begin("files", self._look)
        return False

    async def _look(self) -> None:
        if await self.source.ask(lambda conn: self._files.moved()):
            await self.load()
            self.changed()

    def about(self) -> Line:
        rules = () if self._policy is None else self._policy.file.rules
        place = next((rule.place for rule in rules if rule.place), "lifecycle.toml")
        return (
            Span(f" e edits it here; or edit {place} with anything: valid changes are taken in two seconds", "dim"),
        )

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [PolicyPane, Pager]

    def action_edit(self) -> None:
        """Open the policy to be edited."""
        from lifecycle_tui.tui.screens.policy import PolicyScreen

        self.app.push_screen(PolicyScreen(self.source, self.model))

    def action_simulate(self) -> None:
        """Replay the policy over what is stored."""
        from lifecycle_tui.tui.screens.simulate import SimulateScreen

        self.app.push_screen(SimulateScreen(self.source, self.model))

    def first_focus(self) -> Widget:
        return self.pager

"""What a model's policy would have done with the windows of the past: each alert with its date, and the trainings.

Opened by `s` on the policy pane and from the palette. An edit that is not saved counts; the replay is the child's, as
in the editor (`policy.desk`), so that nothing here waits. It changes nothing, and works in a read-only terminal too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.actions.looking import command
from lifecycle_tui.tui.policy import outlook_lines
from lifecycle_tui.tui.policy.asked import Answer, Broken, Checked, Look, Outlook
from lifecycle_tui.tui.policy.desk import Desk
from lifecycle_tui.tui.policy.editing import draft_of
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, fold, safe
from lifecycle_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp


ERRORS = "lifecycle.toml has errors: `lifecycle config check` lists them, and the policy's editor (e)"


class SimulateScreen(View):
    """The replay of one model's policy."""

    NAME = "simulate"
    ACTIONS = ("retrain", "pause")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e,enter", "edit", "edit", id="simulate.edit", tooltip="edit the policy: what if is said there, too"),
        Binding("r", "again", "again", show=False, id="simulate.again", tooltip="replay it again"),
    ]

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source)
        self.model_name = model
        self.outlook: Outlook | None = None
        self.broken = ""
        self._desk: Desk | None = None
        self.pager = Pager(self._lines, id="simulated")

    def body(self) -> Iterable[Widget]:
        yield self.pager

    def on_mount(self) -> None:
        self._desk = Desk(self.app)
        super().on_mount()
        self.action_again()

    def on_unmount(self) -> None:
        super().on_unmount()
        if self._desk is not None:
            self._desk.close()

    def action_again(self) -> None:
        """Replay it, as the files and the edit are now."""
        draft = draft_of(cast("LifecycleApp", self.app))
        self.outlook, self.broken = None, ""
        if self._desk is not None:
            look = Look(self.source.root, self.model_name, dict(draft.texts), dict(draft.base), always=True)
            self._desk.ask(look, self._heard)
        self._show()

    def action_edit(self) -> None:
        """Edit the policy."""
        from lifecycle_tui.tui.screens.policy import PolicyScreen

        self.app.switch_screen(PolicyScreen(self.source, self.model_name))

    def _heard(self, answer: Answer) -> None:
        match answer:
            case Outlook():
                self.outlook = answer
            case Broken():
                self.broken = answer.text
            case Checked():
                self.broken = ERRORS if answer.errors else ""
        self._show()

    def _show(self) -> None:
        if self.stands:
            self.pager.renew()
            self.bars()

    def _lines(self, cells: int) -> list[Line]:
        found: list[Line] = [()]
        if self.broken:
            found += [(Span(f" {part}", "critical"),) for part in fold(self.broken, cells - 2)]
        elif self.outlook is None:
            found.append((Span(" replaying the stored windows…", "dim"),))
        else:
            found += outlook_lines.course(self.outlook, cells)
            if self._edited:
                found += [(), (Span(" By the edit that is not saved:", "bold"),)]
                found += outlook_lines.lines(self.outlook, cells)
        same = command("policy simulate", self.model_name)
        return [*found, (), (Span(" command   ", "dim"), Span(same, "info")), ()]

    @property
    def _edited(self) -> bool:
        return bool(draft_of(cast("LifecycleApp", self.app)))

    def heading(self) -> tuple[Line, Line]:
        done = "replaying…" if self.outlook is None and not self.broken else ""
        return (Span(f" simulate  {safe(self.model_name)}"),), (Span(f" {done} "),)

    def about(self) -> Line:
        return (Span(" what the policy would have done with what is stored; nothing is changed", "dim"),)

    def subject(self) -> Subject:
        return Subject(model=self.model_name)

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [SimulateScreen, Pager]

    def first_focus(self) -> Widget:
        return self.pager

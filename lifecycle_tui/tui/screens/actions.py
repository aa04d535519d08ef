"""Everything that can be done to what the cursor stands on: what it would do, or why it cannot be done now.

Opened by `x` on every view. The plans are made in a thread, and anew when what they rest on has moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.actions.named import NAMED, Named
from lifecycle_tui.tui import acting, keys
from lifecycle_tui.tui.asking import Question, meant
from lifecycle_tui.tui.doing import Asked, Fault, Hand, Looked
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.reads.acting import Ground, ground
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined

PLANNING = Mark("·", ".", "planning…", "dim", 6)
WITHOUT = Mark("–", "-", "not here", "dim", 7)


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One action, and what can be said of it here.

    Attributes:
        mark: whether it can be done; `said`: what it would do, or why not.
    """

    named: Named
    mark: Mark
    said: str
    risk: str = ""
    hint: str = ""


COLUMNS: tuple[Column[ActionLine], ...] = (
    Column("key", "key", 3, lambda a: Cell(keys.act(a.named.name, a.named.key), "key")),
    Column("title", "action", 21, lambda a: Cell(a.named.title, "bold")),
    Column("state", "state", 16, lambda a: Cell(a.mark.text(), a.mark.tone)),
    Column("said", "what it would do, or why not", 33, lambda a: Cell(a.said), grow=5),
    Column("risk", "risk", 24, lambda a: Cell(a.risk, "dim"), needs=110),
)


class ActionsScreen(View):
    """The actions for a subject.

    Args:
        alerts: which ones actions on alerts are about, where the subject is none itself.
    """

    NAME = "actions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "plan it", id="actions.open", tooltip="show its plan, and ask"),
    ]

    def __init__(self, source: Source, subject: Subject, alerts: tuple[int, ...] = ()) -> None:
        super().__init__(source)
        self._here, self._alerts = meant(subject), alerts
        self._ground: Ground | None = None
        self._looked: Mapping[str, Looked] | Fault | None = None
        self._hand: Hand | None = None
        self.grid: Grid[ActionLine] = Grid(
            COLUMNS, key=lambda a: a.named.name, text=lambda a: f"{a.named.title} {a.said}", id="actions"
        )

    def body(self) -> Iterable[Widget]:
        yield self.grid

    def on_unmount(self) -> None:
        super().on_unmount()
        if self._hand is not None:
            self._hand.leave()

    async def load(self) -> None:
        """Plan anew, if what the plans rest on has moved."""
        found = await self.source.ask(ground, self._here)
        if found == self._ground:
            return
        self._ground = found
        if self._hand is None:
            self._hand = Hand(self.app, self.source.root)
        self._hand.look({name: [asked] for name, asked in self._asked().items()}, self._planned)
        self._show()

    def _asked(self) -> dict[str, Asked]:
        """What to plan: the actions that have a subject here, and only one."""
        asked: dict[str, Asked] = {}
        for named in NAMED.values():
            if not self.missing(named, self._here) and not self._several(named):
                asked[named.name] = Question(named.name, self._about(named)).asked()[0]
        return asked

    def _about(self, named: Named) -> Subject:
        if named.needs != ("alert",) or not self._alerts:
            return self._here
        return replace(self._here, alert=self._alerts[0], alerts=self._alerts)

    def modelwide(self) -> bool:
        return bool(self._alerts)

    def _several(self, named: Named) -> bool:
        return len(self._here.models) > 1 and named.needs == ("model",)

    def _planned(self, found: Mapping[str, Looked] | Fault) -> None:
        if self.ready:
            self._looked = found
            self._show()
            self.bars()

    def _show(self) -> None:
        # What has nothing to be done to here comes last.
        self.grid.show(sorted(map(self._line, NAMED.values()), key=lambda line: line.mark is WITHOUT))

    def _line(self, named: Named) -> ActionLine:
        missing = self.missing(named, self._here)
        if missing:
            return ActionLine(named, WITHOUT, f"no {missing[0]} is under the cursor")
        if self._several(named):
            return ActionLine(named, acting.READY, f"for each of the {len(self._here.models)} marked models")
        if self._looked is None:
            return ActionLine(named, PLANNING, "")
        if isinstance(self._looked, Fault):
            return ActionLine(named, acting.ERROR, self._looked.text, hint=self._looked.hint or "")
        looked = self._looked[named.name]
        found = looked.found[0]
        mark, said = acting.heading(found)
        risk = acting.RISKS[looked.action.risk]
        if isinstance(found, Fault):
            return ActionLine(named, mark, said, hint=found.hint or "")
        if isinstance(found, str):
            return ActionLine(named, mark, said, risk)
        if found.refused is not None:
            return ActionLine(named, mark, said, hint=found.refused.hint or "")
        if mark is acting.READY and looked.locked is not None:
            return ActionLine(named, acting.LOCKED, said, hint=looked.locked)
        return ActionLine(named, mark, said, acting.RISKS[found.risk])

    def filterable(self) -> Grid[ActionLine]:
        return self.grid

    def subject(self) -> Subject:
        return self._here

    def heading(self) -> tuple[Line, Line]:
        here = self._here
        words = (
            f"{len(here.models)} models" if len(here.models) > 1 else here.model or "",
            f"version {here.version}" if here.version is not None else "",
            f"alert {here.alert}" if here.alert is not None else "",
            f"job {here.job}" if here.job is not None else "",
        )
        return (Span(f" actions  {joined(words) or 'nothing is under the cursor'}"),), (Span(f" {self.grid.place} "),)

    def about(self) -> Line:
        row = self.grid.row
        if row is None:
            return ()
        return (Span(f" {row.mark.text()}  ", row.mark.tone), Span(joined((row.hint or row.said, row.risk))))

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Show the plan of the action under the cursor, and ask."""
        if self.grid.row is not None:
            self.action_act(self.grid.row.named.name)

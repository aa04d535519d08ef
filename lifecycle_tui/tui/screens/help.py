"""The keys that work on the screen below, as a list that does them, and what the signs mean. Opened by `?`.

The list is made from the bindings. Enter does what the line says, on the screen below; what cannot be done there now is
dim and says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.tui import keys, marks
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.text import Line, Span, fold
from lifecycle_tui.tui.typing import begin, typing
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from lifecycle_tui.tui.pressing import Pressing

MARKS = (
    ("model", marks.HEALTH),
    ("column", marks.SIGNAL),
    ("alert", marks.SEVERITY),
    ("job", marks.JOB),
    ("judgement", marks.VERDICT),
)
KEYS = 20
"""Cells of the keys, at most; the line above the footer has them whole."""
CONSENT = frozenset({"act.enter", "act.yes", "diff.save"})
"""What says yes to a plan: never from a list that hides it."""
NOTES = (
    "drift: columns that drifted of those judged, and the largest effect among them (0 to 1)",
    "trend: the key metric over the last windows, oldest left",
    "A mark in front of a row (*): actions apply to all marked rows.",
    "Every screen follows state by itself; nothing changes without your yes.",
)


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One line: a heading, a key, or something to read.

    Attributes:
        key: of the line.
        left, text: its two columns; tone: of the second; about: the heading that it stands under.
        binding: what Enter does.
        why: why it cannot be done now.
    """

    key: str
    left: str = ""
    text: str = ""
    tone: str = ""
    about: str = ""
    binding: Binding | None = None
    why: str = ""


class HelpScreen(Guarded, Screen[None]):
    """Keys and marks.

    Args:
        nodes: whose keys to list, the nearest first; Enter does what a line says on the screen below.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "run", "do it", id="help.run", tooltip="do what the line says, on the screen below"),
        Binding("slash", "filter", "filter", priority=True, id="help.filter", tooltip="filter: every word must occur"),
        Binding("escape,q,question_mark", "back", "back", id="help.back"),
    ]

    def __init__(self, nodes: Sequence[type[DOMNode]]) -> None:
        super().__init__()
        self._listed = nodes
        self._lines: tuple[HelpLine, ...] = ()
        self.grid: Grid[HelpLine] = Grid(
            (), key=lambda row: row.key, text=lambda row: f"{row.left} {row.text} {row.about}" if row.text else "",
            empty="No key, sign or note has these words.", id="keys",
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield self.grid
        yield Bar(id="detail")
        yield Prompt()
        yield Footer(lambda: keys.footer([HelpScreen]), common=False)

    def on_mount(self) -> None:
        self.query_one("#title", Bar).say((Span(" help: the keys that work on this screen, and the signs"),))
        self.below: Screen[Any] = self.app.screen_stack[-2]
        self._lines = (*self._keys(), *_signs(), *_notes(self.app.size.width - min(KEYS, self.app.size.width // 3) - 4))
        self._fit()
        self.grid.show(self._lines)
        begin(self.grid)
        first = next((line for line in self._lines if line.binding is not None), None)
        if first is not None:
            self.grid.go(first.key)
        self.grid.scroll_to(y=0, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Columns for the width there is."""
        longest = max((len(line.left) for line in self._lines), default=0)
        wide = max(12, min(KEYS, longest, self.app.size.width // 3))
        self.grid.replace((
            Column("key", "", wide, lambda row: Cell(row.left, "dim" if row.why else "key" if row.binding else "")),
            Column("what", "", 8, lambda row: Cell(row.text, row.tone), grow=1),
        ))  # fmt: skip

    def _keys(self) -> Iterator[HelpLine]:
        """Each heading with its keys."""
        for heading, found in keys.grouped(self._listed):
            yield HelpLine(f"heading {heading}", heading, tone="head")
            for pressed, what, binding in found:
                why = blocked(self.below, binding)
                text = f"{what} · {why}" if why else what
                yield HelpLine(f"id {binding.id}", pressed, text, "dim" if why else "", heading, binding, why)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_grid_moved(self) -> None:
        row = self.grid.row
        said: Line = ()
        if row is not None and row.binding is not None:
            said = (Span(f" {row.left}  ", "key"), Span(row.text, row.tone), Span(f"  {row.binding.id}", "dim"))
        self.query_one("#detail", Bar).say(said)

    async def on_grid_chosen(self) -> None:
        self.action_run()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, `/` is a letter."""
        return action != "filter" or not typing(self)

    async def action_filter(self) -> None:
        """Open the filter line."""
        await self.query_one(Prompt).open(self.grid)

    def action_back(self) -> None:
        """Drop the filter, else close."""
        if self.grid.filter:
            self.grid.filter = ""
        else:
            self.app.pop_screen()

    def action_run(self) -> None:
        """Close, and do what the line says."""
        row = self.grid.row
        if row is None or row.binding is None:
            return
        if row.why:
            self.query_one("#detail", Bar).say((Span(f" {row.why}", "warning"),))
            return
        self.app.pop_screen()
        self.app.call_later(partial(run, cast("Pressing", self.app), self.below, row.binding))


async def run(app: Pressing, below: Screen[Any], binding: Binding) -> None:
    """What the key does, where it does it; as if it was pressed, where nothing that has the focus knows it."""
    if app.screen is not below:
        return
    if (node := _node(below, binding)) is not None:
        await app.run_action(binding.action, node)
    else:
        app.simulate_key(binding.key.split(",")[0])


def _node(below: Screen[Any], binding: Binding) -> DOMNode | None:
    """The one whose binding it is, of those that a key goes through."""
    found = (node for node, _ in below._binding_chain)
    return next((node for node in found if any(b.id == binding.id for part in type(node).__mro__
                 if issubclass(part, DOMNode) for b in keys.declared(part))), None)  # fmt: skip


def blocked(below: Screen[Any], binding: Binding) -> str:
    """Why a key does nothing on a screen now, or cannot be asked for from here; "" where it does something."""
    if binding.id in CONSENT:
        return "a yes is given in the dialog itself"
    if binding.action.startswith("act(") and isinstance(below, View):
        named = NAMED.get(binding.action[5:-2])
        missing = below.missing(named, below.subject()) if named else []
        return f"no {missing[0]} is under the cursor" if missing else ""
    if binding.id == "view.filter" and isinstance(below, View) and below.filterable() is None:
        return "there is no list to filter"
    node = _node(below, binding)
    return "" if node is None or below.app._check_action_state(binding.action, node) is not False else "not now"


def _signs() -> Iterator[HelpLine]:
    """Each sign with its word, in its tone."""
    yield HelpLine("heading Signs", "Signs", tone="head")
    for about, found in MARKS:
        for at, (name, mark) in enumerate(found.items()):
            yield HelpLine(f"sign {about} {name}", "" if at else about, mark.text(), mark.tone, f"signs {about}")


def _notes(cells: int) -> Iterator[HelpLine]:
    yield HelpLine("heading Notes", "Notes", tone="head")
    for at, note in enumerate(NOTES):
        for line, text in enumerate(fold(note, max(10, cells))):
            yield HelpLine(f"note {at} {line}", "", text, about=note)

"""Lines to fill in: text, switches, choices. Used by the dialog of an action, closed one line; by the form of a policy.

Text is typed into Textual's Input, imported when it is first needed; it never blinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip

from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line, Span, fit, safe, width
from lifecycle_tui.tui.typing import begin, taken_in
from lifecycle_tui.tui.widgets.lines import Lines, drawn

if TYPE_CHECKING:
    from textual.widgets import Input

NAME, LONGEST = 10, 32
"""Cells of a field's name, at least and at most."""
VALUE = 24
"""Cells of its value, at least."""
WIDE = 120
"""Cells from which on every field's help stands beside it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form.

    Attributes:
        kind: "text", "flag" or "choice"; choices: of a choice, besides none.
        value: as given; None or False where it was not.
        required: nothing can be done before it is given.
        unset: what counts where it was not given, in words.
        tone: of what has something wrong with it.
    """

    name: str
    kind: str
    help: str
    value: str | bool | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    unset: str = ""
    tone: str = ""

    @property
    def said(self) -> str:
        """Its value in words."""
        if self.unset and self.value is None:
            return self.unset
        if self.kind == "flag":
            return "yes" if self.value else "no"
        return "-" if self.value is None else str(self.value)


class Fields(Lines, can_focus=True):
    """The lines themselves, with a cursor while they are open.

    Args:
        most: lines that show at once, the cursor's among them; 0 for all.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "next line", show=False, id="form.down"),
        Binding("up,k", "move(-1)", "line before", show=False, id="form.up"),
        Binding("space,right,l", "turn(1)", "switch, or next choice", show=False, priority=True, id="form.turn"),
        Binding("left,h", "turn(-1)", "choice before", show=False, priority=True, id="form.turn-back"),
        Binding(
            "enter", "change", "change", show=False, priority=True, id="form.change", tooltip="type a value, or switch"
        ),
    ]

    def __init__(self, most: int = 0) -> None:
        super().__init__(id="fields")
        self.fields: tuple[Field, ...] = ()
        self.at = 0
        self.open = False
        self._most, self._top = most, 0

    @property
    def help(self) -> str:
        """What the field under the cursor is."""
        return self.fields[self.at].help if self.fields else ""

    def fill(self, fields: Sequence[Field]) -> None:
        """Show these."""
        self.fields = tuple(fields)
        self.at = max(0, min(self.at, len(self.fields) - 1))
        self._reveal()
        self.refresh(layout=True)

    def toggle(self, opened: bool) -> None:
        """Open, with the focus; or closed."""
        if self.open != opened:
            self.open = opened
            self.refresh(layout=True)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One line a field; closed, one in all."""
        return min(len(self.fields), self._most or len(self.fields)) if self.open else min(1, len(self.fields))

    def limit(self, most: int) -> None:
        """Show at most so many lines."""
        if most != self._most:
            self._most = most
            self._reveal()
            self.refresh(layout=True)

    def _reveal(self) -> None:
        """Have the cursor's line among those that show."""
        rows = self._most or len(self.fields)
        self._top = max(0, min(max(self._top, self.at - rows + 1), self.at, len(self.fields) - rows))

    def render_line(self, y: int) -> Strip:
        """A field, or all of them in a line."""
        if not self.open:
            return drawn(self._summary(), self.size.width, STYLES["dim"])
        y += self._top
        if y >= len(self.fields):
            return drawn((), self.size.width, STYLES[""])
        field, here = self.fields[y], y == self.at
        name = min(LONGEST, max(NAME, *(width(f.name) + 1 for f in self.fields)))
        wide = max(VALUE, self.size.width // 2 - name) if self.size.width >= WIDE else self.size.width - name - 1
        line = (
            Span(">" if here else " ", "bold"), Span(fit(field.name, name), field.tone or ("bold" if here else "")),
            Span(fit(safe(field.said), wide), field.tone or ("" if field.value else "dim")),
            Span(f" {field.help}" if self.size.width >= WIDE else "", "dim"),
        )  # fmt: skip
        return drawn(line, self.size.width, STYLES["title"] if here and self.has_focus else STYLES[""])

    def _summary(self) -> Line:
        parts = [f"{f.name}: {f.said}" if f.value else f.name for f in self.fields]
        return (Span(" options   "), Span(" · ".join(parts)))

    def watch_has_focus(self, focused: bool) -> None:
        """The cursor looks different with and without the focus."""
        super().watch_has_focus(focused)
        self.refresh()
        self._point()
        self.post_message(Form.Moved())

    def _point(self) -> None:
        if self.has_focus:
            self.app.cursor_position = Offset(self.content_region.x, self.content_region.y + self.at - self._top)

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self.at = max(0, min(len(self.fields) - 1, self.at + lines))
        self._reveal()
        self.refresh()
        self._point()
        self.post_message(Form.Moved())

    async def action_turn(self, by: int) -> None:
        """Switch a flag, take the next choice, or type."""
        form = self.parent
        assert isinstance(form, Form)
        if self.fields:
            await form.turn(self.fields[self.at], by)

    async def action_change(self) -> None:
        """Type a value; switch what is no text."""
        await self.action_turn(1)


class Form(Guarded, Vertical):
    """Fields, and a line to type in.

    Attributes:
        following: what is asked for next when something was typed, (name, label, value); None for nothing.

    Its messages: `Changed` with a field's new value, `Typed` with what is typed so far, `Closed` when the typing ends
    without a value.
    """

    DEFAULT_CSS = """
    Form { height: auto; }
    Form #typing { height: 1; }
    Form #typing Lines { width: auto; height: 1; }
    Form Input { width: 1fr; height: 1; border: none; padding: 0; background: ansi_default; color: ansi_default; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep what is typed", show=False, priority=True, id="form.submit"),
        Binding("escape", "drop", "drop what is typed", show=False, id="form.drop"),
    ]

    class Changed(Message):
        """A field has a new value."""

        def __init__(self, field: str, value: str | bool | None, *, typed: bool) -> None:
            super().__init__()
            self.field, self.value, self.typed = field, value, typed

    class Typed(Message):
        """What is being typed into a field has changed."""

        def __init__(self, field: str, value: str) -> None:
            super().__init__()
            self.field, self.value = field, value

    class Moved(Message):
        """The cursor stands on another field, or has come or gone."""

    class Closed(Message):
        """The typing has ended without a value."""

    def __init__(self) -> None:
        super().__init__(id="form")
        self.fields = Fields()
        self._typing = Horizontal(id="typing", classes="hidden")
        self._label = Lines()
        self._input: Input | None = None
        self._wanted: str | None = None
        self.following: Callable[[str, str], tuple[str, str, str] | None] = lambda name, value: None

    def compose(self) -> ComposeResult:
        yield self.fields
        with self._typing:
            yield self._label

    @property
    def typing(self) -> str | None:
        """The name of what is typed now."""
        return self._wanted

    async def turn(self, field: Field, by: int) -> None:
        """Another value for a flag or a choice; a text is typed."""
        if field.kind == "flag":
            self.post_message(self.Changed(field.name, not field.value, typed=False))
        elif field.kind == "choice":
            values = [None, *field.choices]
            at = values.index(field.value) if field.value in values else 0
            self.post_message(self.Changed(field.name, values[(at + by) % len(values)], typed=False))
        else:
            await self.ask(field.name, f"{field.name}: ", "" if field.value is None else str(field.value))

    async def ask(self, name: str, label: str, value: str = "") -> None:
        """Have something typed; it comes back as `Changed` of this name."""
        if self._input is None:
            from lifecycle_tui.tui.widgets.typed import TypedLine

            self._input = TypedLine()
            await self._typing.mount(self._input)
        self._want(name, label, value)
        self._typing.remove_class("hidden")
        begin(self._input)

    def _want(self, name: str, label: str, value: str) -> None:
        assert self._input is not None
        self._wanted = name
        self._label.show([(Span(f" {label}", "bold"),)])
        room = self.size.width or self.app.size.width  # it may not be laid out yet
        self._label.styles.width = min(len(label) + 1, max(1, room - 20))
        self._input.value, self._input.cursor_position = value, len(value)

    def _end(self) -> None:
        self._wanted = None
        self._typing.add_class("hidden")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell whoever wants to look at it already."""
        event.stop()
        if self._wanted is not None:
            self.post_message(self.Typed(self._wanted, event.value))

    async def action_submit(self) -> None:
        """Enter keeps what was typed before it; what is typed after it is the beginning of what is asked for next."""
        name, line = self._wanted, self._input
        if name is None or line is None:
            return
        await taken_in(line)
        value = line.value
        follow = self.following(name, value)
        if follow is None:
            self._end()
        else:
            self._want(*follow)
        self.post_message(self.Changed(name, value or None, typed=True))

    def action_drop(self) -> None:
        """Esc while typing keeps the value as it was."""
        self._end()
        self.post_message(self.Closed())

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool:
        """Enter and Esc are the dialog's while nothing is typed."""
        return action not in ("drop", "submit") or self._wanted is not None

"""The dialog that puts what a screen shows into a file: asks for its name, writes it, says where it went.

Pushed by `View.action_export`. The file is written in a thread: folders may be anywhere.
"""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen

from lifecycle_tui.tui import export
from lifecycle_tui.tui.export import KINDS, Table, Wrong
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.text import Line, Span, count
from lifecycle_tui.tui.typing import taken_in
from lifecycle_tui.tui.widgets.lines import Bar, Footer, Lines

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from lifecycle_tui.tui.screens.base import View
    from lifecycle_tui.tui.widgets.typed import TypedLine

LABEL = " write it into: "


class ExportScreen(Guarded, ModalScreen[None]):
    """Asks where a table is to go.

    Args:
        view: the screen below, which says in the end where it went.
        table: what it shows.
        at: for the file's name.
    """

    DEFAULT_CSS = """
    ExportScreen { align-vertical: bottom; }
    ExportScreen #sheet { height: auto; background: ansi_default; }
    ExportScreen #asked { height: 1; }
    ExportScreen #asked Lines { width: auto; height: 1; }
    ExportScreen Input {
        width: 1fr; height: 1; border: none; padding: 0; background: ansi_default; color: ansi_default;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "write it", show=False, priority=True, id="export.save",
                tooltip="write the file; once more: over the one that is there"),
        Binding("tab", "kind(1)", "CSV, JSON, Markdown", show=False, priority=True, id="export.kind",
                tooltip="another kind: CSV, JSON, Markdown"),
        Binding("shift+tab", "kind(-1)", "the kind before", show=False, priority=True, id="export.kind-back"),
        Binding("escape", "leave", "cancel", show=False, priority=True, id="export.leave"),
    ]  # fmt: skip

    def __init__(self, view: View, table: Table, at: datetime) -> None:
        super().__init__()
        self._view, self._table = view, table
        self._stem = file_name(table.name, at)
        self._line: TypedLine | None = None
        self._over: Path | None = None
        self._busy = False
        self._said: Line = ()
        # Over the app's style sheet, which makes every screen opaque.
        self.styles.background = "transparent"

    def compose(self) -> ComposeResult:
        from lifecycle_tui.tui.widgets.typed import TypedLine

        self._line = TypedLine()
        label = Lines([(Span(LABEL, "bold"),)])
        label.styles.width = len(LABEL)
        with Vertical(id="sheet"):
            yield Bar(tone="title", id="export-title")
            with Horizontal(id="asked"):
                yield label
                yield self._line
            yield Bar(id="export-said")
            yield Footer(self._keys, common=False)

    def on_mount(self) -> None:
        assert self._line is not None
        rows, columns = len(self._table.rows), len(self._table.titles)
        what = f" export {self._table.name}: {count(rows)} row{'s' * (rows != 1)}, {columns} columns"
        self.query_one("#export-title", Bar).say((Span(what),))
        self._line.value = f"{self._stem}.csv"
        self._line.cursor_position = len(self._stem)
        self.set_focus(self._line)
        self._show()

    def reload(self) -> None:
        """Nothing of it is read from state; the screen below is in sight and goes on."""
        self._view.reload()

    def trouble(self, message: str) -> None:
        """The screen below says it."""
        self._view.trouble(message)

    def _show(self) -> None:
        hint = "what shows is written, as filtered · ~ is your home"
        self.query_one("#export-said", Bar).say(self._said or (Span(f" {hint}", "dim"),))
        self.query_one(Footer).renew()

    def _keys(self) -> list[tuple[str, str]]:
        return [("Enter", "write over it" if self._over else "write it"), ("Tab", "kind of file"), ("Esc", "cancel")]

    def on_input_changed(self) -> None:
        """Another name is another question."""
        self._said, self._over = (), None
        if self.is_attached:
            self._show()

    def action_kind(self, by: int) -> None:
        """Another ending."""
        line = self._line
        if line is None:
            return
        endings = list(KINDS)
        stem, dot, ending = line.value.rpartition(".")
        known = f".{ending.lower()}" in endings and bool(dot)
        at = endings.index(f".{ending.lower()}") + by if known else 0
        line.value = (stem if known else line.value) + endings[at % len(endings)]

    async def action_save(self) -> None:
        """Write the file; where there is one of that name, the second time."""
        if self._line is None or self._busy:
            return
        await taken_in(self._line)
        path = export.target(self._line.value)
        if isinstance(path, Wrong):
            self._wrong(path)
            return
        self._busy = True
        try:
            # Not the reader's thread: a folder that hangs must not hold up what is read.
            wrong = await asyncio.to_thread(export.save, self._table, path, overwrite=path == self._over)
        finally:
            self._busy = False
        if not self.is_attached:
            return
        if wrong is None:
            self.action_leave()
            rows = len(self._table.rows)
            self._view.say(f"{count(rows)} row{'s' * (rows != 1)} written into {shown(path)}", "ok")
            return
        self._over = path if wrong.exists else None
        self._wrong(wrong)

    def _wrong(self, wrong: Wrong) -> None:
        more = ": Enter writes over it" if wrong.exists else ""
        self._said = (Span(f" {wrong.said}{more}", "warning"),)
        self._show()

    def action_leave(self) -> None:
        """Back to the screen below."""
        if self.app.screen is self:
            self.app.pop_screen()


def shown(path: Path) -> str:
    """A path as short as a person would say it: from here, from home, else whole."""
    here, home = os.getcwd(), os.path.expanduser("~")
    whole = str(path)
    for folder, sign in ((here, "."), (home, "~")):
        if folder != "/" and whole.startswith(f"{folder}/"):
            return sign + whole[len(folder) :]
    return whole


def file_name(name: str, at: datetime) -> str:
    """`churn-prod-drift-2026-03-30`: letters, digits, dots and dashes, whatever a model is called."""
    kept = re.sub(r"[^\w.]+", "-", name)[:80].strip("-.")
    return f"{kept or 'export'}-{at:%Y-%m-%d}"

"""What an edit changes, before it is saved: the difference, whether it is valid, and the yes. Opened by `w`.

Saving is the action "configure": checked once more, refused where the file has changed on disk meanwhile, recorded in
the audit log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from lifecycle_tui.domain import read_only
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.policy import differing, entries, outlook_lines
from lifecycle_tui.tui.policy.asked import Saved
from lifecycle_tui.tui.text import Line, Span, fold, joined
from lifecycle_tui.tui.typing import typing
from lifecycle_tui.tui.widgets.form import Form
from lifecycle_tui.tui.widgets.lines import Bar, Lines
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.sheet import DialogKeys

if TYPE_CHECKING:
    from lifecycle_tui.tui.policy.editing import Editing

NOTE = "note"
HELD = 0.3
"""Seconds within which nobody can have read it: a key that was typed ahead or held down saves nothing."""


class PolicyDiff(Guarded, ModalScreen[None]):
    """The difference of an edit.

    Args:
        told: hears what came of saving.
    """

    DEFAULT_CSS = """
    PolicyDiff #diff-sheet { height: 1fr; background: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "save", "save it", show=False, priority=True, id="diff.save"),
        Binding("n", "note", "note", show=False, priority=True, id="diff.note",
                tooltip="why: kept in the audit log"),
        Binding("m", "onto", "onto the new text", show=False, priority=True, id="diff.onto",
                tooltip="where the file has changed on disk: put the edit onto the new text"),
        Binding("escape,q", "leave", "back, the edit stays", show=False, id="diff.leave"),
        Binding("question_mark", "app.help", "help", show=False, id="diff.help"),
    ]  # fmt: skip

    def __init__(self, editing: Editing, told: Callable[[Saved], None]) -> None:
        super().__init__()
        self.editing, self._told = editing, told
        self.ready = self._saving = False
        self._below: Callable[[], None] = editing.tell
        self._note: str | None = None
        self._refused: Saved | None = None
        self.pager = Pager(self._lines, id="diff-text")
        self.form = Form()

    def compose(self) -> ComposeResult:
        with Vertical(id="diff-sheet"):
            yield Bar(tone="title", id="diff-title")
            yield self.pager
            yield Lines(id="diff-said")
            yield self.form
            yield DialogKeys(self._keys)

    def on_mount(self) -> None:
        self.ready, self._opened = True, time.monotonic()
        self.editing.tell = self.show
        self.pager.focus()
        if self.editing.checked is None and not self.editing.desk.busy:
            self.editing.look()
        self.editing.glance()
        self.show()

    def on_unmount(self) -> None:
        self.ready = False

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    def show(self) -> None:
        """Show what is known anew."""
        if not (self.ready and self.display):
            return
        draft = self.editing.draft
        more, less = differing.counted(draft.base, draft.texts)
        files = ", ".join(path.name for path in draft.texts) or ("…" if draft.pending else "nothing")
        self.query_one("#diff-title", Bar).say(
            (Span(f" save {files}"),), (Span(f" {more} line{'' if more == 1 else 's'} added, {less} removed "),)
        )
        self.pager.renew()
        self.query_one("#diff-said", Lines).show(self._said())
        self.query_one(DialogKeys).renew()

    def on_resize(self) -> None:
        self.show()

    def _lines(self, cells: int) -> list[Line]:
        draft = self.editing.draft
        found = differing.lines(draft.base, draft.texts, self.editing.root.absolute(), cells)
        same = "The edit is being made…" if draft.pending else "The edit and the file say the same."
        lines: list[Line] = [(), *found] if found else [(), (Span(f" {same}", "dim"),)]
        return [*lines, *outlook_lines.lines(self.editing.outlook, cells), ()]

    def say(self, text: str, tone: str = "warning") -> None:
        """Say something where it is said whether it can be saved."""
        self.query_one("#diff-said", Lines).show([(Span(f" {text}", tone),)])

    def _said(self) -> list[Line]:
        """Whether it can be saved, in a few lines."""
        cells = max(20, self.size.width - 3)
        if self._saving:
            return [(Span(" saving…", "dim"),)]
        if read_only.on():
            return [(Span(f" {part}", "warning"),) for part in fold(f"{read_only.WHY}: {read_only.HINT}", cells, 2)]
        if self._refused is not None:
            texts = [self._refused.refused, *self._refused.more]
            if self._refused.moved:
                texts.append("Nothing was written and nothing is lost: m puts your edit onto the new text.")
            return [(Span(f" {part}", "critical"),) for text in texts for part in fold(text, cells, 3)]
        if self.editing.foreign:
            text = "The file has changed on disk since this edit began: m puts your edit onto the new text."
            return [(Span(f" {part}", "warning"),) for part in fold(text, cells, 2)]
        if self.editing.checked is None:
            return [(Span(" checking…", "dim"),)]
        errors = [flaw for flaw in self.editing.flaws if flaw.level == "error"]
        lines: list[Line] = []
        for flaw in errors[:3]:
            head, _ = entries.flaw_text(flaw)
            lines.append((Span(f" {entries.ERROR.sign()} {head}", "critical"),))
        if errors:
            many = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
            return [*lines, (Span(f" {many}: it cannot be saved before that is mended", "critical"),)]
        warnings = len(self.editing.flaws)
        text = joined(("valid", f"{warnings} warning{'' if warnings == 1 else 's'}" if warnings else "",
                       f"note: {self._note}" if self._note else ""))  # fmt: skip
        return [(Span(f" ✓ {text}" if not outlook_lines.marks.plain_glyphs() else f" + {text}", "ok"),)]

    @property
    def able(self) -> bool:
        """Whether it may be saved now, as far as is known here; the action looks for itself."""
        checked, draft = self.editing.checked, self.editing.draft
        if self._saving or draft.pending or not draft.texts or read_only.on():
            return False
        return checked is not None and not checked.errors and not self.editing.foreign

    def _keys(self) -> list[tuple[str, str]]:
        if self.form.typing is not None:
            return [("Enter", "keep"), ("Esc", "drop")]
        pairs = [(keys.now("diff.save", "enter"), "save it"), (keys.now("diff.note", "n"), "note")] if self.able else []
        pairs += [(keys.now("diff.onto", "m"), "onto the new text")] if self.editing.foreign else []
        return [*pairs, (keys.now("diff.leave", "escape"), "back, the edit stays")]

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a note is typed, these are letters."""
        return action not in ("save", "note", "onto") or not typing(self)

    def action_save(self) -> None:
        """Save it."""
        if not self.able:
            if read_only.on():
                self.say(read_only.WHY)
            return
        if time.monotonic() - self._opened < HELD:
            self.say("that was quick: look at it, then press it again")
            return
        self._saving, self._refused = True, None
        self.editing.save(self._note, self._saved)
        self.show()

    def _saved(self, found: Saved) -> None:
        self._saving = False
        if not self.ready:
            return
        if found.text:
            self.action_leave()
            self._told(found)
            return
        self._refused = found
        self.show()

    async def action_note(self) -> None:
        """Write why."""
        if not self._saving:
            await self.form.ask(NOTE, "note: ", self._note or "")
            self.query_one(DialogKeys).renew()

    def on_form_changed(self, event: Form.Changed) -> None:
        self._note = str(event.value) if event.value else None
        self._back()

    def on_form_closed(self) -> None:
        self._back()

    def _back(self) -> None:
        self.pager.focus()
        self.editing.glance()
        self.call_after_refresh(self.show)

    def action_onto(self) -> None:
        """Put the edit onto the files as they are by now, and look at it again."""
        self.editing.onto(self._put)

    def _put(self, clashes: int | None) -> None:
        if clashes is not None:
            self._refused = None
            self.show()

    def action_leave(self) -> None:
        """Back; the edit stays."""
        self.editing.tell = self._below
        self.app.pop_screen()

"""A model's policy to be edited: its rules as they stand, the file's lines with problems in the margin, what if.

Opened from the policy pane. An edit is text in memory until it is saved (`policy.draft`); all that takes time is done
by a child (`policy.desk`), which answers while one goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.policy import entries, saying
from lifecycle_tui.tui.policy.asked import Flaw, Op, Saved
from lifecycle_tui.tui.policy.editing import Editing
from lifecycle_tui.tui.policy.entries import Entry, Row
from lifecycle_tui.tui.reads import policy
from lifecycle_tui.tui.reads.policy import Standing
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, safe
from lifecycle_tui.tui.widgets.lines import Lines
from lifecycle_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.entries import Entry as PaletteEntry
    from lifecycle_tui.tui.screens.policy_form import PolicyForm

AHEAD = 5
"""Lines below the one gone to that are to be in sight."""


class PolicyScreen(View):
    """One model's policy.

    Args:
        rule: the rule on which the cursor is to stand at first.
    """

    NAME = "policy"
    LINES = ("filter", "add")
    BANNER = False  # it has one of its own
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]
    DEFAULT_CSS = """
    PolicyScreen #policy-body { height: 1fr; layout: vertical; }
    PolicyScreen #policy-entries { height: 8; }
    PolicyScreen #policy-text, PolicyScreen #policy-about { height: 1fr; }
    PolicyScreen.-narrow #policy-about { display: none; }
    PolicyScreen #policy-flaw { height: 2; }
    PolicyScreen.-wide #policy-body {
        layout: grid; grid-size: 2 2; grid-columns: 5fr 6fr; grid-rows: 2fr 3fr; grid-gutter: 0 2;
    }
    PolicyScreen.-wide #policy-entries { height: 1fr; }
    PolicyScreen.-wide #policy-text { row-span: 2; }
    """
    SCOPED_CSS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "edit", "edit", id="policy.edit", tooltip="edit the rule or section under the cursor"),
        Binding("plus,i", "add", "add", priority=True, id="policy.add", tooltip="add a rule"),
        Binding("minus,delete", "remove", "remove", show=False, id="policy.remove", tooltip="remove the rule"),
        Binding("v", "editor", "$EDITOR", id="policy.editor", tooltip="edit the file at this line in $VISUAL, $EDITOR"),
        Binding("w", "save", "save", id="policy.save", tooltip="show what has changed, then save it"),
        Binding("u", "undo", "undo", id="policy.undo", tooltip="take the last edit back"),
        Binding("R", "drop", "drop the edit", show=False, id="policy.drop", tooltip="back to the file; u undoes it"),
        Binding("m", "onto", "onto the new text", show=False, id="policy.onto",
                tooltip="put the edit onto the file as somebody else has changed it meanwhile"),
        Binding("n", "flaw(1)", "problem", id="policy.next", tooltip="next problem"),
        Binding("N", "flaw(-1)", "problem before", show=False, id="policy.previous"),
        Binding("o,tab,shift+tab", "other", "other list", show=False, id="policy.other",
                tooltip="to the file's lines, and back to the rules"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str, rule: str | None = None) -> None:
        super().__init__(source)
        self.model_name = model
        self._rule: str | None = rule
        self._standing: Standing | None = None
        self._declared = True
        self._rows: list[Row] = []
        self.editing: Editing | None = None
        self.entries: Grid[Entry] = Grid(
            entries.ENTRY_COLUMNS, key=lambda e: ".".join(e.table), text=lambda e: f"{e.name} {e.text}",
            id="policy-entries", empty="reading…",
        )  # fmt: skip
        self.text: Grid[Row] = Grid(
            entries.text_columns(()), key=lambda r: r.key, text=lambda r: r.text, id="policy-text", empty="reading…"
        )
        self.about_pager = Pager(self._about_lines, id="policy-about")

    def body(self) -> Iterable[Widget]:
        yield Lines(id="policy-banner")
        with Container(id="policy-body"):
            # In this order below each other; on a wide screen the text stands at the right.
            yield self.entries
            yield self.text
            yield self.about_pager
        yield Lines(id="policy-flaw")

    def on_mount(self) -> None:
        self.editing = Editing(cast("LifecycleApp", self.app), self.source.root, self.model_name, self.begin)
        self.editing.tell = self.show
        super().on_mount()
        self.editing.look()

    def on_unmount(self) -> None:
        super().on_unmount()
        if self.editing is not None:
            self.editing.close()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        super().on_screen_resume(event)
        if self.editing is not None and self.ready:
            self.editing.tell = self.show
            if self.editing.table is not None:
                # A form was open.
                self.editing.table = None
                self.editing.try_()
            self.show()

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self) -> None:
        """Read how the rules stand; the files are the child's."""
        self._standing = await self.source.ask(policy.standing, self.model_name)
        self._declared = await self.source.model(self.model_name) is not None
        await self._look(always=True)

    def moved(self) -> bool:
        """The files are looked at in the reader's thread; the child reads what has changed."""
        self.begin("files", self._look)
        return False

    async def _look(self, *, always: bool = False) -> None:
        if self.editing is not None and (await self.editing.follow() or always):
            self.show()

    def show(self) -> None:
        """Show what is known anew."""
        if not self.stands or self.editing is None:
            return
        lines = self.editing.lines
        if lines is not None:
            found = entries.entries(
                self.model_name, lines, self._standing, self.editing.flaws, edited=bool(self.editing.draft)
            )
            self.entries.show(found, empty="no rule, no section")
            rows = entries.rows(lines, self.editing.flaws, self._names())
            if rows != self._rows:
                self._rows = rows
                self.text.replace(entries.text_columns(rows))
                self.text.show(rows, empty=lines.file.problem or "nothing is written")
            if self._rule is not None:
                self.entries.go(".".join(("models", self.model_name, "rules", self._rule)))
                self._rule = None
                self._to_entry()
        note = None if self._standing is None else self._standing.note
        banner = saying.banner(self.editing, note, self._declared, max(20, self.size.width - 2))
        self.query_one("#policy-banner", Lines).show(banner)
        self._flaw_lines()
        if self.about_pager.display:
            self.about_pager.renew()
        self.bars()

    def _names(self) -> dict[Path, str]:
        lines = None if self.editing is None else self.editing.lines
        return {} if lines is None else {part.path: part.file for part in lines.file.written}

    def _flaw_lines(self) -> None:
        """The problem under the cursor, else how many there are."""
        if self.editing is not None:
            found = saying.here(self.editing, self._here(), max(20, self.size.width - 2))
            self.query_one("#policy-flaw", Lines).show(found)

    def _here(self) -> list[Flaw]:
        """The problems under the cursor: of the line, or of the entry."""
        if self.editing is None:
            return []
        row, entry = self.text.row, self.entries.row
        if self.text.has_focus:
            return [] if row is None else self.editing.at(row.path, row.number)
        return [] if entry is None else list(self.editing.about(entry.table))

    def _about_lines(self, cells: int) -> list[Line]:
        return [] if self.editing is None else saying.panel(self.editing, self.entries.row, cells)

    def heading(self) -> tuple[Line, Line]:
        state = "" if self.editing is None else saying.state(self.editing)
        return (Span(f" policy  {safe(self.model_name)}"),), (Span(f" {joined((state, self.filterable().place))} "),)

    def about(self) -> Line:
        row, entry = self.text.row, self.entries.row
        if self.text.has_focus and row is not None:
            inside = entries.under(self.entries.rows, self.source.root, self._rows, row)
            return saying.about_line(self._names().get(row.path, row.path.name), row, inside)
        return () if entry is None else saying.about_entry(entry)

    def subject(self) -> Subject:
        return Subject(model=self.model_name)

    def filterable(self) -> Grid[Entry] | Grid[Row]:
        return self.text if self.text.has_focus else self.entries

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [PolicyScreen]

    def palette_entries(self) -> Iterable[PaletteEntry]:
        from lifecycle_tui.tui.entries import Entry as Offered

        offered = (
            ("Save the policy", self.action_save, "show what has changed, then save it", "w"),
            ("Edit the file in $EDITOR", self.action_editor, "at the line under the cursor", "v"),
            ("Add a rule", self.action_add, "", "+"),
        )
        return [Offered("policy", title, partial(run), help, key) for title, run, help, key in offered]

    # ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────

    @on(Grid.Moved, "#policy-entries")
    def _entry_moved(self) -> None:
        if self.entries.has_focus:
            self._to_entry()
        self.show()

    @on(Grid.Moved, "#policy-text")
    def _line_moved(self) -> None:
        self._flaw_lines()

    def on_descendant_focus(self) -> None:
        if self.ready:
            self._flaw_lines()
            self.bars()

    def _to_entry(self) -> None:
        """Show where the entry under the cursor is written."""
        entry = self.entries.row
        at = None if entry is None else entry.at(self.source.root)
        if at is not None:
            self._to_line(*at)

    def _to_line(self, path: Path, number: int) -> None:
        keys = [row.key for row in self._rows]
        key = Row(path, number, "").key
        if key in keys:
            # Its end first, so that more than its first line is in sight.
            at = keys.index(key)
            for key in (keys[min(len(keys) - 1, at + AHEAD)], keys[at]):
                self.text.go(key)

    def action_other(self) -> None:
        """The focus to the other list."""
        (self.entries if self.text.has_focus else self.text).focus()

    def action_flaw(self, by: int) -> None:
        """To the next problem, or the one before; around the end."""
        if not any(row.level for row in self._rows):
            loose = self.editing.flaws if self.editing is not None else ()  # without a place
            self.say(loose[0].message if loose else "there is no problem", "critical" if loose else "dim")
            return
        row = self.text.row if self.text.has_focus else None
        self.text.filter = ""
        self.set_focus(self.text)
        self.text.go(entries.after(self._rows, row, by).key)
        self._flaw_lines()
        self.bars()

    def step_back(self) -> bool:
        """Filter off, then to the rules."""
        if super().step_back():
            return True
        if self.text.has_focus:
            self.entries.focus()
            return True
        return False

    def action_back(self) -> None:
        """Back; an edit that is not saved is kept and said."""
        super().action_back()
        self._kept()

    def action_leave(self) -> None:
        """Back, from wherever the cursor is."""
        super().action_leave()
        self._kept()

    def _kept(self) -> None:
        below, draft = self.app.screen, self.editing is not None and self.editing.draft
        if draft and below is not self and isinstance(below, View):
            below.say("the edit is kept, not saved: open the policy again to save (w) or drop it (R)")

    # ── editing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _chosen(self) -> Entry | None:
        """What is under the cursor of the list that has the focus."""
        if not self.text.has_focus:
            return self.entries.row
        row = self.text.row
        return None if row is None else entries.under(self.entries.rows, self.source.root, self._rows, row)

    def on_grid_chosen(self) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        """Open the form of the rule or section under the cursor."""
        entry = self._chosen()
        if entry is None:
            self.say("no rule and no section is here: v edits the file in $EDITOR")
            return
        row = self.text.row
        here = row.text.partition("=")[0].strip() if self.text.has_focus and row is not None else ""
        self.app.push_screen(self._form(entry.table, here))

    def _form(self, table: tuple[str, ...], field: str = "", *, fresh: bool = False) -> PolicyForm:
        from lifecycle_tui.tui.screens.policy_form import PolicyForm

        assert self.editing is not None
        return PolicyForm(self.source, self.editing, table, field=field, fresh=fresh)

    async def action_add(self) -> None:
        """Add a rule: its name is asked for in its form."""
        await self.app.push_screen(self._form(("models", self.model_name, "rules", ""), fresh=True))

    def action_remove(self) -> None:
        """Remove the rule under the cursor; one of `[defaults]` is switched off for this model."""
        entry = self._chosen()
        if entry is None or not entry.rule or self.editing is None:
            self.say("no rule is under the cursor")
            return
        if entry.shared:
            self.editing.keep(Op((*entry.table, "enabled"), "false"))
            self.say(f"{entry.name} comes from [defaults]: it is switched off for this model; u undoes it", "info")
        else:
            self.editing.keep(Op(entry.table, None))
            self.say(f"{entry.name} is taken out; u undoes it", "info")

    def action_undo(self) -> None:
        """Take the last edit back."""
        if self.editing is None or not self.editing.undo():
            self.say("there is nothing to undo", "dim")

    def action_drop(self) -> None:
        """Back to what the file says; that can be undone."""
        if self.editing is None or not self.editing.draft:
            self.say("there is no edit", "dim")
            return
        self.editing.drop()
        self.say("the edit is dropped; u brings it back", "info")

    def action_onto(self) -> None:
        """Put the edit onto the files as they are by now."""
        if self.editing is not None:
            self.editing.onto(lambda clashes: self._told_of(*saying.onto(clashes)))

    def action_save(self) -> None:
        """Show what has changed, and save it."""
        if self.editing is None or not self.editing.draft:
            self.say("there is nothing to save: no edit", "dim")
            return
        from lifecycle_tui.tui.screens.policy_diff import PolicyDiff

        self.app.push_screen(PolicyDiff(self.editing, self._saved))

    def _saved(self, found: Saved) -> None:
        self._told_of(found.text or found.refused, "info" if found.text else "critical")

    def _told_of(self, text: str, tone: str) -> None:
        if self.stands:
            self.say(text, tone)

    # ── $EDITOR ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _place(self) -> tuple[Path, int]:
        """File and line to edit: of the cursor's line, else of the entry."""
        assert self.editing is not None
        row = self.text.row
        if self.text.has_focus and row is not None:
            return row.path, max(1, row.number)
        entry = self.entries.row
        at = None if entry is None else entry.at(self.source.root)
        return at or (self.editing.root / FILE, 1)

    def action_editor(self) -> None:
        """Edit the file at this line in the person's own editor."""
        self.begin("editor", partial(self._edit, *self._place()))

    async def _edit(self, path: Path, line: int) -> None:
        from lifecycle_tui.tui.policy.suspending import edited

        assert self.editing is not None
        self._told_of(*await edited(cast("LifecycleApp", self.app), self.editing, path, line))

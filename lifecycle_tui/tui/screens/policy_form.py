"""The form of one rule or section: its keys with what they mean, checked as one types, and what if.

Opened from the policy screen, whose edit it works on: what is kept here is in memory, and saved from here or there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.declared import Rule
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.policy import entries, outlook_lines
from lifecycle_tui.tui.policy.asked import FieldFacts, Flaw, Key, Op, Saved
from lifecycle_tui.tui.policy.values import shown, toml, typed
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span, fold, joined, safe
from lifecycle_tui.tui.thresholds import thresholds
from lifecycle_tui.tui.typing import begin, typing
from lifecycle_tui.tui.widgets.form import Field, Form
from lifecycle_tui.tui.widgets.lines import Bar, Lines
from lifecycle_tui.tui.widgets.picture import Picture
from lifecycle_tui.tui.widgets.sheet import DialogKeys

if TYPE_CHECKING:
    from lifecycle_tui.tui.policy.asked import Lines as PolicyText
    from lifecycle_tui.tui.policy.editing import Editing

NAMED = "name"
"""What the form calls the name of a rule that is new."""
NAME_ASKED = "name of the new rule: "
SHOWN, OTHERS = 8, 14
"""Fields of a rule that show at once on a low screen; lines that the rest needs where there is no history."""
TOLD = 3
"""Lines of problems, and of differences, on a narrow screen."""


class PolicyForm(Guarded, Screen[None]):
    """One table of a policy.

    Args:
        table: its key path; of a new rule without the name, which is asked for first.
        field: on which the cursor is to stand at first.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]
    DEFAULT_CSS = """
    PolicyForm #form-body { height: 1fr; layout: vertical; }
    PolicyForm #form-left { height: auto; }
    PolicyForm #form-right { height: 1fr; }
    PolicyForm.-wide #form-body { layout: horizontal; }
    PolicyForm.-wide #form-left { width: 9fr; height: 1fr; }
    PolicyForm.-wide #form-right { width: 11fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "save", "save", show=False, priority=True, id="form.save",
                tooltip="show what has changed, then save it"),
        Binding("u", "undo", "undo", show=False, priority=True, id="form.undo", tooltip="take the last edit back"),
        Binding("delete,minus", "unset", "take the value out", show=False, id="form.unset"),
        Binding("escape,q", "leave", "back", show=False, id="form.leave", tooltip="back; the edit stays"),
    ]  # fmt: skip

    def __init__(self, source: Source, editing: Editing, table: Key, *, field: str = "", fresh: bool = False) -> None:
        super().__init__()
        self.source, self.editing, self.table, self._wanted, self._fresh = source, editing, table, field, fresh
        self.ready = False
        self._said: Line = ()
        self.form = Form()
        self.form.following = self._following
        self.picture = Picture(self._chart, id="form-picture")

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="form-title")
        with Container(id="form-body"):
            with Vertical(id="form-left"):
                yield self.form
                yield Lines(id="form-help")
                yield Lines(id="form-flaws")
            with Vertical(id="form-right"):
                yield Lines(id="form-outlook")
                yield self.picture
        yield Bar(id="form-said")
        yield DialogKeys(self._keys)

    async def on_mount(self) -> None:
        self.ready = True
        self.form.fields.toggle(True)
        self.editing.tell, self.editing.past = self.show, None
        if self._fresh:
            await self.form.ask(NAMED, NAME_ASKED)
        else:
            begin(self.form.fields)
            self._begin()
        self.show()

    def _begin(self) -> None:
        self.editing.table = self.table
        self.editing.lines = None if self.editing.lines is None else _without_fields(self.editing)
        self.editing.look()

    def on_unmount(self) -> None:
        self.ready = False

    @property
    def stands(self) -> bool:
        """Whether its widgets are there."""
        return self.ready and self.display

    # ── as the app asks of every screen that follows state ────────────────────────────────────────────────────────

    def reload(self) -> None:
        """State has moved: windows may have come in."""
        if self.stands and not typing(self):
            self.editing.look()

    def trouble(self, message: str) -> None:
        """State cannot be read now."""
        if self.stands and message:
            self.say(message, "critical")

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def facts(self) -> tuple[FieldFacts, ...]:
        """The fields, as far as the child has said what they are."""
        lines = self.editing.lines
        return () if lines is None or lines.fields is None or self.editing.table != self.table else lines.fields

    def _fact(self, name: str) -> FieldFacts | None:
        return next((fact for fact in self.facts if fact.name == name), None)

    def on_screen_resume(self) -> None:
        if self.ready:
            self.editing.tell = self.show
            self.show()

    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        """Show what is known anew."""
        if not self.stands:
            return
        if self.form.typing is None or self.form.typing == NAMED:
            self.form.fields.fill([self._field(fact) for fact in self.facts])
            self._go()
        wide = self.has_class("-wide")
        self.form.fields.limit(self._most())
        cells = max(20, (self.size.width * 9 // 20 if wide else self.size.width) - 2)
        self.query_one("#form-help", Lines).show(self._help(cells, whole=wide))
        self.query_one("#form-flaws", Lines).show(self._flaws(cells, None if wide else TOLD))
        right = self.size.width * 11 // 20 if wide else self.size.width
        told = outlook_lines.lines(self.editing.outlook, right)[0 if wide else 1 :]
        room = 30 if wide else TOLD + 1
        more: list[Line] = [(Span(f"   … and {len(told) - room + 1} lines more: w shows them all", "dim"),)]
        self.query_one("#form-outlook", Lines).show(told if len(told) <= room else [*told[: room - 1], *more])
        self.picture.renew()
        self.query_one("#form-title", Bar).say(*self._heading())
        self.query_one("#form-said", Bar).say(self._said or (Span(f" {self.editing.said}", "critical"),))
        self.query_one(DialogKeys).renew()

    @property
    def _rule(self) -> bool:
        return self.table[2:3] == ("rules",)

    def _most(self) -> int:
        """Fields that show at once: a rule leaves room for its history."""
        if self.size.height >= 40:
            return 0
        return (SHOWN if self.size.height >= 24 else 4) if self._rule else max(3, self.size.height - OTHERS)

    def _go(self) -> None:
        """To the field that was asked for, once the fields are there."""
        names = [field.name for field in self.form.fields.fields]
        if self._wanted in names:
            self.form.fields.action_move(names.index(self._wanted) - self.form.fields.at)
        if names:
            self._wanted = ""

    def _heading(self) -> tuple[Line, Line]:
        what = "rule" if self._rule else "section"
        name = self.table[-1] or "new"
        state = "edited, not saved" if self.editing.draft else ""
        checking = "checking…" if self.editing.checked is None else ""
        errors = sum(flaw.level == "error" for flaw in self.editing.flaws)
        wrong = f"{errors} error{'' if errors == 1 else 's'}" if errors else ""
        fields = self.form.fields
        place = f"{fields.at + 1}/{len(fields.fields)}" if fields.fields else ""
        right = joined((state, wrong, checking, place))
        return (Span(f" {what} {safe(name)} · {safe(self.table[1])}"),), (Span(f" {right} "),)

    def _field(self, fact: FieldFacts) -> Field:
        given = fact.value if fact.value is not None else None
        value: str | bool | None = None if given is None else shown(given)
        if fact.kind == "flag" and given is not None:
            value = given == "true"
        if fact.shared is not None:
            unset = f"{shown(fact.shared)} (from [defaults])"
        else:
            default = {"true": "yes", "false": "no"}.get(fact.default, shown(fact.default))
            unset = f"{default} (default)" if fact.default not in ("", "needed", "none") else fact.default
        levels = {flaw.level for flaw in self.editing.about(fact.key)}
        tone = "critical" if "error" in levels else "warning" if levels else ""
        return Field(fact.name, fact.kind, fact.meaning, value, fact.choices, unset=unset or "-", tone=tone)

    def _early(self, name: str) -> FieldFacts | None:
        """The condition of a new rule may be there before the child has said what fields a rule has."""
        if name != "when" or not self._rule or not self.table[-1]:
            return None
        return FieldFacts(name, (*self.table, name), None, None, example='"auc < 0.9"')

    def _here(self) -> FieldFacts | None:
        name = self.form.typing
        if name is None or name == NAMED:
            fields = self.form.fields
            name = fields.fields[fields.at].name if fields.fields else None
        return None if name is None else self._fact(name)

    def _help(self, cells: int, *, whole: bool) -> list[Line]:
        """What the key under the cursor means."""
        fact = self._here()
        if fact is None:
            return [(), (Span(" reading…" if not self._fresh else "", "dim"),)]
        kind = joined((fact.type, fact.unit), ": ")
        facts = joined(
            (kind, f"default {fact.default}" if fact.default else "", f"e.g. {fact.example}" if fact.example else "")
        )
        room = 1 if self._rule else 2
        read = f"read by {', '.join(fact.readers)}" if fact.readers else ""
        lines: list[Line] = [(), *((Span(f" {text}"),) for text in fold(fact.meaning, cells, 3 if whole else room))]
        lines += [(Span(f" {text}", "dim"),) for text in fold(facts, cells, 4 if whole else room)]
        if whole and read:
            lines += [(Span(f" {text}", "dim"),) for text in fold(read, cells, 3)]
        return lines

    def _flaws(self, cells: int, most: int | None) -> list[Line]:
        """The problems of this table; then how many there are elsewhere."""
        mine = self.editing.about(self.table)
        here = self._here()
        if here is not None:
            mine = tuple(sorted(mine, key=lambda f: not f.key.startswith(".".join(here.key))))
        lines: list[Line] = []
        for flaw in mine:
            lines += self._flaw(flaw, cells)
        if most is not None and len(lines) > most:
            lines = lines[:most]
        rest = len(self.editing.flaws) - len(mine)
        if rest and (most is None or len(lines) < most):
            lines.append((Span(f" {rest} problem{'' if rest == 1 else 's'} elsewhere", "dim"),))
        return [(), *lines] if lines and most is None else lines

    def _flaw(self, flaw: Flaw, cells: int) -> list[Line]:
        head, more = entries.flaw_text(flaw)
        mark = entries.ERROR if flaw.level == "error" else entries.WARNING
        lines: list[Line] = [(Span(f" {text}", mark.tone),) for text in fold(f"{mark.sign()} {head}", cells)]
        return lines + [(Span(f"   {text}", "dim"),) for text in fold(more, cells - 2)] if more else lines

    def _chart(self, cells: int, rows: int) -> list[Line]:
        past = self.editing.past
        if past is None or not past.series or not self._rule:
            return []
        now = thresholds([Rule(self.table[-1], past.when)], past.series[0].name)
        before = thresholds([Rule(self.table[-1], past.before)], past.series[0].name)
        before = tuple(t for t in before if t.value not in {n.value for n in now})
        levels = [*((t, False) for t in before), *((t, True) for t in now)]
        return outlook_lines.chart(past.series[0], levels, self.editing.outlook, self.table[-1], cells, rows)

    def _keys(self) -> list[tuple[str, str]]:
        if self.form.typing is not None:
            return [("Enter", "keep"), ("Esc", "drop")]
        here = self._here()
        pairs = [("Enter", "type" if here is None or here.kind == "text" else "switch")]
        if here is not None and here.value is not None:
            pairs.append((keys.now("form.unset", "delete"), "take out"))
        return [
            *pairs, (keys.now("form.undo", "u"), "undo"), (keys.now("form.save", "w"), "save"),
            (keys.now("form.leave", "escape"), "back, the edit stays"),
        ]  # fmt: skip

    def say(self, text: str, tone: str = "warning") -> None:
        self._said = (Span(f" {text}", tone),)
        if self.stands:
            self.query_one("#form-said", Bar).say(self._said)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, these are letters."""
        return action not in ("save", "undo", "unset") or not typing(self)

    def on_form_moved(self) -> None:
        self._said = ()
        self.show()

    def on_form_typed(self, event: Form.Typed) -> None:
        """See what would come of it."""
        fact = self._fact(event.field) or self._early(event.field)
        if fact is None:
            return
        value = self._toml(fact, event.value)
        self.editing.try_(*(() if value == fact.value else (Op(fact.key, value),)))

    def on_form_changed(self, event: Form.Changed) -> None:
        """A value was given: keep it in the edit."""
        if event.typed and self.form.typing is None:
            begin(self.form.fields)
        if event.field == NAMED:
            self._named(str(event.value or "").strip())
            return
        fact = self._fact(event.field) or self._early(event.field)
        if fact is None:
            return
        value = event.value
        if isinstance(value, bool):
            self._keep(fact, "true" if value else "false")
        elif fact.kind == "choice":
            self._keep(fact, None if value is None else toml(value))
        else:
            self._keep(fact, self._toml(fact, value or ""))

    def _toml(self, fact: FieldFacts, text: str) -> str | None:
        return typed(text, (fact.value, fact.shared, fact.example, fact.default))

    def _keep(self, fact: FieldFacts, value: str | None) -> None:
        self._said = ()
        if value == fact.value:
            self.editing.try_()
        else:
            self.editing.keep(Op(fact.key, value))
        self.show()

    def _following(self, name: str, value: str) -> tuple[str, str, str] | None:
        """After the name of a new rule its condition is asked for; a name that cannot be is asked for again."""
        if name != NAMED:
            return None
        value = value.strip()
        return ("when", "when: ", "") if value and not self._taken(value) else (NAMED, NAME_ASKED, value)

    def _taken(self, name: str) -> bool:
        lines = self.editing.lines
        return lines is not None and any(rule.name == name for rule in lines.file.rules)

    def _named(self, name: str) -> None:
        """The new rule has a name."""
        if not name:
            self.say("a rule needs a name; Esc leaves it")
        elif self._taken(name):
            self.say(f"there is a rule {name} already: Esc, then Enter on it edits it")
        else:
            self.table, self._fresh = (*self.table[:3], name), False
            self._begin()
        self.show()

    def on_form_closed(self) -> None:
        """The typing was dropped."""
        if self._fresh:
            self.action_leave()
            return
        begin(self.form.fields)
        self.editing.try_()
        self.call_after_refresh(self.show)

    def action_unset(self) -> None:
        """Take the value under the cursor out of the file: the default counts again."""
        fact = self._here()
        if fact is not None and fact.value is not None:
            self._keep(fact, None)

    def action_undo(self) -> None:
        """Take the last edit back."""
        if not self.editing.undo():
            self.say("there is nothing to undo", "dim")

    def action_save(self) -> None:
        """Show what has changed, and save it."""
        if not self.editing.draft:
            self.say("there is nothing to save: no edit", "dim")
            return
        from lifecycle_tui.tui.screens.policy_diff import PolicyDiff

        self.app.push_screen(PolicyDiff(self.editing, self._saved))

    def _saved(self, found: Saved) -> None:
        self.say(found.text or found.refused, "info" if found.text else "critical")

    def action_leave(self) -> None:
        """Back to the policy; the edit stays, in memory."""
        self.app.pop_screen()


def _without_fields(editing: Editing) -> PolicyText:
    from dataclasses import replace

    assert editing.lines is not None
    return replace(editing.lines, fields=None)

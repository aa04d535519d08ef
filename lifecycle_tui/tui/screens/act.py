"""The dialog of an action: its plan, the command that does the same, a question by risk, and what came of it.

Pushed by every view (`View.action_act`). The plan is made in a thread; the screen below stays in sight and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from lifecycle_tui.state.jobs import Job
from lifecycle_tui.tui import acting, copying, keys
from lifecycle_tui.tui.asking import Question, against, harmless
from lifecycle_tui.tui.doing import Deed, Fault, Hand, Looked
from lifecycle_tui.tui.going import to_jobs
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.reader import Reading
from lifecycle_tui.tui.reads import acting as reads
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.typing import typing
from lifecycle_tui.tui.widgets.form import Form
from lifecycle_tui.tui.widgets.lines import Bar
from lifecycle_tui.tui.widgets.sheet import Body, DialogKeys

if TYPE_CHECKING:
    from lifecycle_tui.actions.base import Plan

Stage = Literal["planning", "asking", "doing", "done"]
CONFIRM = "confirm"
"""What the form calls the word that is typed to confirm."""
LEAST = 3
"""Lines of the plan that show however much there is to fill in."""
HELD = 0.5
"""Seconds between two `y` that count as one key held down, where that key has opened the dialog too."""
IN_SIGHT = 2
"""Lines of the screen below that stay in sight."""


class ActScreen(Guarded, ModalScreen[None]):
    """What an action would do to a subject; done when the person says so.

    Args:
        name: of the action.
        subject: what the cursor stands on; several models where the action takes nothing else.
    """

    DEFAULT_CSS = """
    ActScreen { align-vertical: bottom; }
    ActScreen #sheet { height: auto; background: ansi_default; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "do it", show=False, priority=True, id="act.enter",
                tooltip="do it, where it changes no more than the record; afterwards open its job"),
        Binding("y", "yes", "do it", show=False, priority=True, id="act.yes",
                tooltip="do it, also where it changes what serves"),
        Binding("n", "note", "note", show=False, priority=True, id="act.note",
                tooltip="write a note that is kept with it"),
        Binding("tab,e,shift+tab", "options", "options", show=False, id="act.options",
                tooltip="to what can be given besides, and back"),
        Binding("f", "flag('force')", "against the gates", show=False, id="act.force",
                tooltip="of a promotion: plan it against the gates, or by them again"),
        Binding("d", "flag('decline')", "say no", show=False, id="act.decline",
                tooltip="of an approval: plan to say no, or yes again"),
        Binding("r", "again", "plan again", show=False, id="act.again", tooltip="plan it again, as things stand now"),
        Binding("o", "open", "open the job", show=False, id="act.open", tooltip="afterwards: open its job"),
        Binding("escape,q", "leave", "cancel; afterwards back", show=False, id="act.leave"),
        Binding("ctrl+y", "copy", "copy the command that does the same", show=False, id="act.copy"),
        Binding("question_mark", "app.help", "help", show=False, id="act.help"),
        Binding("ctrl+l", "app.redraw", "draw the screen anew", show=False, id="act.redraw"),
        Binding("ctrl+z", "app.suspend_process", "put the program in the background", show=False, id="act.suspend"),
    ]  # fmt: skip

    def __init__(self, source: Source, name: str, subject: Subject) -> None:
        super().__init__()
        self.source, self.question = source, Question(name, subject)
        self.stage: Stage = "planning"
        self.jobs: dict[int, Job] = {}
        self.ready = False
        self._looked: Looked | None = None
        self._fault: Fault | None = None
        self._chosen: tuple[Plan, ...] = ()
        self._deeds: tuple[Deed, ...] = ()
        self._said: Line = ()
        self.body, self.form = Body(self._lines, id="act-body"), Form()
        # Over the app's style sheet, which makes every screen opaque.
        self.styles.background = "transparent"

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet"):
            yield Bar(tone="title", id="act-title")
            yield self.body
            yield self.form
            yield Bar(id="act-said")
            yield DialogKeys(self._keys)

    def on_mount(self) -> None:
        self.ready = True
        self._pressed = time.monotonic()
        self._hand, self._reads = Hand(self.app, self.source.root), Reading(self._unread)
        self.body.focus()
        self.plan()

    def on_unmount(self) -> None:
        self.ready = False
        self._hand.leave()
        self._reads.leave()

    @property
    def stands(self) -> bool:
        """Whether its widgets are there: a screen that closes loses them before it is told."""
        return self.ready and self.display

    # ── planning and doing ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def found(self) -> Plan | Fault | str | None:
        """What came of planning for the one subject; None before, and where there are several."""
        return None if self._looked is None or self.question.models else self._looked.found[0]

    @property
    def plans(self) -> list[Plan]:
        """What can be done now."""
        if self._looked is None or self.stage != "asking" or self._looked.locked is not None:
            return []
        return acting.plans_of(self._looked)

    def plan(self) -> None:
        """Make the plan, or make it anew."""
        self.stage = "planning"
        self._hand.look({self.question.named.name: self.question.asked()}, self._planned, self._heard)
        self.show()

    def _heard(self, text: str) -> None:
        self._say(text, "dim")

    def _planned(self, found: Mapping[str, Looked] | Fault) -> None:
        self.stage, self._said = "asking", ()
        if isinstance(found, Fault):
            self._looked, self._fault = None, found
        else:
            self._looked = found[self.question.named.name]
            self.form.fields.fill(self.question.fields(self._looked.action.parameters))
            if isinstance(self.found, str) and self.form.typing is None:
                self.form.fields.toggle(True)
                self.call_later(self._type, self.found, f"{self.found}: ", "")
        self.show()

    def _do(self) -> None:
        self._chosen = tuple(self.plans)
        self.stage, self._fault = "doing", None
        self._hand.carry_out(self._chosen, self._acted, self._heard)
        self.show()

    def _acted(self, found: tuple[Deed, ...] | Fault) -> None:
        self._said = ()
        one = None if isinstance(found, Fault) or self.question.models else found[0]
        if isinstance(found, Fault) or (one is not None and one.done is None):
            # Nothing was done: that is said above the plan as it would be now.
            self._fault = found if isinstance(found, Fault) else found[0].fault
            self.plan()
            return
        self.stage, self._deeds = "done", found
        self.form.display = False
        self.body.focus()
        self.reload()

    # ── following state ───────────────────────────────────────────────────────────────────────────────────────────

    def reload(self) -> None:
        """Read how far the jobs are; the screen below, which is in sight, reads again too."""
        below = self.app.screen_stack[-2] if self.app.screen is self else None
        if below is not None and hasattr(below, "reload"):
            below.reload()
        if not self.stands:
            return
        if self._deeds:
            self._reads.begin("jobs", self._follow)
        self.show()

    async def _follow(self) -> None:
        ids = [deed.done.job for deed in self._deeds if deed.done is not None and deed.done.job is not None]
        found = await self.source.ask(reads.jobs_of, ids)
        self.jobs |= {job.id: job for job in found}
        self.show()

    def _unread(self, exc: Exception) -> None:
        self.trouble(str(exc) if isinstance(exc, Trouble) else f"internal error: {type(exc).__name__}: {exc}")

    def trouble(self, message: str) -> None:
        """Say that state cannot be read now."""
        self._say(message, "critical")

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self) -> None:
        """Draw what has changed."""
        if not self.stands:
            return
        self.query_one("#act-title", Bar).say(acting.title(self.question.title), (Span(f" {self._state()} "),))
        fields = self.form.fields
        rest = 3 + IN_SIGHT + (len(fields.fields) if fields.open else 1) + (self.form.typing is not None)
        self.body.styles.max_height = max(LEAST, self.size.height - rest)
        self.body.renew()
        help_ = fields.help if fields.has_focus and not self._said else ""
        self.query_one("#act-said", Bar).say(self._said or (Span(f" {help_}", "dim"),))
        self.query_one(DialogKeys).renew()

    def on_resize(self) -> None:
        self.show()

    def _state(self) -> str:
        """For the title's right end."""
        if self.stage == "done":
            return acting.far(self.jobs, several=bool(self.question.models))
        if self.stage != "asking":
            return {"planning": "planning…", "doing": "doing it…"}[self.stage]
        return acting.RISKS["low" if harmless(self.plans) else "traffic"] if self.plans else ""

    def _lines(self, cells: int) -> list[Line]:
        """The body for a width."""
        models = self.question.models
        if self.stage == "done":
            return acting.done_lines(models, self._deeds, self._chosen, self.jobs, cells)
        force = keys.now("act.force", "f") if self._gated() and not self.question.given.get("force") else ""
        more = f"{force} plans it against the gates" if force else None
        return acting.asked_lines(models, self._looked, self._fault, cells, more=more)

    def _keys(self) -> list[tuple[str, str]]:
        """(key, what) for the footer, as things stand."""
        key, leave, options = keys.now, keys.now("act.leave", "escape"), keys.now("act.options", "tab")
        if self.stage == "done":
            opens = [(key("act.enter", "enter"), "the job" if len(self.jobs) == 1 else "the jobs")] if self.jobs else []
            over = all(job.ended for job in self.jobs.values())
            return [*opens, (leave, "back" if over else "back, the job goes on")]
        if self.form.typing is not None:
            return [("Enter", "do it" if self.form.typing == CONFIRM else "keep"), ("Esc", "drop")]
        if self.form.fields.has_focus:
            own = [(key("form.change", "enter"), "change"), (key("form.turn", "space"), "switch")]
            return [*own, (options, "to the plan"), (leave, "cancel")]
        given, plans = self.question.given, self.plans
        pairs = [(key("act.enter", "enter") if harmless(plans) else key("act.yes", "y"), "do it")] if plans else []
        way = "by" if (force := given.get("force")) else "against"
        pairs += [(key("act.force", "f"), f"{way} the gates")] if self._gated() or force else []
        no = "say yes" if given.get("decline") else "say no"
        pairs += [(key("act.decline", "d"), no)] if self._has("decline") else []
        pairs += [(key("act.note", "n"), "note"), (options, "options"), (key("act.again", "r"), "again")]
        return [*pairs, (leave, "cancel" if plans else "back")]

    def _has(self, flag: str) -> bool:
        return any(field.name == flag and field.kind == "flag" for field in self.form.fields.fields)

    def _gated(self) -> bool:
        """Whether gates are against it that may be overruled."""
        found = self.found
        if found is None or isinstance(found, Fault | str) or not self._has("force"):
            return False
        return found.refused is not None and found.refused.gate

    def _say(self, text: str, tone: str = "warning") -> None:
        self._said = (Span(f" {text}", tone),)
        if self.stands:
            self.query_one("#act-said", Bar).say(self._said)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, these are letters; Enter is the line's then, and the options' where they are."""
        if action == "enter" and self.form.fields.has_focus:
            return False
        return action not in ("enter", "yes", "note") or not typing(self)

    async def action_enter(self) -> None:
        """Do it where it changes no more than the record; else say what is asked for."""
        if self.stage == "done":
            self.action_open() if self.jobs else self.action_leave()
        elif self._nothing():
            return
        elif harmless(self.plans):
            self._do()
        elif self.question.models:
            await self.action_yes()
        elif self.question.word(self.plans) is not None:
            self._say(f"this cannot be undone: {keys.now('act.yes', 'y')} asks for the model's name")
        else:
            gated = any(against(plan) for plan in self.plans)
            what = "goes against the gates" if gated else "changes what serves"
            self._say(f"this {what}: press {keys.now('act.yes', 'y')} to do it")

    async def action_yes(self) -> None:
        """Do it; where it cannot be undone, or for several models that serve, after a word was typed."""
        before, self._pressed = self._pressed, time.monotonic()
        if self.stage == "done" or self._nothing():
            return
        key, named = keys.now("act.yes", "y"), self.question.named
        if key == keys.act(named.name, named.key) and self._pressed - before < HELD:
            self._say(f"{key} was held down: press it again to do it")
            return
        word = self.question.word(self.plans)
        if word is None:
            self._do()
            return
        what = f"changes what serves of {len(self.plans)}" if self.question.models else "it cannot be undone"
        await self._type(CONFIRM, f"{what}: type {word} ", "")

    def _nothing(self) -> bool:
        """Whether there is nothing to do now; says why."""
        if self.plans:
            return False
        if self.stage in ("planning", "doing"):
            self._say("wait: it is still planned" if self.stage == "planning" else "wait: it is under way", "dim")
        elif self._looked is not None and self._looked.locked is not None:
            self._say(self._looked.locked)
        else:
            self._say("there is nothing that can be done here")
        return True

    def action_again(self) -> None:
        """Plan again, as things stand now."""
        if self.stage == "asking":
            self._fault = None
            self.plan()

    def action_flag(self, name: str) -> None:
        """Switch a flag of the action, and plan again."""
        if self.stage == "asking" and self._has(name):
            self._take(name, not self.question.given.get(name))

    async def action_note(self) -> None:
        """Write the note."""
        if self.stage == "asking" and self.form.fields.fields:
            await self._type("note", "note: ", str(self.question.given.get("note") or ""))

    async def _type(self, name: str, label: str, value: str) -> None:
        await self.form.ask(name, label, value)
        self.show()

    def action_options(self) -> None:
        """To the options, and back to the plan."""
        fields = self.form.fields
        if self.stage in ("doing", "done") or not fields.fields or self.form.typing is not None:
            return
        self._said = ()
        fields.toggle(not fields.has_focus)
        (fields if fields.open else self.body).focus()
        self.call_after_refresh(self.show)

    def on_form_moved(self) -> None:
        self._said = ()
        self.show()

    def on_form_changed(self, event: Form.Changed) -> None:
        """A value was given: plan with it; or the word: do it."""
        if event.typed:
            self.body.focus()
        if event.field != CONFIRM:
            self._take(event.field, event.value)
        elif self.plans and event.value == self.question.word(self.plans):
            self._do()
        else:
            self._said = (Span(" that is not the word: nothing was done", "warning"),)
            self.call_after_refresh(self.show)

    def _take(self, name: str, value: str | bool | None) -> None:
        self.question.take(name, value)
        self._fault = None
        fields = self.form.fields
        fields.fill([replace(field, value=self.question.given.get(field.name)) for field in fields.fields])
        self.plan()

    def on_form_closed(self) -> None:
        self.body.focus()
        self.call_after_refresh(self.show)

    def action_open(self) -> None:
        """Go to the job that does the rest, in place of this dialog."""
        if self.jobs:
            to_jobs(self.app, self.source, tuple(self.jobs))

    def action_copy(self) -> None:
        """Copy the commands of the plans."""
        plans = self._chosen or (() if self._looked is None else acting.plans_of(self._looked))
        sent = copying.send(self.app, "\n".join(plan.draft.command for plan in plans if plan.draft is not None))
        self._say(sent.said, "dim" if sent.ok else "warning")

    def action_leave(self) -> None:
        """Back to the screen below; what was not confirmed is not done, and a job goes on."""
        self.app.pop_screen()

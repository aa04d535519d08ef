"""The dialog of an action: its plan, the command that does the same, a question by risk, and what came of it.

Pushed by every view (`View.action_act`). The plan is made in a thread; the screen below stays in sight and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.tui import acting
from lifecycle_tui.tui.doing import Asked, Deed, Fault, Hand, Looked, carry_out, look
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.form import Field, Form
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.pager import Pager

if TYPE_CHECKING:
    from lifecycle_tui.actions.base import Parameter, Plan

Stage = Literal["planning", "asking", "doing", "done"]
CONFIRM = "confirm"
"""What the form calls the word that is typed to confirm."""
NOTE = Field("note", "text", "why, or what is being done; kept in the audit log")
LEAST = 3
"""Lines of the plan that show however much there is to fill in."""


class Body(Pager):
    """Lines that take as much room as they need."""

    DEFAULT_CSS = "Body { height: auto; }"

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are for this width."""
        return len(self._make(width))


class DialogKeys(Footer):
    """The keys of a dialog; the app's own do not work over it."""

    DEFAULT_CSS = "DialogKeys { height: 1; }"

    def _pairs(self) -> list[tuple[str, str]]:
        return [*self._given(), ("?", "help")]


class ActScreen(ModalScreen[None]):
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
        Binding("enter", "enter", "do it", show=False, id="act.enter",
                tooltip="do it, where it changes no more than the record; afterwards open its job"),
        Binding("y", "yes", "do it", show=False, id="act.yes", tooltip="do it, also where it changes what serves"),
        Binding("f", "flag('force')", "against the gates", show=False, id="act.force",
                tooltip="promote: plan it against the gates"),
        Binding("d", "flag('decline')", "say no instead", show=False, id="act.decline",
                tooltip="approve: plan to decline it"),
        Binding("n", "note", "note", show=False, id="act.note", tooltip="write a note that is kept with it"),
        Binding("tab,e,shift+tab", "options", "options", show=False, id="act.options",
                tooltip="to what can be given besides, and back"),
        Binding("o", "open", "open the job", show=False, id="act.open"),
        Binding("escape,q", "leave", "cancel; afterwards back", show=False, id="act.leave"),
        Binding("question_mark", "app.help", "help", show=False, id="act.help"),
        Binding("ctrl+l", "app.redraw", "draw the screen anew", show=False, id="act.redraw"),
        Binding("ctrl+z", "app.suspend_process", "put the program in the background", show=False, id="act.suspend"),
    ]  # fmt: skip

    def __init__(self, source: Source, name: str, subject: Subject) -> None:
        super().__init__()
        self.source, self.named, self.subject = source, NAMED[name], subject
        self.stage: Stage = "planning"
        self.models = subject.models if self.named.needs == ("model",) and len(subject.models) > 1 else ()
        self._about = {
            kind: value for kind in self.named.needs if (value := subject.value(kind)) is not None
        }  # fmt: skip
        self._given: dict[str, str | bool | None] = {kind: _text(subject.value(kind)) for kind in self.named.takes}
        self._looked: Looked | None = None
        self._said: Line = ()
        self._fault: Fault | None = None
        self._deeds: tuple[Deed, ...] = ()
        self._done: tuple[Plan, ...] = ()
        self.jobs: dict[int, Job] = {}
        self._hand: Hand | None = None
        self.body = Body(self._lines, id="body")
        self.form = Form()
        self.ready = False
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
        self._hand = Hand(self.app)
        self.body.focus()
        self.plan()

    def on_unmount(self) -> None:
        self.ready = False
        if self._hand is not None:
            self._hand.leave()

    # ── what it is about ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _names(self) -> Sequence[str]:
        return self.models or (str(next(iter(self._about.values()), "")),)

    def _asked(self) -> list[Asked]:
        given = {
            name: value for name, value in self._given.items() if value not in (None, False, "") and name != "note"
        }
        note = self._given.get("note")
        about: list[dict[str, Any]] = [{"model": name} for name in self.models] or [dict(self._about)]
        return [Asked({**one, **given}, None if note is None else str(note)) for one in about]

    def _fields(self, parameters: Sequence[Parameter]) -> list[Field]:
        found = []
        for p in parameters:
            # Of several, each has versions of its own, and each must be forced by itself.
            if p.name in self.named.needs or (self.models and (p.kind == "version" or p.name == "force")):
                continue
            kind = p.kind if p.kind in ("flag", "choice") else "text"
            found.append(Field(p.name, kind, p.help, self._given.get(p.name), p.choices, p.required))
        return [*found, Field(NOTE.name, NOTE.kind, NOTE.help, self._given.get("note"))]

    def _has(self, flag: str) -> bool:
        return any(field.name == flag and field.kind == "flag" for field in self.form.fields.fields)

    @property
    def found(self) -> Plan | Fault | str | None:
        """The plan of the one subject."""
        return None if self._looked is None or self.models else self._looked.found[0]

    @property
    def plans(self) -> list[Plan]:
        """What can be done now."""
        if self._looked is None or self.stage != "asking" or self._looked.locked is not None:
            return []
        return acting.plans_of(self._looked)

    # ── planning and doing ────────────────────────────────────────────────────────────────────────────────────────

    def plan(self) -> None:
        """Make the plan, or make it anew."""
        assert self._hand is not None
        self.stage = "planning"
        root, name, asked = self.source.root, self.named.name, self._asked()
        heard = self._hand.progress(self._heard)
        self._hand.do(lambda: look(root, name, asked, heard), self._planned)
        self.show()

    def _heard(self, text: str) -> None:
        if self.ready:
            self._say(text, "dim")

    def _planned(self, found: Looked | Fault) -> None:
        if not self.ready:
            return
        self.stage = "asking"
        if isinstance(found, Fault):
            self._fault = found
        else:
            self._looked = found
            self.form.fields.fill(self._fields(found.action.parameters))
            if isinstance(self.found, str) and self.form.typing is None:
                self.form.fields.toggle(True)
                self.call_later(self.form.ask, self.found, f"{self.found}: ")
        self._said = ()
        self.show()

    def _do(self, plans: Sequence[Plan]) -> None:
        assert self._hand is not None and plans
        self.stage, self._fault, self._done = "doing", None, tuple(plans)
        root, heard = self.source.root, self._hand.progress(self._heard)
        self._hand.do(lambda: carry_out(root, plans, heard), self._acted)
        self.show()

    def _acted(self, found: tuple[Deed, ...] | Fault) -> None:
        if not self.ready:
            return
        self._said = ()
        wrong = found if isinstance(found, Fault) else found[0].fault if found[0].done is None else None
        if wrong is not None and (isinstance(found, Fault) or not self.models):
            # Nothing was done: say so above the plan as it would be now.
            self._fault = wrong
            self.plan()
            return
        assert not isinstance(found, Fault)
        self.stage, self._deeds = "done", found
        self.form.display = False
        self.body.focus()
        self.reload()

    # ── following state ───────────────────────────────────────────────────────────────────────────────────────────

    def reload(self) -> None:
        """Read how far the jobs are; the screen below reads again too, for it is in sight."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 and self.app.screen is self else None
        if below is not None and hasattr(below, "reload"):
            below.reload()
        if self.ready and self._deeds:
            from lifecycle_tui.state import jobs

            try:
                for deed in self._deeds:
                    if deed.done is not None and deed.done.job is not None:
                        job = jobs.job(self.source.conn, deed.done.job)
                        if job is not None:
                            self.jobs[job.id] = job
            except Trouble as exc:
                self.trouble(str(exc))
        self.show()

    def trouble(self, message: str) -> None:
        """Say that state cannot be read now."""
        self._say(message, "critical")

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self) -> None:
        """Draw what has changed."""
        if not self.ready:
            return
        what = f"{len(self.models)} models" if self.models else self._names[0]
        right: Line = (Span(f" {self._stage()} "),)
        self.query_one("#act-title", Bar).say((Span(f" {self.named.title}: {what}"),), right)
        self.body.renew()
        self.body.refresh(layout=True)
        self._fit()
        self.query_one("#act-said", Bar).say(self._said)
        self.query_one(DialogKeys).renew()

    def _stage(self) -> str:
        if self.stage == "planning":
            return "planning…"
        if self.stage == "doing":
            return "doing it…"
        if self.stage == "done":
            return "done"
        plans = self.plans
        return acting.RISKS["traffic" if any(p.risk == "traffic" for p in plans) else "low"] if plans else ""

    def _lines(self, cells: int) -> list[Line]:
        if cells <= 0:
            return []
        if self.stage == "done":
            if self.models:
                names = [str(plan.ask.values["model"]) for plan in self._done]
                return acting.deeds_lines(names, self._deeds, self.jobs, cells)
            draft = self._done[0].draft
            return acting.deed_lines(self._deeds[0], None if draft is None else draft.undo, self.jobs, cells)
        lines: list[Line] = []
        if self._fault is not None:
            lines += [(), *acting.fault_lines(self._fault, cells)]
        if self._looked is None:
            return lines or [(), (Span(" …", "dim"),), ()]
        if self.models:
            return [*lines, *acting.several_lines(self.models, self._looked, cells)]
        found = self._looked.found[0]
        if isinstance(found, str):
            return [*lines, (), *acting.folded(f"It needs its {found}: give it below.", cells), ()]
        if isinstance(found, Fault):
            return [*lines, (), *acting.fault_lines(found, cells), ()]
        gate = found.refused is not None and found.refused.gate and self._has("force")
        more = "f plans it against the gates" if gate else None
        return [*lines, *acting.plan_lines(found, self._looked, cells, more=more)]

    def _keys(self) -> list[tuple[str, str]]:
        """(key, what) for the footer, as things stand."""
        if self.stage == "done":
            jobs = [deed.done.job for deed in self._deeds if deed.done is not None and deed.done.job is not None]
            opens = [("Enter", "the job" if len(jobs) == 1 else "the jobs")] if jobs else []
            going = jobs and not all(job.ended for job in self.jobs.values())
            return [*opens, ("Esc", "back, the job goes on" if going else "back")]
        if self.form.typing is not None:
            return [("Enter", "keep" if self.form.typing != CONFIRM else "do it"), ("Esc", "drop")]
        if self.form.fields.has_focus:
            return [("Enter", "change"), ("Space", "switch"), ("Tab", "to the plan"), ("Esc", "cancel")]
        pairs: list[tuple[str, str]] = []
        if plans := self.plans:
            low = all(plan.risk == "low" and self._against(plan) is None for plan in plans)
            pairs.append(("Enter" if low else "y", "do it"))
        if (
            self._has("force")
            and isinstance(self.found, _plan_type())
            and (self._given.get("force") or (self.found.refused is not None and self.found.refused.gate))
        ):
            pairs.append(("f", "by the gates" if self._given.get("force") else "against the gates"))
        if self._has("decline"):
            pairs.append(("d", "say yes" if self._given.get("decline") else "say no"))
        return [*pairs, ("n", "note"), ("Tab", "options"), ("Esc", "cancel" if plans else "back")]

    def _fit(self) -> None:
        """The plan takes what the rest leaves, and a little of the screen below stays in sight."""
        rest = 3 + 2 + (len(self.form.fields.fields) if self.form.fields.open else 1) + (self.form.typing is not None)
        self.body.styles.max_height = max(LEAST, self.size.height - rest)

    def on_resize(self) -> None:
        if self.ready:
            self.show()

    def _say(self, text: str, tone: str = "warning") -> None:
        self._said = (Span(f" {text}", tone),)
        self.query_one("#act-said", Bar).say(self._said)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _against(self, plan: Plan) -> str | None:
        return None if plan.draft is None else plan.draft.against

    def action_enter(self) -> None:
        """Do it where the risk is low; else say what is asked for."""
        if self.stage == "done":
            self.action_open() if self.jobs else self.action_leave()
        elif self._nothing():
            return
        elif any(self._against(plan) for plan in self.plans):
            self._say("this goes against the gates: y asks for the model's name")
        elif all(plan.risk == "low" for plan in self.plans):
            self._do(self.plans)
        elif self.models:
            self.action_yes()
        else:
            self._say("this changes what serves: press y to do it")

    def action_yes(self) -> None:
        """Do it; against the gates, or to several models that serve, after a word was typed."""
        if self.stage == "done" or self._nothing():
            return
        word = self._word()
        if word is None:
            self._do(self.plans)
        else:
            self.call_later(self._confirm, word)

    async def _confirm(self, word: str) -> None:
        what = "against the gates" if not self.models else f"changes what serves of {len(self.plans)} models"
        await self.form.ask(CONFIRM, f"{what}: type {word} ")
        self.show()

    def _word(self) -> str | None:
        """What has to be typed; None where a key is enough."""
        plans = self.plans
        if self.models:
            return "yes" if any(plan.risk == "traffic" for plan in plans) else None
        if self._against(plans[0]) is None:
            return None
        name = self._names[0]
        return name if name.isprintable() and name == name.strip() else "yes"

    def _nothing(self) -> bool:
        """Whether there is nothing to do now; says why."""
        if self.plans:
            return False
        if self.stage == "planning":
            self._say("it is still planned", "dim")
        elif self.stage == "doing":
            self._say("it is under way", "dim")
        elif self._looked is not None and self._looked.locked is not None:
            self._say(self._looked.locked)
        else:
            self._say("there is nothing that can be done here")
        return True

    def action_flag(self, name: str) -> None:
        """Switch a flag of the action, and plan again."""
        if self.stage == "asking" and self._has(name):
            self._take(name, not self._given.get(name))

    async def action_note(self) -> None:
        """Write the note."""
        if self.stage == "asking":
            await self.form.ask("note", "note: ", str(self._given.get("note") or ""))
            self.show()

    def action_options(self) -> None:
        """To the options, and back to the plan."""
        if self.stage in ("doing", "done") or not self.form.fields.fields or self.form.typing is not None:
            return
        if self.form.fields.has_focus:
            self.form.fields.toggle(False)
            self.body.focus()
        else:
            self.form.fields.toggle(True)
            self.form.fields.focus()
        self.call_after_refresh(self.show)

    def on_form_changed(self, event: Form.Changed) -> None:
        """A value was given: plan with it."""
        event.stop()
        if event.typed:
            self.body.focus()
        if event.field == CONFIRM:
            if event.value == self._word():
                self._do(self.plans)
            else:
                self._say("that is not the word: nothing was done")
                self.call_after_refresh(self.show)
            return
        value = event.value
        if event.field == "path" and isinstance(value, str):
            from os.path import expanduser

            value = expanduser(value)
        self._take(event.field, value)

    def _take(self, name: str, value: str | bool | None) -> None:
        self._given[name] = value
        self._fault = None
        fields = self.form.fields
        fields.fill([replace(field, value=self._given.get(field.name)) for field in fields.fields])
        self.plan()

    def on_form_closed(self, event: Form.Closed) -> None:
        """Typing was given up; where it was to confirm, so is the action."""
        event.stop()
        self.body.focus()
        self.call_after_refresh(self.show)

    def action_open(self) -> None:
        """Go to the job that does the rest, in place of this dialog."""
        if len(self.jobs) == 1:
            from lifecycle_tui.tui.screens.job import JobScreen

            self.app.switch_screen(JobScreen(self.source, next(iter(self.jobs))))
        elif self.jobs:
            from lifecycle_tui.tui.places import PLACES

            self.app.switch_screen(PLACES["jobs"].make(self.source))

    def action_leave(self) -> None:
        """Back to the screen below; what was not confirmed is not done, and a job goes on."""
        self.app.pop_screen()


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _plan_type() -> type[Plan]:
    from lifecycle_tui.actions.base import Plan

    return Plan

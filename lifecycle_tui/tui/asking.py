"""What a dialog asks an action for: its subject or several, what was given besides, and how the person confirms it.

No widget; the dialog (`screens/act`) keeps one of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import expanduser
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.tui.doing import Asked
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.widgets.form import Field

if TYPE_CHECKING:
    from lifecycle_tui.actions.base import Parameter, Plan

NOTE = Field("note", "text", "Why, or what is being done; kept with it and in the audit log.")


def meant(subject: Subject) -> Subject:
    """One model that is marked is meant, wherever the cursor stands."""
    if len(subject.models) != 1 or subject.models[0] == subject.model:
        return subject
    return Subject(model=subject.models[0])


class Question:
    """An action for a subject.

    Attributes:
        models: the marked ones, where the action is asked for each of several; marked alerts go into one question.
        given: what was given besides, by name; the note among them.
    """

    def __init__(self, name: str, subject: Subject) -> None:
        self.named, subject = NAMED[name], meant(subject)
        several = self.named.needs == ("model",) and len(subject.models) > 1
        self.models = subject.models if several else ()
        self._about: dict[str, Any] = {kind: subject.value(kind) for kind in self.named.needs}
        self._here = subject
        if self.named.needs == ("alert",) and subject.alerts:
            self._about["alert"] = subject.alerts
        self.given: dict[str, str | bool | None] = {}
        if not several:
            for kind in self.named.takes:
                value = subject.value(kind)
                self.given[kind] = None if value is None else str(value)
            if not self.named.needs and subject.entry is None:
                self.given["on"] = subject.named()

    @property
    def title(self) -> str:
        """What it is about, for the title."""
        if self.models:
            return f"{self.named.title}: {len(self.models)} models"
        if not self.named.needs:
            entry, on = self.given.get("entry"), self.given.get("on")
            return (
                f"{self.named.title}: {f'entry {entry}' if entry else f'the last thing that I did {_to(on)}'.strip()}"
            )
        kind = self.named.needs[0]
        if isinstance(about := self._about[kind], tuple) and len(about) > 1:
            return f"{self.named.title}: {len(about)} of them"
        return f"{self.named.title}: {self.subject if kind == 'model' else f'{kind} {self.subject}'}"

    @property
    def subject(self) -> str:
        """The one that it is about."""
        if not self.named.needs:
            return str(self._here.model or self.given.get("entry") or "yes")
        found = self._about[self.named.needs[0]]
        return ", ".join(map(str, found)) if isinstance(found, tuple) else str(found)

    def asked(self) -> list[Asked]:
        """One for each subject."""
        given = {name: value for name, value in self.given.items() if value not in (None, False, "")}
        note = given.pop("note", None)
        about: list[dict[str, Any]] = [{"model": name} for name in self.models] or [self._about]
        return [Asked({**one, **given}, None if note is None else str(note)) for one in about]

    def take(self, name: str, value: str | bool | None) -> None:
        """Something was given."""
        self.given[name] = expanduser(value) if name == "path" and isinstance(value, str) else value

    def fields(self, parameters: Sequence[Parameter]) -> list[Field]:
        """What can be given besides the subject."""
        found = []
        for p in parameters:
            # Of several models each has versions of its own, and each is forced by itself or not at all.
            if p.name in self.named.needs or p.shell or (self.models and (p.kind == "version" or p.name == "force")):
                continue
            kind = p.kind if p.kind in ("flag", "choice") else "text"
            found.append(Field(p.name, kind, p.help, self.given.get(p.name), p.choices, p.required))
        return [*found, Field(NOTE.name, NOTE.kind, NOTE.help, self.given.get("note"))]

    def word(self, plans: Sequence[Plan]) -> str | None:
        """What has to be typed before these are done; None where a key is enough."""
        if self.models:
            return "yes" if any(plan.risk == "traffic" for plan in plans) else None
        if not any(plan.final for plan in plans):
            return None
        # A name that cannot be typed asks for another word.
        return self.subject if self.subject.isprintable() and self.subject == self.subject.strip() else "yes"


def _to(on: object) -> str:
    return f"to {on}" if on else ""


def against(plan: Plan) -> str | None:
    """The evidence that a plan goes against."""
    return None if plan.draft is None else plan.draft.against


def harmless(plans: Sequence[Plan]) -> bool:
    """Whether all of them change no more than the record."""
    return all(plan.risk == "low" and against(plan) is None for plan in plans)

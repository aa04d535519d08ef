"""What an action is: a declaration, a plan that names what it saw, and the one way to apply a plan.

    found = plan(PROMOTE, state, ask, workspace)    # reads; shown by --dry-run and by the terminal before it asks
    done = apply(state, found, now, workspace)      # one transaction, or a refusal: what was seen has moved

`registry` lists the actions; commands, keys, palette, help and documents are made from that list.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle_tui.domain import read_only
from lifecycle_tui.domain.errors import ConfigError, LifecycleError, StateError, UsageError
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

Kind = Literal[
    "model", "version", "alert", "notification", "job", "key", "plugin", "entry", "file", "text", "choice", "flag"
]
Risk = Literal["low", "traffic"]
"""What it can do to the world: only the record, or what serves."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that an action wants to know.

    Attributes:
        kind: what it is; "flag" and everything with `option` is written `--name` on the command line.
        choices: of a choice.
        many: it may be given several times; its value is then a tuple.
        shell: of the command line alone: the terminal has another way to say it.
    """

    name: str
    kind: Kind
    help: str
    required: bool = True
    option: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    shell: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants done.

    Attributes:
        values: parameter → value, as written; parameters that were not given are not there.
        who: the person; `behind`: the account that they act as, where that is another.
        prepared: what the action's `prepare` found out.
    """

    values: Mapping[str, Any]
    who: str
    behind: str | None = None
    note: str | None = None
    prepared: Mapping[str, Any] | None = None

    def text(self, name: str) -> str | None:
        """A parameter as text; None where it was not given."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return bool(self.values.get(name))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done.

    Attributes:
        gate: the evidence is against it, and no mistake of who asks: exit code 1, not 2.
        problems: of the files as they would be; `texts`: those files, by the names that the problems have.
    """

    reason: str
    hint: str | None = None
    gate: bool = False
    problems: tuple[Problem, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def error(self) -> LifecycleError:
        """The refusal as the error that a command ends with."""
        if self.problems:
            return ConfigError(self.reason, self.problems, hint=self.hint, texts=self.texts)
        kind = GateRefused if self.gate else UsageError
        return kind(self.reason, hint=self.hint)


class GateRefused(LifecycleError):
    """A gate keeps the champion."""

    exit_code = 1


class Moved(StateError):
    """What a plan rests on has moved since it was made."""


class Refused(Exception):
    """Ends the look of an action: it cannot be done, and this is why."""

    def __init__(
        self, reason: str, hint: str | None = None, *, gate: bool = False, problems: tuple[Problem, ...] = (),
        texts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(reason)
        self.refusal = Refusal(reason, hint, gate, problems, texts or {})


@dataclass(frozen=True)
class Draft:
    """What an action's `plan` says.

    Attributes:
        lines: what will be done, one sentence each; the first is the heading.
        seen: what it rests on, name → seq (or another value that changes with it).
        command: the command that does the same.
        undo: the command, or words, for the way back; None where there is none.
        lasting: then why there is none.
        settled: it is so already, in words: there is nothing to do.
        risk: where it is another than the action's: asking for an approval moves nothing yet.
        against: the evidence that it goes against: who asks for it should have to mean it.
        commit: does it in a transaction, with its audit row.
        before: work that must be done outside of the transaction, and may be done for nothing.
        diff: lines of a unified diff of the files that it edits, shown with what is done.
        recorded: it leaves a row in the audit log.
    """

    subject: str
    lines: tuple[str, ...]
    seen: Mapping[str, Any]
    command: str
    commit: Callable[[sqlite3.Connection, datetime], Done]
    model: str | None = None
    undo: str | None = None
    settled: str | None = None
    before: Callable[[], None] | None = None
    risk: Risk | None = None
    against: str | None = None
    diff: tuple[str, ...] = ()
    recorded: bool = True
    lasting: str | None = None


@dataclass(frozen=True)
class Plan:
    """An action that was asked for: what it would do, or why not. Lines of a refused one are empty."""

    action: Action
    ask: Ask
    draft: Draft | None
    refused: Refusal | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """What will be done, for people."""
        return () if self.draft is None else self.draft.lines

    @property
    def risk(self) -> Risk:
        """What this one can do to the world."""
        return self.action.risk if self.draft is None or self.draft.risk is None else self.draft.risk

    @property
    def back(self) -> str:
        """The way back, in words; where there is none, why."""
        if self.draft is None or self.draft.undo is None:
            why = None if self.draft is None else self.draft.lasting
            return "none" + (f": {why}" if why else "")
        return self.draft.undo

    @property
    def final(self) -> bool:
        """Whether it changes what serves and cannot be undone: who asks for that should have to mean it."""
        return self.risk == "traffic" and self.draft is not None and self.draft.undo is None

    @property
    def seen(self) -> Mapping[str, Any]:
        """The state that it rests on: `apply` refuses when this has moved."""
        return {} if self.draft is None else self.draft.seen


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it.

    Attributes:
        text: one sentence.
        job: the job that does the rest.
    """

    text: str
    job: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


Look = Callable[[sqlite3.Connection, Ask, "Workspace | None"], Draft]
Alone = Callable[[Ask], tuple[Draft, Callable[[], Done]]]
Prepare = Callable[[Ask, "Workspace | None"], Mapping[str, Any]]


@dataclass(frozen=True)
class Action:
    """Something that a person can do, declared once.

    Attributes:
        name: the command, words with spaces between ("versions register").
        title: short, for the palette; help: one sentence, the command's own; about: more, for `--help`.
        key: of the terminal.
        example: command lines.
        plan: reads state and says what would be done; raises `Refused` where it cannot.
        prepare: looks at what lies outside of state, which must not be done inside a transaction.
        file: it needs `lifecycle.toml`. `urgent`: where that has errors, as the agent last accepted it will do.
        waits: it may enqueue a job that the command waits for.
        alone: the plan, and what does it, in a folder that has no state yet; None for what needs state.
    """

    name: str
    title: str
    help: str
    about: str
    parameters: tuple[Parameter, ...]
    risk: Risk
    example: tuple[str, ...]
    plan: Look
    prepare: Prepare | None = None
    file: bool = True
    waits: bool = False
    urgent: bool = False
    key: str | None = None
    alone: Alone | None = None

    def __reduce__(self) -> tuple[Callable[[str], Action], tuple[str]]:
        # Another process has its own functions.
        return _declared, (self.name,)


def _declared(name: str) -> Action:
    from lifecycle_tui.actions.registry import ACTIONS

    return ACTIONS[name]


def plan(action: Action, state: State, ask: Ask, workspace: Workspace | None = None) -> Plan:
    """What the action would do now. Reads one snapshot of the state and writes nothing."""
    if action.prepare is not None:
        try:
            ask = replace(ask, prepared=action.prepare(ask, workspace))
        except Refused as exc:
            return Plan(action, ask, None, exc.refusal)
    with state.snapshot() as conn:
        return _planned(action, conn, ask, workspace)


def plan_alone(action: Action, ask: Ask) -> Plan:
    """The same where there is no state yet."""
    assert action.alone is not None
    try:
        if action.prepare is not None:
            ask = replace(ask, prepared=action.prepare(ask, None))
        return Plan(action, ask, action.alone(ask)[0])
    except Refused as exc:
        return Plan(action, ask, None, exc.refusal)


def apply_alone(found: Plan) -> Done:
    """Do what the plan says where there is no state yet, and so no audit log.

    Raises:
        UsageError: the plan was refused, or nothing may be done from here (`domain.read_only`).
        Moved: what it rests on has moved since; nothing was done.
    """
    read_only.refuse()
    if found.refused is not None:
        raise found.refused.error()
    assert found.draft is not None and found.action.alone is not None
    if found.draft.settled is not None:
        return Done(found.draft.settled)
    try:
        again, do = found.action.alone(found.ask)
    except Refused as exc:
        raise _moved_to(exc.refusal) from exc
    _refuse_moved(found.seen, again.seen)
    return do()


def _planned(action: Action, conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Plan:
    try:
        return Plan(action, ask, action.plan(conn, ask, workspace))
    except Refused as exc:
        return Plan(action, ask, None, exc.refusal)


def apply(state: State, found: Plan, now: datetime, workspace: Workspace | None = None) -> Done:
    """Do what the plan says, in one transaction with its audit row.

    Raises:
        UsageError, GateRefused: the plan was refused, or nothing may be done from here (`domain.read_only`).
        Moved: what it rests on has moved since; nothing was done.
    """
    read_only.refuse()
    if found.refused is not None:
        raise found.refused.error()
    assert found.draft is not None
    if found.draft.settled is not None:
        return Done(found.draft.settled)
    if found.draft.before is not None:
        found.draft.before()
    with state.write() as tx:
        again = _planned(found.action, tx, found.ask, workspace)
        if again.refused is not None:
            raise _moved_to(again.refused)
        assert again.draft is not None
        _refuse_moved(found.seen, again.seen)
        return again.draft.commit(tx, now)


def refuse_moved(seen: Mapping[str, Any], again: Plan) -> None:
    """Refuse to do what was planned once more, unless it rests on what was seen the first time.

    Raises:
        Moved: it does not, or is refused now.
    """
    if again.refused is not None:
        raise _moved_to(again.refused)
    _refuse_moved(seen, again.seen)


def _moved_to(refused: Refusal) -> Moved:
    return Moved(f"it has moved since: {refused.reason}", hint=refused.hint or "nothing was done")


def _refuse_moved(seen: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if dict(seen) != dict(now):
        moved = sorted(name for name in {*now, *seen} if now.get(name) != seen.get(name))
        raise Moved(f"it has moved since: {', '.join(moved)}", hint="nothing was done; look again, then decide again")

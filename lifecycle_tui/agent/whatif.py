"""What another policy would have done: the loop replayed over the same history with two policies (DESIGN §9).

    state → `history` (windows, jobs, moves) → `replay` (rules and step, twice) → `differences` → rows for people

Called by `lifecycle policy simulate` and by the terminal while a rule is edited. Reads state, writes nothing, imports
no numpy. It claims what history holds: what a training that never happened would have changed is marked as unknown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle_tui.agent.differences import Difference, compare
from lifecycle_tui.agent.facts import plan_of, serves_named
from lifecycle_tui.agent.history import History, read_history
from lifecycle_tui.agent.replay import Course, Decision, Episode, Policy, replay
from lifecycle_tui.agent.whatif_notes import notes_of
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.policy.facts import CompiledRule
from lifecycle_tui.policy.grouping import Notice, wants
from lifecycle_tui.policy.rules import compile_rule
from lifecycle_tui.workspace import Workspace, signals

__all__ = ["Asked", "Course", "Decision", "Difference", "Episode", "WhatIf", "answer", "ask", "policy_of", "what_if"]

PREDICTION = "prediction"
"""What the output of a version of ours is called, as `agent.work.reading` has it."""

MONTH = timedelta(days=365.25 / 12)


@dataclass(frozen=True)
class Side:
    """One of the two policies of a model, as plain values that another process can be given.

    Attributes:
        notified: rule → how many notifiers would hear of an alert of it.
        declared: what else the file says of the model that no replay can change, by key, as text.
    """

    policy: Policy
    notified: dict[str, int]
    declared: dict[str, str]


@dataclass(frozen=True)
class Asked:
    """A question about one model.

    Attributes:
        since, until: what is told; the replay begins with what state has first. None for all.
        delay: of its labels.
    """

    model: str
    in_force: Side
    edited: Side
    since: datetime | None = None
    until: datetime | None = None
    delay: timedelta | None = None


@dataclass(frozen=True)
class WhatIf:
    """What two policies did with the same history of one model.

    Attributes:
        since, until: the span that is told; both None where state holds nothing of it.
        windows: how many came in within it.
        in_force, edited: the two courses, cut to the span.
        pages: messages that each would have sent, one for each notifier that hears of an alert (in force, edited).
        notes: what the reader has to know: what could not be replayed, and why.
    """

    model: str
    since: datetime | None
    until: datetime | None
    windows: int
    in_force: Course
    edited: Course
    differences: tuple[Difference, ...]
    pages: tuple[int, int] = (0, 0)
    notes: tuple[str, ...] = ()

    @property
    def months(self) -> float:
        """Length of the span in months of 30.44 days; at least a day's share, so that rates are numbers."""
        if self.since is None or self.until is None:
            return 0.0
        return max((self.until - self.since) / MONTH, timedelta(days=1) / MONTH)


def what_if(
    conn: sqlite3.Connection, before: Workspace, after: Workspace, model: str, *, since: datetime | None = None,
    until: datetime | None = None,
) -> WhatIf:  # fmt: skip
    """What the policy of `before` did with a model's history, and what that of `after` would have done.

    Raises:
        KeyError: if one of the two does not declare the model.
    """
    return answer(conn, ask(before, after, model, since=since, until=until))


def ask(
    before: Workspace, after: Workspace, model: str, *, since: datetime | None = None, until: datetime | None = None
) -> Asked:
    """The question as plain values.

    Raises:
        KeyError: if one of the two does not declare the model.
    """
    old, new = before.spec.model(model), after.spec.model(model)
    in_force = _side(before, old)
    edited = in_force if old == new and before.spec.notifiers == after.spec.notifiers else _side(after, new)
    return Asked(model, in_force, edited, since, until, new.data.labels.delay)


def policy_of(space: Workspace, spec: ModelSpec) -> Policy:
    """A model's rules and plan, ready to be replayed."""
    known = signals(spec, spec.columns.kinds, space.plugins)
    rules = tuple(compile_rule(spec.name, rule, known) for rule in spec.rules)
    return Policy(rules, plan_of(spec), serves_named(spec), _resting(spec, rules))


def _resting(spec: ModelSpec, rules: Sequence[CompiledRule]) -> frozenset[str]:
    """Rules that read what versions give out: of another one they would read something else. The summary of drift takes
    outputs in."""
    columns = spec.columns
    outputs = {
        columns.prediction,
        *(columns.score.values() if isinstance(columns.score, Mapping) else (columns.score,)),
    }
    if columns.prediction is None and columns.score is None and columns.target is not None:
        outputs.add(PREDICTION)
    outputs.discard(None)
    if not outputs:
        return frozenset()
    return frozenset(
        rule.name
        for rule in rules
        if outputs.intersection(rule.columns) or any(r.name.startswith("drift.") for r in rule.expression.signals)
    )


def signals_of(*policies: Policy) -> set[str]:
    """Names of the signals that rules of these policies read."""
    return {ref.name for policy in policies for rule in policy.rules for ref in rule.expression.signals}


def _side(space: Workspace, spec: ModelSpec) -> Side:
    notified = {}
    for rule in spec.rules:
        alert = Alert(spec.name, rule.name, rule.severity, "open", "", datetime.min, "", detail={"then": rule.then})
        targets = [then.partition(":")[2] or None for then in rule.then if then.partition(":")[0] == "notify"]
        heard = {
            notifier.name
            for target in targets
            for notifier in space.spec.notifiers
            if wants(notifier, Notice(alert, "opened", alert.opened, spec.owner, (), target))
        }
        notified[rule.name] = len(heard)
    return Side(policy_of(space, spec), notified, _declared(spec))


def _declared(spec: ModelSpec) -> dict[str, str]:
    """What decides what is measured, made and judged, and so cannot be replayed."""
    training = spec.training
    found: dict[str, object] = {
        "data": spec.data,
        "columns": spec.columns,
        "monitor.detectors": spec.monitor.detectors,
        "monitor.metrics": spec.monitor.metrics,
        "monitor.false_alarms": spec.monitor.false_alarms,
        "monitor.min_rows": spec.monitor.min_rows,
        "monitor.floor": spec.monitor.floor,
    }
    for name in ("estimator", "command", "strategy", "options", "history", "holdout", "refit", "gates", "min_samples"):
        found[f"training.{name}"] = getattr(training, name, None)
    return {name: _words(value) for name, value in found.items()}


def _words(value: object) -> str:
    """A declaration as text, without the places at which it stands."""
    if hasattr(value, "__dataclass_fields__"):
        names = [name for name in value.__dataclass_fields__ if name != "place"]
        return f"{type(value).__name__}({', '.join(f'{n}={_words(getattr(value, n))}' for n in names)})"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_words, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {_words(v)}' for k, v in sorted(value.items(), key=str))}}}"
    return repr(value)


def answer(conn: sqlite3.Connection, asked: Asked) -> WhatIf:
    """Replay both policies over what state remembers."""
    old, new = asked.in_force, asked.edited
    history = read_history(conn, asked.model, signals_of(old.policy, new.policy), delay=asked.delay)
    first = replay(history, old.policy, asked.until)
    same = new is old or first.holds_for(old.policy, new.policy)
    second = first if same else replay(history, new.policy, asked.until)
    since, until = _span(history, asked)
    if since is None:
        first = second = Course()
    in_force = _cut(first, since)
    edited = in_force if second is first else _cut(second, since)
    return WhatIf(
        asked.model,
        since,
        until,
        len({a.facts.key for a in history.arrivals if since and until and since <= a.at <= until}),
        in_force,
        edited,
        compare(in_force, edited) if second is not first else (),
        (_pages(in_force, old), _pages(edited, new)),
        tuple(notes_of(conn, asked, history, first, second, (since, until))),
    )


def _span(history: History, asked: Asked) -> tuple[datetime | None, datetime | None]:
    """What is told of what there is; two Nones where there is nothing of it."""
    begun = [a.at for a in history.arrivals[:1]] + history.happened[: 0 if history.arrivals else 1]
    if not begun or history.ended is None:
        return None, None
    since = max(begun[0], asked.since or begun[0])
    until = min(history.ended, asked.until or history.ended)
    return (since, until) if since <= until else (None, None)


def _cut(course: Course, since: datetime | None) -> Course:
    """What is told: alerts that were open since then, and what was decided."""
    return Course(
        tuple(e for e in course.alerts if since is None or e.resolved is None or e.resolved >= since),
        tuple(d for d in course.decisions if since is None or d.at >= since),
        course.unsure,
        course.served,
        doubts=course.doubts,
    )  # without what was read: the answer may go to another process


def _pages(course: Course, side: Side) -> int:
    return sum(side.notified.get(e.rule, 0) for e in course.alerts if not e.passed)


def models_of(before: Workspace, after: Workspace, wanted: Collection[str] = ()) -> tuple[str, ...]:
    """The models that both declare, in the file's order; only `wanted` ones, if any are named."""
    old = {spec.name for spec in before.spec.models}
    return tuple(s.name for s in after.spec.models if s.name in old and (not wanted or s.name in wanted))

"""How many false pages a year the file as a whole must be expected to send: who is told, and what becomes one message.

From what `firing` expects of each rule. Pure; called by `agent.expected`. Formulae: docs/policies.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import NotifierSpec
from lifecycle_tui.policy.facts import CompiledRule
from lifecycle_tui.policy.firing import Expected, Stretch
from lifecycle_tui.policy.grouping import Notice, plan_messages, wants
from lifecycle_tui.stats.rates import RateInterval, weighted_sum_interval

ASSUMED = (
    "if production is like the reference, windows are independent of each other, and each is judged once. "
    "A page is a message that an alert has opened; the one that it resolved is not counted."
)
"""What the number rests on, in words; shown with it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR = timedelta(days=365.25)


@dataclass(frozen=True, slots=True)
class ModelPages:
    """One model's rules with what merging their messages needs.

    Attributes:
        owner, sources: of the model, as notices carry them.
        stretch: the windows that `rules` were counted on; None where there are none.
    """

    model: str
    rules: tuple[Expected, ...]
    owner: str | None = None
    sources: tuple[str, ...] = ()
    stretch: Stretch | None = None


@dataclass(frozen=True, slots=True)
class NotifierPages:
    """Messages a year to one notifier, from so many rules."""

    notifier: str
    a_year: RateInterval
    rules: int


@dataclass(frozen=True, slots=True)
class Pages:
    """What the file as a whole must be expected to send while nothing is wrong.

    Attributes:
        a_year: messages a year to all notifiers together, with a 95 % interval of the expected number.
        silent: rules that tell nobody; unknown: rules that tell somebody, and of which nothing can be expected.
    """

    a_year: RateInterval
    notifiers: tuple[NotifierPages, ...] = ()
    rules: int = 0
    silent: int = 0
    unknown: tuple[Expected, ...] = ()
    assumed: str = ASSUMED


def told(rule: CompiledRule, owner: str | None, notifiers: Sequence[NotifierSpec]) -> tuple[str, ...]:
    """Names of the notifiers that hear when an alert of the rule opens."""
    alert = Alert(rule.model, rule.name, rule.severity, "open", "", _EPOCH, "")
    found = []
    for then in rule.then:
        kind, _, target = then.partition(":")
        if kind == "notify":
            notice = Notice(alert, "opened", _EPOCH, owner, (), target or None)
            found += [n.name for n in notifiers if wants(n, notice)]
    return tuple(dict.fromkeys(found))


@dataclass
class _Sum:
    """Expected messages, as they are added up.

    Attributes:
        events: weight of each message seen on a reference, by model and window, so that what comes at one instant
            counts as one event of that size.
        heaviest: largest weight that a message could have.
        budget: messages a year that alarm budgets allow.
    """

    events: dict[tuple[str, str], float] = field(default_factory=dict)
    heaviest: float = 0.0
    budget: float = 0.0

    def interval(self) -> RateInterval:
        weights = list(self.events.values())
        seen = weighted_sum_interval(weights, max([self.heaviest, *weights]))
        return RateInterval(seen.value + self.budget, seen.lower, seen.upper + self.budget)


def expect_pages(models: Sequence[ModelPages], notifiers: Sequence[NotifierSpec]) -> Pages:
    """The pages of a file with these models and notifiers."""
    whole, by_notifier = _Sum(), {n.name: _Sum() for n in notifiers}
    rows = [row for model in models for row in model.rules]
    for notifier in notifiers:
        for model in models:
            _add(whole, by_notifier[notifier.name], model, notifier)
    paging = [row for row in rows if row.pages]
    per = tuple(
        NotifierPages(name, found.interval(), sum(name in row.pages for row in paging))
        for name, found in by_notifier.items()
    )
    unknown = tuple(row for row in paging if row.a_year is None)
    return Pages(whole.interval(), per, len(rows), len(rows) - len(paging), unknown)


def _add(whole: _Sum, own: _Sum, model: ModelPages, notifier: NotifierSpec) -> None:
    """Add what one model sends to one notifier."""
    rows = [row for row in model.rules if notifier.name in row.pages and row.a_year is not None]
    allowed = [row.a_year.value for row in rows if row.basis == "budget" and row.a_year is not None]
    # With `group` all alerts of a model that open together are one message: no more of them than windows with drift.
    budget = (max(allowed, default=0.0)) if notifier.group else sum(allowed)
    weights = {row.rule: _weight(row, model.stretch) for row in rows if row.basis == "reference"}
    heaviest = max(weights.values(), default=0.0)
    for found in (whole, own):
        found.budget += budget
        found.heaviest = max(found.heaviest, heaviest)
        for key, weight in _messages(rows, weights, model, notifier):
            found.events[model.model, key] = found.events.get((model.model, key), 0.0) + weight


def _weight(row: Expected, stretch: Stretch | None) -> float:
    """What one alert on the reference stands for, in alerts a year."""
    if row.fired and row.a_year is not None:
        return row.a_year.value / row.fired
    return stretch.a_year / max(1, row.judged) if stretch is not None else 0.0


def _messages(
    rows: Sequence[Expected], weights: Mapping[str, float], model: ModelPages, notifier: NotifierSpec
) -> list[tuple[str, float]]:
    """(window, weight) of every message that the reference would have caused."""
    stretch = model.stretch
    if stretch is None or not weights:
        return []
    notices = []
    for row in rows:
        for key in row.openings if row.basis == "reference" else ():
            alert = Alert(row.model, row.rule, row.severity, "open", key, _end(stretch, key), "", last_window=key)
            notices.append(Notice(alert, "opened", alert.opened, model.owner, model.sources, notifier.name))
    if not notices:
        return []
    anybody = replace(notifier, match={})  # whom it is for was asked before
    plan = plan_messages([anybody], notices, max(notice.at for notice in notices), flush=True)
    return [
        (delivery.notices[0].alert.since, max(weights[notice.alert.rule] for notice in delivery.notices))
        for delivery in plan.due
    ]


def _end(stretch: Stretch, key: str) -> datetime:
    """When a window was over; without times, as if they followed each other evenly."""
    if key in stretch.ends:
        return stretch.ends[key]
    order = next(facts.order for facts in stretch.windows if facts.key == key)
    return _EPOCH + (order + 1) * (_YEAR / stretch.a_year)

"""How often each rule would have fired on the reference, and how often a year it must be expected to fire falsely.

The reference is what the team calls normal, so whatever fires on it is a false alarm. Its windows are decided by the
same walk as production's. Pure; called by `agent.expected`, which has them measured. Formulae: docs/policies.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from lifecycle_tui.domain.specs import Severity
from lifecycle_tui.policy.facts import CompiledRule, WindowFacts
from lifecycle_tui.policy.nodes import SignalRef
from lifecycle_tui.policy.rules import walk
from lifecycle_tui.stats.rates import RateInterval, at_least, poisson_interval

Basis = Literal["reference", "budget", "unknown"]

DISAGREES = 0.001
"""The budget is not believed where chance would make so many windows of the reference drift less often than this."""

OFTEN = 12.0
"""False alarms a year, of one rule, from which on its line is given a warning: monthly."""

_NOW = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The reference of one model, cut into windows of the model's kind and measured as production's are.

    Attributes:
        windows: in window order.
        ends: when each was over, by key; none where the data has no time.
        a_year: how many such windows pass in a year.
        note: what to know of them, a phrase: how many were left out and why; "" if nothing.
    """

    windows: tuple[WindowFacts, ...]
    a_year: float
    ends: Mapping[str, datetime] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be expected of one rule while nothing is wrong.

    Attributes:
        windows: of the reference; judged: those among them in which the rule is known; held: in which it holds.
        fired: how often it would have opened an alert there, after `for` windows; None where that cannot be known.
        openings: keys of the windows in which it did.
        a_year: alerts a year, the value with a 95 % interval; by the budget the value is the upper end. None: unknown.
        basis: what `a_year` comes from.
        message: what to know: why it is unknown, that it holds nearly always; "" if nothing.
        pages: names of the notifiers that would be told.
    """

    model: str
    rule: str
    severity: Severity
    when: str
    windows: int = 0
    judged: int = 0
    held: int = 0
    fired: int | None = None
    openings: tuple[str, ...] = ()
    a_year: RateInterval | None = None
    basis: Basis = "unknown"
    message: str = ""
    pages: tuple[str, ...] = ()

    @property
    def mostly(self) -> bool:
        """Whether it holds in most windows of the reference: once open, its alert would hardly ever resolve."""
        return self.judged >= 4 and 2 * self.held > self.judged

    @property
    def often(self) -> bool:
        """Whether the reference shows that it cannot tell normal: it fires more than monthly, or mostly holds."""
        if not self.fired:
            return False
        return self.mostly or (self.fired >= 2 and self.a_year is not None and self.a_year.value > OFTEN)


def expect(
    rules: Sequence[CompiledRule], stretch: Stretch | None, alpha: float | None, a_year: float | None, why: str = ""
) -> tuple[Expected, ...]:
    """What must be expected of each rule of one model, in their order; `pages` is left to the caller.

    Args:
        stretch: None where the reference could not be cut or measured; `why` says the reason.
        alpha: chance of a false drift verdict that one window takes, from `budget.window_alpha`; None if not known.
        a_year: windows a year where there is no stretch; None if not known.
    """
    yearly = a_year if stretch is None else stretch.a_year
    found = fired(rules, () if stretch is None else stretch.windows)
    return tuple(
        _by_budget(row, rule, alpha, yearly, why) if needs_verdict(rule) else _by_reference(row, rule, yearly, why)
        for row, rule in zip(found, rules, strict=True)
    )


def fired(rules: Sequence[CompiledRule], history: Sequence[WindowFacts]) -> tuple[Expected, ...]:
    """What each rule did on these windows: counts alone, in the rules' order."""
    decided = walk(rules, history, (), _NOW, after=None)
    alerts = [*decided.passed, *decided.opened]
    rows = []
    for rule in rules:
        said = [rule.expression.evaluate(f.lookup()) for f in history if f.mature or not rule.performance]
        openings = tuple(sorted(a.detail["windows"][-1] for a in alerts if a.rule == rule.name))
        judged, held = sum(value is not None for value in said), sum(value is True for value in said)
        message = "" if judged or not history else _absent(rule, history)
        rows.append(
            Expected(
                rule.model, rule.name, rule.severity, rule.expression.text, len(history), judged, held, len(openings),
                openings, message=message,
            )
        )  # fmt: skip
    return tuple(rows)


def _absent(rule: CompiledRule, windows: Sequence[WindowFacts]) -> str:
    """Which signals keep the rule unknown in every window."""
    there = {name for facts in windows for name, fact in facts.signals.items() if fact.value is not None}
    names = dict.fromkeys(ref.text or ref.name for ref in rule.expression.signals if ref.name not in there)
    if not names:
        return "no window of the reference has all that it reads"
    return f"no window of the reference has {', '.join(names)}"


def needs_verdict(rule: CompiledRule) -> bool:
    """Whether the rule cannot hold in a window without a drift verdict, whatever else is true there: then it keeps to
    the declared number of false alarms."""

    def quiet(ref: SignalRef) -> float | None:
        return 0.0 if ref.name.startswith("drift.") and ref.part == "value" else None

    return rule.expression.evaluate(quiet) is False


def _by_reference(row: Expected, rule: CompiledRule, a_year: float | None, why: str) -> Expected:
    """Alerts per window in which one could have opened, by Garwood's interval."""
    chances = row.judged - rule.for_windows + 1
    if chances < 1 or not a_year:
        return replace(row, fired=None, a_year=None, message=_unknown(row, rule, why))
    found = poisson_interval(row.fired or 0, chances / a_year)
    most = a_year / (rule.for_windows + 1)  # an alert takes `for` windows, and one more to resolve
    capped = RateInterval(min(found.value, most), min(found.lower, most), min(found.upper, most))
    return replace(row, a_year=capped, basis="reference", message=_always(row))


def _always(row: Expected) -> str:
    if row.mostly:
        return f"it holds in {row.held} of {row.judged} windows of the reference: it calls normal what it is to find"
    return ""


def _by_budget(row: Expected, rule: CompiledRule, alpha: float | None, a_year: float | None, why: str) -> Expected:
    """At most the budget's false verdicts, `for` of which make an alert; unless the reference says otherwise."""
    if row.judged < rule.for_windows:
        row = replace(row, fired=None)
    if alpha is None or not a_year:
        return replace(row, a_year=None, message=_unknown(row, rule, why))
    if at_least(row.held, row.judged, alpha) < DISAGREES:
        says = (
            f"drift in {row.held} of {row.judged} windows of the reference, where chance would bring "
            f"{_few(alpha * row.judged)}: its windows differ among themselves (season, growth)"
        )
        return replace(_by_reference(row, rule, a_year, why), message=says)
    most = alpha * a_year / rule.for_windows
    says = "" if row.judged else f"by the alarm budget alone: {_unknown(row, rule, why)}"
    return replace(row, a_year=RateInterval(most, 0.0, most), basis="budget", message=says)


def _unknown(row: Expected, rule: CompiledRule, why: str) -> str:
    if why and not row.windows:
        return why
    if not row.windows:
        return "the reference holds no whole window"
    if not row.judged:
        return row.message
    return f"it wants {rule.for_windows} windows in a row, and can read {row.judged} of the reference"


def _few(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"

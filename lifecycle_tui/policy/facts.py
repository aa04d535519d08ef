"""What rules read and what deciding them gives: the values that monitoring and the agent exchange with `policy`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from lifecycle_tui.domain.results import Alert, Health
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import Severity
from lifecycle_tui.policy.expressions import Expression, Lookup, SignalRef

Transition = Literal["opened", "woken", "resolved"]
"""What notifiers are told of an alert; "woken": it was snoozed, and is still open."""


class SignalFact(NamedTuple):
    """One signal as rules see it; None where there is no number. A tuple, for there are as many as signals in state."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None


class WindowFacts(NamedTuple):
    """What is known about one window. A tuple, for a replay makes several of each window there ever was.

    Attributes:
        key, order: as in `Window`.
        version: the version whose performance signals these are; "" where the data names none.
        mature: no more labels are expected for that version's rows.
        signals: by name. An absent signal is unknown.
        drifted: columns with a drift verdict; alerts of `drift.*` rules name them.
    """

    key: str
    order: int
    version: str = ""
    mature: bool = True
    signals: Mapping[str, SignalFact] = MappingProxyType({})
    drifted: tuple[str, ...] = ()

    def lookup(self) -> Lookup:
        """A function from a reference in an expression to this window's number."""

        signals = self.signals

        def find(ref: SignalRef) -> float | None:
            fact = signals.get(ref.name)
            if fact is None or ref.function is not None:
                return None
            return fact.value if ref.part == "value" else getattr(fact, ref.part)

        return find


def facts_from_signals(signals: Iterable[Signal]) -> dict[str, SignalFact]:
    """Stored signals as facts. Signals in state `error`, `unknown` or `cannot-tell` without a value stay unknown."""
    return {
        signal.name: SignalFact(signal.value, signal.lower, signal.upper, signal.n)
        for signal in signals
        if signal.value is not None or signal.n is not None
    }


def join_versions(rows: Iterable[WindowFacts], champion: str) -> tuple[WindowFacts, ...]:
    """One `WindowFacts` a window, in window order, from one row a window and version.

    The row of version "" holds what concerns all rows of the window; the champion's row adds its performance.
    Where the champion scored nothing in a window, another version's row gives the version, so that performance
    rules pass the window over. Other versions' signals are left out: rules read the champion.
    """
    by_window: dict[tuple[int, str], list[WindowFacts]] = {}
    for row in rows:
        by_window.setdefault((row.order, row.key), []).append(row)
    return tuple(join_window({row.version: row for row in by_window[found]}, champion) for found in sorted(by_window))


def join_window(rows: Mapping[str, WindowFacts], champion: str) -> WindowFacts:
    """The rows of one window, by version, as `join_versions` joins them; called for every window that comes in."""
    shared, own = rows.get(""), rows.get(champion)
    if own is None:
        named = [version for version in rows if version]
        if shared is not None and not named:
            return shared  # without any named version the rows of "" are the only ones there are
        other = rows[min(named)]
        base = other if shared is None else shared
        signals: Mapping[str, SignalFact] = {} if shared is None else base.signals
        return WindowFacts(base.key, base.order, other.version, other.mature, signals, base.drifted)
    if shared is None or shared is own:
        return own
    signals = {**shared.signals, **own.signals} if own.signals else shared.signals
    return WindowFacts(own.key, own.order, own.version, own.mature, signals, shared.drifted or own.drifted)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be decided.

    Attributes:
        performance: it reads a metric: only mature windows that the present champion scored count.
        columns: the columns it reads, for grouping messages.
    """

    model: str
    name: str
    expression: Expression
    for_windows: int = 1
    severity: Severity = "warning"
    then: tuple[str, ...] = ("notify",)
    performance: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule says now.

    Attributes:
        value: of the latest window in which it is known; None where it is unknown.
        streak: windows in a row, counted over known ones, for which it holds.
        window: key of that latest known window.
        since: key of the first window of the streak.
        message: the numbers, e.g. "auc.upper 0.89 < 0.92", or why it is unknown.
    """

    rule: str
    value: bool | None
    streak: int = 0
    window: str | None = None
    since: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a decision sets off.

    Attributes:
        kind: "notify", "retrain" or "rollback".
        target: the notifier's name for `notify:NAME`; None means all that match.
        transition: what happened to the alert.
    """

    kind: str
    alert: Alert
    transition: Transition = "opened"
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """What changes now. Store every alert of `opened`, `continued`, `resolved` and `passed`; carry out `intents`.

    Attributes:
        opened: new alerts (id None).
        continued: open alerts with a later `last_window`, more `repeats` or another severity.
        resolved: alerts that were open before and are resolved now.
        passed: alerts that opened and resolved within one `walk`: history only, nothing is set off.
        outcomes: what every rule says now, in the rules' order.
        health: of the model, after these changes.
    """

    opened: tuple[Alert, ...] = ()
    continued: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()
    passed: tuple[Alert, ...] = ()
    intents: tuple[Intent, ...] = ()
    outcomes: tuple[RuleOutcome, ...] = ()
    health: Health = "unknown"

    @property
    def changed(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.opened or self.continued or self.resolved or self.passed)

"""One rule read window by window: the streak in which it holds, and whether it fires. Made by `rules` and `course`.

`rules` reads the windows once and decides; `course` keeps its readings while windows come in, and so costs what is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lifecycle_tui.policy.facts import CompiledRule, WindowFacts
from lifecycle_tui.policy.quick import Evaluate, quick


@dataclass(slots=True)
class Reading:
    """How a rule stands after the windows it has seen.

    Attributes:
        champion: performance rules read the windows whose `version` is this.
        eligible: windows that the rule may read.
        latest: the last one in which it is known, and what it said there.
        streak: the known windows in a row, up to the latest, in which it holds.
        said: what it said in each window that it may read, by order.
        last: order of the last window that it may read.
        evaluate: the rule's expression.
        names: the signals that it reads.
    """

    rule: CompiledRule
    champion: str
    eligible: int = 0
    latest: tuple[WindowFacts, bool] | None = None
    streak: list[WindowFacts] = field(default_factory=list)
    said: dict[int, bool | None] = field(default_factory=dict)
    last: int = -1
    evaluate: Evaluate = field(init=False)
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.evaluate = quick(self.rule.expression)
        self.names = tuple(dict.fromkeys(ref.name for ref in self.rule.expression.signals))

    def reads(self, facts: WindowFacts) -> bool:
        """Whether the rule may read a window: one on performance only what the champion scored and is mature."""
        return not self.rule.performance or (facts.mature and facts.version == self.champion)

    def see(self, facts: WindowFacts) -> None:
        """The next window in window order."""
        rule = self.rule
        if not rule.performance or (facts.mature and facts.version == self.champion):
            self._note(facts, self.evaluate(facts))

    def _note(self, facts: WindowFacts, value: bool | None) -> None:
        self.eligible += 1
        self.last = facts.order
        self.said[facts.order] = value
        if value is None:
            return
        self.latest = (facts, value)
        if value:
            self.streak.append(facts)
        elif self.streak:
            self.streak = []

    def revise(self, facts: WindowFacts, windows: Iterable[WindowFacts], before: WindowFacts | None = None) -> None:
        """A window before the newest has changed: as if all `windows` (in order, it among them) were seen anew.

        Args:
            before: what it was, where it was there; most revisions do not touch what the rule reads.
        """
        order = facts.order
        known = order in self.said
        if self.rule.performance and not (facts.mature and facts.version == self.champion):
            if known:
                self._again(windows)
            return
        if known and before is not None and self._unmoved(before, facts):
            if order == self.last or self.streak:
                self._replace(facts)
            return
        value = self.evaluate(facts)
        if not known and order > self.last:
            self._note(facts, value)
        elif known and self.said[order] == value:
            self._replace(facts)
        else:
            self._again(windows)

    def _unmoved(self, before: WindowFacts, facts: WindowFacts) -> bool:
        """Whether all that the rule reads of a window is as it was."""
        if self.rule.performance and not (before.mature and before.version == self.champion):
            return False
        was, now = before.signals, facts.signals
        for name in self.names:
            old, new = was.get(name), now.get(name)
            if old is not new and old != new:
                return False
        return True

    def _replace(self, facts: WindowFacts) -> None:
        """The same answer from other numbers: what is told of the window shows these."""
        if self.latest is not None and self.latest[0].order == facts.order:
            self.latest = (facts, self.latest[1])
        for index in range(len(self.streak) - 1, -1, -1):
            if self.streak[index].order <= facts.order:
                if self.streak[index].order == facts.order:
                    self.streak[index] = facts
                return

    def forget(self, order: int) -> None:
        """Windows before that order are not looked back on any more: as if they had never been seen."""
        said = self.said
        while said and (first := next(iter(said))) < order:
            del said[first]
            self.eligible -= 1
        if self.latest is not None and self.latest[0].order < order:
            self.latest = None
        if self.streak and self.streak[0].order < order:
            self.streak = [facts for facts in self.streak if facts.order >= order]

    def _again(self, windows: Iterable[WindowFacts]) -> None:
        self.eligible, self.latest, self.streak, self.said, self.last = 0, None, [], {}, -1
        for facts in windows:
            self.see(facts)

    @property
    def unknown(self) -> str:
        """Why the rule is unknown; "" if it is not."""
        if self.rule.performance and self.eligible < self.rule.for_windows:
            by = f" scored by version {self.champion}" if self.champion else ""
            return f"{self.eligible} of {self.rule.for_windows} windows with all labels{by}"
        return "no numbers yet" if self.latest is None else ""

    @property
    def value(self) -> bool | None:
        """Whether it holds in the latest window in which it is known."""
        return None if self.latest is None or self.unknown else self.latest[1]

    @property
    def fires(self) -> bool:
        """Whether it has held for as many windows as it asks for."""
        return len(self.streak) >= self.rule.for_windows and bool(self.value)

    def after(self, order: int) -> list[WindowFacts]:
        """The windows of the streak later than `order`."""
        first = len(self.streak)
        while first and self.streak[first - 1].order > order:
            first -= 1
        return self.streak[first:]

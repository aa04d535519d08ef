"""The alerts of one model over time, as its windows come in: `rules.walk` at every instant, at the cost of what is new.

Pure. Called by `agent.replay`, which lets history pass before it; a test holds it to `walk` on random histories.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from lifecycle_tui.domain.defaults import LOOK_BACK
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import Severity
from lifecycle_tui.policy.facts import CompiledRule, WindowFacts, join_window
from lifecycle_tui.policy.readings import Reading
from lifecycle_tui.policy.rules import move_alerts

_ORDER = attrgetter("order")

Joins = dict[tuple[int, int], WindowFacts]
"""By the identities of a window's row and of its champion's row, what rules see."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert from its opening to its end.

    Attributes:
        id: counts a model's alerts in the order in which they opened.
        opened, resolved: instants of the clock; `resolved` is None while it is open.
        since, last: keys of the first window of its streak and of the last that it has gone on to.
        windows: keys of the windows in which the rule was firing.
        performance: it rests on what the champion scored, or gave out.
        passed: it came and went between two instants at which rules were decided: nothing was set off.
    """

    id: int
    rule: str
    severity: Severity
    then: tuple[str, ...]
    opened: datetime
    resolved: datetime | None
    since: str
    last: str
    windows: tuple[str, ...]
    message: str
    performance: bool = False
    passed: bool = False


class Alerts:
    """The alerts of one model while its windows come in.

    Args:
        rules: of the model.
        champion: label of the version that serves, as in the windows.
        look_back: decided windows that a decision looks at; older ones are as if they were not there.
        resting: rules that are not on performance and rest on who serves all the same.
        joins: made by another course of the same rows, which live as long as it.

    Attributes:
        open: the open ones, by id.
        over: those that are not open any more, in the order in which they ended.
        read: every form of every window that rules were shown.
    """

    def __init__(
        self, rules: Sequence[CompiledRule], champion: str = "", *, look_back: int = LOOK_BACK,
        resting: Collection[str] = (), joins: Joins | None = None,
    ) -> None:  # fmt: skip
        self._look_back, self._resting = look_back, resting
        self._joins: Joins = {} if joins is None else joins
        self.rules = {rule.name: rule for rule in rules}
        self.open: list[Alert] = []
        self.over: list[Episode] = []
        self._champion = champion
        self._readings = [Reading(rule, champion) for rule in rules]
        self._rows: dict[str, dict[str, WindowFacts]] = {}
        self._windows: list[WindowFacts] = []
        self._orders: dict[str, int] = {}
        self._fired: dict[int, list[str]] = {}
        self._count = 0
        self._oldest = -1
        self.read: list[WindowFacts] = []

    def decide(
        self, arrived: Sequence[WindowFacts], champion: str, now: datetime, gone: Sequence[WindowFacts] = ()
    ) -> bool:
        """The instant `now`, at which these windows came in or changed; whether an alert opened, went on or ended.

        Args:
            arrived: one entry a window and version ("" for what concerns all rows); their `order` is the windows'.
            gone: windows and versions of which there is nothing any more.
        """
        rows = self._rows
        keys: dict[str, None] = {}
        for facts in arrived:
            keys[facts.key] = None
            versions = rows.get(facts.key)
            if versions is None:
                rows[facts.key] = {facts.version: facts}
            else:
                versions[facts.version] = facts
        for facts in gone:
            if rows.get(facts.key, {}).pop(facts.version, None) is not None and rows[facts.key]:
                keys[facts.key] = None
        new: list[WindowFacts] = []
        changed: list[tuple[WindowFacts, WindowFacts | None]] = []
        last = self._windows[-1].order if self._windows else -1
        for key in keys:
            joined = self._joined(rows[key], champion)
            self.read.append(joined)
            if joined.order > last:
                new.append(joined)
            else:
                changed.append((joined, self._put(joined)))
        oldest = self._windows[-self._look_back].order if len(self._windows) > self._look_back else -1
        if champion != self._champion:
            self._follow(champion)
        else:
            if oldest > self._oldest:
                self._oldest = oldest
                for reading in self._readings:
                    reading.forget(oldest)
            for facts, before in changed:
                if facts.order >= oldest:
                    self._revise(facts, before)
        if len(new) > 1:
            new.sort(key=_ORDER)
        return self._let_pass(new, now)

    def _joined(self, rows: dict[str, WindowFacts], champion: str) -> WindowFacts:
        """The rows of one window as rules see it. Of two rows it is made once for all courses of one history."""
        shared, own = rows.get(""), rows.get(champion)
        if shared is None or own is None or shared is own:
            return join_window(rows, champion)
        found = self._joins.get((id(shared), id(own)))
        if found is None:
            found = self._joins[id(shared), id(own)] = join_window(rows, champion)
        return found

    def _follow(self, champion: str) -> None:
        """Another version serves: what rests on performance is read anew, over all windows, and nothing is set off."""
        self._champion = champion
        self._windows = [self._joined(self._rows[facts.key], champion) for facts in self._windows]
        self.read += self._windows
        for index, reading in enumerate(self._readings):
            fresh = Reading(reading.rule, champion)
            for facts in self._windows[-self._look_back :]:
                fresh.see(facts)
            self._readings[index] = fresh

    def _put(self, facts: WindowFacts) -> WindowFacts | None:
        """A window that was decided before, or lies before one that was, in its place; what stood there."""
        at = facts.order - self._windows[0].order  # where no order is left out
        if not (0 <= at < len(self._windows) and self._windows[at].order == facts.order):
            at = bisect_left(self._windows, facts.order, key=_ORDER)
        if at < len(self._windows) and self._windows[at].order == facts.order:
            before = self._windows[at]
            self._windows[at] = facts
            return before
        self._windows.insert(at, facts)
        self._orders[facts.key] = facts.order
        return None

    def _revise(self, facts: WindowFacts, before: WindowFacts | None) -> None:
        windows = self._windows
        if len(windows) > self._look_back:
            windows = windows[-self._look_back :]
        for reading in self._readings:
            reading.revise(facts, windows, before)

    def _let_pass(self, new: Sequence[WindowFacts], now: datetime) -> bool:
        current: list[tuple[Alert, Alert | None]] = [(alert, alert) for alert in self.open]
        done: list[tuple[Alert, Alert | None]] = []
        moved = False
        readings = self._readings
        for facts in new or (None,):
            if facts is not None:
                self._windows.append(facts)
                self._orders[facts.key] = facts.order
                for reading in readings:
                    reading.see(facts)
            streaks = False
            for reading in readings:
                if reading.streak:
                    streaks = True
            if current or streaks:
                before = current
                current = self._numbered(move_alerts(current, readings, self._orders, now, done))
                moved = self._note(before, current) or moved
        for alert, first in done:
            self._end(alert, passed=first is None)
        self.open = [alert for alert, _ in current]
        return moved or bool(done)

    def _numbered(self, current: list[tuple[Alert, Alert | None]]) -> list[tuple[Alert, Alert | None]]:
        found = []
        for alert, first in current:
            if alert.id is None:
                self._count += 1
                alert = replace(alert, id=self._count)
            found.append((alert, first))
        return found

    def _note(
        self, before: list[tuple[Alert, Alert | None]], current: list[tuple[Alert, Alert | None]]
    ) -> bool:  # fmt: skip
        """Remember in which windows each alert was firing; whether one of them opened or went on."""
        last = {alert.id: alert.last_window for alert, _ in before}
        moved = len(before) != len(current)
        for alert, _ in current:
            assert alert.id is not None and alert.last_window is not None
            if alert.id not in last:
                self._fired[alert.id] = [alert.last_window]
                moved = True
            elif alert.last_window != last[alert.id]:
                reading = next(r for r in self._readings if r.rule.name == alert.rule)
                later = reading.after(self._orders.get(last[alert.id] or "", -1))
                self._fired[alert.id] += [facts.key for facts in later]
                moved = True
        return moved

    def _end(self, alert: Alert, *, passed: bool) -> None:
        if alert.id is None:  # it opened and ended with the same window's revision
            return
        self.over.append(self._episode(alert, passed=passed))

    def _episode(self, alert: Alert, *, passed: bool = False) -> Episode:
        assert alert.id is not None
        rule = self.rules.get(alert.rule)
        return Episode(
            alert.id, alert.rule, alert.severity, tuple(alert.detail.get("then", ())), alert.opened, alert.resolved,
            alert.since, alert.last_window or alert.since, tuple(self._fired.get(alert.id, ())), alert.message,
            rule is not None and (rule.performance or rule.name in self._resting), passed,
        )  # fmt: skip

    def episodes(self) -> tuple[Episode, ...]:
        """All alerts so far, in the order in which they opened."""
        return tuple(sorted((*self.over, *map(self._episode, self.open)), key=lambda e: e.id))

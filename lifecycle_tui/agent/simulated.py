"""The agent on a simulated clock: the same turns and the same jobs as ever, whenever something can happen.

The clock stands still while jobs run and then goes on to the next end of a window, arrival of its labels, or instant
that the step waits for. Jobs run in workers as always, as of that clock. Called by `lifecycle agent --simulate`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle_tui.agent.declaring import declare
from lifecycle_tui.agent.loop import AGENT
from lifecycle_tui.agent.session import Session, session
from lifecycle_tui.agent.work import events
from lifecycle_tui.data import calendar
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.domain.windows import TimeWindow
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.state import clock as simulated_clock
from lifecycle_tui.state import handling, jobs, outbox
from lifecycle_tui.state import loop as memory
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.text import moment

IDLE = 20.0
"""Seconds that warm workers wait for the next instant's jobs."""

DAY = timedelta(days=1)


Pause = Callable[[Session, datetime | None], bool]
"""Given the loop and the instant that comes next (None after the last one); whether to go on to it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: the simulated instant, and a sentence."""

    at: datetime
    text: str


def next_instant(spec: WorkspaceSpec, now: datetime) -> datetime:
    """The next instant after `now` at which some model's data can have news: a window ends, or its labels are there."""
    return min((_next_of(model, now) for model in spec.models), default=now + DAY)


def _next_of(model: ModelSpec, now: datetime) -> datetime:
    window = model.data.window
    if not isinstance(window, TimeWindow):
        return now + DAY
    found = []
    for after in {window.grace, window.grace + (model.data.labels.delay or timedelta(0))}:
        slot = calendar.slot_of(now - after, window.count, window.unit, model.data.timezone)
        found.append(calendar.start_of(slot + 1, window.count, window.unit, model.data.timezone) + after)
    return min(found)


def simulate(
    state: State, spec: WorkspaceSpec, start: datetime, until: datetime, say: Callable[[Told], None],
    *, ended: threading.Event | None = None, plugins: bool = True, pause: Pause | None = None,
    mode: str = "simulated",
) -> datetime:  # fmt: skip
    """Let the clock run from `start` to `until`; returns the instant that it reached.

    Args:
        say: hears what happens, as it happens.
        ended: set from outside to stop after the jobs at hand.
        pause: called when all is done at one instant, before the clock goes on to the next; false ends it there.
        mode: what viewers are told (see `state.lease`).

    Raises:
        UsageError: another agent runs, or state knows of later things than `start`.
    """
    clock = FixedClock(start)

    def tell(text: str) -> None:
        say(Told(clock.now(), text))

    def heard(job: Job) -> None:
        if job.state != "done":
            tell(f"{job.model}: {job.kind} {job.state}: {job.error or 'no reason given'}")
        elif job.outcome.get("text"):
            tell(f"{job.model}: {job.outcome['text']}")

    with session(
        state, spec, mode, say=tell, ended=heard, idle=IDLE, spare=True, plugins=plugins, since=start
    ) as found:
        if found is None:
            raise UsageError("an agent runs this workspace", hint="stop it, or simulate in a copy of the folder")
        run = _Run(state, spec, found, clock, say, plugins)
        run.begin()
        while ended is None or not ended.is_set():
            run.instant()
            following = None if clock.now() >= until else min(run.next(), until)
            if (pause is not None and not pause(found, following)) or following is None:
                break
            clock.advance(following - clock.now())
    return clock.now()


class _Run:
    """One stretch of simulated time."""

    def __init__(
        self, state: State, spec: WorkspaceSpec, found: Session, clock: FixedClock, say: Callable[[Told], None],
        plugins: bool = True,
    ) -> None:  # fmt: skip
        self._state, self._spec, self._session, self._clock, self._say = state, spec, found, clock, say
        self._heard, self._plugins = 0, plugins
        self._looked: datetime | None = None

    def begin(self) -> None:
        """Declare the models; refuse a clock that would run before what is known."""
        start = self._clock.now()
        with self._state.write() as tx:
            (latest,) = tx.execute("SELECT max(as_of) FROM windows").fetchone()
            if latest is not None and moment(latest) > start:
                raise UsageError(
                    f"state knows this workspace as of {latest[:16]}, which is after {start:%Y-%m-%d %H:%M}",
                    hint="let the clock begin later, or simulate in a folder without .lifecycle",
                )
            declare(tx, self._spec, start)
            (self._heard,) = tx.execute("SELECT coalesce(max(id), 0) FROM alert_events").fetchone()

    def next(self) -> datetime:
        """Where the clock goes on to."""
        now = self._clock.now()
        with self._state.read() as conn:
            dues = (memory.next_due(conn, now), handling.next_wake(conn, now))
        return min([next_instant(self._spec, now), *(due for due in dues if due is not None)])

    def instant(self) -> None:
        """Observe the models that can have news, then decide and act until nothing more follows."""
        now, before = self._clock.now(), self._looked
        names = [m.name for m in self._spec.models if before is None or _next_of(m, before) <= now]
        self._looked = now
        with self._state.write() as tx:
            simulated_clock.move(tx, now)
            payload = {"as_of": now.isoformat()}
            ids = [jobs.enqueue(tx, "evaluate", name, payload, now, by=AGENT) for name in names]
        self._session.finish(ids)
        self._tell_alerts()
        self._session.rest(now)
        self._send(now)

    def _send(self, now: datetime) -> None:
        """Send what is due, where the workspace lives on this clock: it is its present. Of a past that is only lived
        through to see what a policy does, nobody is told."""
        with self._state.write() as tx:
            due = simulated_clock.read(tx) is not None and outbox.due(tx, now)
            ids = [jobs.enqueue(tx, "notify", None, {"wait": True}, now, by=AGENT)] if due else []
            present = simulated_clock.read(tx) is not None
        self._session.finish(ids)
        if present and self._plugins:
            catalog = PluginCatalog.open(self._spec.root, self._spec.plugins)
            events.listen(self._state, catalog)
            told = events.enqueue(self._state, catalog, {"as_of": now.isoformat()}, now, AGENT)
            self._session.finish([] if told is None else [told])

    def _tell_alerts(self) -> None:
        """Of one instant by model: which of its checks ended first is no part of the story."""
        with self._state.read() as conn:
            found = conn.execute(
                "SELECT e.id, e.model, e.kind, a.rule, e.text FROM alert_events e JOIN alerts a ON a.id = e.alert_id "
                "WHERE e.id > ? AND e.kind IN ('opened', 'resolved') ORDER BY e.model, e.id",
                (self._heard,),
            ).fetchall()
        for id_, model, kind, rule, text in found:
            self._heard = max(self._heard, id_)
            how = f" by {text}" if kind == "resolved" and text else f": {text}"
            self._say(Told(self._clock.now(), f"{model}: alert {rule} {kind}{how}"))

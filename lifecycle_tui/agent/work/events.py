"""The events job: tells the event hooks of plugins what happened, each of them in order and at least once.

Enqueued by the agent and by `check --act` where `Listeners` says that there is news. Every implementation is called by
itself under a guard: one that fails is noted and charged, and the others are told all the same (DESIGN §6).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lifecycle_tui.agent.work.happened import STREAMS
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.hookspecs import EVENTS
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.state import event_cursors, jobs
from lifecycle_tui.state.database import State

KIND = "events"
"""Of the job."""
PAGE = 200
"""Events that are read at a time."""
ERRORS = 20
"""Errors that the outcome keeps; the job's log has all of them."""


@dataclass(frozen=True)
class Listeners:
    """Who listens, and how far each has heard.

    Attributes:
        new: (hook, plugin) that begin to listen now: nothing before is told.
        gone: (hook, plugin) that listen no longer; what happens until they come back is not told.
        news: whether something happened that one of the others has not heard.
    """

    new: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    news: bool = False

    @classmethod
    def of(cls, conn: sqlite3.Connection, plugins: PluginCatalog) -> Listeners:
        """As state and the catalogue are now. A file that is broken for a while keeps its place."""
        if not plugins.whole:
            return cls(news=_news(conn, plugins, event_cursors.all_of(conn)))
        known = event_cursors.all_of(conn)
        wanted = [(hook, info.name) for info, hook in _hooks(plugins)]
        broken = {row.name for row in plugins.rows if not row.disabled and row.kind in ("", "event")}
        gone = tuple(key for key in known if key not in wanted and (key[1] not in broken or _dropped(plugins, key)))
        return cls(tuple(key for key in wanted if key not in known), gone, _news(conn, plugins, known))

    def settle(self, tx: sqlite3.Connection) -> None:
        """Remember who begins to listen and who has ceased."""
        for hook, plugin in self.new:
            event_cursors.advance(tx, hook, plugin, STREAMS[hook].newest(tx))
        for hook, plugin in self.gone:
            event_cursors.forget(tx, hook, plugin)


def listen(state: State, plugins: PluginCatalog) -> None:
    """Remember who listens, before something happens that they are to be told. For who tells once and not for ever."""
    with state.read() as conn:
        found = Listeners.of(conn, plugins)
    if found.new or found.gone:
        with state.write() as tx:
            found.settle(tx)


def enqueue(state: State, plugins: PluginCatalog, payload: Mapping[str, Any], now: datetime, by: str) -> int | None:
    """The job that tells what has happened; None where there is nothing to tell, or nobody."""
    with state.read() as conn:
        if not Listeners.of(conn, plugins).news:
            return None
    with state.write() as tx:
        return jobs.enqueue(tx, KIND, None, payload, now, by=by)


def _dropped(plugins: PluginCatalog, key: tuple[str, str]) -> bool:
    """Whether the plugin works and has that hook no more."""
    info = plugins.get("event", key[1])
    return info is not None and key[0] not in info.hooks


def _hooks(plugins: PluginCatalog) -> Iterator[tuple[PluginInfo, str]]:
    for info in plugins.all("event"):
        yield from ((info, hook) for hook in info.hooks if hook in EVENTS)


def _news(conn: sqlite3.Connection, plugins: PluginCatalog, known: dict[tuple[str, str], int]) -> bool:
    lasts: dict[str, int] = {}
    for info, hook in _hooks(plugins):
        if (last := known.get((hook, info.name))) is not None:
            lasts[hook] = min(last, lasts.get(hook, last))
    return any(STREAMS[hook].news(conn, last) for hook, last in lasts.items())


@dataclass
class _Told:
    told: int = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def tell(job: JobContext) -> dict[str, Any]:
    """Tell everybody everything; returns how many events were told, how many hooks failed, and how.

    Raises:
        LifecycleError: a plugin cost its process so often that the rest must wait for another job.
    """
    counts = _Told()
    plugins = job.workspace.plugins
    with job.state.read() as conn:
        known = event_cursors.all_of(conn)
    with job.runner() as runner:
        for info, hook in _hooks(plugins):
            last = known.get((hook, info.name))
            if last is None:
                continue
            proxy = plugins.make(info, runner=runner)
            for number, event in _events(job, hook, last):
                if runner.gave_up(info):
                    counts.left.append(f"{info.name} {hook}")
                    break
                if event is not None:
                    _tell(job, proxy, hook, event, counts)
                with job.state.write() as tx:
                    event_cursors.advance(tx, hook, info.name, number)
        for use in runner.uses():
            if use.printed:
                job.log("info", f"plugin {use.plugin} printed: {use.printed[-500:]}")
    if counts.left:
        raise LifecycleError(
            f"not all was told to {', '.join(sorted(set(counts.left)))}, which cost its process again and again",
            hint="it is tried again later; `lifecycle plugins list` shows its last error",
        )
    return {"told": counts.told, "failed": counts.failed, "errors": counts.errors}


def _events(job: JobContext, hook: str, last: int) -> Iterator[tuple[int, Any]]:
    while True:
        with job.state.read() as conn:
            page = STREAMS[hook].after(conn, last, PAGE)
        for number, event in page:
            job.check()
            yield number, event
            last = number
        if len(page) < PAGE:
            return


def _tell(job: JobContext, proxy: Any, hook: str, event: Any, counts: _Told) -> None:
    try:
        proxy.hear(hook, event)
        counts.told += 1
        return
    except PluginFault as fault:
        said = f"{proxy.name}: {hook} ({event.model}, event {event.id}): {fault.message} ({fault.place})"
    except LifecycleError as exc:
        said = f"{proxy.name}: {hook} ({event.model}, event {event.id}): {exc.message}"
    counts.failed += 1
    job.log("error", f"plugin {said}")
    if len(counts.errors) < ERRORS:
        counts.errors.append(said)

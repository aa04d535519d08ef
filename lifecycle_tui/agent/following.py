"""Follows the files and plugins of a workspace beside the rounds: a thousand files are read in a thread, not in one.

    found = following.look()            # each round: some microseconds, or a stat for each file
    if found is not None: …             # read, checked, whole: `Watched.take(found.news)` makes it count

What a change concerns is told by `concerned`, so that one threshold does not have a thousand models evaluated.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.accepted import News, Watched, rows_of
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.workspace import Workspace, detector_uses, metric_uses

SHARE = 20
"""A look at the files may take one part in so many of the agent's time."""


@dataclass(frozen=True)
class Found:
    """News, and the models that are to be evaluated because of them."""

    news: News
    models: tuple[str, ...]


class Following:
    """Looks whether files have moved, and reads them in a thread when they have.

    Args:
        say: hears what could not be read, once.
    """

    def __init__(self, watched: Watched, say: Callable[[str], None]) -> None:
        self._watched, self._say = watched, say
        self._thread: threading.Thread | None = None
        self._found: Found | Exception | None = None
        self._next = 0.0
        self._trouble = ""

    def look(self) -> Found | None:
        """What has changed since what counts was read; None while nothing has, or while it is still being read."""
        if self._thread is not None:
            if self._thread.is_alive():
                return None
            self._thread = None
            return self._read()
        at = time.monotonic()
        if at < self._next:
            return None
        moved = self._watched.moved()
        now = time.monotonic()
        self._next = now + SHARE * (now - at)
        if moved:
            # Never joined: a plugin that hangs while it is looked at holds up neither a round nor the agent's end.
            self._thread = threading.Thread(target=self._look, daemon=True, name="files")
            self._thread.start()
        return None

    def _look(self) -> None:
        before, was = self._watched.workspace, self._watched.code
        try:
            news = self._watched.news(settle=True)
            if news is not None:
                self._found = Found(news, concerned(before, news.workspace, was, news.code))
        except Exception as exc:
            self._found = exc

    def _read(self) -> Found | None:
        found, self._found = self._found, None
        if isinstance(found, Exception):
            # What cannot be looked at is looked at again; it is no reason for the agent to end.
            self._next = time.monotonic() + 1.0
            text = found.message if isinstance(found, LifecycleError) else f"{type(found).__name__}: {found}"
            if text != self._trouble:
                self._trouble = text
                self._say(f"the files cannot be looked at: {text}")
            return None
        self._trouble = ""
        return found


def concerned(before: Workspace, after: Workspace, was: Mapping[str, str], code: Mapping[str, str]) -> tuple[str, ...]:
    """The models that are to be evaluated because of a change: they say something else, or a plugin of theirs does.

    Args:
        was, code: digests of the plugins' code before and after, by key.
    """
    plugins = _changed_plugins(rows_of(before), rows_of(after), was, code)
    old = {spec.name: spec for spec in before.spec.models}
    return tuple(
        spec.name
        for spec in after.spec.models
        if (there := old.get(spec.name)) is None
        or sense(there) != sense(spec)  # not `there != spec`: that would look every place up in its file
        or (plugins and not plugins.isdisjoint(_uses(spec, before.plugins) | _uses(spec, after.plugins)))
    )


def _changed_plugins(
    rows: Mapping[str, PluginInfo], others: Mapping[str, PluginInfo], was: Mapping[str, str], code: Mapping[str, str]
) -> frozenset[str]:
    keys = {key for key in {*rows, *others} if rows.get(key) != others.get(key)}
    keys |= {key for key in {*was, *code} if was.get(key) != code.get(key)}
    # A file that is broken registers nothing: it may have been any plugin that takes part by itself.
    return frozenset(f"{key.partition(':')[0]}:" if key.startswith(":") else key for key in keys)


def _uses(spec: ModelSpec, plugins: PluginCatalog) -> set[str]:
    """Keys of the plugins that an evaluation of a model rests on."""
    found = {f"detector:{use.name}" for use in detector_uses(spec, plugins)}
    found |= {f"metric:{use.name}" for use in metric_uses(spec, plugins)}
    if not spec.monitor.detectors or not spec.monitor.metrics:
        found.add(":")
    data = spec.data
    tables = (data.table, data.features, data.predictions, data.labels.table)
    suffixes = {suffix: row.key for row in plugins.all("source") for suffix in row.suffixes}
    for table in (t for t in tables if t is not None):
        found.add(f"source:{table.use}" if table.use else suffixes.get(Path(table.location).suffix.lower(), ""))
    return found


def sense(value: Any) -> Any:
    """A declaration without the places where it is written: lines that have moved change nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (f.name for f in dataclasses.fields(value) if f.name != "place")
        return (type(value).__name__, *(sense(getattr(value, name)) for name in fields))
    if isinstance(value, Mapping):
        return {key: sense(item) for key, item in value.items()}
    return tuple(sense(item) for item in value) if isinstance(value, tuple | list) else value

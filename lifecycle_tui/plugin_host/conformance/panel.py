"""Checks of panels: rows and series that can be drawn, of any model of their tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle_tui.domain.specs import Task
from lifecycle_tui.plugin_host.conformance import showing, views
from lifecycle_tui.plugin_host.conformance.base import Check
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression", "ranking")


def _tasks(bench: Bench) -> list[Task]:
    """Tasks of the models that it is for."""
    return [task for task in TASKS if task in (bench.info.tasks or TASKS)]


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a panel, in order."""
    yield from showing.checks(
        info,
        "draw",
        {
            "shows": ("a model with a history", lambda bench: [views.model(task=task) for task in _tasks(bench)]),
            "one-window": (
                "a model with one window",
                lambda bench: [views.model(task=t, days=1) for t in _tasks(bench)],
            ),
            "new-model": (
                "a model without a window, version or champion",
                lambda bench: [views.new(task=t) for t in _tasks(bench)],
            ),
            "odd-names": (
                "names in many scripts and with control characters",
                lambda bench: [views.odd(t) for t in _tasks(bench)],
            ),
            "fast": ("", lambda bench: [views.model(task=_tasks(bench)[0], days=showing.MANY)]),
        },
    )

"""Checks of event hooks: each kind of event, told again, and with odd texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle_tui.plugin_host.conformance import common, views
from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a file's event hooks, in order."""
    yield Check("docstring", "says in the file's docstring, or a hook's, what it does", docstring)
    yield from (check for check in common.checks(info) if check.name == "import-time")
    yield Check("hears", "hears one event of each kind", hears)
    yield Check("odd-texts", "hears of names in many scripts and with control characters", odd, "hears")
    yield Check("told-again", "takes an event that is told again, as happens after a kill", again, "hears")


def docstring(bench: Bench) -> None:
    if not bench.info.doc:
        raise Failed("a docstring", "none", "the file's first line is what lists show")


def hears(bench: Bench) -> None:
    for hook in bench.info.hooks:
        for event in list(views.events(hook))[:-1]:
            getattr(bench.cls, hook)(event)


def odd(bench: Bench) -> None:
    for hook in bench.info.hooks:
        getattr(bench.cls, hook)(list(views.events(hook))[-1])


def again(bench: Bench) -> None:
    for hook in bench.info.hooks:
        for event in [next(views.events(hook))] * 2:
            getattr(bench.cls, hook)(event)

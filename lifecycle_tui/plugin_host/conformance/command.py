"""Checks of commands: rows that can be printed, of any workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lifecycle_tui.plugin_host.conformance import showing, views
from lifecycle_tui.plugin_host.conformance.base import Check
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench


def _full(bench: Bench) -> list[Any]:
    others = [views.model("houses", "regression", 40), views.model("shop", "multiclass", 3)]
    return [views.workspace(views.model(), *others), views.workspace(views.model())]


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a command, in order."""
    yield from showing.checks(
        info,
        "run",
        {
            "shows": ("a workspace of several models", _full),
            "no-models": ("a workspace without models", lambda bench: [views.workspace()]),
            "new-model": (
                "a model without a window, version or champion",
                lambda bench: [views.workspace(views.new())],
            ),
            "odd-names": (
                "names in many scripts and with control characters",
                lambda bench: [views.workspace(views.odd())],
            ),
            "fast": ("", lambda bench: [views.workspace(views.model(days=showing.MANY))]),
        },
    )

"""The hooks a plugin may implement (DESIGN §6). pluggy collects registrations; the host makes all calls itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

PROJECT = "lifecycle_tui"
API_VERSION = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Register = Callable[..., None]
"""`register(cls)`: a class whose `name` and keyword-only constructor parameters declare the plugin."""


@hookspec
def register_detectors(register: Register) -> None:
    """Register detectors: classes that follow `Detector`."""


@hookspec
def register_metrics(register: Register) -> None:
    """Register metrics: classes that follow `Metric`."""


@hookspec
def register_sources(register: Register) -> None:
    """Register sources: classes that follow `Source`."""


@hookspec
def register_notifiers(register: Register) -> None:
    """Register notifiers: classes that follow `Notifier`."""


@hookspec
def register_strategies(register: Register) -> None:
    """Register strategies: classes that follow `Strategy`."""


@hookspec
def register_deployers(register: Register) -> None:
    """Register deployers: classes that follow `Deployer`."""


@hookspec
def register_explainers(register: Register) -> None:
    """Register explainers (used from the governance slice on)."""


@hookspec
def register_commands(register: Register) -> None:
    """Register commands (used from the plugin slice on)."""


@hookspec
def register_panels(register: Register) -> None:
    """Register panels (used from the terminal slice on)."""


KINDS: dict[str, str] = {
    "detector": "register_detectors",
    "metric": "register_metrics",
    "source": "register_sources",
    "notifier": "register_notifiers",
    "strategy": "register_strategies",
    "deployer": "register_deployers",
    "explainer": "register_explainers",
    "command": "register_commands",
    "panel": "register_panels",
}
"""Plugin kind → the hook that registers it."""

JSON = dict[str, Any]

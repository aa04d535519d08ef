"""The hooks a plugin may implement (DESIGN §6). pluggy collects registrations; the host makes all calls itself.

`register_*` hooks run when the file is indexed, and once in each process that calls something of it. They run in the
plugins' process, never in the program's, have 20 seconds together with the import (or LIFECYCLE_PLUGIN_SECONDS, where
that is less), and only call `register`: what they raise is a fault of the file, shown with its line, and nothing of the
file is used then. How the registered classes are called is said by their protocols in `protocols`, `delivery`,
`explaining` and `showing`. Built-in plugins run in the job's own process.

`on_*` hooks are told what happened, in a job, in the plugins' process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from lifecycle_tui.domain.views import AlertEvent, RolloutEvent, VersionEvent

PROJECT = "lifecycle_tui"
API_VERSION = 1
"""Version of the plugin API. A plugin may say `LIFECYCLE_API = 1`: a program with another one refuses it in words."""
EVENT_SECONDS = 30.0
"""Wall time that an event hook has for one event, unless LIFECYCLE_PLUGIN_SECONDS is less."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Register = Callable[..., None]
"""`register(cls, …)`: classes whose `name` and keyword-only constructor parameters declare the plugins."""


@hookspec
def register_detectors(register: Register) -> None:
    """Register detectors: classes that follow `Detector`.

    A detector compares a column of a window with the reference. `measure` is called for each column of its kinds in
    each window that is evaluated, and has 60 seconds. An error costs the signal `NAME.COLUMN` of that window alone: it
    is stored with state "error", and the message names file and line.

    Args:
        register: call it with classes.
    """


@hookspec
def register_metrics(register: Register) -> None:
    """Register metrics: classes that follow `Metric`.

    A metric measures a version on labelled rows. `measure` is called for each version in each window that has labels,
    on the reference, and for both versions of a judgement with each resample of it; it has 60 seconds. An error costs
    the signal `NAME` of that window; a gate that reads it is unknown then.

    Args:
        register: call it with classes.
    """


@hookspec
def register_sources(register: Register) -> None:
    """Register sources: classes that follow `Source`.

    A source reads a table in pieces. `fragments` and `schema` are called at the beginning of each job on a model whose
    file names it, `read` for each fragment that is needed; each has 60 seconds, `read` for each batch. An error fails
    the job with the plugin's file and line; a `DataError` is shown as what is wrong with the data, and is no fault.

    Args:
        register: call it with classes.
    """


@hookspec
def register_notifiers(register: Register) -> None:
    """Register notifiers: classes that follow `Notifier`.

    A notifier sends a message about alerts. `send` is called in the notify job for each message that is due, with
    secrets among its options resolved, and has 60 seconds. An error means that it was not delivered: it is tried again
    after 1, 5, 30 and 120 minutes, never twice within one call.

    Args:
        register: call it with classes.
    """


@hookspec
def register_strategies(register: Register) -> None:
    """Register strategies: classes that follow `Strategy`.

    A strategy makes a version from labelled rows. `fit` is called in the retrain job, and may take as long as the
    training may (`training.time_limit`, 2 hours unless the file says another). An error fails the training with file
    and line; a `TrainingError` is shown as the reason why nothing can be learned, and is no fault.

    Args:
        register: call it with classes.
    """


@hookspec
def register_deployers(register: Register) -> None:
    """Register deployers: classes that follow `Deployer`.

    A deployer makes a version serve. `deploy` and `serving` are called in the deploy job and have 600 seconds each. An
    error means that the version does not serve: the record does not move, and what served before must serve on.

    Args:
        register: call it with classes.
    """


@hookspec
def register_explainers(register: Register) -> None:
    """Register explainers: classes that follow `Explainer`.

    An explainer says why a version gives rows the scores that it gives. `probe` and `explain` are called in the explain
    job that `lifecycle explain` asks for, once for some rows at a time; the host scores in between. Each has 60
    seconds. An error fails the job with file and line; a `DataError` is told to the person who asked, and is no fault.

    Args:
        register: call it with classes.
    """


@hookspec
def register_commands(register: Register) -> None:
    """Register commands: classes that follow `Command`.

    `lifecycle plugins run NAME [MODEL] --option value` calls `run` with a view of the workspace, made from state alone,
    and prints the rows it returns; it has 60 seconds. An error ends the command with exit code 3, naming file and line;
    a `DataError` is told to the person as it is.

    Args:
        register: call it with classes.
    """


@hookspec
def register_panels(register: Register) -> None:
    """Register panels: classes that follow `Panel`.

    `draw` is called after each evaluation of a model, in the evaluate job, and has 10 seconds. What it returns is
    stored and drawn by every terminal, which itself calls no plugin. An error is shown in the panel's place, beside
    what it returned before; the evaluation is complete all the same.

    Args:
        register: call it with classes.
    """


@hookspec
def on_alert(event: AlertEvent) -> None:
    """An alert opened, resolved, was acknowledged (or that was taken back), snoozed, woken or assigned.

    All implementations are called, one after the other and each under a guard of its own, in a job of kind "events"
    that the agent and `check --act` enqueue when there is news; each has 30 seconds for each event. An exception is
    noted and charged to that plugin; the others are called all the same, and the event counts as told. Each event is
    told at least once, in order: after a kill the one at hand is told again, with the same `id`. What happened before
    the plugin was there, or while it was disabled, is never told.

    Args:
        event: what happened; instants are of the loop's clock, in UTC.
    """


@hookspec
def on_version(event: VersionEvent) -> None:
    """A version was trained, registered, or met in the data. Called as `on_alert` is.

    Args:
        event: what happened, with the version as it is now.
    """


@hookspec
def on_rollout(event: RolloutEvent) -> None:
    """The champion of a model has moved: promoted, rolled back or withdrawn. Called as `on_alert` is.

    Args:
        event: what happened, with the numbers of both versions.
    """


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

EVENTS: tuple[str, ...] = ("on_alert", "on_version", "on_rollout")
"""Hooks that are told what happened. A file that has one is listed with the kind "event", under its own name."""

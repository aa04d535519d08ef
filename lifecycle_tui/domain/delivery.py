"""What strategies and deployers are given and give back: values that cross to a plugin's process, and the protocols.

A strategy turns labelled rows into an artefact; a deployer makes a version serve. Built-ins of both kinds see the same
values as a team's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    # A plugin's process loads this module before each of its lives: it must stay light.
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import Task

ESTIMATORS = ("hist-gradient-boosting", "random-forest", "linear", "sgd")
"""Built-in names for `training.estimator`; the first is the default for every task."""


@dataclass(frozen=True)
class FitRequest:
    """What a strategy learns from.

    Attributes:
        model, task: what is learned, as declared.
        table: n rows of normalised features (see `ScanBatch.features`), in order of time, then content.
        target: n values, float64 or string, none missing.
        time: n int64, microseconds since 1970 UTC; None without timestamps.
        kinds: of the columns of `table`.
        estimator: a built-in name, "module:function" in `folder`, or None for the default of the task.
        positive, cutoff: of a binary task, as declared.
        parent: the champion's artefact, checked against its digest, if it is one that we can read.
        parent_end: newest instant of the rows that it was fitted on.
        folder: the workspace, where a team's own function is imported from.
        trust, pickle: what the workspace lets an artefact hold.
    """

    model: str
    task: Task
    table: pa.Table
    target: pa.Array
    time: pa.Array | None
    kinds: Mapping[str, ColumnKind]
    estimator: str | None = None
    positive: str | None = None
    cutoff: float | None = None
    parent: bytes | None = None
    parent_end: datetime | None = None
    folder: str = ""
    trust: tuple[str, ...] = ()
    pickle: bool = False


@dataclass(frozen=True)
class FitResult:
    """What a strategy made.

    Attributes:
        artifact: a file's bytes, made by `api.dump_model`.
        rows: how many rows it learned from.
        parameters: of the estimator, JSON values.
        note: one sentence for a person, e.g. why it did not go on from the champion.
        from_parent: whether it went on from the champion's fitted state.
    """

    artifact: bytes
    rows: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    from_parent: bool = False


class Strategy(Protocol):
    """Makes a version from labelled rows.

    Class attributes:
        name: what `training.strategy` names.
    """

    name: ClassVar[str]

    def fit(self, request: FitRequest) -> FitResult:
        """Learn from the rows of the request.

        Raises:
            TrainingError: if they cannot be learned from; the message goes to the person who waits.
        """
        ...


@dataclass(frozen=True, slots=True)
class Release:
    """A version on its way to serve.

    Attributes:
        model: whose version it is.
        version: its number.
        label: what windows and data call it.
        digest: SHA-256 of the artefact; None for a version that is only named.
        format: how the artefact is read: "skops", "pickle", "onnx", "tar" (a folder), "opaque".
        artifact: absolute path of the artefact, whose bytes were just checked; None where there is none.
        folder: absolute path of a folder of this model that the deployer may keep things in.
        previous: number of the version that served before.
        facts: lineage and metrics, JSON values.
    """

    model: str
    version: int
    label: str
    digest: str | None
    format: str | None
    artifact: str | None
    folder: str
    previous: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Deployer(Protocol):
    """Makes a version serve.

    Class attributes:
        name: what `rollout.deployer` names.
    """

    name: ClassVar[str]

    def deploy(self, release: Release) -> None:
        """Let the version serve. Doing it again changes nothing: a job that was killed is done once more.

        Raises:
            Exception: with a message that says why it does not serve; then the one before still must.
        """
        ...

    def serving(self, folder: str) -> int | None:
        """Number of the version that serves now; None if none does or it cannot be told."""
        ...

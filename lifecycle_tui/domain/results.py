"""What an evaluation of one window produced: the value that monitoring hands to state in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.domain.signals import ColumnKind, Signal
from lifecycle_tui.domain.specs import Severity
from lifecycle_tui.domain.windows import DataReport, Window

Health = Literal["ok", "warning", "critical", "unknown", "error"]
AlertState = Literal["open", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One column's profile in bytes, on the grid that `grid` names (see `profiles`)."""

    column: str
    kind: ColumnKind
    grid: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WindowResult:
    """The result of one window for one version.

    Attributes:
        version: "" for what concerns all rows (inputs, data); else the version that scored these rows: its number
            as text for ours, or its name in the data.
        labels: rows whose label had arrived by `as_of`.
        mature: no more labels are expected (all there, or the delay has passed).
        as_of: the loop's clock when it was read.
        basis: names what the window was compared with and how (a digest of reference, detectors, metrics and their
            options); a stored result of another basis is measured again.
        sums: what adds up over windows, as `state.sums` keeps it; empty where it is not known.
    """

    model: str
    window: Window
    version: str
    signals: tuple[Signal, ...]
    as_of: datetime
    labels: int = 0
    mature: bool = True
    report: DataReport | None = None
    profiles: tuple[StoredProfile, ...] = ()
    basis: str = ""
    sums: bytes = b""


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that fires, until it resolves.

    Attributes:
        id: row id in state; None before it is stored.
        since: key of the first window of the streak.
        opened, resolved: instants of the loop's clock.
        message: one sentence with the numbers that made it fire.
        repeats: windows it has gone on firing after the one that opened it.
    """

    model: str
    rule: str
    severity: Severity
    state: AlertState
    since: str
    opened: datetime
    message: str
    id: int | None = None
    resolved: datetime | None = None
    resolved_by: str | None = None
    acknowledged_by: str | None = None
    last_window: str | None = None
    repeats: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)

"""Windows: slices of production data, and what is known about one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

TimeUnit = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Windows of `count` calendar units in a time zone; weeks begin on Monday.

    Units of a day and longer follow the zone's wall clock (a day may have 23 or 25 hours).
    A window is complete once `grace` has passed since its end.
    """

    count: int
    unit: TimeUnit
    grace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CountWindow:
    """Windows of `rows` rows in time order (in file and row order without timestamps); the last may be partial."""

    rows: int


@dataclass(frozen=True, slots=True)
class PartitionWindow:
    """One window for each value of the predictions' (or table's) partition column."""


@dataclass(frozen=True, slots=True)
class FileWindow:
    """One window for each file."""


WindowSpec = TimeWindow | CountWindow | PartitionWindow | FileWindow


@dataclass(frozen=True, slots=True)
class FragmentPart:
    """What one file (or row group, or partition) contributes to one window.

    `digest` is over the rows' content as a multiset: the order of rows never changes it.
    """

    fragment: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Window:
    """One window as the data shows it now.

    Attributes:
        key: sortable identity within the model, e.g. `2012-03` (1 month), `2012-03-04` (1d),
            `2012-03-04T13` (1 hour), `rows-000005000` (its first row's number), a partition's value, a file's name.
        order: position among the model's windows in window order (0-based).
        start, end: half-open interval in UTC; None without timestamps.
        rows: rows in it.
        parts: contributions by fragment; their digests decide whether a stored result is still true.
        complete: nothing more is expected (its end and grace have passed, or later windows exist).
    """

    key: str
    order: int
    start: datetime | None
    end: datetime | None
    rows: int
    parts: tuple[FragmentPart, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One counted irregularity of a window's data. Nothing is dropped without one.

    Attributes:
        code: "bad-cell", "missing-column", "retyped-column", "extra-column", "repeated-header",
            "separator", "ragged-row", "duplicate-id", "backwards-clock", "gap", "late-row", "bad-timestamp",
            "missing-label", "orphan-label", "orphan-prediction", "correction", "encoding", "infinite",
            "unreadable-file", "unopened-version", "unscored-row".
        count: how many rows or cells.
        column: the column, where there is one.
        message: one sentence for a person, with an example (file, row, value) where there is one.
        effect: what was done about it ("counted as missing", "kept the last", "left out").
    """

    code: str
    count: int
    message: str
    column: str | None = None
    effect: str | None = None


@dataclass(frozen=True, slots=True)
class DataReport:
    """What the data of one window looked like."""

    rows: int
    findings: tuple[DataFinding, ...] = field(default=())

"""What `lifecycle init` believes about a team's tables, each belief with its reason.

Made by `data.guess`, written down by `config.draft`, said aloud by `cli.init`: the two rooms do not import each
other, so the values they exchange stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from lifecycle_tui.domain.specs import ColumnsSpec, Task

TableRole = Literal["table", "features", "predictions", "labels", "reference"]


@dataclass(frozen=True, slots=True)
class TableGuess:
    """One table and the part it plays.

    Attributes:
        location: absolute path of a file or folder, or an absolute glob.
        on: key column that joins it to the others; None for one wide table.
        partition: Hive partition column, where there is one.
        arrived, delay, absent: labels only: the column that says when a label became known, how many days after its
            row it is known, and what no label means then.
        reason: one sentence; "" where the part needs no explanation.
    """

    role: TableRole
    location: str
    on: str | None = None
    partition: str | None = None
    arrived: str | None = None
    delay: int | None = None
    absent: str | int | float | bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Columns that are no features, and why; several that belong together share one reason."""

    columns: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ReferenceGuess:
    """The data that defines normal, as the file will say it; at most one of these is set.

    Attributes:
        until: a date means through the end of that day; an instant is excluded.
        rows: the first so many rows.
        partitions: these partitions.
        year: `until` ends a whole year, in which every season is once.
    """

    until: date | datetime | None = None
    rows: int | None = None
    partitions: tuple[str, ...] = ()
    year: bool = False


@dataclass(frozen=True, slots=True)
class ModelGuess:
    """Everything that is needed to draft one model.

    Attributes:
        tables: the model's tables; a table of role "reference" stands for `reference` itself.
        rows: rows that were looked at.
        whole: whether those were all.
        columns: roles and kinds; `columns.ignore` lists the columns of `ignored`.
        reasons: why, by key of the file: "task", "timestamp", "target", "score", "window", "reference", …
        doubts: what a person should look at, one sentence each.
    """

    tables: tuple[TableGuess, ...]
    rows: int
    whole: bool
    task: Task
    columns: ColumnsSpec
    window: str
    reference: ReferenceGuess
    ignored: tuple[Ignored, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

"""What a scan reads: a `ScanPlan`, made by `ModelData.plan`; and the same as values that another machine can read by.

A `PortablePlan` names tables by role and carries their fragments as they were listed here, so that a worker reads what
this process would have read: `rebuilt` puts tables of that worker's own in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from lifecycle_tui.data.chunks import Need
from lifecycle_tui.data.joining import FeatureJoin
from lifecycle_tui.data.labels import LabelTable
from lifecycle_tui.data.layout import Layout, Role
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.specs import LabelSpec, ModelSpec, TimestampSpec

if TYPE_CHECKING:
    from lifecycle_tui.domain.signals import ColumnKind


@dataclass(frozen=True)
class ScanPlan:
    """What to read; made by `ModelData.plan`.

    Attributes:
        expected: rows, as the survey counted them.
        unreadable: how many of the fragments could not be read when they were counted.
    """

    spec: ModelSpec
    layout: Layout
    base: Table
    fragments: tuple[Fragment, ...]
    selector: Selector
    need: Need
    columns: tuple[str, ...]
    as_of: datetime
    labels: LabelTable | None
    join: FeatureJoin | None
    known_names: frozenset[str]
    record: Callable[[Fragment, str, int, str], None] | None
    labels_set: str
    groups: tuple[str, ...] = ()
    expected: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class PortableTable:
    """A table by its role, with the fragments that are read of it."""

    role: Role
    timestamp: TimestampSpec | None
    timezone: str
    fragments: tuple[Fragment, ...]

    @classmethod
    def of(cls, table: Table, fragments: Sequence[Fragment]) -> PortableTable:
        """`fragments` of a table."""
        return cls(cast(Role, table.role), table.timestamp, table.timezone, tuple(fragments))


@dataclass(frozen=True)
class PortableLabels:
    """The arguments of a `LabelTable`."""

    table: PortableTable
    key: str
    target: str
    kind: ColumnKind
    spec: LabelSpec


@dataclass(frozen=True)
class PortableJoin:
    """The arguments of a `FeatureJoin`."""

    table: PortableTable
    need: Need
    columns: tuple[str, ...]
    key: str
    own_key: str
    stamp: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class PortablePlan:
    """A `ScanPlan` without objects that belong to one process."""

    spec: ModelSpec
    layout: Layout
    base: PortableTable
    selector: Selector
    need: Need
    columns: tuple[str, ...]
    as_of: datetime
    labels: PortableLabels | None
    join: PortableJoin | None
    known_names: frozenset[str]
    labels_set: str
    groups: tuple[str, ...]

    @property
    def tables(self) -> tuple[PortableTable, ...]:
        """Every table that is read."""
        sides = (self.labels.table if self.labels else None, self.join.table if self.join else None)
        return (self.base, *(side for side in sides if side is not None))


def portable(plan: ScanPlan) -> PortablePlan:
    """The plan as values."""
    labels, join = plan.labels, plan.join
    return PortablePlan(
        plan.spec, plan.layout, PortableTable.of(plan.base, plan.fragments), plan.selector, plan.need, plan.columns,
        plan.as_of,
        None if labels is None else PortableLabels(
            PortableTable.of(labels.table, labels.fragments()), labels.key, labels.target, labels.kind, labels.spec
        ),
        None if join is None else PortableJoin(
            PortableTable.of(join.table, join.fragments), join.need, join.columns, join.key, join.own_key, join.stamp,
            join.groups,
        ),
        plan.known_names, plan.labels_set, plan.groups,
    )  # fmt: skip


def rebuilt(
    plan: PortablePlan, base: Table, labels: LabelTable | None, side: Table | None, fragments: Sequence[Fragment]
) -> ScanPlan:
    """The plan for these of its fragments, over tables of this process.

    Args:
        labels: as `plan.labels` has it; `side`: the table of `plan.join`.
    """
    join = plan.join
    return ScanPlan(
        plan.spec, plan.layout, base, tuple(fragments), plan.selector, plan.need, plan.columns, plan.as_of, labels,
        None if join is None or side is None else FeatureJoin(
            side, join.table.fragments, join.need, join.columns, join.key, join.own_key, join.stamp, join.groups
        ),
        plan.known_names, None, plan.labels_set, plan.groups,
    )  # fmt: skip

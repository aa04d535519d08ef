"""Which column comes from which table: a model's declaration resolved against what its tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ColumnsSpec, ModelSpec, TableSpec

if TYPE_CHECKING:
    from lifecycle_tui.data.rows import Table

Role = Literal["table", "features", "predictions", "labels", "reference"]

_CALENDAR_NAMES = frozenset(("dt", "ds", "date", "day", "hour", "week", "month", "quarter", "year"))


def tables(spec: ModelSpec) -> dict[Role, TableSpec]:
    """The tables that a model declares; the caller opens a source for each."""
    data = spec.data
    found: dict[Role, TableSpec | None] = {
        "table": data.table,
        "features": data.features,
        "predictions": data.predictions,
        "labels": data.labels.table,
        "reference": data.reference.table,
    }
    return {role: table for role, table in found.items() if table is not None}


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        base: the role whose rows are the model's rows: table, predictions, or features alone.
        key: the column of the base that identifies a row (joins, duplicates); None if nothing does.
        features_key, labels_key: its counterpart in the joined tables; None where nothing is joined.
        features: all feature columns, sorted.
        joined: those of them that come from the joined features table.
        target: whether the target is in the base ("base"), in the labels table ("labels"), or undeclared (None).
        extra: columns of the tables that neither the reference nor a role knows.
        groups: the protected, segment and query columns that can be read, features or not, as declared.
        beside: those of them that are no features and come from the joined features table.
    """

    base: Role
    key: str | None
    features_key: str | None
    labels_key: str | None
    features: tuple[str, ...]
    joined: frozenset[str]
    target: Literal["base", "labels"] | None
    extra: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()

    @property
    def own(self) -> tuple[str, ...]:
        """Feature columns of the base."""
        return tuple(name for name in self.features if name not in self.joined)

    @property
    def loose(self) -> tuple[str, ...]:
        """Groups that are no features."""
        return tuple(name for name in self.groups if name not in self.features)


def base_role(spec: ModelSpec) -> Role:
    """The role whose rows are the model's rows.

    Raises:
        DataError: if the model declares no table with rows.
    """
    declared = tables(spec)
    for role in ("table", "predictions", "features"):
        if role in declared:
            return role
    raise DataError(f"model {spec.name} declares no table", hint='add table = "…" under its data')


def resolve(spec: ModelSpec, known: Mapping[Role, Table], reference: Sequence[str], seen: Sequence[str]) -> Layout:
    """The layout, given the columns of the reference's part of the base, and those of the whole base.

    Raises:
        DataError: if a column that rows are joined, ordered or split by is in no table.
    """
    base = base_role(spec)
    columns, labels = spec.columns, spec.data.labels
    declared = tables(spec)
    labels_table = declared.get("labels")
    features_table = declared.get("features") if base != "features" else None
    key = declared[base].on or columns.id
    key = key or (labels_table.on if labels_table else None) or (features_table.on if features_table else None)
    if key is not None and key not in seen:
        raise DataError(f"{declared[base].location} has no column {key!r}, which identifies its rows")
    for role, table in (("labels", labels_table), ("features", features_table)):
        if table is not None and key is None:
            raise DataError(
                f"model {spec.name} joins {role}, but no key is declared", hint='add on = "…" or columns.id'
            )
    if columns.timestamp is not None:
        for name in columns.timestamp.columns:
            if name not in seen:
                raise DataError(f"{declared[base].location} has no column {name!r}, which its timestamp comes from")
    taken = _taken(columns, key, labels.arrived, declared[base])
    candidates = {name for name in reference if name not in taken}
    # A reference table of its own holds everything; its columns are then looked for in base and features.
    whole = "reference" in declared and features_table is not None
    own = candidates & set(seen) if whole else candidates
    joined: set[str] = set()
    features_key = None
    declared_groups, beside = columns.carried(), set[str]()
    if features_table is not None:
        features_key = features_table.on or key
        names = known["features"].names()
        if features_key not in names:
            raise DataError(f"{features_table.location} has no column {features_key!r} to join by")
        taken_there = _taken(columns, features_key, None, features_table)
        joined = {name for name in names if name not in taken_there and name not in own}
        joined = joined & candidates if whole else joined
        beside = {name for name in declared_groups if name in names and name not in seen}
    own -= _calendar_partitions(known[base].fragments(), own)
    if features_table is not None:
        joined -= _calendar_partitions(known["features"].fragments(), joined)
    there, partitions = {*reference, *seen, *beside}, _calendar_partitions(known[base].fragments(), seen)
    return Layout(
        base=base,
        key=key,
        features_key=features_key,
        labels_key=(labels_table.on or key) if labels_table else None,
        features=tuple(sorted(own | joined)),
        joined=frozenset(joined),
        target=None if columns.target is None else "labels" if labels_table else "base",
        extra=tuple(sorted(set(seen) - own - joined - taken - set(declared_groups) - partitions)),
        groups=tuple(name for name in declared_groups if name in there),
        beside=frozenset(beside - own - joined),
    )


def _taken(columns: ColumnsSpec, key: str | None, arrived: str | None, table: TableSpec) -> frozenset[str]:
    """Columns that are not features: roles, ignored ones, keys, the declared partition."""
    others = {key, arrived, table.on, table.partition}
    return columns.roles() | frozenset(columns.ignore) | frozenset(name for name in others if name)


def _calendar_partitions(fragments: Iterable[Fragment], names: Iterable[str]) -> set[str]:
    """Partition columns that only say when: as features they would always be new."""
    return {
        name
        for fragment in fragments
        for name in fragment.partitions
        if name in names and (name.lower() in _CALENDAR_NAMES or _date_like(fragment.partitions[name]))
    }


def _date_like(text: str) -> bool:
    digits = text.replace("-", "").replace("/", "")
    return digits.isdigit() and len(digits) in (6, 8, 10) and digits[:2] in ("19", "20") and text != digits


def role_kinds(spec: ModelSpec) -> dict[str, ColumnKind]:
    """What the columns with a role are read as."""
    columns, found = spec.columns, dict[str, ColumnKind]()
    number: ColumnKind = "numeric" if spec.task in ("regression", "ranking") else "categorical"
    for name in (columns.target, columns.prediction):
        if name:
            found[name] = number
    if isinstance(columns.score, str):
        found[columns.score] = "numeric"
    elif columns.score:
        found |= dict.fromkeys(columns.score.values(), "numeric")
    if columns.version:
        found[columns.version] = "text"
    if columns.id:
        found[columns.id] = "text"
    if columns.timestamp:
        found |= dict.fromkeys(columns.timestamp.columns, "time")
    if spec.data.labels.arrived:
        found[spec.data.labels.arrived] = "time"
    return found

"""A file's declarations against the tables that they name: are the tables there, and the columns in them?

Called by `config check`. Looks at file names and schemas only; no row is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lifecycle_tui import config
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.data.layout import Role, tables
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.nearest import meant
from lifecycle_tui.domain.problems import Level, Place, Problem
from lifecycle_tui.domain.protocols import Source
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from lifecycle_tui.workspace import Workspace

Key = tuple[str | int, ...]


def data_problems(
    workspace: Workspace,
    open_tables: Callable[[ModelSpec], Mapping[Role, Source]],
    doubtful: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Every table that cannot be opened, every declared column that no table has, and rules that read such columns.

    Args:
        doubtful: models that have errors of another kind: their rules are not judged once more.
    """
    found: list[Problem] = []
    for spec in workspace.spec.models:
        schemas: dict[Role, Mapping[str, pa.DataType]] = {}
        closed = False
        for role in tables(spec):
            try:
                schemas[role] = open_tables(_alone(spec, role))[role].schema()
            except LifecycleError as exc:
                closed = True
                found.append(_unopened(workspace.spec, spec, role, exc))
        if closed:
            continue
        there = {name for schema in schemas.values() for name in schema}
        beside = {name for role, schema in schemas.items() if role != "labels" for name in schema}
        found += column_problems(workspace.spec, spec, there)
        found += _groups_of_labels(workspace.spec, spec, there - beside)
        if spec.name not in doubtful:
            found += _rules(workspace, spec, schemas)
    return tuple(found)


def _alone(spec: ModelSpec, role: Role) -> ModelSpec:
    """The model with one of its tables alone: what cannot be opened is then known."""
    data, only = spec.data, tables(spec)[role]
    return replace(
        spec,
        data=replace(
            data,
            table=only if role == "table" else None,
            features=only if role == "features" else None,
            predictions=only if role == "predictions" else None,
            labels=replace(data.labels, table=only if role == "labels" else None),
            reference=replace(data.reference, table=only if role == "reference" else None),
        ),
    )


def _unopened(workspace: WorkspaceSpec, spec: ModelSpec, role: Role, exc: LifecycleError) -> Problem:
    path = ("models", spec.name, "data", role)
    # Where it is an option that names what is not there (a table, a key), that is the place.
    options = tables(spec)[role].options
    named = [key for key, value in options.items() if isinstance(value, str) and value and repr(value) in exc.message]
    ways = [*((*path, key) for key in named), (*path, "path"), path]
    place = next((place for way in ways if (place := config.locate(workspace, way))), None)
    return Problem("no-data", exc.message, dotted(path), place or tables(spec)[role].place or spec.place, exc.hint)


def _groups_of_labels(workspace: WorkspaceSpec, spec: ModelSpec, labels: Collection[str]) -> Iterator[Problem]:
    """Protected and segment columns that come with the labels alone: no group would ever be compared."""
    for name, key, _ in _declared(spec):
        if key[1] in ("protected", "segments", "query") and name in labels:
            path = ("models", spec.name, *key)
            says = f"only the labels have a column {name!r}: groups are read from the rows that are scored"
            hint = "bring it with the features or the predictions"
            table = config.locate(workspace, ("models", spec.name, "data", "labels"))
            place = config.locate(workspace, path) or config.locate(workspace, path[:-1])
            yield Problem("missing-column", says, dotted(path), place, hint, (table,) if table else ())


def _declared(spec: ModelSpec) -> Iterator[tuple[str, Key, Level]]:
    """(column, where it is declared, how bad its absence is)."""
    columns = spec.columns
    for role in ("id", "version", "target", "prediction", "query"):
        name = getattr(columns, role)
        if name is not None:
            yield name, ("columns", role), "error"
    if isinstance(columns.score, str):
        yield columns.score, ("columns", "score"), "error"
    elif columns.score:
        for label, name in columns.score.items():
            yield name, ("columns", "score", label), "error"
    if columns.timestamp is not None:
        for i, name in enumerate(columns.timestamp.columns):
            yield name, ("columns", "timestamp", i), "error"
    seen: Counter[str] = Counter()
    for name, kind in columns.kinds.items():
        yield name, ("columns", kind, seen[kind]), "error"
        seen[kind] += 1
    for role in ("protected", "segments"):
        for i, name in enumerate(getattr(columns, role)):
            yield name, ("columns", role, i), "error"
    for i, name in enumerate(columns.ignore):
        yield name, ("columns", "ignore", i), "warning"
    for use in spec.monitor.detectors:
        for name in use.per_column:
            yield name, ("monitor", "detectors", use.name, "columns", name), "error"
    if spec.data.labels.arrived is not None:
        yield spec.data.labels.arrived, ("data", "labels", "arrived"), "error"


def column_problems(workspace: WorkspaceSpec, spec: ModelSpec, there: Collection[str]) -> list[Problem]:
    """Declared columns that are not `there`, the columns of all its tables together. Evaluations ask this too."""
    found = []
    for name, key, level in _declared(spec):
        if name in there:
            continue
        hint = meant(name, sorted(there)) or f"the data has {', '.join(sorted(there)[:8])}"
        path = ("models", spec.name, *key)
        says = f"no table of {spec.name} has a column {name!r}"
        key_text = dotted(tuple(part for part in path if not isinstance(part, int)))
        found.append(
            Problem("missing-column", says, key_text, _place(workspace, path) or spec.place, hint, level=level)
        )
    return found


def _place(workspace: WorkspaceSpec, path: Key) -> Place | None:
    """Where a column is named; the ways to write a timestamp are tried in turn."""
    part: Literal["key", "value"] = "key" if "detectors" in path else "value"
    ways: list[Key] = [path, path[:-1]]
    if path[3:4] == ("timestamp",):
        ways = [(*path[:4], "from", path[4]), (*path[:4], "from"), (*path[:4], "column"), path[:4]]
    return next((place for way in ways if (place := config.locate(workspace, way, part))), None)


def _rules(workspace: Workspace, spec: ModelSpec, schemas: Mapping[Role, Mapping[str, pa.DataType]]) -> list[Problem]:
    """Rules and gates against the columns that there are, whatever their kind turns out to be."""
    ignored = {*spec.columns.ignore, *spec.columns.roles()}
    names = {name for schema in schemas.values() for name in schema} - ignored
    outputs = {name for name in (spec.columns.prediction, "prediction") if name}
    if isinstance(spec.columns.score, str):
        outputs.add(spec.columns.score)
    by_kind: list[list[Problem]] = []
    kinds: tuple[ColumnKind, ...] = ("numeric", "categorical", "text")
    for kind in kinds:
        assumed: dict[str, ColumnKind] = {name: spec.columns.kinds.get(name, kind) for name in names | outputs}
        by_kind.append(list(workspace.rule_problems(spec, assumed)))
    # What is wrong whatever the columns' kinds are is wrong.
    wrong = {(p.key, p.message) for p in by_kind[0]}
    for problems in by_kind[1:]:
        wrong &= {(p.key, p.message) for p in problems}
    return [p for p in by_kind[0] if (p.key, p.message) in wrong]

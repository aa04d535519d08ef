"""A file's declarations against the tables that they name: are the tables there, and the columns in them?

Called by `config check`. Looks at file names and schemas only; no row is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lifecycle_tui import config
from lifecycle_tui.data.layout import Role, tables
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.problems import Level, Problem
from lifecycle_tui.domain.protocols import Source
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from lifecycle_tui.workspace import Workspace

Key = tuple[str | int, ...]


def data_problems(
    workspace: Workspace, open_tables: Callable[[ModelSpec], Mapping[Role, Source]]
) -> tuple[Problem, ...]:
    """Every table that cannot be opened, every declared column that no table has, and rules that read such columns."""
    found: list[Problem] = []
    for spec in workspace.spec.models:
        try:
            schemas = {role: source.schema() for role, source in open_tables(spec).items()}
        except LifecycleError as exc:
            place = next((table.place for table in tables(spec).values() if table.place), spec.place)
            found.append(Problem("no-data", exc.message, f"models.{spec.name}.data", place, exc.hint))
            continue
        found += column_problems(workspace.spec, spec, {name for schema in schemas.values() for name in schema})
        found += _rules(workspace, spec, schemas)
    return tuple(found)


def _declared(spec: ModelSpec) -> Iterator[tuple[str, Key, Level]]:
    """(column, where it is declared, how bad its absence is)."""
    columns = spec.columns
    for role in ("id", "version", "target", "prediction"):
        name = getattr(columns, role)
        if name is not None:
            yield name, ("columns", role), "error"
    if isinstance(columns.score, str):
        yield columns.score, ("columns", "score"), "error"
    elif columns.score:
        for label, name in columns.score.items():
            yield name, ("columns", "score", label), "error"
    if columns.timestamp is not None:
        for name in columns.timestamp.columns:
            yield name, ("columns", "timestamp"), "error"
    seen: Counter[str] = Counter()
    for name, kind in columns.kinds.items():
        yield name, ("columns", kind, seen[kind]), "error"
        seen[kind] += 1
    for role in ("protected", "segments"):
        for i, name in enumerate(getattr(columns, role)):
            yield name, ("columns", role, i), "error"
    for i, name in enumerate(columns.ignore):
        yield name, ("columns", "ignore", i), "warning"
    if spec.data.labels.arrived is not None:
        yield spec.data.labels.arrived, ("data", "labels", "arrived"), "error"


def column_problems(workspace: WorkspaceSpec, spec: ModelSpec, there: Collection[str]) -> list[Problem]:
    """Declared columns that are not `there`, the columns of all its tables together. Evaluations ask this too."""
    found = []
    for name, key, level in _declared(spec):
        if name in there:
            continue
        near = get_close_matches(name, sorted(there), n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"the data has {', '.join(sorted(there)[:8])}"
        path = ("models", spec.name, *key)
        place = config.locate(workspace, path) or config.locate(workspace, path[:-1]) or spec.place
        says = f"no table of {spec.name} has a column {name!r}"
        dotted = ".".join(str(part) for part in path if not isinstance(part, int))
        found.append(Problem("missing-column", says, dotted, place, hint, level=level))
    return found


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

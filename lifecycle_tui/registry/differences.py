"""What differs between two versions, worked out of their records. For `versions diff` and the terminal's versions.

Pure but for `judged`, which looks for the judgement of one against the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import judgements
from lifecycle_tui.state.judgements import Judgement


@dataclass(frozen=True, slots=True)
class Sides:
    """One named value of both versions: JSON values, None where a version does not have it."""

    name: str
    one: Any
    other: Any


def recorded(version: Version) -> dict[str, Any]:
    """What a difference is looked for in, name → JSON value. Metrics and importance are shown side by side instead."""
    facts = version.facts
    return {
        "origin": facts.origin, "digest": facts.artifact, "format": facts.format, "parent": facts.parent,
        "strategy": facts.strategy, "code": facts.code, "parameters": dict(facts.parameters or {}),
        "libraries": dict(facts.libraries or {}), "schema": dict(facts.schema or {}),
        "data": {
            "start": instant(facts.data_start), "end": instant(facts.data_end), "rows": facts.data_rows,
            "fingerprint": facts.data_digest,
        },
        "lineage": dict(facts.lineage or {}),
    }  # fmt: skip


def differing(one: Version, other: Version) -> tuple[Sides, ...]:
    """What is recorded differently; of mappings their keys alone, as `parameters.max_depth`."""
    a, b = recorded(one), recorded(other)
    found: list[Sides] = []
    for name in a:
        if isinstance(a[name], Mapping):
            found += _between(name, a[name], b[name])
        elif a[name] != b[name]:
            found.append(Sides(name, a[name], b[name]))
    return tuple(found)


def metrics(one: Version, other: Version) -> tuple[Sides, ...]:
    """What both measured at birth, each on its own rows, by name."""
    return side_by_side(one.facts.metrics or {}, other.facts.metrics or {})


def importance(one: Version, other: Version) -> tuple[Sides, ...]:
    """By how much the measure of each gets worse without a feature, by feature."""
    return side_by_side(one.facts.importance or {}, other.facts.importance or {})


def judged(conn: sqlite3.Connection, one: Version, other: Version) -> Judgement | None:
    """The last judgement of one of them against the other, on the same rows: of `other` against `one` if there is."""
    model, a, b = one.facts.model, one.number, other.number
    return judgements.between(conn, model, b, a) or judgements.between(conn, model, a, b)


def side_by_side(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Sides, ...]:
    """The values of two mappings, by key."""
    return tuple(Sides(name, one.get(name), other.get(name)) for name in sorted({*one, *other}))


def instant(value: datetime | None) -> str | None:
    """An instant as all JSON of this program writes it."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def _between(prefix: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Sides]:
    found: list[Sides] = []
    for sides in side_by_side(one, other):
        name = f"{prefix}.{sides.name}"
        if isinstance(sides.one, Mapping) and isinstance(sides.other, Mapping):
            found += _between(name, sides.one, sides.other)
        elif sides.one != sides.other:
            found.append(Sides(name, sides.one, sides.other))
    return found

"""Versions as JSON values, for `versions list | show | diff`; the text is made from the same. Keys are stable."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from lifecycle_tui.registry import aliases
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import judgements
from lifecycle_tui.state.judgements import Judgement

COMPARED = (
    "origin", "digest", "format", "parent", "strategy", "code", "parameters", "libraries", "schema", "data", "lineage",
)  # fmt: skip
"""What a difference is looked for in; metrics and importance are shown side by side."""


def instant(value: datetime | None) -> str | None:
    """An instant as all JSON of this program writes it."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def summary(conn: sqlite3.Connection, version: Version) -> dict[str, Any]:
    """One version in a listing."""
    facts = version.facts
    judged = judgements.newest(conn, facts.model, version.number)
    return {
        "number": version.number, "label": version.label, "origin": facts.origin,
        "created_at": instant(version.created_at),
        "aliases": [a.alias for a in aliases.aliases(conn, facts.model) if a.version == version.number],
        "digest": facts.artifact, "format": facts.format, "size": facts.size, "parent": facts.parent,
        "strategy": facts.strategy, "rows": facts.data_rows, "metrics": dict(facts.metrics or {}),
        "judgement": None if judged is None else _judgement(judged), "by": facts.by, "why": facts.why,
        "note": facts.note,
    }  # fmt: skip


def whole(conn: sqlite3.Connection, version: Version) -> dict[str, Any]:
    """Everything that is recorded of a version."""
    facts = version.facts
    named = [
        {"alias": a.alias, "since": instant(a.since), "by": a.by, "why": a.why}
        for a in aliases.aliases(conn, facts.model)
        if a.version == version.number
    ]
    return {
        "model": facts.model,
        **summary(conn, version),
        "aliases": named,
        "job": facts.job_id,
        "code": facts.code,
        "parameters": dict(facts.parameters or {}),
        "libraries": dict(facts.libraries or {}),
        "schema": dict(facts.schema or {}),
        "importance": dict(facts.importance or {}),
        "data": {
            "start": instant(facts.data_start), "end": instant(facts.data_end), "rows": facts.data_rows,
            "fingerprint": facts.data_digest,
        },
        "lineage": dict(facts.lineage or {}),
        "judgements": [_judgement(j) for j in judgements.judgements(conn, facts.model, version.number)],
    }  # fmt: skip


def _judgement(found: Judgement) -> dict[str, Any]:
    said = asdict(found)
    for name in ("model", "seq"):
        del said[name]
    return {
        **said, "at": instant(found.at), "start": instant(found.start), "end": instant(found.end),
        "gates": [dict(gate) for gate in found.gates],
    }  # fmt: skip


def difference(conn: sqlite3.Connection, a: Version, b: Version) -> dict[str, Any]:
    """What differs, key → [of a, of b]; of mappings their keys alone; metrics and importance side by side."""
    one, other = whole(conn, a), whole(conn, b)
    differs: dict[str, Any] = {}
    for name in COMPARED:
        if isinstance(one[name], Mapping):
            differs |= _between(name, one[name], other[name])
        elif one[name] != other[name]:
            differs[name] = [one[name], other[name]]
    judged = judgements.between(conn, a.facts.model, b.number, a.number) or judgements.between(
        conn, a.facts.model, a.number, b.number
    )
    return {
        "model": a.facts.model,
        "a": {k: one[k] for k in ("number", "label", "created_at", "origin")},
        "b": {k: other[k] for k in ("number", "label", "created_at", "origin")},
        "differs": differs,
        "metrics": _side_by_side(one["metrics"], other["metrics"]),
        "importance": _side_by_side(one["importance"], other["importance"]),
        "judgement": None if judged is None else _judgement(judged),
    }


def _between(prefix: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted({*one, *other}):
        a, b = one.get(name), other.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found |= _between(f"{prefix}.{name}", a, b)
        elif a != b:
            found[f"{prefix}.{name}"] = [a, b]
    return found


def _side_by_side(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"a": one.get(name), "b": other.get(name)} for name in sorted({*one, *other})}

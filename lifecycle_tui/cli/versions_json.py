"""Versions as JSON values, for `versions list | show | diff`; the text is made from the same. Keys are stable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lifecycle_tui.registry import aliases, differences
from lifecycle_tui.registry.differences import Sides, instant
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import judgements
from lifecycle_tui.state.judgements import Judgement


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
        **differences.recorded(version),
        "importance": dict(facts.importance or {}),
        "judgements": [_judgement(j) for j in judgements.judgements(conn, facts.model, version.number)],
    }


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
    judged = differences.judged(conn, a, b)
    return {
        "model": a.facts.model,
        "a": _named(a),
        "b": _named(b),
        "differs": {sides.name: [sides.one, sides.other] for sides in differences.differing(a, b)},
        "metrics": _beside(differences.metrics(a, b)),
        "importance": _beside(differences.importance(a, b)),
        "judgement": None if judged is None else _judgement(judged),
    }


def _named(version: Version) -> dict[str, Any]:
    return {
        "number": version.number, "label": version.label, "created_at": instant(version.created_at),
        "origin": version.facts.origin,
    }  # fmt: skip


def _beside(found: Iterable[Sides]) -> dict[str, Any]:
    return {sides.name: {"a": sides.one, "b": sides.other} for sides in found}

"""Versions: numbered 1, 2, 3 … within a model, immutable, with where they come from.

Training registers what it fitted, the worker registers names that it meets in the data, `versions` lists them. Aliases
are next door.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, loads, maybe_instant, maybe_moment, moment

Origin = Literal["trained", "registered", "named"]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is known of a version when it is registered.

    Attributes:
        origin: "trained" here, "registered" from elsewhere, or only "named" by the data.
        name: what the data calls it; at most one version of a model has a name.
        artifact: digest of its file; None where there is none.
        format: how the file is read, e.g. "skops".
        parent: number of the version it was made from.
        data_start, data_end, data_rows, data_digest: the data it was fitted on.
        metrics: what it measured at birth, with intervals; lineage: what else is known; JSON values.
        strategy: what made it: a strategy's name, "command", or None.
        why: what set it off: "rule auc-degraded", "schedule", a person's words.
        code: digest of the function or command that made it.
        parameters: of its estimator; libraries: package → version that it was made with.
        schema: its features and target: column → type.
        importance: feature → by how much the measure gets worse without it.
    """

    model: str
    origin: Origin
    name: str | None = None
    artifact: str | None = None
    size: int | None = None
    format: str | None = None
    by: str | None = None
    job_id: int | None = None
    parent: int | None = None
    data_start: datetime | None = None
    data_end: datetime | None = None
    data_rows: int | None = None
    data_digest: str | None = None
    metrics: Mapping[str, Any] | None = None
    lineage: Mapping[str, Any] | None = None
    note: str | None = None
    strategy: str | None = None
    why: str | None = None
    code: str | None = None
    parameters: Mapping[str, Any] | None = None
    libraries: Mapping[str, str] | None = None
    schema: Mapping[str, Any] | None = None
    importance: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version as stored; `facts` is what it was registered with."""

    number: int
    created_at: datetime
    facts: NewVersion
    seq: int

    @property
    def label(self) -> str:
        """How windows name it (`WindowResult.version`): its name in the data, else its number as text."""
        return self.facts.name if self.facts.name is not None else str(self.number)


_FACTS = tuple(NewVersion.__dataclass_fields__)
_JSON = ("metrics", "lineage", "parameters", "libraries", "schema", "importance")
SELECT = f"SELECT number, created_at, seq, {', '.join(_FACTS)} FROM versions"


def row(found: Sequence[Any]) -> Version:
    """A row of `SELECT` as a value."""
    number, created_at, seq, *values = found
    facts = dict(zip(_FACTS, values, strict=True))
    for name in ("data_start", "data_end"):
        facts[name] = maybe_moment(facts[name])
    for name in _JSON:
        facts[name] = loads(facts[name], {})
    return Version(number, moment(created_at), NewVersion(**facts), seq)


def register(tx: sqlite3.Connection, version: NewVersion, now: datetime) -> Version:
    """Give a version the model's next number.

    One that is there already is returned as it is: the same label (data that names our number means our version), or
    the same artefact by the same job, so that a job that runs again registers nothing twice, or the same file that was
    registered before.
    """
    found = _same(tx, version)
    if found is not None:
        return found
    models.exists(tx, version.model)
    number = _next_number(tx, version.model)
    values: dict[str, Any] = {name: getattr(version, name) for name in _FACTS}
    values["data_start"], values["data_end"] = maybe_instant(version.data_start), maybe_instant(version.data_end)
    for name in _JSON:
        values[name] = dumps(dict(values[name] or {}))
    tx.execute(
        f"INSERT INTO versions (number, created_at, {', '.join(values)}) VALUES (?, ?{', ?' * len(values)})",
        (number, instant(now), *values.values()),
    )
    stored = get(tx, version.model, number)
    assert stored is not None
    return stored


def trained_until(tx: sqlite3.Connection, model: str, number: int, end: datetime) -> None:
    """Add to a version's record the end of what it was trained on; one that is there stays."""
    tx.execute(
        "UPDATE versions SET data_end = ? WHERE model = ? AND number = ? AND data_end IS NULL",
        (maybe_instant(end), model, number),
    )


def _same(tx: sqlite3.Connection, version: NewVersion) -> Version | None:
    if version.name is not None:
        return by_label(tx, version.model, version.name)
    if version.artifact is not None and version.origin == "registered":
        return registered(tx, version.model, version.artifact)
    if version.artifact is None or version.job_id is None:
        return None
    found = tx.execute(
        f"{SELECT} WHERE model = ? AND artifact = ? AND job_id = ?", (version.model, version.artifact, version.job_id)
    ).fetchone()
    return None if found is None else row(found)


def _next_number(tx: sqlite3.Connection, model: str) -> int:
    (latest,) = tx.execute("SELECT max(number) FROM versions WHERE model = ?", (model,)).fetchone()
    number = int(latest or 0) + 1
    # A number that is another version's name in the data is skipped: windows could not tell the two apart.
    while tx.execute("SELECT 1 FROM versions WHERE model = ? AND name = ?", (model, str(number))).fetchone():
        number += 1
    return number


def registered(conn: sqlite3.Connection, model: str, artifact: str) -> Version | None:
    """The version that was registered from the file of this digest."""
    found = conn.execute(
        f"{SELECT} WHERE artifact = ? AND model = ? AND origin = 'registered' ORDER BY number LIMIT 1",
        (artifact, model),
    ).fetchone()
    return None if found is None else row(found)


def get(conn: sqlite3.Connection, model: str, number: int) -> Version | None:
    """One version by its number."""
    found = conn.execute(f"{SELECT} WHERE model = ? AND number = ?", (model, number)).fetchone()
    return None if found is None else row(found)


def by_label(conn: sqlite3.Connection, model: str, label: str) -> Version | None:
    """The version that windows and data call `label`: by its name, else an unnamed one by its number."""
    found = conn.execute(f"{SELECT} WHERE model = ? AND name = ?", (model, label)).fetchone()
    if found is not None:
        return row(found)
    if not (label.isascii() and label.isdecimal()) or len(label) > 18:
        return None
    numbered = get(conn, model, int(label))
    return numbered if numbered is not None and numbered.facts.name is None and numbered.label == label else None


def versions(conn: sqlite3.Connection, model: str, limit: int = 50, before: int | None = None) -> tuple[Version, ...]:
    """A model's versions, newest first; `before` is a number, for the next page."""
    where, args = ("", [model]) if before is None else (" AND number < ?", [model, before])
    found = conn.execute(f"{SELECT} WHERE model = ?{where} ORDER BY number DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))


def labels(conn: sqlite3.Connection, model: str) -> dict[int, str]:
    """What windows call each of a model's versions, by its number."""
    sql = "SELECT number, coalesce(name, number) FROM versions WHERE model = ? ORDER BY number"
    found = conn.execute(sql, (model,))
    return {number: str(label) for number, label in found}


def of_job(conn: sqlite3.Connection, model: str, job_id: int) -> Version | None:
    """The version that a job registered; a job that was killed and runs again finds by this what it had done."""
    found = conn.execute(f"{SELECT} WHERE model = ? AND job_id = ? ORDER BY number LIMIT 1", (model, job_id)).fetchone()
    return None if found is None else row(found)


def children(conn: sqlite3.Connection, model: str, number: int, limit: int = 50) -> tuple[int, ...]:
    """Numbers of the versions that were made from a version, newest first."""
    found = conn.execute(
        "SELECT number FROM versions WHERE model = ? AND parent = ? ORDER BY number DESC LIMIT ?",
        (model, number, limit),
    )
    return tuple(child for (child,) in found)

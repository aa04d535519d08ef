"""The last error of each plugin, so that `plugins list` and the terminal can say what failed without reading job logs.

Written by the jobs that call plugins, in a transaction of theirs (`note`); `clear` where a plugin has worked again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state.text import instant, moment


@dataclass(frozen=True, slots=True)
class FaultRow:
    """How a plugin failed last.

    Attributes:
        kind, name: which plugin: "detector", "psi".
        code: what happened, as `PluginFault.kind` names it.
        file, line: where, as far as it is known.
        model, job_id: for whom it worked.
        first_at: when it began to fail like this (same code and message); times: how often it did since.
    """

    kind: str
    name: str
    code: str
    message: str
    file: str | None
    line: int | None
    model: str | None
    job_id: int | None
    first_at: datetime
    at: datetime
    times: int
    seq: int


_COLUMNS = "kind, name, code, message, file, line, model, job_id, first_at, at, times, seq"
SELECT = f"SELECT {_COLUMNS} FROM plugin_faults"


def row(found: Sequence[Any]) -> FaultRow:
    """A row of `SELECT` as a value."""
    kind, name, code, message, file, line, model, job_id, first_at, at, times, seq = found
    return FaultRow(
        kind, name, code, message, file, line, model, job_id, moment(first_at), moment(at), times, seq
    )  # fmt: skip


def note(
    tx: sqlite3.Connection, kind: str, name: str, code: str, message: str, now: datetime, *, file: str | None = None,
    line: int | None = None, model: str | None = None, job_id: int | None = None,
) -> None:  # fmt: skip
    """Remember that a plugin failed; the same failure again is counted, another one takes its place."""
    tx.execute(
        "INSERT INTO plugin_faults (kind, name, code, message, file, line, model, job_id, first_at, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET "
        "times = CASE WHEN code = excluded.code AND message = excluded.message THEN times + 1 ELSE 1 END, "
        "first_at = CASE WHEN code = excluded.code AND message = excluded.message THEN first_at "
        "ELSE excluded.first_at END, code = excluded.code, message = excluded.message, file = excluded.file, "
        "line = excluded.line, model = excluded.model, job_id = excluded.job_id, at = excluded.at",
        (kind, name, code, message, file, line, model, job_id, instant(now), instant(now)),
    )


def clear(tx: sqlite3.Connection, kind: str, name: str, now: datetime) -> None:
    """A plugin that had failed has worked: its row stays, so that viewers see it change, with nothing to say.

    Rows of tables in the feed are never deleted; `times` = 0 is how a settled one is known.
    """
    tx.execute(
        "UPDATE plugin_faults SET times = 0, at = ? WHERE kind = ? AND name = ? AND times > 0",
        (instant(now), kind, name),
    )


def read(conn: sqlite3.Connection, kind: str | None = None, name: str | None = None) -> tuple[FaultRow, ...]:
    """Plugins whose last word was an error, the newest first; of one kind, or one plugin, if given."""
    where, args = ["times > 0"], list[str]()
    for column, value in (("kind", kind), ("name", name)):
        if value is not None:
            where.append(f"{column} = ?")
            args.append(value)
    found = conn.execute(f"{SELECT} WHERE {' AND '.join(where)} ORDER BY at DESC, kind, name", args).fetchall()
    return tuple(map(row, found))

"""Aliases: movable names for versions (`champion`, `challenger`, `shadow`, a team's own), and all they ever named.

Moved by actions and by the worker (a first champion); asked by scoring ("who was champion then") and every screen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.registry.versions import Version, get
from lifecycle_tui.state.text import instant, moment

CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class AliasRow:
    """What an alias names now; `seq` is what a plan must have seen to move it."""

    model: str
    alias: str
    version: int
    since: datetime
    by: str | None
    why: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class AliasMove:
    """One move of an alias; version None means that it was removed, previous None that it was new."""

    model: str
    alias: str
    version: int | None
    previous: int | None
    at: datetime
    by: str | None
    why: str | None


def set_alias(
    tx: sqlite3.Connection, model: str, alias: str, version: int, by: str | None, why: str | None, now: datetime
) -> AliasRow:
    """Let `alias` name a version; naming the same one again writes nothing.

    Raises:
        UsageError: if there is no such version.
    """
    before = get_alias(tx, model, alias)
    if before is not None and before.version == version:
        return before
    if get(tx, model, version) is None:
        raise UsageError(f"{model} has no version {version}", hint=f"`lifecycle versions {model}` lists them")
    if before is None:
        tx.execute(
            "INSERT INTO aliases (model, alias, version, since, by, why) VALUES (?, ?, ?, ?, ?, ?)",
            (model, alias, version, instant(now), by, why),
        )
    else:
        tx.execute(
            "UPDATE aliases SET version = ?, since = ?, by = ?, why = ? WHERE model = ? AND alias = ?",
            (version, instant(now), by, why, model, alias),
        )
    _note(tx, model, alias, version, None if before is None else before.version, by, why, now)
    found = get_alias(tx, model, alias)
    assert found is not None
    return found


def remove_alias(
    tx: sqlite3.Connection, model: str, alias: str, by: str | None, why: str | None, now: datetime
) -> bool:
    """Let `alias` name nothing; False if it did not."""
    before = get_alias(tx, model, alias)
    if before is None:
        return False
    tx.execute("DELETE FROM aliases WHERE model = ? AND alias = ?", (model, alias))
    _note(tx, model, alias, None, before.version, by, why, now)
    return True


def _note(
    tx: sqlite3.Connection, model: str, alias: str, version: int | None, previous: int | None, by: str | None,
    why: str | None, now: datetime,
) -> None:  # fmt: skip
    tx.execute(
        "INSERT INTO alias_history (model, alias, version, previous, at, by, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (model, alias, version, previous, instant(now), by, why),
    )
    # The fleet shows the champion, and viewers of the fleet follow `models`: a removed alias is seen there too.
    if alias == CHAMPION:
        tx.execute("UPDATE models SET champion = ? WHERE name = ?", (version, model))


def get_alias(conn: sqlite3.Connection, model: str, alias: str) -> AliasRow | None:
    """What an alias names now."""
    found = conn.execute(
        "SELECT model, alias, version, since, by, why, seq FROM aliases WHERE model = ? AND alias = ?", (model, alias)
    ).fetchone()
    return None if found is None else _row(found)


def aliases(conn: sqlite3.Connection, model: str) -> tuple[AliasRow, ...]:
    """All aliases of a model, by name."""
    found = conn.execute(
        "SELECT model, alias, version, since, by, why, seq FROM aliases WHERE model = ? ORDER BY alias", (model,)
    ).fetchall()
    return tuple(map(_row, found))


def _row(found: Sequence[Any]) -> AliasRow:
    model, alias, version, since, by, why, seq = found
    return AliasRow(model, alias, version, moment(since), by, why, seq)


def champion(conn: sqlite3.Connection, model: str) -> Version | None:
    """The version that `champion` names now."""
    found = get_alias(conn, model, CHAMPION)
    return None if found is None else get(conn, model, found.version)


def alias_at(conn: sqlite3.Connection, model: str, alias: str, at: datetime) -> int | None:
    """Number of the version that an alias named at an instant; None if it named none."""
    found = conn.execute(
        "SELECT version FROM alias_history WHERE model = ? AND alias = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT 1",
        (model, alias, instant(at)),
    ).fetchone()
    return None if found is None else found[0]


def moves(conn: sqlite3.Connection, model: str, alias: str, limit: int = 50) -> tuple[AliasMove, ...]:
    """An alias's last moves, newest first."""
    found = conn.execute(
        "SELECT model, alias, version, previous, at, by, why FROM alias_history WHERE model = ? AND alias = ? "
        "ORDER BY at DESC, id DESC LIMIT ?",
        (model, alias, limit),
    ).fetchall()
    return tuple(AliasMove(m, a, v, p, moment(at), by, why) for m, a, v, p, at, by, why in found)

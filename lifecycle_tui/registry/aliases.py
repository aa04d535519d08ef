"""Aliases: movable names for versions (`champion`, `challenger`, `shadow`, a team's own), and all they ever named.

Moved by actions and by the worker (a first champion); asked by scoring ("who was champion then") and every screen.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.registry.versions import Version, get
from lifecycle_tui.state.text import instant, moment

CHAMPION = "champion"
CHALLENGER = "challenger"
SHADOW = "shadow"
OURS = (CHAMPION, CHALLENGER, SHADOW)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
_RESERVED = re.compile(r"latest|v[0-9]+", re.IGNORECASE | re.ASCII)


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


def check_name(alias: str) -> None:
    """Refuse a name that could be taken for a version's number, for one of ours, or for something it is not.

    Raises:
        UsageError: in words.
    """
    if not _NAME.fullmatch(alias):
        raise UsageError(
            f"{alias[:80]!r} is no name for an alias", hint="a letter, then up to 63 letters, digits, _ and -"
        )
    if _RESERVED.fullmatch(alias):
        raise UsageError(f"{alias!r} is reserved: it would read as a version", hint="choose another name")
    if alias not in OURS and alias.lower() in OURS:
        raise UsageError(f"{alias!r} would be taken for {alias.lower()!r}", hint="choose another name")


def set_alias(
    tx: sqlite3.Connection, model: str, alias: str, version: int, by: str | None, why: str | None, now: datetime
) -> AliasRow:
    """Let `alias` name a version; naming the same one again writes nothing.

    Raises:
        UsageError: if there is no such version, or the name is none (see `check_name`).
    """
    check_name(alias)
    before = get_alias(tx, model, alias)
    if before is not None and before.version == version:
        return before
    if get(tx, model, version) is None:
        raise UsageError(f"{model} has no version {version}", hint=f"`lifecycle versions list {model}` lists them")
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


def confirm(tx: sqlite3.Connection, model: str, alias: str, by: str | None, why: str | None, now: datetime) -> None:
    """Note in the history that somebody else, too, says what an alias names; nothing moves."""
    row = get_alias(tx, model, alias)
    if row is not None:
        _note(tx, model, alias, row.version, row.version, by, why, now)


def said_by(conn: sqlite3.Connection, model: str, alias: str, by: str) -> int | None:
    """The version that `by` last said an alias names; None if it never did."""
    found = conn.execute(
        "SELECT version FROM alias_history WHERE model = ? AND alias = ? AND by = ? ORDER BY id DESC LIMIT 1",
        (model, alias, by),
    ).fetchone()
    return None if found is None else found[0]


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


def at(conn: sqlite3.Connection, model: str, instant_: datetime) -> tuple[AliasMove, ...]:
    """What each alias of a model named at an instant, by name: the move that it came by."""
    # Name after name by the index: a DISTINCT would walk all moves there ever were.
    names = conn.execute(
        "WITH RECURSIVE names(alias) AS (SELECT min(alias) FROM alias_history WHERE model = ?1 UNION ALL SELECT "
        "(SELECT min(h.alias) FROM alias_history h WHERE h.model = ?1 AND h.alias > names.alias) FROM names "
        "WHERE names.alias IS NOT NULL) SELECT alias FROM names WHERE alias IS NOT NULL",
        (model,),
    ).fetchall()
    found = (moves(conn, model, alias, 1, instant_) for (alias,) in names)
    return tuple(last[0] for last in found if last and last[0].version is not None)


def moves(
    conn: sqlite3.Connection, model: str, alias: str, limit: int = 50, until: datetime | None = None
) -> tuple[AliasMove, ...]:
    """An alias's last moves (up to an instant), newest first."""
    where, args = ("", [model, alias]) if until is None else (" AND at <= ?", [model, alias, instant(until)])
    found = conn.execute(
        "SELECT model, alias, version, previous, at, by, why FROM alias_history "
        f"WHERE model = ? AND alias = ?{where} ORDER BY at DESC, id DESC LIMIT ?",
        (*args, limit),
    ).fetchall()
    return _moves(found)


def move(conn: sqlite3.Connection, move_id: int) -> AliasMove | None:
    """One move by its id in `alias_history`."""
    found = conn.execute(
        "SELECT model, alias, version, previous, at, by, why FROM alias_history WHERE id = ?", (move_id,)
    ).fetchall()
    return next(iter(_moves(found)), None)


def moves_of(conn: sqlite3.Connection, model: str, version: int, limit: int = 50) -> tuple[AliasMove, ...]:
    """How aliases came to a version and left it, newest first."""
    found = conn.execute(
        "SELECT model, alias, version, previous, at, by, why FROM alias_history "
        "WHERE model = ?1 AND (version = ?2 OR previous = ?2) ORDER BY at DESC, id DESC LIMIT ?3",
        (model, version, limit),
    ).fetchall()
    return _moves(found)


def _moves(found: Iterable[Sequence[Any]]) -> tuple[AliasMove, ...]:
    return tuple(AliasMove(m, a, v, p, moment(at), by, why) for m, a, v, p, at, by, why in found)


def was(conn: sqlite3.Connection, model: str, alias: str, version: int) -> bool:
    """Whether an alias has ever named a version."""
    found = conn.execute(
        "SELECT 1 FROM alias_history WHERE model = ? AND alias = ? AND version = ? LIMIT 1", (model, alias, version)
    )
    return found.fetchone() is not None


def before(conn: sqlite3.Connection, model: str, alias: str = CHAMPION) -> int | None:
    """The version that a rollback of `alias` goes back to; None if there is none."""
    rows = conn.execute(
        "SELECT version FROM alias_history WHERE model = ? AND alias = ? AND version IS NOT NULL ORDER BY id",
        (model, alias),
    )
    found = pile(version for (version,) in rows.fetchall())
    return found[-2] if len(found) > 1 else None


def pile(moves: Iterable[int]) -> list[int]:
    """An alias's moves read as a pile: a version that is new is laid on top; one that lies in it already takes off what
    lies above. So a version that was rolled back is never gone back to, however often one rolls back.
    """
    found: list[int] = []
    for version in moves:
        if version in found:
            del found[found.index(version) + 1 :]
        else:
            found.append(version)
    return found

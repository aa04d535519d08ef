"""A model's versions as the terminal lists them, two of them side by side, and all that is known of one.

Called by the versions pane and by the history. Everything is read from the registry and from judgements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifecycle_tui.registry import aliases, differences, versions
from lifecycle_tui.registry.aliases import CHAMPION, AliasMove
from lifecycle_tui.registry.differences import Sides
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import approvals, judgements, windows
from lifecycle_tui.state.judgements import Judgement

PAGE = 100
MOVES = 500
"""Moves of the champion that are looked back on."""
ROLLED_BACK = "rolled back"
RECENT = 12
"""Windows of each version in which its metrics are looked for."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in the list.

    Attributes:
        aliases: that name it now.
        judgement: its last one.
        waits: who asked that it is promoted, where that waits for an approval; "" else.
        past: what it was to the model before: "was champion", "rolled back", "".
    """

    version: Version
    aliases: tuple[str, ...]
    judgement: Judgement | None
    waits: str
    past: str = ""

    @property
    def number(self) -> int:
        """Its number, by which lists know it."""
        return self.version.number

    @property
    def serves(self) -> bool:
        """Whether it is champion."""
        return CHAMPION in self.aliases


def page(conn: sqlite3.Connection, model: str, limit: int = PAGE, before: int | None = None) -> list[VersionLine]:
    """Versions, newest first; `before` is a number, for the next page."""
    found = versions.versions(conn, model, limit, before)
    if not found:
        return []
    named: dict[int, list[str]] = {}
    for alias in aliases.aliases(conn, model):
        named.setdefault(alias.version, []).append(alias.alias)
    judged = judgements.newest_each(conn, model, found[-1].number, found[0].number)
    waits = approvals.pending(conn, model)
    asked = {} if waits is None else {waits.version: waits.requested_by}
    past = _past(conn, model)
    return [
        VersionLine(
            version, tuple(sorted(named.get(version.number, ()), key=_ours)), judged.get(version.number),
            asked.get(version.number, ""), past.get(version.number, ""),
        )
        for version in found
    ]  # fmt: skip


def _past(conn: sqlite3.Connection, model: str) -> dict[int, str]:
    """Versions that were champion, and of them those that were rolled back: taken off by one that lay below them."""
    found: dict[int, str] = {}
    lain: list[int] = []
    for move in reversed(aliases.moves(conn, model, CHAMPION, MOVES)):
        if move.version is None:
            continue
        after = aliases.pile([*lain, move.version])
        found |= dict.fromkeys(set(lain) - set(after), ROLLED_BACK)
        found[move.version] = "was champion"
        lain = after
    return found


def _ours(alias: str) -> tuple[int, str]:
    """Sorts the program's own names first."""
    return (aliases.OURS.index(alias) if alias in aliases.OURS else len(aliases.OURS), alias)


@dataclass(frozen=True, slots=True)
class Recent:
    """One metric of both versions over the last windows that either of them scored, oldest first.

    Attributes:
        windows: their keys; one, other: the values, None where a version has none.
    """

    metric: str
    windows: tuple[str, ...]
    one: tuple[float | None, ...]
    other: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version beside another one.

    Attributes:
        one: what the cursor stands on; other: None where there is nothing to compare with.
        role: what the other one is: "champion", "marked", "parent".
        judgement: of one against the other, on the same later rows.
        metrics: at birth, each on its own rows; recent: over the same windows, for metrics that either has there.
        differs: what is recorded differently.
    """

    one: VersionLine
    other: Version | None = None
    role: str = ""
    judgement: Judgement | None = None
    metrics: tuple[Sides, ...] = ()
    recent: tuple[Recent, ...] = ()
    differs: tuple[Sides, ...] = ()
    importance: tuple[Sides, ...] = ()


def compared(conn: sqlite3.Connection, model: str, line: VersionLine, marked: int | None) -> Comparison:
    """A version beside the marked one, else the champion, and the champion itself beside what it was made from."""
    number, role = _partner(conn, model, line, marked)
    other = None if number is None else versions.get(conn, model, number)
    if other is None:
        return Comparison(line)
    return Comparison(
        line, other, role,
        differences.judged(conn, other, line.version),
        differences.metrics(line.version, other),
        _recent(conn, model, line.version, other),
        differences.differing(line.version, other),
        differences.importance(line.version, other),
    )  # fmt: skip


def _partner(conn: sqlite3.Connection, model: str, line: VersionLine, marked: int | None) -> tuple[int | None, str]:
    if marked is not None and marked != line.number:
        return marked, "marked"
    champion = aliases.get_alias(conn, model, CHAMPION)
    if champion is not None and champion.version != line.number:
        return champion.version, "champion"
    if line.version.facts.parent is not None:
        return line.version.facts.parent, "parent"
    before = aliases.before(conn, model)
    return (before, "champion before") if before is not None else (None, "")


def _recent(conn: sqlite3.Connection, model: str, one: Version, other: Version) -> tuple[Recent, ...]:
    sides = [_measured(conn, model, version.label) for version in (one, other)]
    names = list(dict.fromkeys(name for side in sides for values in side.values() for name in values))
    keys = sorted({*sides[0], *sides[1]})[-RECENT:]
    return tuple(
        Recent(name, tuple(keys), *(tuple(side.get(key, {}).get(name) for key in keys) for side in sides))
        for name in names
    )


def _measured(conn: sqlite3.Connection, model: str, label: str) -> Mapping[str, Mapping[str, float | None]]:
    """Window → metric → value of one version's last windows."""
    found = windows.history(conn, model, None, RECENT, version=label)
    return {e.window.key: {s.name: s.value for s in e.signals.values() if s.column is None} for e in found}


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of one version.

    Attributes:
        moves: how aliases came to it and left it, newest first.
        children: numbers of the versions that were made from it.
    """

    line: VersionLine
    judgements: tuple[Judgement, ...]
    moves: tuple[AliasMove, ...]
    children: tuple[int, ...]


def whole(conn: sqlite3.Connection, model: str, number: int) -> Whole | None:
    """All that is known of one version; None if there is no such version."""
    found = page(conn, model, 1, number + 1)
    if not found or found[0].number != number:
        return None
    return Whole(
        found[0],
        judgements.judgements(conn, model, number),
        aliases.moves_of(conn, model, number),
        versions.children(conn, model, number),
    )


def lanes(found: Sequence[VersionLine], ascii_only: bool = False) -> dict[int, str]:
    """The lineage as lanes beside a list that is newest first: number → what is drawn on its line.

    Each lane is a line of descent; a version's lane goes on down to the version that it was made from, where lanes of
    several children meet. The champion's node is a full circle.
    """
    full, hollow, down, meet, across, over = "*o|/-+" if ascii_only else "●○│╯─┼"
    open_: list[int | None] = []
    drawn: dict[int, str] = {}
    for line in found:
        own = [at for at, wanted in enumerate(open_) if wanted == line.number]
        if not own:
            free = next((at for at, wanted in enumerate(open_) if wanted is None), len(open_))
            open_[free : free + 1] = [line.number]
            own = [free]
        text = ""
        for at, wanted in enumerate(open_):
            if at == own[0]:
                text += full if line.serves else hollow
            elif at in own:
                text += meet if at == own[-1] else across
            elif own[0] < at < own[-1]:
                text += across if wanted is None else over
            else:
                text += " " if wanted is None else down
        for at in own:
            open_[at] = None
        open_[own[0]] = line.version.facts.parent
        while open_ and open_[-1] is None:
            open_.pop()
        drawn[line.number] = text.rstrip()
    return drawn

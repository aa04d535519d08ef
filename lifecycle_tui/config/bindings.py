"""The terminal's key bindings as `[keys]` of lifecycle.toml may change them: which there are, and what is wrong with a
change. Pure, and without Textual: the list is `key_table`, which is written from the terminal's own classes.

Called by `build_keys` (so `config check` and the agent), by `lifecycle keys`, and by the terminal when it starts or the
file changes. Textual itself takes any id and any key silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lifecycle_tui.config import key_names, key_table
from lifecycle_tui.domain.nearest import nearest

Keymap = Mapping[str, tuple[str, ...]]
"""Ids of bindings → names of their keys, of those alone that a file says."""

KEPT = ("app.quit", "view.back", "view.leave")
"""Ways out of everything: these must keep a key."""
ENDS = (".leave", ".back", ".close", ".drop", ".keep", ".submit")
"""Ends of ids of the ways out of a dialog or a line; `policy.drop` is none."""
APART = (("Grid", "MarkGrid", "FleetGrid"), ("Pager",), ("Log",), ("Fields",), ("Plot",), ("HeatMap",))
"""Of these one has the focus, and the others' keys then do nothing."""
EVERYWHERE = ("View", "LifecycleApp", "LifecycleApp!")


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding.

    Attributes:
        keys: as they are without `[keys]`, by Textual's names.
        what: what it does, in a few words.
        owner: the class that declares it; with `!` those of the app that work over dialogs, too.
        where: the screens, panes and dialogs on which it works, by name; a pane as `model.drift`.
        typing: whether it works while somebody types into a line: then it can have no key that types a character.
    """

    id: str
    keys: tuple[str, ...]
    what: str
    owner: str
    where: tuple[str, ...]
    typing: bool = False

    @property
    def everywhere(self) -> bool:
        """Whether every screen has it."""
        return self.owner in EVERYWHERE


@dataclass(frozen=True, slots=True)
class KeyFlaw:
    """What is wrong with one line of `[keys]`.

    Attributes:
        code: see docs/config-errors.md; id: of the line; item: place in its list, if it has one.
        other: id of the line, of the same table, that has to do with it.
    """

    code: str
    id: str
    message: str
    hint: str | None = None
    item: int | None = None
    other: str | None = None


@cache
def bound() -> dict[str, Bound]:
    """Every binding by its id, in the order of the screens."""
    where: dict[str, list[str]] = {}
    for name, owners in key_table.WHERE.items():
        for owner in owners:
            where.setdefault(owner, []).append(name)
    return {
        id_: Bound(id_, tuple(keys.split(",")), what, owner, tuple(where[owner]), owner in key_table.TYPING)
        for owner, rows in key_table.BOUND.items()
        for id_, keys, what in rows
    }


def on_screen(name: str) -> tuple[Bound, ...]:
    """The bindings that work on a screen, a pane (`model.drift`) or, of a screen with panes, on any of them.

    Raises:
        KeyError: there is no such screen.
    """
    names = [one for one in key_table.WHERE if one == name or one.startswith(f"{name}.")]
    if not names:
        raise KeyError(name)
    return tuple(one for one in bound().values() if not set(names).isdisjoint(one.where))


def screens() -> tuple[str, ...]:
    """Names of all screens, panes and dialogs."""
    return tuple(key_table.WHERE)


def now(keymap: Keymap) -> dict[str, tuple[str, ...]]:
    """Every id with the keys that it has under a keymap."""
    return {id_: keymap.get(id_, one.keys) for id_, one in bound().items()}


def read(table: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], list[KeyFlaw]]:
    """The keymap that a `[keys]` table gives, and everything that is wrong with it.

    What is wrong is left out of the keymap; whoever applies it should do so only where there is no flaw.
    """
    keymap: dict[str, tuple[str, ...]] = {}
    flaws: list[KeyFlaw] = []
    for id_, value in table.items():
        if id_ not in bound():
            flaws.append(_unknown(id_))
            continue
        found, wrong = _keys(id_, value)
        flaws += wrong
        if not wrong:
            keymap[id_] = found
    return keymap, flaws + _clashes(keymap)


def _unknown(id_: str) -> KeyFlaw:
    meant = nearest(id_, bound())
    hint = f'did you mean "{meant}"?' if meant else "`lifecycle keys` lists all ids"
    return KeyFlaw("unknown-binding", id_, f'no key binding is called "{id_}"', hint)


def _keys(id_: str, value: Any) -> tuple[tuple[str, ...], list[KeyFlaw]]:
    """The names of the keys that one line gives."""
    listed = isinstance(value, list)
    written = value if isinstance(value, list) else [] if value == "" else [value]
    found: list[str] = []
    flaws: list[KeyFlaw] = []
    for at, one in enumerate(written):
        item = at if listed else None
        if not isinstance(one, str) or not one:
            says = (
                "an empty text stands alone: it says that there is no key" if one == "" else "a key is text in quotes"
            )
            flaws.append(KeyFlaw("no-such-key", id_, says, 'write [] or "" for no key, else e.g. "T"', item))
            continue
        try:
            key = key_names.parse(one)
        except key_names.KeyNameError as exc:
            flaws.append(KeyFlaw("no-such-key", id_, f'"{one}" is no key: {exc}', exc.hint or None, item))
            continue
        if bound()[id_].typing and key_names.typed(key):
            says = f'"{one}" cannot be the key: {id_} works while somebody types, and it would be typed'
            hint = 'take a key that types nothing, e.g. "Ctrl+N" or "F5"'
            flaws.append(KeyFlaw("no-such-key", id_, says, hint, item))
        elif key not in found:
            found.append(key)
    if not written and _must_keep(id_):
        says = f"{id_} must keep a key: without one there is no way out of the {_place(bound()[id_])}"
        flaws.append(
            KeyFlaw("no-way-out", id_, says, f"it is {key_names.spoken(bound()[id_].keys)} where nothing is said")
        )
    return tuple(found), flaws


def _must_keep(id_: str) -> bool:
    """Whether it is the way out of something."""
    return id_ in KEPT or (id_.endswith(ENDS) and id_ not in ("policy.drop", "diff.drop"))


def _place(one: Bound) -> str:
    return "screens" if one.everywhere else one.where[0].replace(".", " ")


def _clashes(keymap: Keymap) -> list[KeyFlaw]:
    """Bindings that would have one key on one screen, which they do not have without the keymap; each key once.

    Where two have the same key from the start, the nearer one is meant to hide the other.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    keys = now(keymap)
    lines = list(keymap)
    for screen in key_table.WHERE if keymap else ():
        taken: dict[str, list[str]] = {}
        for one in bound().values():
            if screen in one.where:
                for key in keys[one.id]:
                    taken.setdefault(key, []).append(one.id)
        for key, ids in taken.items():
            for pair in _pairs(ids):
                if keymap.keys().isdisjoint(pair) or _hidden(*pair, key) or _apart(*pair):
                    continue
                # The line that comes later is the one that is wrong.
                other, last = sorted(pair, key=lambda id_: lines.index(id_) if id_ in lines else -1)
                found.setdefault((last, key), {}).setdefault(other, screen)
    return [_clash(id_, key, others, keymap) for (id_, key), others in found.items()]


def _pairs(ids: Sequence[str]) -> list[tuple[str, str]]:
    return [(first, second) for at, first in enumerate(ids) for second in ids[at + 1 :]]


def _hidden(first: str, second: str, key: str) -> bool:
    """Whether both have the key from the start."""
    return key in bound()[first].keys and key in bound()[second].keys


def _apart(first: str, second: str) -> bool:
    """Whether they belong to two widgets of which one has the focus."""
    groups = [at for id_ in (first, second) for at, owners in enumerate(APART) if bound()[id_].owner in owners]
    return len(groups) == 2 and groups[0] != groups[1]


def _clash(id_: str, key: str, others: Mapping[str, str], keymap: Keymap) -> KeyFlaw:
    """One key of one line, with the bindings that have it, too, and a screen where each pair meets."""
    other = next((one for one in others if one in keymap), next(iter(others)))
    place = "everywhere" if bound()[id_].everywhere and bound()[other].everywhere else _on(others[other])
    whose = "of" if other in keymap else "by itself of"
    more = f" (and of {', '.join(one for one in others if one != other)})" if len(others) > 1 else ""
    says = f"{key_names.shown(key)} is the key of {id_} and {whose} {other}{more}, and both work {place}"
    hint = "give one of them another key"
    if other not in keymap:
        hint = f"give {other} another key" + ("" if _must_keep(other) else f', or none: "{other}" = []')
    return KeyFlaw("key-clash", id_, says, hint, other=other if other in keymap else None)


def _on(screen: str) -> str:
    return screen if screen.startswith("after ") else f"on {screen.replace('.', ' ')}"

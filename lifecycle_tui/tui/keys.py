"""Footers and the help screen, made from the bindings themselves, so that they cannot disagree with the keys.

A binding's description is what it does; `show` puts it into the footer; its id names it in docs/terminal.md and in
`[keys]` of lifecycle.toml, which may give it other keys (`use`): everything here speaks of the keys as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from lifecycle_tui.config import key_names

OURS = "lifecycle_tui."
HEADINGS = ("This screen", "In the list", "Actions", "Everywhere", "Go to")
"""Of the help, in their order."""

_used: dict[str, tuple[str, ...]] = {}
"""Ids → keys, where they are not those of the class. There is one terminal in a process."""


def use(keymap: Mapping[str, tuple[str, ...]]) -> None:
    """From now on these ids have these keys, and all others their own."""
    if keymap != _used:
        _used.clear()
        _used.update(keymap)
        _bound.clear()


def used() -> Mapping[str, tuple[str, ...]]:
    """What `use` was told last."""
    return _used


def names(keys: str) -> tuple[str, ...]:
    """The names of keys that are written as in a binding: `down,j,@` → down, j, at."""
    found = (key.strip() for key in keys.split(","))
    return tuple(key_names.of_character(key) if len(key) == 1 else key for key in found)


def of(binding: Binding) -> tuple[str, ...]:
    """Names of the keys that a binding has now."""
    own = _used.get(binding.id) if binding.id else None
    return names(binding.key) if own is None else own


def now(id_: str, default: str) -> str:
    """What is printed on the first key that an id has now; "" for none.

    Args:
        default: its key by itself, as a binding has it.
    """
    found = _used.get(id_, names(default) if default else ())
    return key_names.shown(found[0]) if found else ""


def act(name: str, default: str | None) -> str:
    """The key of an action, as it is printed."""
    return now(f"act.{name.replace(' ', '-')}", default or "")


def spoken(keys: str | Sequence[str], *, first: bool = False) -> str:
    """`down,j` → `Down, j`; the first one alone for footers."""
    found = names(keys) if isinstance(keys, str) else keys
    return key_names.spoken(found[:1] if first else found)


def declared(node: type[DOMNode]) -> list[Binding]:
    """The bindings that a class declares itself, as they were written (one binding may have several keys)."""
    return [b for b in vars(node).get("BINDINGS", ()) if isinstance(b, Binding)]


def halves(group: str) -> list[Binding]:
    """What Ctrl+D and Ctrl+U do in every list and text, and nothing else anywhere: who knows vim expects no less."""
    return [
        Binding("ctrl+d", "page(0.5)", "half a page down", show=False, id=f"{group}.half-down"),
        Binding("ctrl+u", "page(-0.5)", "half a page up", show=False, id=f"{group}.half-up"),
    ]


def footer(nodes: Iterable[type[DOMNode]]) -> list[tuple[str, str]]:
    """(key, what) of the bindings that are shown, nearest first."""
    return [(spoken(of(b), first=True), b.description) for node in nodes for b in declared(node) if b.show and of(b)]


_bound: dict[type[DOMNode], dict[str, list[Binding]]] = {}


def bound(node: type[DOMNode]) -> dict[str, list[Binding]]:
    """Key → the bindings of a class and of those that it inherits from, as Textual merges them, by the keys of now."""
    found = _bound.get(node)
    if found is None:
        found = {}
        # A key that one of ours gives up must not fall to Textual's own, e.g. Ctrl+Q, which quits without asking.
        taken = {key for part in node.__mro__ if _ours(part) for b in declared(part) for key in names(b.key)}
        for part in reversed(node.__mro__):
            if issubclass(part, DOMNode):
                if not part._inherit_bindings:
                    found.clear()
                own = _own(part)
                found |= own if _ours(part) else {key: have for key, have in own.items() if key not in taken}
        _bound[node] = found
    return found


def listens(screen: Screen, key: str) -> bool:
    """Whether a key does something now, by the keys of now."""
    return any(key in bound(type(node)) for node, _ in screen._binding_chain)


def _ours(node: type) -> bool:
    return node.__module__.startswith(OURS)


def _own(node: type[DOMNode]) -> dict[str, list[Binding]]:
    """Key → the bindings that a class declares itself."""
    found: dict[str, list[Binding]] = {}
    for binding in vars(node).get("BINDINGS", ()):
        ours = isinstance(binding, Binding) and binding.id in _used
        for one in [replace(binding, key=k) for k in of(binding)] if ours else Binding.make_bindings([binding]):
            found.setdefault(one.key, []).append(one)
    return found


def whole(nodes: Iterable[type[DOMNode]]) -> list[type[DOMNode]]:
    """The classes with those of ours that they are made from, as far as these declare keys; each once.

    A screen's common part (`View`) and the app stay where they are given: they are further away than lists are.
    """
    given = list(nodes)
    found: list[type[DOMNode]] = []
    for node in given:
        for part in node.__mro__:
            ours = part.__module__.startswith(OURS) and "BINDINGS" in vars(part)
            if ours and part not in found and (part is node or part not in given):
                found.append(part)
    return found


def listing(nodes: Sequence[type[DOMNode]]) -> list[tuple[str, str]]:
    """(keys, what) of every binding with a description; a key that a nearer class takes is left out further away."""
    return [(pressed, what) for pressed, what, _ in listed(nodes)]


def grouped(nodes: Sequence[type[DOMNode]]) -> list[tuple[str, list[tuple[str, str, Binding]]]]:
    """(heading, its keys) as in `listing`: this screen's, the list's, what is the same everywhere, actions."""
    found: dict[str, list[tuple[str, str, Binding]]] = {heading: [] for heading in HEADINGS}
    for pressed, what, binding in listed(nodes):
        found[_heading(binding)].append((pressed, what, binding))
    return [(heading, rows) for heading, rows in found.items() if rows]


def listed(nodes: Sequence[type[DOMNode]]) -> Iterator[tuple[str, str, Binding]]:
    """(keys, what, binding) as in `listing`; the binding has the keys of now."""
    taken: set[str] = set()
    modal = any(issubclass(node, ModalScreen) for node in nodes)
    for node in whole(nodes):
        for binding in declared(node):
            if modal and issubclass(node, App) and not binding.priority:
                continue  # Textual keeps the app's keys from a modal screen
            keys = [key for key in of(binding) if key not in taken]
            if keys and binding.description:
                yield spoken(keys), binding.tooltip or binding.description, replace(binding, key=",".join(keys))
            taken.update(keys)


def _heading(binding: Binding) -> str:
    name = binding.id or ""
    if binding.action.startswith("act(") or name == "view.actions":
        return HEADINGS[2]
    if name.startswith(("view.", "app.")):
        return HEADINGS[3]
    if name.startswith("go."):
        return HEADINGS[4]
    return HEADINGS[1] if name.startswith(("grid.", "pager.", "log.")) else HEADINGS[0]

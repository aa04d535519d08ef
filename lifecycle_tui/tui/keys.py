"""Footers and the help screen, made from the bindings themselves, so that they cannot disagree with the keys.

A binding's description is what it does; `show` puts it into the footer; its id names it in docs/terminal.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen

NAMES = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "Shift+Tab", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
    "space": "Space", "slash": "/", "question_mark": "?", "colon": ":", "asterisk": "*",
    "plus": "+", "minus": "-", "delete": "Del", "backspace": "Backspace",
}  # fmt: skip
"""Textual's names of keys → what is printed on them."""
OURS = "lifecycle_tui."
HEADINGS = ("This screen", "In the list", "Actions", "Everywhere", "Go to")
"""Of the help, in their order."""


def spoken(keys: str, *, first: bool = False) -> str:
    """`down,j` → `Down, j`; the first one alone for footers."""
    found = [_name(key) for key in keys.split(",")]
    return found[0] if first else ", ".join(found)


def _name(key: str) -> str:
    key = key.strip()
    if key.startswith("ctrl+"):
        return "Ctrl+" + key.removeprefix("ctrl+").upper()
    return NAMES.get(key, key)


def declared(node: type[DOMNode]) -> list[Binding]:
    """The bindings that a class declares itself, as they were written (one binding may have several keys)."""
    return [b for b in vars(node).get("BINDINGS", ()) if isinstance(b, Binding)]


def footer(nodes: Iterable[type[DOMNode]]) -> list[tuple[str, str]]:
    """(key, what) of the bindings that are shown, nearest first."""
    return [(spoken(b.key, first=True), b.description) for node in nodes for b in declared(node) if b.show]


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
    return [(pressed, what) for pressed, what, _ in _listed(nodes)]


def grouped(nodes: Sequence[type[DOMNode]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, its keys) as in `listing`: this screen's, the list's, what is the same everywhere, actions."""
    found: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
    for pressed, what, binding in _listed(nodes):
        found[_heading(binding)].append((pressed, what))
    return [(heading, pairs) for heading, pairs in found.items() if pairs]


def _listed(nodes: Sequence[type[DOMNode]]) -> Iterator[tuple[str, str, Binding]]:
    taken: set[str] = set()
    modal = any(issubclass(node, ModalScreen) for node in nodes)
    for node in whole(nodes):
        for binding in declared(node):
            if modal and issubclass(node, App) and not (binding.priority and binding.key.startswith("ctrl+")):
                continue  # Textual keeps the app's keys from a modal screen
            keys = [key for key in binding.key.split(",") if key not in taken]
            if keys and binding.description:
                yield spoken(",".join(keys)), binding.tooltip or binding.description, binding
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

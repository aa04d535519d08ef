"""Footers and the help screen, made from the bindings themselves, so that they cannot disagree with the keys.

A binding's description is what it does; `show` puts it into the footer; its id names it in docs/terminal.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import Binding
from textual.dom import DOMNode

NAMES = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "Shift+Tab", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
    "space": "Space", "slash": "/", "question_mark": "?", "colon": ":",
}  # fmt: skip
"""Textual's names of keys → what is printed on them."""


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


def listing(nodes: Sequence[type[DOMNode]]) -> list[tuple[str, str]]:
    """(keys, what) of every binding with a description; a key that a nearer class takes is left out further away."""
    found: list[tuple[str, str]] = []
    taken: set[str] = set()
    for node in nodes:
        for binding in declared(node):
            keys = [key for key in binding.key.split(",") if key not in taken]
            if keys and binding.description:
                found.append((spoken(",".join(keys)), binding.tooltip or binding.description))
            taken.update(keys)
    return found

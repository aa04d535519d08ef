"""`g` and a letter: to a screen, or to the first or last row. Called by the app, which waits for the letter.

Nothing is timed: `g` waits until the next key comes, the footer lists what that may be, and any other key cancels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.places import PLACES

if TYPE_CHECKING:
    from textual.screen import Screen

JUMPS: tuple[Binding, ...] = (
    *(
        Binding(place.key.lower(), f"go('{place.name}')", place.name, id=f"jump.{place.name}", tooltip=place.help)
        for place in PLACES.values()
    ),
    Binding("g", "row(-1)", "top", id="jump.first", tooltip="the first row, the top of a text"),
    Binding("e", "row(1)", "end", id="jump.last", tooltip="the last row, the end of a text"),
)
"""The second keys, in the order in which the footer has room for them."""


def choices(screen: Screen[object]) -> list[Binding]:
    """What the letter may be on a screen: places only where it follows state, so that dialogs are answered first."""
    from lifecycle_tui.tui.screens.base import View

    return [jump for jump in JUMPS if isinstance(screen, View) or not jump.action.startswith("go(")]


def pairs(screen: Screen[object]) -> list[tuple[str, str]]:
    """(key, what) for the footer."""
    found = choices(screen)
    return [(keys.spoken(keys.of(jump), first=True), jump.description) for jump in found if keys.of(jump)]


def chosen(screen: Screen[object], key: str) -> Binding | None:
    """The jump that a key stands for; None for any other key."""
    return next((jump for jump in choices(screen) if key in keys.of(jump)), None)

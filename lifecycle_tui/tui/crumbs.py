"""Where one is and how one came: the screens below the one that is open, in front of its title. Called by `View.bars`.

Esc goes back one crumb at a time; a click on one goes back to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle_tui.tui.marks import plain_glyphs
from lifecycle_tui.tui.text import Line, Span, cut, safe, width

if TYPE_CHECKING:
    from lifecycle_tui.tui.screens.base import View

LONGEST = 16
"""Cells of one crumb, at most."""
SHARE = 3
"""The crumbs take one part in so many of the line, and leave the oldest away where that is too little."""


def below(view: View) -> list[View]:
    """The screens on state that were gone through, the first one first."""
    from lifecycle_tui.tui.screens.base import View

    stack = view.app.screen_stack
    at = stack.index(view) if view in stack else 0
    return [screen for screen in stack[:at] if isinstance(screen, View)]


def trail(view: View, cells: int) -> Line:
    """What stands in front of the title; empty on the first screen.

    Args:
        cells: of the whole line.
    """
    between, more = (" > ", "...") if plain_glyphs() else (" › ", "…")
    spans: list[Span] = []
    room = cells // SHARE
    screens = below(view)
    for at in range(len(screens) - 1, -1, -1):
        name = cut(safe(screens[at].crumb()), LONGEST)
        wide = width(name) + width(between)
        if wide > room - (width(more) + width(between)) * (at > 0):
            spans[:0] = [Span(more + between)] if room > width(more + between) else []
            break
        room -= wide
        spans[:0] = [Span(name, run=f"app.crumb({at})"), Span(between)]
    return (Span(" "), *spans) if spans else ()


def joined(crumbs: Line, title: Line) -> Line:
    """The crumbs and a title behind them, which begins with a space where it stands alone."""
    if not crumbs or not title:
        return title
    first = title[0]
    return (*crumbs, Span(first.text.removeprefix(" "), first.tone, first.run), *title[1:])

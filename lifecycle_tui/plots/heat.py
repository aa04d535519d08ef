"""A map of rows over windows: one sign a cell, which says both the verdict and the size of a change. Called by the
drift pane.

Read without colour: what is not drift is a point or a light shade, drift is dark, the larger the darker. What could not
be judged, and what failed, has signs of its own; where nothing was measured stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lifecycle_tui.plots.drawing import Drawn, Run

SEEN = 0.05
"""A change that is no drift is shaded from this size on."""
SIZES = (0.1, 0.3)
"""Ends of small and of middling drift, on the common scale 0..1."""


class Heat(NamedTuple):
    """One cell: the size of the change, and what was made of it.

    Attributes:
        value: 0..1; None and NaN are not known, what lies outside is taken as the nearer end.
        state: a signal's: "ok", "drifted", "cannot-tell", "unknown", "error".
    """

    value: float | None
    state: str


SIGNS: dict[str, tuple[str, str]] = {
    "quiet": (".", "."),
    "seen": ("░", ":"),
    "small": ("▒", "+"),
    "middling": ("▓", "#"),
    "large": ("█", "@"),
    "cannot-tell": ("~", "~"),
    "unknown": ("?", "?"),
    "error": ("!", "!"),
}
"""What a cell is → its sign in blocks and in ASCII. These names are the picture's series. What most cells are takes one
byte: a map is thousands of them, over a slow line."""
_RANK = ("large", "middling", "small", "error", "seen", "quiet", "cannot-tell", "unknown")


def kind(cell: Heat) -> str:
    """Which of `SIGNS` a cell gets."""
    if cell.state not in ("ok", "drifted"):
        return cell.state if cell.state in SIGNS else "unknown"
    size = 0.0 if cell.value is None or cell.value != cell.value else cell.value
    if cell.state == "ok":
        return "seen" if size >= SEEN else "quiet"
    return "small" if size < SIZES[0] else "middling" if size < SIZES[1] else "large"


def worst(cells: Iterable[Heat | None]) -> Heat | None:
    """The cell that stands for several: drift before errors, errors before what is fine; of equals the largest."""
    known = [cell for cell in cells if cell is not None]
    return min(known, key=_order, default=None)


def _order(cell: Heat) -> tuple[int, float]:
    size = 0.0 if cell.value is None or cell.value != cell.value else cell.value
    return _RANK.index(kind(cell)), -size


def row(cells: Sequence[Heat | None], *, ascii_only: bool = False, here: int | None = None, wide: int = 1) -> Drawn:
    """One line of the map, `wide` equal characters a cell.

    Args:
        here: the cell of the cursor; its series has "here." before its name.
    """
    runs: list[Run] = []
    for n, cell in enumerate(cells):
        name = "" if cell is None else kind(cell)
        sign = (SIGNS[name][ascii_only] if name else " ") * wide
        series = f"here.{name}" if n == here else name
        if runs and runs[-1].series == series:
            runs[-1] = Run(runs[-1].text + sign, series)
        else:
            runs.append(Run(sign, series))
    return tuple(runs)

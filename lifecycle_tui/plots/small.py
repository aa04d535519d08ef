"""Plots that fit into a line or two of text. Called by commands and screens; they return text, never colours.

A sparkline is cheap on a slow link because it is characters of one style; ASCII stands in where blocks are missing.
"""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"


def sparkline(
    values: Sequence[float | None],
    cells: int,
    *,
    low: float | None = None,
    high: float | None = None,
    ascii_only: bool = False,
) -> str:
    """The last `cells` values as bars, oldest left.

    Args:
        values: None and NaN leave a gap; infinities are drawn at the ends.
        low, high: the scale; by default the smallest and largest value. A constant series is drawn at half height, or
            at the floor where `low` is given and nothing rises above it.

    Returns:
        At most `cells` characters of one cell each.
    """
    if cells <= 0:
        return ""
    shown = [None if v is None or v != v else float(v) for v in values[-cells:]]
    finite = [v for v in shown if v is not None and v - v == 0.0]
    # A scale without an end is no scale.
    least = low if low is not None and low - low == 0.0 else min(finite, default=0.0)
    most = high if high is not None and high - high == 0.0 else max(finite, default=0.0)
    ramp = ASCII if ascii_only else BLOCKS
    return "".join(_bar(v, least, most, ramp, low is not None) for v in shown)


def _bar(value: float | None, low: float, high: float, ramp: str, floor: bool) -> str:
    if value is None:
        return " "
    top = len(ramp) - 1
    if value <= low and value < high:
        return ramp[0]
    if value >= high and value > low:
        return ramp[top]
    if high <= low:
        # A given floor that nothing rises above is drawn as a floor.
        return ramp[0] if floor else ramp[top // 2]
    # Halves first: the difference of two huge numbers may not be finite.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return ramp[max(0, min(top, int(share * len(ramp))))]


def histogram_pair(
    reference: Sequence[float], window: Sequence[float], cells: int, *, ascii_only: bool = False
) -> tuple[str, str]:
    """Two histograms of the same bins, each scaled to shares, on one common height.

    Args:
        reference, window: counts or shares of the bins, equally long; more bins than cells are added up in groups.

    Returns:
        Reference and window, equally many cells; an empty bin is a blank, any other at least the lowest bar.

    Raises:
        ValueError: if the two have different numbers of bins.
    """
    if len(reference) != len(window):
        raise ValueError(f"{len(reference)} bins against {len(window)}")
    if not reference or cells <= 0:
        return "", ""
    sides = [_shares(_grouped(side, cells)) for side in (reference, window)]
    most = max(max(side) for side in sides)
    ramp = ASCII if ascii_only else BLOCKS
    drawn = ["".join(_column(share, most, ramp) for share in side) for side in sides]
    return drawn[0], drawn[1]


def _column(share: float, most: float, ramp: str) -> str:
    if share <= 0 or most <= 0:
        return " "
    return ramp[min(len(ramp) - 1, int(share / most * len(ramp)))]


def _shares(side: Sequence[float]) -> list[float]:
    total = sum(side)
    return [value / total for value in side] if total > 0 else [0.0] * len(side)


def _grouped(side: Sequence[float], cells: int) -> list[float]:
    """Neighbouring bins added up until there are at most `cells`, as evenly as whole bins allow."""
    n = len(side)
    if n <= cells:
        return [float(v) for v in side]
    return [float(sum(side[i * n // cells : (i + 1) * n // cells])) for i in range(cells)]

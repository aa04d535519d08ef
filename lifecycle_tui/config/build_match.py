"""`match` of a reference as written → its units, or what is wrong with it in words. Called by `build_data`.

A season that changes within a window cannot be matched by windows: by the hour only windows shorter than a day differ,
by the weekday windows of at most a day, by the month windows of at most a month.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain.windows import CountWindow, TimeWindow, WindowSpec

UNITS = ("hour", "weekday", "month", "period")

_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10_080, "month": 44_640, "quarter": 133_920, "year": 525_600}
_MOST = {"hour": 1439, "weekday": 1440, "month": 44_640}
_SHOULD = {"hour": "shorter than a day", "weekday": "of a day or less", "month": "of a month or less"}


def build_match(written: Sequence[str], window: WindowSpec) -> tuple[tuple[str, ...], str, str | None]:
    """(the units in order, what is wrong or "", a hint)."""
    for unit in written:
        if unit not in UNITS:
            return (), f'"{unit}" is no season', did_you_mean(unit, UNITS) or f"one of {', '.join(UNITS)}"
    if not written:
        return (), "matches nothing", "name a season, or leave match out"
    if "period" in written and len(set(written)) > 1:
        return (), "period is one window of the reference: it goes with no other season", None
    if isinstance(window, CountWindow):
        return (), "windows by count have no season", 'give the model windows by time: window = "1d"'
    for unit in UNITS[:3]:
        if unit in written and isinstance(window, TimeWindow):
            length = _MINUTES[window.unit] * window.count
            if length > _MOST[unit]:
                says = f"{unit} is finer than the windows: one of {_length(window)} has no {unit} of its own"
                return (), says, f"windows would have to be {_SHOULD[unit]}"
    return tuple(unit for unit in UNITS if unit in written), "", None


def _length(window: TimeWindow) -> str:
    return f"1 {window.unit}" if window.count == 1 else f"{window.count} {window.unit}s"

"""Which season a window belongs to, and which windows of the reference share it (`[data] reference = { …, match }`).

A season is a text such as "month 07" or "weekday 0 hour 13": the wall clock of the window's start in the model's time
zone. For `match = ["period"]` it is the key of the reference's window a year before. Called by `agent.work.seasons`.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from lifecycle_tui.data.reference_cut import ReferencePart
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.windows import Window

PERIOD = "period"
"""The unit that stands for the same window a year before."""

MOST_YEARS = 30
"""So many years back the window of the reference is looked for."""


@dataclass(frozen=True)
class Matching:
    """How windows are matched.

    Attributes:
        units: of `hour`, `weekday`, `month`; or `period` alone.
        zone: IANA name.
        spans: the reference's windows by key, with their first and last instants; of use for `period` alone.
    """

    units: tuple[str, ...]
    zone: str
    spans: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)

    @classmethod
    def of(cls, units: Sequence[str], zone: str, parts: Sequence[ReferencePart]) -> Matching:
        """For the windows of a reference."""
        spans = {p.window.key: (p.window.start, p.window.end) for p in parts if p.window.start and p.window.end}
        return cls(tuple(sorted(units)), zone, spans)

    def season(self, start: datetime | None) -> str | None:
        """The season of a window that starts then; None where it has no time, or (`period`) the reference no window
        a year before, two years before …"""
        if start is None:
            return None
        local = start.astimezone(ZoneInfo(self.zone))
        if self.units == (PERIOD,):
            return self._before(local)
        said = {"hour": f"hour {local.hour:02d}", "weekday": f"weekday {local.weekday()}",
                "month": f"month {local.month:02d}"}  # fmt: skip
        return " ".join(said[unit] for unit in ("month", "weekday", "hour") if unit in self.units)

    def _before(self, local: datetime) -> str | None:
        for years in range(1, MOST_YEARS + 1):
            if local.year <= years:
                return None
            day = 28 if (local.month, local.day) == (2, 29) and not calendar.isleap(local.year - years) else local.day
            at = local.replace(year=local.year - years, day=day)
            for key, (start, end) in self.spans.items():
                if start <= at < end:
                    return key
        return None

    def part_season(self, window: Window) -> str | None:
        """The season of one of the reference's own windows."""
        return window.key if self.units == (PERIOD,) else self.season(window.start)

    def name(self, start: datetime) -> str:
        """The season in words: "July", "Monday 13:00", the key of the window a year before."""
        local = start.astimezone(ZoneInfo(self.zone))
        if self.units == (PERIOD,):
            return self._before(local) or "window a year before"
        said = {"month": calendar.month_name[local.month], "weekday": calendar.day_name[local.weekday()],
                "hour": f"{local.hour:02d}:00"}  # fmt: skip
        return " ".join(said[unit] for unit in ("month", "weekday", "hour") if unit in self.units)


def micros(parts: Sequence[ReferencePart]) -> list[tuple[int, int]]:
    """(first, beyond the last) microsecond of each window that has times."""
    return [(to_micros(p.window.start), to_micros(p.window.end)) for p in parts if p.window.start and p.window.end]

"""What a window is held against where windows are matched by season (`[data] reference = { …, match }`).

The profiles of the reference's windows of each season are kept in a file, `.lifecycle/samples/NAME-DIGEST.seasons`
(NAME is a hash of the model's): a cache, made anew by `season_making` where it cannot be read. A season's profiles are
read when the first window of it is. Called by `windows` and `reference_windows`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.seasons import Matching
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.monitoring.adding import Adding
from lifecycle_tui.monitoring.alarms.seasons import seasonal
from lifecycle_tui.monitoring.alarms.yardstick import Sums, Yardstick
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.samples import Sample
from lifecycle_tui.policy.verdicts import TOGETHER
from lifecycle_tui.profiles.rest import rest

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.reference import Reference

Columns = Mapping[str, ColumnData]


@dataclass(frozen=True)
class Season:
    """The reference of one season.

    Attributes:
        columns: what the reference's windows of that season hold together; of columns that it lacks, the whole
            reference.
        yardstick: of these.
        against: which windows they are, in words.
        lacking: columns (`TOGETHER` for all together) that cannot be told, and why.
        spans: first microseconds of its windows and those beyond their last; None for all.
    """

    columns: Columns
    yardstick: Yardstick | None
    against: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict)
    spans: Sequence[tuple[int, int]] | None = None

    def adding(self, past: Sequence[tuple[Yardstick | None, Sums]]) -> Adding:
        """What a window is held against; `past` is each window before it, with what that is held against."""
        before = tuple(y for y, _ in past if y is not None) if self.spans is not None else ()
        return Adding(self.yardstick, tuple(sums for _, sums in past), before, self.against, self.lacking)

    def sample(self, whole: Sample | None) -> Sample | None:
        """Of the reference's sampled rows those of the season; None where that cannot be told."""
        return whole if whole is None or self.spans is None else whole.during(self.spans)

    def without(self, plain: Yardstick | None, part: Columns, of: str) -> Season:
        """The same for one of its own windows, whose rows are taken out; `of` names the window.

        A column whose rows are not among those of the season (of rows with one id in two windows, the whole has kept
        the last) is left out.
        """
        columns, lacking = {}, dict(self.lacking)
        for name, column in part.items():
            base = self.columns.get(name)
            with contextlib.suppress(ValueError):
                if base is not None:
                    columns[name] = ColumnData(column.kind, rest(base.profile, column.profile))
            if name in columns and not columns[name].profile.rows:
                lacking[name] = lacking[TOGETHER] = f"of {of} the reference has this window alone"
        own = None
        if plain is not None:
            profiles = {name: column.profile for name, column in columns.items() if name not in lacking}
            own = seasonal(plain, profiles, self.yardstick.season if self.yardstick is not None else of)
        return replace(self, columns=columns, yardstick=own, lacking=lacking)


@dataclass
class Seasons:
    """The seasons of a reference; without `matching` there is one, the whole.

    Attributes:
        whole: columns of the whole reference.
        plain: its yardstick, with how its windows vary within seasons.
        spans: by season.
        read: profiles of a season's columns.
    """

    whole: Columns
    plain: Yardstick | None
    matching: Matching | None = None
    spans: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    read: Callable[[str], Columns] = field(default_factory=lambda: lambda season: {})
    _made: dict[str, Season] = field(default_factory=dict)

    def of(self, window: Window) -> Season:
        """What a window of production is held against."""
        return self.at(window.start)

    def of_part(self, window: Window) -> Season:
        """The season that a window of the reference is part of."""
        return self._season(None if self.matching is None else self.matching.part_season(window), window.start)

    def at(self, start: datetime | None) -> Season:
        """What a window that starts then is held against."""
        return self._season(None if self.matching is None else self.matching.season(start), start)

    def _season(self, season: str | None, start: datetime | None) -> Season:
        if self.matching is None:
            return Season(self.whole, self.plain)
        known = season if season in self.spans else None
        key = known or f"no {season}"
        if key not in self._made:
            self._made[key] = self._make(known, self.matching.name(start) if start else "")
            while len(self._made) > MOST_OPEN:
                self._made.pop(next(iter(self._made)))
        return self._made[key]

    def _make(self, season: str | None, name: str) -> Season:
        if season is None:
            says = f"the reference has no {name}" if name else "the window has no time, so no season"
            lacking = dict.fromkeys((*self.whole, TOGETHER), says)
            nothing = None if self.plain is None else replace(self.plain, season="-")
            return Season(self.whole, nothing, says, lacking, ())
        found = dict(self.read(season))
        columns = {n: found.get(n, c) for n, c in self.whole.items()}
        lacking = {n: f"of {name} the reference says nothing of it" for n in self.whole if n not in found}
        profiles = {n: c.profile for n, c in found.items()}
        yardstick = None if self.plain is None else seasonal(self.plain, profiles, season)
        return Season(columns, yardstick, f"against the reference's {name}", lacking, self.spans[season])


MOST_OPEN = 32
"""So many seasons are held in memory."""


def unmatched(reference: Reference, yardstick: Yardstick | None) -> Seasons:
    """Every window is held against all of the reference."""
    return Seasons(reference.columns, yardstick)


def of_segments(signals: Sequence[Signal], season: Season) -> list[Signal]:
    """Signals of segments, which are held against the whole reference: by season nothing can be told of their drift."""
    if season.spans is None:
        return list(signals)
    says = "cannot tell: segments are not matched by season"
    done: list[Signal] = []
    for signal in signals:
        if signal.name.startswith("drift."):
            done.append(replace(signal, value=None, state="cannot-tell", message=says))
        else:
            state: Any = "cannot-tell" if signal.state == "drifted" else signal.state
            done.append(replace(signal, state=state, message=says if state == "cannot-tell" else signal.message))
    return done

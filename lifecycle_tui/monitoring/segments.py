"""Segments: the rows that share a value of a declared column, profiled by themselves and judged against their own past.

The values of a segment column are those that the reference has most of, at most `MOST_VALUES`; all other rows, those
with values that the reference never had among them, are pooled as "(other)", rows without a value are "(none)". Called
by the jobs that read references and windows (`agent.work.segments`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import ColumnKind, Signal
from lifecycle_tui.monitoring.alarms.calibrated import calibrated
from lifecycle_tui.monitoring.columns import ColumnData, Judging, as_measurement
from lifecycle_tui.policy.verdicts import ColumnTest, judge, summary
from lifecycle_tui.profiles.grids import Grid, PointGrid
from lifecycle_tui.profiles.profiler import Profiler

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.monitoring.alarms.yardstick import Spread
    from lifecycle_tui.monitoring.instruments import Instrument, Instruments

MOST_VALUES = 20
"""Values of a segment column that are looked at one by one."""

MOST_PROFILES = 2_000
"""Segments times columns that are profiled; with more columns fewer values are taken, but never fewer than two."""

LONGEST_VALUE = 80
"""Characters; rows with longer values are pooled with the others."""

SHARE = 0.2
"""Of the window's budget of false alarms, what the tests in its segments may spend together."""

OTHER, NONE = "(other)", "(none)"

_WAITING = 4_000_000
"""Values that wait to be counted."""


@dataclass(frozen=True, order=True, slots=True)
class Segment:
    """Rows whose `column` has `value`."""

    column: str
    value: str

    @property
    def name(self) -> str:
        """As it stands in signals' names."""
        return f"{self.column}={self.value}"

    def detail(self, small: bool) -> dict[str, Any]:
        """What signals about it say of it."""
        return {"segment": {"column": self.column, "value": self.value}, "small": small}


Values = Mapping[str, Sequence[str]]
"""Segment column → its values that are looked at one by one, without "(other)"."""


@dataclass(frozen=True)
class SegmentData:
    """One segment of a window or of the reference: its rows, and profiles of the other columns in it."""

    rows: int
    columns: Mapping[str, ColumnData] = field(default_factory=dict)


COARSE = "\0segments "
"""Before a column's name: the grid on which it is counted in segments, among the grids of a reader."""

_FINE, _POINTS = 4_097, 511


def coarse_grids(columns: Mapping[str, ColumnData]) -> dict[str, Grid]:
    """Grids for the numeric columns whose own has many cells: segments are many and small.

    The points are the reference's 1/512 quantiles, so that a distance read off them is at most 1/512 too small.
    """
    import numpy as np

    found: dict[str, Grid] = {}
    for name, column in columns.items():
        profile = column.profile
        if getattr(profile, "grid", None) is None or profile.grid.cells <= _FINE or not profile.n:
            continue
        cells, counts = profile.sparse()
        ranks = np.linspace(0, profile.n - 1, _POINTS)
        chosen = cells[np.minimum(np.searchsorted(np.cumsum(counts), ranks, side="right"), len(cells) - 1)]
        upper = profile.grid.bounds(np.unique(chosen))[1]
        found[f"{COARSE}{name}"] = PointGrid(np.unique(upper[~np.isnan(upper)] + 0.0))
    return found


def grid_in_segments(grids: Mapping[str, Any], column: str) -> Any:
    """The grid of a column in segments; None for one that has none."""
    return grids.get(f"{COARSE}{column}") or grids.get(column)


def shown(value: str) -> str:
    """A row's value as segments name it."""
    return NONE if value == "" else value


def most_frequent(counts: Mapping[str, Counter[str]], columns: int) -> dict[str, tuple[str, ...]]:
    """The values that become segments, by column: the most frequent ones, of equal ones the first by name.

    Args:
        counts: rows by value, as `Outcomes.groups` has them.
        columns: how many columns are profiled in each segment.
    """
    most = max(2, min(MOST_VALUES, MOST_PROFILES // max(1, columns * len(counts))))
    found = {}
    for column, rows in counts.items():
        by_name: Counter[str] = Counter()
        for value, n in rows.items():
            by_name[shown(value)] += n
        fit = ((value, n) for value, n in by_name.items() if len(value) <= LONGEST_VALUE and value != OTHER)
        found[column] = tuple(value for value, _ in sorted(fit, key=lambda pair: (-pair[1], pair[0]))[:most])
    return found


def codes_of(rows: np.ndarray, values: Sequence[str]) -> np.ndarray:
    """The place of each row's value among `values`; their number where it is another one."""
    import numpy as np

    places = {value: i for i, value in enumerate(values)}
    if NONE in places:
        places[""] = places[NONE]
    other = len(values)
    return np.fromiter((places.get(value, other) for value in rows.tolist()), np.int64, len(rows))


class SegmentProfiler:
    """Profiles columns segment by segment, batch by batch.

    Args:
        kinds: of the columns to profile.
        grids: of the numeric ones; a coarse one of `coarse_grids` goes before.
    """

    def __init__(self, values: Values, kinds: Mapping[str, ColumnKind], grids: Mapping[str, Any]) -> None:
        self.values, self._kinds, self._grids = values, kinds, grids
        self._rows: Counter[Segment] = Counter()
        self._waiting: dict[tuple[Segment, str], list[Any]] = {}
        self._count = 0
        self._found: dict[tuple[Segment, str], Any] = {}

    def add(self, given: Mapping[str, Any], groups: Mapping[str, np.ndarray]) -> None:
        """Take in a batch: its columns as Arrow, and the values of its segment columns, aligned."""
        import numpy as np
        import pyarrow as pa

        for column, values in self.values.items():
            codes = codes_of(groups[column], values)
            order = np.argsort(codes, kind="stable")
            counts = np.bincount(codes, minlength=len(values) + 1)
            starts = np.cumsum(counts) - counts
            taken = {n: given[n].take(pa.array(order)) for n in given if n in self._kinds and n != column}
            for place, (start, count) in enumerate(zip(starts.tolist(), counts.tolist(), strict=True)):
                if not count:
                    continue
                segment = Segment(column, values[place] if place < len(values) else OTHER)
                self._rows[segment] += count
                for name, array in taken.items():
                    self._waiting.setdefault((segment, name), []).append(array.slice(start, count))
            self._count += len(taken) * len(codes)
            if self._count > _WAITING:
                self._settle()

    def _settle(self) -> None:
        """Count what waits: dense counts are held for one column of one segment at a time."""
        for key, parts in self._waiting.items():
            profiler = self._profiler(key[1])
            for part in parts:
                profiler.update(part)
            profile = profiler.result().compact()
            self._found[key] = self._found[key] + profile if key in self._found else profile
        self._waiting, self._count = {}, 0

    def _profiler(self, name: str) -> Profiler:
        return Profiler(self._kinds[name], grid_in_segments(self._grids, name), keep=0, moments=False, text=False)

    def result(self) -> dict[Segment, SegmentData]:
        """Every segment, those without rows too."""
        self._settle()
        found = {}
        for segment in segments_of(self.values):
            columns = {
                name: ColumnData(kind, self._found.get((segment, name)) or self._profiler(name).result())
                for name, kind in self._kinds.items()
                if name != segment.column
            }
            found[segment] = SegmentData(self._rows[segment], columns)
        return found


def segments_of(values: Values) -> tuple[Segment, ...]:
    """Every segment, with the pooled one of each column."""
    return tuple(Segment(column, value) for column, named in values.items() for value in (*named, OTHER))


def segment_signals(
    reference: Mapping[Segment, SegmentData],
    window: Mapping[Segment, SegmentData],
    instruments: Instruments,
    judging: Judging,
    spreads: Mapping[str, Spread] | None = None,
) -> list[Signal]:
    """`rows`, `drift.share`, `drift.count` and `drift.max` of each segment; the tests of all share one budget.

    Small segments, with fewer than `judging.min_rows` rows now or in the reference, cannot tell: their drift is
    withheld.

    Args:
        judging: its alpha is what the segments of this window may spend.
        spreads: how the reference's windows vary, by column: a segment's are taken to vary by as much as all rows do.
    """
    tests: list[ColumnTest] = []
    places: dict[str, tuple[Segment, str]] = {}
    silent: set[tuple[str, ColumnKind]] = set()
    small: dict[Segment, int] = {}
    empty = SegmentData(0)
    for segment, now in window.items():
        base = reference.get(segment, empty)
        fewest = min(now.rows, base.rows)
        if fewest < judging.min_rows:
            small[segment] = fewest
            continue
        for name, column in sorted(now.columns.items()):
            if name in base.columns:
                key = f"{segment.name}\0{name}"
                places[key] = (segment, name)
                spread = (spreads or {}).get(name)
                found = _tests(key, base.columns[name], column, instruments.detectors, silent)
                tests += [replace(test, p_value=calibrated(test, spread)) for test in found]
    verdicts = judge(tests, judging.alpha, judging.floor, judging.min_rows)
    signals: list[Signal] = []
    for segment, now in window.items():
        signals.append(
            Signal(f"rows.{segment.name}", float(now.rows), n=now.rows, detail=segment.detail(segment in small))
        )
        own = {places[key][1]: v for key, v in verdicts.items() if places[key][0] == segment}
        for signal in summary(own):
            renamed = replace(
                signal,
                name=f"{signal.name}.{segment.name}",
                detail={**signal.detail, **segment.detail(segment in small)},
            )
            if segment in small:
                says = f"cannot tell: {_rows(small[segment])} to compare, {judging.min_rows} are needed"
                renamed = replace(renamed, value=None, state="cannot-tell", message=says)
            signals.append(renamed)
    return signals


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _tests(
    key: str, base: ColumnData, now: ColumnData, detectors: Iterable[Instrument], silent: set[tuple[str, ColumnKind]]
) -> list[ColumnTest]:
    """What the detectors that ship and take profiles say of a column in a segment. One that gives no p-value is not
    asked again; one that fails says so where the whole window is measured."""
    found = []
    for detector in detectors:
        info = detector.info
        if info.origin != "builtin" or info.takes != "profile" or info.scope == "table" or base.kind not in info.kinds:
            continue
        if (info.name, base.kind) in silent:
            continue
        try:
            measured = as_measurement(detector.for_column().measure(base.profile, now.profile), info.name)
        except Exception:  # a built-in's bug is shown beside the whole window's signal
            silent.add((info.name, base.kind))
            continue
        if measured.value is None:
            continue
        if measured.p_value is None or measured.effect is None:
            silent.add((info.name, base.kind))
            continue
        n = now.profile.n if measured.n is None else measured.n
        categories = measured.detail.get("categories")
        found.append(ColumnTest(key, info.name, measured.p_value, measured.effect, n, base.profile.rows, categories))
    return found

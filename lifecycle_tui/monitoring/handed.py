"""What a detector is handed: profiles or rows, of one column or of all features, all rows or a sample.

Called by `columns`, once for each detector and column or table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.monitoring.samples import Sample, Samples, chosen, names_of

if TYPE_CHECKING:
    from lifecycle_tui.monitoring.columns import ColumnData
    from lifecycle_tui.plugin_host.info import PluginInfo

Sides = tuple[Any, Any]
"""The reference's and the window's."""


@dataclass(frozen=True)
class Handed:
    """Both sides of a table.

    Attributes:
        sides: None where there are no rows to hand over.
        n, reference_n: rows of the window and of the reference that they stand for.
    """

    sides: Sides | None
    n: int
    reference_n: int


def of_column(info: PluginInfo, column: str, base: ColumnData, now: ColumnData, samples: Samples) -> Sides | None:
    """Both sides of one column; None where the detector takes rows and there are none."""
    if info.takes == "profile":
        return base.profile, now.profile
    if info.sample is None:
        sides = base.values, now.values
    else:
        sides = _values(samples.reference, info, column), _values(samples.window, info, column)
    if sides[0] is None or sides[1] is None:
        return None
    return _as_asked(info, *sides)


def _values(sample: Sample | None, info: PluginInfo, column: str) -> Any:
    found = chosen(sample, info.sample)
    return None if found is None or column not in found.table.column_names else found.table.column(column)


def of_table(
    info: PluginInfo, reference: Mapping[str, ColumnData], window: Mapping[str, ColumnData], samples: Samples
) -> Handed:
    """Both sides of the features of the detector's kinds."""
    names = [n for n in names_of(samples, sorted(reference)) if n in window and reference[n].kind in info.kinds]
    n, reference_n = (max((side[c].profile.rows for c in names), default=0) for side in (window, reference))
    if info.takes == "profile":
        return Handed(({c: reference[c].profile for c in names}, {c: window[c].profile for c in names}), n, reference_n)
    if info.sample is None:
        sides = _gathered(reference, names), _gathered(window, names)
    else:
        before, now = chosen(samples.reference, info.sample), chosen(samples.window, info.sample)
        sides = _table(before, names), _table(now, names)
        n, reference_n = (0 if now is None else len(now)), (0 if before is None else len(before))
    if sides[0] is None or sides[1] is None or not names:
        return Handed(None, n, reference_n)
    return Handed(_as_asked(info, *sides), n, reference_n)


def _gathered(side: Mapping[str, ColumnData], names: list[str]) -> Any:
    import pyarrow as pa

    values = {name: side[name].values for name in names}
    return None if any(v is None for v in values.values()) else pa.table(values)


def _table(sample: Sample | None, names: list[str]) -> Any:
    if sample is None or not set(names) <= set(sample.table.column_names):
        return None
    return sample.table.select(names)


def _as_asked(info: PluginInfo, reference: Any, window: Any) -> Sides:
    """A built-in that takes pandas is called here; a team's gets it made in its own process."""
    if info.takes == "pandas" and info.origin == "builtin":
        return reference.to_pandas(), window.to_pandas()
    return reference, window

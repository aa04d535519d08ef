"""Kinds of columns from the rows of the reference, for columns that the file says nothing about. Used by `resolved`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle_tui.data.kinds import infer_kind, many_numbers
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.data.times import parse_times
from lifecycle_tui.data.values import as_text
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.signals import ColumnKind

if TYPE_CHECKING:
    import pyarrow as pa


def infer_reference_kinds(
    table: Table, fragments: Sequence[Fragment], selector: Selector, names: Sequence[str]
) -> dict[str, ColumnKind]:
    """The kind of each named column over all selected rows. Their order, and that of files, does not matter.

    A column of numbers is held only until it is sure to be numeric; if a later file has it as text after all, all is
    read once more and held.
    """
    held = _Held(names, settle=True)
    _fill(held, table, fragments, selector)
    if held.in_vain:
        held = _Held(names, settle=False)
        _fill(held, table, fragments, selector)
    return held.kinds()


class _Held:
    """The values of columns whose kind is not yet sure.

    Attributes:
        in_vain: a column that had been settled as numbers turned out to hold something else, too.
    """

    def __init__(self, names: Sequence[str], *, settle: bool) -> None:
        self._arrays: dict[str, list[pa.Array]] = {name: [] for name in names}
        self._settle = settle
        self._numeric: set[str] = set()
        self.in_vain = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._arrays)

    def add(self, name: str, array: pa.Array) -> None:
        import pyarrow as pa

        numbers = pa.types.is_integer(array.type) or pa.types.is_floating(array.type)
        if name in self._numeric:
            self.in_vain = self.in_vain or not (numbers or pa.types.is_null(array.type))
            return
        self._arrays[name].append(array)
        if self._settle and numbers and all(a.type == array.type for a in self._arrays[name]) and many_numbers(array):
            self._numeric.add(name)
            self._arrays[name].clear()

    def kinds(self) -> dict[str, ColumnKind]:
        return {
            name: "numeric" if name in self._numeric else infer_kind(_together(arrays))
            for name, arrays in self._arrays.items()
        }


def _fill(held: _Held, table: Table, fragments: Sequence[Fragment], selector: Selector) -> None:
    import pyarrow as pa

    names = held.names
    timed = table.timestamp.columns if table.timestamp else ()
    for fragment in fragments:
        try:
            for batch in table.source.read(fragment, [*timed, *names], dict.fromkeys(timed, "time"), None):
                data = batch.data
                time = None
                if table.timestamp is not None and set(timed) <= set(data.schema.names):
                    time = parse_times([data.column(c) for c in timed], table.timestamp, table.timezone).values
                mask = selector.mask(fragment.id, batch.first_row, data.num_rows, time) if time is not None or not (
                    selector.timed
                ) else None  # fmt: skip
                if mask is None or not mask.any():
                    continue
                for name in names:
                    if name in data.schema.names:
                        held.add(name, data.column(name).filter(pa.array(mask)))
        except DataError:
            continue  # the survey names the file


def _together(arrays: Sequence[pa.Array]) -> pa.ChunkedArray:
    """One column of arrays whose types may differ from file to file."""
    import pyarrow as pa

    plain = [a.dictionary_decode() if pa.types.is_dictionary(a.type) else a for a in arrays]
    types = {a.type for a in plain if not pa.types.is_null(a.type)}
    if not types:
        return pa.chunked_array([pa.nulls(sum(len(a) for a in plain))])
    if len(types) == 1:
        only = next(iter(types))
        return pa.chunked_array([a.cast(only) for a in plain])
    if all(pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t) for t in types):
        return pa.chunked_array([a.cast(pa.float64(), safe=False) for a in plain])
    return pa.chunked_array([as_text(a) for a in plain])

"""One column of one file, profiled: what it is, its counts, and how to look at its values again.

Memory is bounded by the grid: a column is read in parts, and its values are held only while they are few. Called by
`file_columns` and `file_profiles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.profiles import arrow
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.grids import Grid, PointGrid
from lifecycle_tui.profiles.kolmogorov import Look
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.profiler import Profile, Profiler

MANY_LABELS = 1_000
"""Text with more distinct values than this, most of them occurring once or twice, is text and not a category."""

HELD = 2_097_152
"""Up to this many values of a column are held: 16 MB, for the few columns that are read at once."""


class FileColumn(Protocol):
    """A column that can be read as often as needed.

    Attributes:
        type: of the arrays.
        rows: how many rows the file has.
    """

    @property
    def type(self) -> pa.DataType: ...

    @property
    def rows(self) -> int: ...

    def arrays(self) -> Iterator[pa.Array]:
        """The column from its start, in parts of whatever size is cheap."""
        ...


@dataclass(frozen=True, slots=True)
class Side:
    """One column of one file.

    Attributes:
        profile: its counts; says what kind of column it is.
        bad: cells that should hold numbers and do not; they count as missing.
        look: gives the values once more, in parts; None where only the profile is left.
    """

    profile: Profile
    bad: int = 0
    look: Look | None = None


class _Read(NamedTuple):
    values: np.ndarray
    rows: int
    bad: int


def reference_side(column: FileColumn, kind: ColumnKind | None = None) -> Side:
    """Profile a column that defines normal: decides its kind, unless given, and its grid.

    By its type: text that repeats, booleans and dictionaries are categorical, other text is text, numbers are numeric,
    dates and times are time.

    Raises:
        TypeError: if it cannot be read as that kind.
    """
    if kind is None:
        kind = _kind(column.type)
    if kind is not None:
        return _side(column, kind, None)
    labels = _labels(column)
    many = labels.distinct > max(MANY_LABELS, labels.n / 2)
    return _side(column, "text", None) if many else Side(labels)


def current_side(column: FileColumn, reference: Side, exact: bool = True) -> Side:
    """Profile a column that is to be compared with `reference`, in its kind and on its grid.

    Args:
        exact: whether the values will be asked for; they are held while they are few.

    Raises:
        TypeError: if it cannot be read as that kind.
    """
    known = reference.profile
    if isinstance(known, NumericProfile):
        return _side(column, known.kind, known.grid, HELD if exact and reference.look is not None else 0)
    return _side(column, "categorical", None)


def _kind(form: pa.DataType) -> ColumnKind | None:
    """The kind of a column by its type; None where its labels have to be counted for that."""
    if pa.types.is_boolean(form):
        return "categorical"
    if pa.types.is_integer(form) or pa.types.is_floating(form) or pa.types.is_decimal(form) or pa.types.is_null(form):
        return "numeric"
    if pa.types.is_temporal(form):
        return "time"
    if pa.types.is_nested(form):
        raise TypeError(f"holds {form}, which has no drift")
    if pa.types.is_dictionary(form) and not _is_text(form.value_type):
        return "categorical"
    return None


def _is_text(form: pa.DataType) -> bool:
    return pa.types.is_string(form) or pa.types.is_large_string(form) or pa.types.is_string_view(form)


def _side(column: FileColumn, kind: ColumnKind, grid: Grid | None, keep: int = HELD) -> Side:
    if kind == "categorical":
        return Side(_labels(column))
    if kind == "time":
        return Side(_presence(column))
    read = _reader(kind, column.type)
    profiler: Profiler | None = Profiler(kind, grid, keep=keep, hold=HELD, moments=False, text=False)
    while profiler is not None:
        bad = 0
        for array in column.arrays():
            found = read(array)
            profiler.resume(found.values, found.rows)
            bad += found.bad
        done, profiler = profiler, profiler.second_pass()
    return Side(done.result(), bad, lambda: (read(array).values for array in column.arrays()))


def _labels(column: FileColumn) -> CategoricalProfile:
    """Counts of labels; spellings of "missing" in text files are not labels."""
    from lifecycle_tui.data.values import NO_LABEL

    profiler = Profiler("categorical")
    for array in column.arrays():
        counts, rows, missing = arrow.labels(array)
        for spelling in NO_LABEL:
            missing += counts.pop(spelling, 0)
        profiler.add_labels(arrow.Labels(counts, rows, missing))
    profile = profiler.result()
    assert isinstance(profile, CategoricalProfile)
    return profile


def _presence(column: FileColumn) -> NumericProfile:
    """The profile of a column of which only the missing share is compared."""
    rows = present = 0
    for array in column.arrays():
        rows += len(array)
        present += len(array) - array.null_count
    return NumericProfile(PointGrid(np.empty(0)), rows, np.array([present], dtype=np.int64), kind="time")


def _reader(kind: ColumnKind, form: pa.DataType) -> Callable[[pa.Array], _Read]:
    if kind == "text":
        return lambda array: _Read(*arrow.text_lengths(array), 0)
    if _is_text(form.value_type if pa.types.is_dictionary(form) else form):
        return _parsed
    return lambda array: _Read(*arrow.numbers(array), 0)


def _parsed(array: pa.Array) -> _Read:
    """Text read as numbers; cells that are none count as missing."""
    from lifecycle_tui.data.values import parse_numbers

    found = parse_numbers(array.cast(pa.string()))
    return _Read(found.values[~np.isnan(found.values)], len(array), found.bad)

"""One column of two files: what it is, its profiles, its signals and the evidence for drift. Called by `files`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lifecycle_tui.domain.signals import ColumnKind, Measurement
from lifecycle_tui.profiles import arrow
from lifecycle_tui.profiles.bars import Bars, bars
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.choose import choose_and_count
from lifecycle_tui.profiles.compare import Profile, chi2, ks, missing_test, psi
from lifecycle_tui.profiles.numeric import NumericProfile

MANY_LABELS = 1_000
"""Text with more distinct values than this, most of them occurring once or twice, is text and not a category."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A test that can speak for drift: which, on how many rows (the smaller side), and what it says in words."""

    name: str
    p_value: float
    effect: float
    n: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one column gave. `sizes` are the values on both sides where a KS distance applies."""

    kind: ColumnKind | None = None
    signals: Mapping[str, Measurement] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    sizes: tuple[int, int] | None = None
    bars: Bars | None = None
    note: str | None = None
    error: str | None = None


def compare_columns(
    reference: arrow.Column, current: arrow.Column, kind: ColumnKind | None = None, exact: bool = True
) -> Found:
    """Profile and compare one column of both files.

    Args:
        kind: what it is; None decides by the reference: text that repeats, booleans and dictionaries are categorical,
            other text is text, numbers are numeric, dates and times are time.
        exact: whether KS may look at the values where the grid leaves it open.

    Raises:
        TypeError: if a side cannot be read as the kind.
    """
    known: arrow.Labels | None = None
    if kind is None:
        kind, known = _kind(reference)
    if kind == "categorical":
        return _categories(known or _labels(reference), _labels(current))
    if kind == "time":
        return _missing_only(kind, _missing(reference), _missing(current))
    return _numbers(kind, reference, current, exact)


def _kind(column: arrow.Column) -> tuple[ColumnKind, arrow.Labels | None]:
    """The kind of a column, and its labels if they had to be counted for that."""
    form = column.type
    if pa.types.is_boolean(form):
        return "categorical", None
    if pa.types.is_integer(form) or pa.types.is_floating(form) or pa.types.is_decimal(form) or pa.types.is_null(form):
        return "numeric", None
    if pa.types.is_temporal(form):
        return "time", None
    if pa.types.is_nested(form):
        raise TypeError(f"holds {form}, which has no drift")
    labels = _labels(column)
    if pa.types.is_dictionary(form) and not _is_text(form.value_type):
        return "categorical", labels
    present = labels.rows - labels.missing
    return ("text" if len(labels.counts) > max(MANY_LABELS, present / 2) else "categorical"), labels


def _is_text(form: pa.DataType) -> bool:
    return pa.types.is_string(form) or pa.types.is_large_string(form) or pa.types.is_string_view(form)


def _labels(column: arrow.Column) -> arrow.Labels:
    """Labels of a column; spellings of "missing" in text files are not labels."""
    from lifecycle_tui.data.values import NO_LABEL

    counts, rows, missing = arrow.labels(column)
    for spelling in NO_LABEL:
        missing += counts.pop(spelling, 0)
    return arrow.Labels(counts, rows, missing)


def _categories(reference: arrow.Labels, current: arrow.Labels) -> Found:
    before = CategoricalProfile(reference.rows, reference.counts)
    after = CategoricalProfile(current.rows, current.counts)
    signals = {"chi2": chi2(before, after), "psi": psi(before, after), "missing": missing_test(before, after)}
    return Found(
        "categorical",
        signals,
        (_evidence("chi2", signals["chi2"], before, after), _missing_evidence(signals["missing"])),
        bars=bars(before, after),
        note=_new_labels(before, after),
    )


def _new_labels(before: CategoricalProfile, after: CategoricalProfile) -> str | None:
    new = [label for label in after.counts if label not in before.counts]
    if not new or before.horizon is not None:
        return None
    rows = sum(after.counts[label] for label in new)
    named = ", ".join(sorted(new, key=lambda label: (-after.counts[label], label))[:3])
    return f"{len(new)} new label{'s' if len(new) > 1 else ''} in {rows} rows ({named}{', …' if len(new) > 3 else ''})"


def _numbers(kind: ColumnKind, reference: arrow.Column, current: arrow.Column, exact: bool) -> Found:
    x, bad_x = _values(kind, reference)
    y, bad_y = _values(kind, current)
    for side, (values, rows), bad in (("reference", x, bad_x), ("current", y, bad_y)):
        if bad > max(0.5 * (bad + len(values)), 0):
            raise TypeError(f"numeric, but {bad} of {rows} cells of the {side} file are not numbers")
    before, after = _profiles(kind, x, y)
    signals = {
        "ks": ks(before, after, exact=exact),
        "psi": psi(before, after),
        "missing": missing_test(before, after),
    }
    notes = [
        f"{bad} cells of the {side} file are not numbers and count as missing"
        for side, bad in (("reference", bad_x), ("current", bad_y))
        if bad
    ]
    return Found(
        kind,
        signals,
        (_evidence("ks", signals["ks"], before, after), _missing_evidence(signals["missing"])),
        sizes=(before.n, after.n),
        bars=bars(before, after),
        note="; ".join(notes) or None,
    )


def _values(kind: ColumnKind, column: arrow.Column) -> tuple[arrow.Values, int]:
    """The values, and how many cells were not numbers."""
    form = column.type
    if kind == "text":
        return arrow.text_lengths(column), 0
    if _is_text(form.value_type if pa.types.is_dictionary(form) else form):
        return _parsed(column)
    return arrow.numbers(column), 0


def _parsed(column: arrow.Column) -> tuple[arrow.Values, int]:
    """Text read as numbers; cells that are none count as missing."""
    from lifecycle_tui.data.values import parse_numbers

    found = parse_numbers(column.cast(pa.string()))
    return arrow.Values(found.values[~np.isnan(found.values)], len(column)), found.bad


def _profiles(kind: ColumnKind, x: arrow.Values, y: arrow.Values) -> tuple[NumericProfile, NumericProfile]:
    grid, counts, index = choose_and_count(x.values)
    before = NumericProfile.of(grid, x.values, x.rows, counts=counts, index=index, kind=kind)
    if grid.single() is not None:
        return before, NumericProfile.of(grid, y.values, y.rows, kind=kind)
    index = grid.index(y.values)
    counts = np.bincount(index, minlength=grid.cells)
    return before, NumericProfile.of(grid, y.values, y.rows, counts=counts, index=index, kind=kind)


def _missing(column: arrow.Column) -> NumericProfile:
    """The profile of a column of which only the missing share is compared."""
    values = np.zeros(len(column) - column.null_count, dtype=np.int64)
    grid, counts, _ = choose_and_count(values)
    return NumericProfile.of(grid, values, len(column), counts=counts, kind="time", keep=False)


def _missing_only(kind: ColumnKind, before: Profile, after: Profile) -> Found:
    signals = {"missing": missing_test(before, after)}
    return Found(
        kind, signals, (_missing_evidence(signals["missing"]),), note="times move on: only missing values are compared"
    )


def _evidence(name: str, measured: Measurement, before: Profile, after: Profile) -> Evidence:
    n = min(before.n, after.n)
    if measured.p_value is None:
        return Evidence(name, 1.0, 0.0, n)
    return Evidence(name, measured.p_value, measured.effect or 0.0, n)


def _missing_evidence(measured: Measurement) -> Evidence:
    if measured.p_value is None or measured.value is None:
        return Evidence("missing", 1.0, 0.0, 0)
    said = f"missing {measured.detail['reference']:.3g} → {measured.value:.3g}"
    return Evidence("missing", measured.p_value, measured.effect or 0.0, measured.n or 0, said)

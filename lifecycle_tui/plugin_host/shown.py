"""Checks what commands and panels returned, and writes a panel down as JSON. Used in their process, again by the host
(which trusts nothing that comes out of it), and by viewers that read a stored panel.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import islice
from typing import Any, get_args

from lifecycle_tui.domain.showing import (
    MOST_COLUMNS,
    MOST_ROWS,
    PANEL_POINTS,
    PANEL_ROWS,
    PANEL_SERIES,
    Row,
    Scalar,
    Series,
    Tone,
)
from lifecycle_tui.plugin_host.results import TEXT_LIMIT, BadResult

NAME_LIMIT = 200
"""Characters of a column's, row's or series' name."""
Drawing = tuple[Row | Series, ...]


def as_rows(value: Any) -> list[dict[str, Scalar]]:
    """A command's answer: rows with text, numbers, booleans or None; instants as ISO text, NaN as None.

    Raises:
        BadResult: for anything else, and for more rows or columns than are allowed.
    """
    rows: list[dict[str, Scalar]] = []
    columns: set[str] = set()
    for number, row in enumerate(
        _items(value, MOST_ROWS, "must return a list of rows, each a mapping of column to value"), start=1
    ):
        if not isinstance(row, Mapping):
            raise BadResult(f"row {number} must be a mapping of column to value, not {type(row).__name__}")
        for column in row:
            _name(f"a column of row {number}", column)
        columns.update(row)
        if len(columns) > MOST_COLUMNS:
            raise BadResult(f"returned more than {MOST_COLUMNS} columns")
        rows.append({name: _scalar(f"{name!r} of row {number}", cell) for name, cell in row.items()})
    return rows


def as_drawing(value: Any) -> Drawing:
    """A panel's answer: its rows and series, numbers as floats, NaN and infinities as gaps.

    Raises:
        BadResult: for anything else, and for more than is allowed.
    """
    items = tuple(_items(value, PANEL_ROWS + PANEL_SERIES, "must return a list of Row and Series values"))
    drawn = tuple(_row(item) if isinstance(item, Row) else _series(item) for item in items)
    for kind, most in ((Row, PANEL_ROWS), (Series, PANEL_SERIES)):
        if sum(isinstance(item, kind) for item in drawn) > most:
            raise BadResult(f"returned more than {most} of {kind.__name__}")
    return drawn


def to_json(drawing: Drawing) -> list[dict[str, Any]]:
    """A checked drawing as JSON values; `from_json` is the inverse."""
    written = [{"is": "row" if isinstance(item, Row) else "series", **asdict(item)} for item in drawing]
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in item.items()} for item in written]


def from_json(data: Any) -> Drawing:
    """What `to_json` wrote, checked again: people and programs may have been at the state.

    Raises:
        BadResult: if it is something else.
    """
    try:
        items = [dict(item) for item in data]
        made = [(Row if item.pop("is") == "row" else Series)(**item) for item in items]
    except (KeyError, TypeError, ValueError) as exc:
        raise BadResult(f"what is stored of it cannot be read: {exc!r:.100}") from None
    return as_drawing(made)


def _items(value: Any, most: int, what: str) -> Iterable[Any]:
    if isinstance(value, str | bytes | Mapping | Row | Series) or not isinstance(value, Iterable):
        more = "; return [] where there is nothing" if value is None else ""
        raise BadResult(f"{what}, not {type(value).__name__}{more}")
    items = list(islice(value, most + 1))
    if len(items) > most:
        raise BadResult(f"{what}, of at most {most:,}")
    return items


def _row(row: Row) -> Row:
    _name("the name of a row", row.name)
    if row.tone not in get_args(Tone):
        legal = ", ".join(repr(t) for t in get_args(Tone))
        raise BadResult(f"tone of row {row.name!r} must be one of {legal}, not {row.tone!r:.40}")
    value = _scalar(f"the value of row {row.name!r}", row.value)
    return Row(row.name, value, _text(f"the note of row {row.name!r}", row.note), row.tone)


def _series(series: Any) -> Series:
    if not isinstance(series, Series):
        raise BadResult(f"must return Row and Series values, not {type(series).__name__}")
    _name("the name of a series", series.name)
    of = f"of series {series.name!r}"
    values = _numbers(f"values {of}", series.values)
    labels = tuple(_items(series.labels, PANEL_POINTS, f"labels {of} must be a list of text"))
    low, high = _numbers(f"low {of}", series.low), _numbers(f"high {of}", series.high)
    for name, found in (("labels", labels), ("low", low), ("high", high)):
        if found and len(found) != len(values):
            raise BadResult(f"{name} {of} must be as many as its values: {len(found)} for {len(values)}")
    texts = tuple(_text(f"a label {of}", label)[:NAME_LIMIT] for label in labels)
    unit = _text(f"unit {of}", series.unit)[:NAME_LIMIT]
    return Series(series.name, values, texts, unit, low, high, _number(f"threshold {of}", series.threshold))


def _numbers(what: str, values: Sequence[Any]) -> tuple[float | None, ...]:
    return tuple(
        _number(what, value) for value in _items(values, PANEL_POINTS, f"{what} must be a list of numbers or None")
    )


def _number(what: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise BadResult(f"{what} must be numbers or None, not {type(value).__name__}")
    try:
        number = float(value)
    except (OverflowError, ValueError) as exc:
        raise BadResult(f"{what}: {exc}") from None
    return number if math.isfinite(number) else None


def _scalar(what: str, value: Any) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(what, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, numbers.Integral):
        if not -(2**63) <= int(value) < 2**63:
            raise BadResult(f"{what} does not fit 64 bits")
        return int(value)
    if isinstance(value, numbers.Real):
        return _number(what, value)
    raise BadResult(f"{what} must be text, a number, a boolean or None, not {type(value).__name__}")


def _name(what: str, value: Any) -> None:
    if not isinstance(value, str) or not value or len(value) > NAME_LIMIT:
        raise BadResult(f"{what} must be text of 1 to {NAME_LIMIT} characters, not {value!r:.60}")


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadResult(f"{what} must be text, not {type(value).__name__}")
    value = value.encode("utf-8", "replace").decode()
    return value if len(value) <= TEXT_LIMIT else value[: TEXT_LIMIT - 1] + "…"

"""Event times: from any declared or guessed form to microseconds since 1970 UTC.

Called for every batch by the readers of this room, and by `init` to try out guesses. Parsing is vectorised and
does not lean on the platform's strptime (which takes 30 February for 2 March).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.light import filled, is_valid, keep_pandas_out, scalar, strings, to_numpy
from lifecycle_tui.data.zones import DAY, EARLIEST, LATEST, MISSING, SECOND, to_utc
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import TimestampSpec

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAYS = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_FIELDS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r"\s?(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "j": r"(?P<j>\d{1,3})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "b": rf"(?P<b>{'|'.join(_MONTHS)})",
    "B": rf"(?P<b>{'|'.join(_FULL_MONTHS)})",
    "a": _DAYS,
    "A": _DAYS,
    "z": r"(?P<z>Z|z|[+-]\d{2}:?\d{2}(?::?\d{2})?)",
    "Z": r"(?:UTC|GMT|Z)",
    "T": r"(?P<H>\d{1,2}):(?P<M>\d{1,2}):(?P<S>\d{1,2})",
    "D": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{2})",
    "F": r"(?P<Y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    "R": r"(?P<H>\d{1,2}):(?P<M>\d{1,2})",
    "%": "%",
}
_ISO = (
    r"^\s*(?P<Y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})"
    r"(?:[T ]+(?P<H>\d{2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9})\d*)?)?)?\s*"
    r"(?P<z>Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?\s*$"
)
_UNITS = {"s": SECOND, "ms": 1_000, "us": 1}


@dataclass(frozen=True)
class Times:
    """Parsed times of n rows.

    Attributes:
        values: (n,) int64 microseconds since 1970 UTC; `zones.MISSING` where there is none.
        bad: rows without a time: empty, or not readable.
        example: one of those that could not be read, as written ("" for an empty one).
        gaps: wall-clock times that the zone's clocks skipped; moved on by the length of the gap.
        folds: wall-clock times that happened twice; read as the first.
    """

    values: np.ndarray
    bad: int = 0
    example: str = ""
    gaps: int = 0
    folds: int = 0


def parse_times(columns: Sequence[pa.Array | pa.ChunkedArray], spec: TimestampSpec, timezone: str = "UTC") -> Times:
    """Times of rows from the columns that `spec` names, in its order.

    Several columns are joined by a space and read by the format. One column may hold timestamps, dates, ISO 8601
    text, text in the format, or numbers since 1970 in `spec.unit` (without a unit: by size, each number on its
    own). A time without an offset is the wall clock of `timezone`.

    Raises:
        DataError: if the format has a directive that is not supported.
    """
    import numpy as np
    import pyarrow as pa

    keep_pandas_out()
    arrays = [_flat(c) for c in columns]
    if (len(arrays) == 1 and spec.format is None) or (pa.types.is_temporal(arrays[0].type) and len(arrays) == 1):
        values, is_utc = _one(arrays[0], spec)
    else:
        values, is_utc = _by_format(_joined(arrays), spec.format)
    gaps = folds = 0
    values = np.where((values >= EARLIEST) & (values <= LATEST), values, MISSING)
    if is_utc is not True:
        shifted, gaps, folds = to_utc(values if is_utc is False else np.where(is_utc, MISSING, values), timezone)
        values = shifted if is_utc is False else np.where(is_utc, values, shifted)
    lost = values == MISSING
    bad = int(lost.sum())
    return Times(values, bad, _example(arrays, lost) if bad else "", gaps, folds)


def strptime_pattern(fmt: str) -> str:
    """The RE2 pattern that reads `fmt`, with one named group a field.

    Raises:
        DataError: for a directive that is not supported, or one that is there twice.
    """
    out, i = [], 0
    while i < len(fmt):
        if fmt[i] == "%" and i + 1 < len(fmt):
            i += 1
            if fmt[i] == "-" and i + 1 < len(fmt):
                i += 1
            if fmt[i] not in _FIELDS:
                raise DataError(f"the time format {fmt!r} has %{fmt[i]}, which is not supported")
            out.append(_FIELDS[fmt[i]])
        elif fmt[i].isspace():
            out.append(r"\s+" if not out or out[-1] != r"\s+" else "")
        else:
            out.append(re.escape(fmt[i]))
        i += 1
    pattern = "(?i)^\\s*" + "".join(out) + "\\s*$"
    names = re.findall(r"\(\?P<(\w+)>", pattern)
    if len(set(names)) != len(names):
        raise DataError(f"the time format {fmt!r} names a field twice")
    if not {"Y", "y"} & set(names):
        raise DataError(f"the time format {fmt!r} has no year")
    return pattern


def _flat(column: Any) -> Any:
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array


def _one(array: Any, spec: TimestampSpec) -> tuple[np.ndarray, np.ndarray | bool]:
    """Values of one column without a format, and whether they are UTC already (for all, or by row)."""
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_timestamp(kind):
        return _micros(array, kind.unit), kind.tz is not None
    if pa.types.is_date(kind):
        return _micros(array.cast(pa.timestamp("s") if pa.types.is_date32(kind) else pa.timestamp("ms"))), False
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(array, spec.unit)
    if pa.types.is_null(kind):
        return np.full(len(array), MISSING, dtype=np.int64), True
    text = array.cast(pa.string())
    if spec.unit is not None:
        from lifecycle_tui.data.values import parse_numbers

        return _epoch(pa.array(parse_numbers(text).values), spec.unit), True
    return _iso(text)


def _numbers(array: Any, unit: str | None) -> tuple[np.ndarray, np.ndarray | bool]:
    """Numbers since 1970; without a unit, those that write a date of 1900 to 2100 (20250304) are that date."""
    import numpy as np
    import pyarrow as pa

    values = _epoch(array, unit)
    if unit is not None:
        return values, True
    number = np.nan_to_num(to_numpy(array.cast(pa.float64(), safe=False)))
    date = ((number >= 19_000_101) & (number <= 21_001_231) & (number == np.floor(number))).astype(bool)
    if not date.any():
        return values, True
    digits = np.where(date, number, 19_000_101).astype(np.int64)
    month = digits // 100 % 100
    days, fits = _days(digits // 10_000, np.clip(month, 1, 12), digits % 100)
    fits &= (month >= 1) & (month <= 12)
    return np.where(date, np.where(fits, days * DAY, MISSING), values), ~date


def _micros(array: Any, unit: str | None = None) -> np.ndarray:
    """Integer microseconds of a timestamp array, rounded down; what does not fit is MISSING."""
    import numpy as np
    import pyarrow as pa

    unit = unit or array.type.unit
    raw = filled(array.cast(pa.int64()), MISSING)
    missing = raw == MISSING
    if unit == "ns":
        return np.where(missing, MISSING, raw // 1000)
    factor = _UNITS[unit]
    fits = ~missing & (np.abs(raw) < (2**62) // factor)
    return np.where(fits, np.where(fits, raw, 0) * factor, MISSING)


def _epoch(array: Any, unit: str | None) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_integer(array.type):
        present = is_valid(array)
        raw = filled(array.cast(pa.int64(), safe=False), 0)
        if unit == "ns":
            return np.where(present, raw // 1000, MISSING)
        if unit is not None:
            fits = present & (np.abs(raw) < (2**62) // _UNITS[unit])
            return np.where(fits, np.where(fits, raw, 0) * _UNITS[unit], MISSING)
        size = np.abs(raw)
        with np.errstate(over="ignore"):
            micros = np.select(
                [size < 10**11, size < 10**14, size < 10**17], [raw * SECOND, raw * 1000, raw], raw // 1000
            )
        return np.where(present, micros, MISSING)
    number = to_numpy(array.cast(pa.float64()))
    size = np.abs(number)
    if unit == "ns":
        micros = number / 1000
    elif unit is not None:
        micros = number * _UNITS[unit]
    else:
        micros = np.select(
            [size < 1e11, size < 1e14, size < 1e17], [number * SECOND, number * 1000, number], number / 1000
        )
    fits = np.isfinite(micros) & (np.abs(micros) < 2**62)
    return np.where(fits, np.rint(np.where(fits, micros, 0)).astype(np.int64), MISSING)


def _iso(text: Any) -> tuple[np.ndarray, np.ndarray | bool]:
    import numpy as np
    import pyarrow as pa

    try:
        # The common case, in one pass of C; anything it does not take goes to the pattern.
        return _micros(text.cast(pa.timestamp("us"))), False
    except pa.ArrowInvalid:
        values, zoned = _fields(text, _ISO)
    lost = values == MISSING
    if not lost.any():
        return values, zoned
    from lifecycle_tui.data.values import parse_numbers

    # Numbers since 1970 that a text file holds; shorter ones are no times (2025 would be half past midnight in 1970).
    number = parse_numbers(text).values
    number = np.where(lost & (np.abs(number) >= 1e8), number, np.nan)
    since = _epoch(pa.array(number), None)
    return np.where(lost, since, values), np.where(lost, True, zoned)


def _joined(arrays: Sequence[Any]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    from lifecycle_tui.data.values import as_labels

    texts = []
    for array in arrays:
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            array = as_labels(array).dictionary_decode()
        texts.append(array.cast(pa.string()))
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, scalar(" "))


def _by_format(text: Any, fmt: str | None) -> tuple[np.ndarray, np.ndarray | bool]:
    return _iso(text) if fmt is None else _fields(text, strptime_pattern(fmt))


def _fields(text: Any, pattern: str) -> tuple[np.ndarray, np.ndarray | bool]:
    """Values by named groups, and which rows carried an offset. Equal texts are parsed once."""
    import numpy as np

    coded = text.dictionary_encode()
    values, zoned = _parse(coded.dictionary, pattern)
    codes = filled(coded.indices, len(values))
    values = np.append(values, MISSING)[codes]
    return values, (np.append(zoned, False)[codes] if zoned.any() else False)


def _parse(text: Any, pattern: str) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(text)
    found = pc.extract_regex(text, pattern)
    good = is_valid(found)
    groups = {field.name: found.field(i) for i, field in enumerate(found.type)}
    empty = scalar("")

    def number(name: str, default: int) -> np.ndarray:
        if name not in groups:
            return np.full(n, default, dtype=np.int64)
        cells = pc.if_else(pc.equal(groups[name], empty), scalar(None, pa.string()), groups[name])
        return filled(cells.cast(pa.int64()), default)

    year = number("Y", 1970)
    if "y" in groups:
        short = number("y", 0)
        year = np.where(short < 69, 2000 + short, 1900 + short)
    month = number("m", 1)
    if "b" in groups:
        names = strings(_MONTHS)
        head = pc.utf8_slice_codeunits(pc.utf8_lower(groups["b"]), 0, 3)
        month = filled(pc.index_in(head, names), -1).astype(np.int64) + 1
    day, hour, minute, second = number("d", 1), number("H", 0), number("M", 0), number("S", 0)
    if "I" in groups:
        hour = number("I", 12)
        good = good & (hour >= 1) & (hour <= 12)
        hour = hour % 12
    if "p" in groups:
        after = filled(pc.starts_with(pc.utf8_lower(groups["p"]), "p").cast(pa.int8()), 0) > 0
        hour = hour % 12 + np.where(after, 12, 0)
    micro = np.zeros(n, dtype=np.int64)
    if "f" in groups:
        micro = pc.utf8_slice_codeunits(pc.utf8_rpad(groups["f"], 6, "0"), 0, 6)
        micro = filled(pc.if_else(pc.equal(micro, empty), scalar("0"), micro).cast(pa.int64()), 0)
    good = good & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second <= 60) & (year >= 1)
    days, fits = _days(year, np.where(good, month, 1), day)
    if "j" in groups:
        ordinal = number("j", 1)
        days = _days(year, np.ones_like(month), np.ones_like(day))[0] + ordinal - 1
        fits = (ordinal >= 1) & (days < _days(year + 1, np.ones_like(month), np.ones_like(day))[0])
    good = good & fits
    values = days * DAY + (hour * 3600 + minute * 60 + second) * SECOND + micro
    zoned = np.zeros(n, dtype=bool)
    if "z" in groups:
        zoned, offset = _zone_offsets(groups["z"])
        values = values - offset
    return np.where(good, values, MISSING), zoned & good


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 of a date, and whether the day exists in its month."""
    import numpy as np

    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[D]").astype(np.int64)
    return first + day - 1, (day >= 1) & (first + day - 1 < following)


def _zone_offsets(cells: Any) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    coded = cells.dictionary_encode()
    seconds = []
    for cell in coded.dictionary.to_pylist():
        digits = re.sub(r"\D", "", cell).ljust(6, "0")
        size = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
        seconds.append(-size if cell.startswith("-") else size)
    codes = filled(coded.indices, len(seconds))
    zoned = np.array([cell != "" for cell in coded.dictionary.to_pylist()] + [False], dtype=bool)[codes]
    return zoned, np.array([*seconds, 0], dtype=np.int64)[codes] * SECOND


def _example(arrays: Sequence[Any], lost: np.ndarray) -> str:
    """The first row that has no time though it has text, as written."""
    import numpy as np

    for row in np.flatnonzero(lost)[:1000]:
        cells = [a[int(row)].as_py() for a in arrays]
        if any(cell is not None and cell != "" for cell in cells):
            return " ".join("" if cell is None else str(cell) for cell in cells)
    return ""

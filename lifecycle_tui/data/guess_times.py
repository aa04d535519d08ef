"""Which columns say when a row happened, in which format, and the windows and reference that follow from it.

Called by `guess` (for `lifecycle init`). A format is believed when it reads (almost) every value of a sample; windows
are chosen so that each holds enough rows to be judged and there are enough of them to see a trend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle_tui.domain.guesses import ReferenceGuess
from lifecycle_tui.domain.specs import TimestampSpec

Instants: TypeAlias = "NDArray[np.datetime64]"

BELIEVED = 0.99
"""Share of a column's values that must be readable as times."""
SAMPLE = 500
ENOUGH_ROWS = 200
ENOUGH_IN_A_MONTH = 50
"""Less is enough for a month and more: longer windows would tell too late."""
MOST_WINDOWS = 120
FEWEST_WINDOWS = 4

_DATES = (
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%Y%m%d",
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S", " %H")
_HOURS = {"hr", "hour", "hours", "hour_of_day", "hourofday", "heure", "stunde"}
_BEST = ("event_timestamp", "event_time", "timestamp", "ts", "datetime", "date_time", "time", "date", "day", "dt")
_ENDING = re.compile(r"(_at|_on|_time|_timestamp|_ts|_date|_day|date|day|time)$")
_OTHER = re.compile(
    r"birth|dob|expir|until|end|updat|modif|book|label|clos|resolv|last|first|paid_back|arriv|load|ingest|due|due_"
)
_LOOKS_LIKE_TIME = re.compile(r"(^|_)(ts|time|timestamp|epoch|date|datetime|day|dt|at|ms|unix)(_|$)|time|date")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$")
_UNITS: tuple[tuple[Literal["s", "ms", "us", "ns"], float], ...] = (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9))
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class TimeGuess:
    """One way to tell when a row happened.

    Attributes:
        reason: what the sentence "timestamp: …" says.
        rank: the smaller, the likelier that this is the event's time.
        doubt: what is not certain about it.
    """

    spec: TimestampSpec
    reason: str
    rank: float
    doubt: str | None = None


def time_guesses(table: pa.Table) -> list[TimeGuess]:
    """All columns (or groups of columns) of `table` that tell a time, likeliest first."""
    found = []
    for place, name in enumerate(table.column_names):
        guess = _of_column(name, table[name])
        if guess is not None:
            spec, reason, doubt = guess
            found.append(TimeGuess(spec, reason, _rank(name, place), doubt))
    found = [_with_clock(guess, table) for guess in found]
    if not found and (parts := _from_parts(table)):
        found.append(parts)
    return sorted(found, key=lambda guess: guess.rank)


def _rank(name: str, place: int) -> float:
    lower = name.lower()
    if lower in _BEST:
        rank = float(_BEST.index(lower))
    else:
        rank = 20.0 if _ENDING.search(lower) else 40.0
    return rank + (60 if _OTHER.search(lower) else 0) + place / 1000


def _of_column(name: str, column: pa.ChunkedArray) -> tuple[TimestampSpec, str, str | None] | None:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return TimestampSpec((name,)), "the column holds times", None
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _of_numbers(name, column)
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _of_text(name, column)
    return None


def _of_numbers(name: str, column: pa.ChunkedArray) -> tuple[TimestampSpec, str, str | None] | None:
    """Seconds (or a fraction) since 1970, or dates written as 20250131; the name must speak of time."""
    if not _LOOKS_LIKE_TIME.search(name.lower()):
        return None
    known = column.drop_null()
    if not len(known):
        return None
    ends = pc.min_max(known).as_py()
    low, high = ends["min"], ends["max"]
    if low >= 19000101 and high <= 21001231 and pa.types.is_integer(column.type):
        if _reads([str(v) for v in _spread(known.unique()).to_pylist()], "%Y%m%d"):
            return TimestampSpec((name,), "%Y%m%d"), "dates written as numbers, such as " + str(low), None
        return None
    for unit, per_second in _UNITS:
        if 631152000 * per_second <= low and high <= 4102444800 * per_second:  # 1990 to 2100
            return TimestampSpec((name,), unit=unit), f"{_WORDS[unit]} since 1970", None
    return None


def _of_text(name: str, column: pa.ChunkedArray) -> tuple[TimestampSpec, str, str | None] | None:
    values = column.drop_null().unique()
    sample = _spread(values).to_pylist()
    if len(sample) == 0 or not any(c.isdigit() for c in sample[0]):
        return None
    example = f"such as {sample[0]}"
    if np.mean([bool(_ISO.match(v.strip())) for v in sample]) >= BELIEVED:
        return TimestampSpec((name,)), f"ISO dates, {example}", None
    clock = next((c for c in _CLOCKS if any(_reads(sample, d + c) for d in _DATES)), None)
    if clock is None:
        return None
    fitting = [d + clock for d in _DATES if _reads(sample, d + clock)]
    if len(fitting) > 1 and len(values) > len(sample):
        everything = values.to_pylist()  # the one value that decides may be any of them
        fitting = [f for f in fitting if _reads(everything, f)] or fitting
    doubt = None
    if len(fitting) > 1:
        fitting.sort(key=lambda f: _jumps(column, f))
        if _jumps(column, fitting[0]) == _jumps(column, fitting[1]):
            doubt = f"{name} could also be {fitting[1]}: no value tells which"
    return TimestampSpec((name,), fitting[0]), f"{fitting[0]} reads every value, {example}", doubt


def _spread(values: pa.Array) -> pa.Array:
    """At most `SAMPLE` of the values, evenly spaced."""
    return values.take(pa.array(np.unique(np.linspace(0, len(values) - 1, min(SAMPLE, len(values))).astype(np.int64))))


def _reads(values: Sequence[str], form: str) -> bool:
    bad = 0
    for value in values:
        try:
            year = datetime.strptime(value.strip(), form).year
            bad += not 1900 <= year <= 2100
        except ValueError:
            bad += 1
        if bad > (1 - BELIEVED) * len(values):
            return False
    return True


def _jumps(column: pa.ChunkedArray, form: str) -> float:
    """Days that the clock runs backwards over the column in file order: the wrong order of day and month jumps."""
    head = column.drop_null().slice(0, 50_000).combine_chunks().dictionary_encode()
    days = []
    for value in head.dictionary.to_pylist():
        try:
            days.append(datetime.strptime(value.strip(), form).timestamp() / 86400)
        except ValueError:
            days.append(np.nan)
    steps = np.diff(np.array(days)[head.indices.to_numpy()])
    return float(-steps[steps < 0].sum())


def _with_clock(guess: TimeGuess, table: pa.Table) -> TimeGuess:
    """The date of `guess` joined with the column that holds its hour or time of day, if there is one."""
    spec = guess.spec
    if spec.unit or (spec.format and "%H" in spec.format) or (spec.format and "%I" in spec.format):
        return guess
    name = spec.columns[0]
    if not _whole_days(table[name], spec):
        return guess
    base = spec.format or "%Y-%m-%d"
    for other in table.column_names:
        if other == name:
            continue
        form = _clock_format(other, table[other])
        if form:
            joined = TimestampSpec((name, other), f"{base} {form}")
            what = "hour" if form == "%H" else "time of day"
            return TimeGuess(joined, f"{guess.reason}; {other} holds the {what}", guess.rank, guess.doubt)
    return guess


def _whole_days(column: pa.ChunkedArray, spec: TimestampSpec) -> bool:
    if pa.types.is_date(column.type):
        return True
    known = column.drop_null()
    if pa.types.is_timestamp(column.type):
        return bool((known.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() % 86_400_000_000 == 0).all())
    if spec.format:
        return True
    return all(len(value.strip()) == 10 for value in _spread(known.unique()).to_pylist())


def _clock_format(name: str, column: pa.ChunkedArray) -> str | None:
    kind = column.type
    lower = name.lower()
    if pa.types.is_integer(kind) and lower in _HOURS:
        ends = pc.min_max(column).as_py()
        return "%H" if ends["min"] is not None and ends["min"] >= 0 and ends["max"] <= 23 else None
    if pa.types.is_time(kind):
        return "%H:%M:%S"
    if pa.types.is_string(kind) and ("time" in lower or "clock" in lower or "hour" in lower):
        sample = _spread(column.drop_null().unique()).to_pylist()
        for form in ("%H:%M:%S", "%H:%M", "%H"):
            if sample and all(re.match(r"\d", v) for v in sample) and _reads_clock(sample, form):
                return form
    return None


def _reads_clock(values: Sequence[str], form: str) -> bool:
    return _reads([f"2000-01-01 {value.strip()}" for value in values], f"%Y-%m-%d {form}")


def _from_parts(table: pa.Table) -> TimeGuess | None:
    """`year`, `month`, `day` (and `hour`) as columns of their own."""
    by_name = {name.lower(): name for name in table.column_names}
    found = [by_name.get(part) for part in ("year", "month", "day")]
    if None in found:
        return None
    columns = [name for name in found if name]
    hour = next((by_name[h] for h in _HOURS if h in by_name), None)
    form = "%Y %m %d"
    if hour and _clock_format(hour, table[hour]) == "%H":
        columns, form = [*columns, hour], form + " %H"
    if not all(pa.types.is_integer(table[name].type) for name in columns):
        return None
    head = table.select(columns).slice(0, SAMPLE).to_pydict()
    texts = [" ".join(str(v) for v in row) for row in zip(*head.values(), strict=True) if None not in row]
    if not texts or not _reads(texts, form):
        return None
    return TimeGuess(TimestampSpec(tuple(columns), form), "year, month and day stand in columns of their own", 10.0)


# --- what follows the calendar ----------------------------------------------------------------------------


def calendar_part(codes: NDArray[np.int64], instants: Instants) -> str | None:
    """Which part of the date a column merely repeats (under whatever numbering): "year", "month", … or None.

    Args:
        codes: (n,) the column's values as codes, -1 where missing.
        instants: (n,) datetime64[us], NaT where unknown.
    """
    known = (codes >= 0) & ~np.isnat(instants)
    if known.sum() < 50:
        return None
    codes = codes[known]
    values = len(np.unique(codes))
    for name, part in _parts(instants[known]).items():
        distinct = len(np.unique(part))
        pairs = len(np.unique(codes * 1000 + part))
        if distinct == values == pairs > 1:
            return name
    return None


def _parts(instants: Instants) -> Mapping[str, NDArray[np.int64]]:
    days = instants.astype("datetime64[D]").astype(np.int64)
    months = instants.astype("datetime64[M]").astype(np.int64)
    return {
        "year": instants.astype("datetime64[Y]").astype(np.int64),
        "month": months % 12,
        "quarter": months % 12 // 3,
        "day of the week": (days + 3) % 7,
        "hour": instants.astype("datetime64[h]").astype(np.int64) % 24,
    }


# --- windows ----------------------------------------------------------------------------------------------

_CANDIDATES = ("15 minutes", "1 hour", "1d", "1 week", "1 month", "1 quarter", "1 year")


def window_starts(instants: Instants, window: str) -> Instants:
    """Start of each instant's window, datetime64[us]; `window` as in the file, one or several units."""
    from_zero = re.fullmatch(r"(\d+)\s*([A-Za-z]+)", window.strip())
    assert from_zero is not None, window
    count, word = int(from_zero[1]), from_zero[2].lower().rstrip("s")
    months = {"month": 1, "quarter": 3, "year": 12, "y": 12}.get(word)
    if months:
        step = months * count
        index = instants.astype("datetime64[M]").astype(np.int64) // step
        return (index * step).astype("datetime64[M]").astype("datetime64[us]")
    seconds = {"m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}.get(word, 604800)
    step = seconds * count * 1_000_000
    monday = 4 * 86_400_000_000 if seconds == 604800 else 0  # 1970 began on a Thursday
    ticks = instants.astype("datetime64[us]").astype(np.int64)
    return ((ticks - monday) // step * step + monday).astype("datetime64[us]")


def guess_window(instants: Instants) -> tuple[str, str] | None:
    """A window for these times (no NaT among them) and the reason; None when all lie in one quarter of an hour."""
    ticks = instants.astype("datetime64[us]").astype(np.int64)
    # Where times are days, or hours, a shorter window would hold the same rows under a finer name.
    begin = 2 if not (ticks % 86_400_000_000).any() else 1 if not (ticks % 3_600_000_000).any() else 0
    widest = None
    enough = ENOUGH_ROWS
    for window in _CANDIDATES[begin:]:
        enough = ENOUGH_IN_A_MONTH if window == "1 month" else enough
        _, counts = np.unique(window_starts(instants, window), return_counts=True)
        if len(counts) > MOST_WINDOWS:
            continue
        if len(counts) < (2 if widest is None else FEWEST_WINDOWS):
            break
        widest = (window, int(np.median(counts)), len(counts))
        if widest[1] >= enough:
            break
    if widest is None:
        return None
    window, rows, windows = widest
    thin = "" if rows >= enough else "; thin, but longer windows would be too few"
    first, last = instants.min().astype(datetime), instants.max().astype(datetime)
    return window, f"{windows} windows of about {rows:,} rows between {first:%Y-%m-%d} and {last:%Y-%m-%d}{thin}"


def guess_reference(instants: Instants, window: str) -> tuple[ReferenceGuess, str]:
    """The first year where there is enough time after it, else the first half, in whole windows, and the reason."""
    starts = np.unique(window_starts(instants, window))
    first = starts[0]
    year_on = (first.astype("datetime64[M]") + np.timedelta64(12, "M")).astype("datetime64[us]")
    later = starts[starts >= year_on]
    if len(later) >= 6 and not window.endswith(("minutes", "hour", "year")):
        return ReferenceGuess(until=_until(later[0]), year=True), "the first year, so that every season is in it"
    half = starts[max(1, len(starts) // 2)] if len(starts) > 1 else None
    if half is None:
        middle = np.sort(instants)[len(instants) // 2]
        return ReferenceGuess(until=middle.astype(datetime)), "the first half of the rows"
    n = max(1, len(starts) // 2)
    return ReferenceGuess(until=_until(half)), f"the first half: {n} of {len(starts)} windows"


def _until(boundary: np.datetime64) -> date | datetime:
    """A window's start as the reference's end: the day before where it is a midnight."""
    at: datetime = boundary.astype("datetime64[us]").astype(datetime)
    return at.date() - timedelta(days=1) if at.hour == at.minute == at.second == 0 else at


def guess_counts(rows: int) -> tuple[str, ReferenceGuess, str]:
    """Window and reference for a table without times: the first half, then about ten windows, and the reason."""
    half = rows // 2
    step = 10 ** max(0, len(str(half)) - 2)
    half = max(1, half // step * step)
    goal = max(100, (rows - half) // 10)
    size = 10 ** (len(str(goal)) - 1)
    size = max(s for s in (size, 2 * size, 5 * size) if s <= goal)
    return f"{size} rows", ReferenceGuess(rows=half), f"the first half of {rows:,} rows"

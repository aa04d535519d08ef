"""Lines of a service's log → times, errors, latencies, ids and messages, for one file from one place on.

JSON lines, or text read by a pattern of named groups. A line that cannot be read is counted where it stands, never an
error of the whole; lines of a traceback belong to the line above. Called by `agent.work.logs`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.times import parse_times
from lifecycle_tui.data.zones import MISSING
from lifecycle_tui.domain.specs import LogSpec, TimestampSpec

if TYPE_CHECKING:
    import numpy as np

LINE = re.compile(
    r"(?P<timestamp>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:\s?(?:Z|[+-]\d{2}:?\d{2}))?)"
    r"[\s|,-]+(?:\[?(?P<level>[A-Za-z]{4,8})\]?[\s|:,-]+)?(?P<message>.*)"
)
"""How text is read without a pattern: a time in ISO 8601, a level in capitals or brackets, the rest."""

LEVELS = frozenset({
    "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "critical", "crit", "fatal", "alert",
    "emergency", "panic", "severe",
})  # fmt: skip

AT_ONCE = 20_000
LONGEST = 10_000
"""Characters of a line that are looked at."""

OK, ERROR, UNKNOWN, BAD = 0, 1, 2, 3
"""What a line is: not an error, an error, said by neither level nor status, or not readable."""


@dataclass(frozen=True)
class LogBatch:
    """Some lines, aligned.

    Attributes:
        time: (n,) int64 microseconds since 1970 UTC; of a line that cannot be read, that of the line before it.
        state: (n,) int8, `OK`, `ERROR`, `UNKNOWN` or `BAD`.
        latency: (n,) float64, NaN where there is none.
        ids: what the line is about, None where it does not say.
        messages: text of the message, "" where there is none.
        end: bytes of the file up to the end of the last line.
    """

    time: np.ndarray
    state: np.ndarray
    latency: np.ndarray
    ids: list[str | None]
    messages: list[str]
    end: int


@dataclass(frozen=True)
class _Line:
    time: Any
    state: int
    latency: float
    id: str | None
    message: str


def read_lines(path: Path, start: int, spec: LogSpec, timezone: str) -> Iterator[LogBatch]:
    """The whole lines of a file from byte `start` on; a last line without an end waits until it has one.

    Raises:
        OSError: the file cannot be read.
    """
    parse = _json_line(spec) if spec.format == "jsonl" else _text_line(spec)
    place, last = start, MISSING
    lines: list[_Line | None] = []
    traceback = False
    with path.open("rb") as file:
        file.seek(start)
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            place += len(raw)
            text = raw[:LONGEST].decode("utf-8", "replace").rstrip("\r\n").lstrip("\ufeff")
            if not text.strip():
                continue
            line = parse(text)
            if line is None and spec.format == "text" and (traceback or text[0] in " \t" or _traces(text)):
                traceback = traceback or _traces(text)
                continue
            traceback = False
            lines.append(line)
            if len(lines) >= AT_ONCE:
                batch = _batch(lines, spec, timezone, last, place)
                last = int(batch.time[-1])
                yield batch
                lines = []
    if lines or place > start:
        yield _batch(lines, spec, timezone, last, place)


def _traces(text: str) -> bool:
    return text.startswith(("Traceback (most recent", "Caused by:", "During handling of", "The above exception"))


def _batch(lines: list[_Line | None], spec: LogSpec, timezone: str, last: int, end: int) -> LogBatch:
    import numpy as np

    time = _times([None if line is None else line.time for line in lines], spec, timezone)
    state = np.array([BAD if line is None else line.state for line in lines], np.int8)
    state[time == MISSING] = BAD
    for i in np.flatnonzero(time == MISSING).tolist():
        time[i] = time[i - 1] if i else last
    return LogBatch(
        time,
        state,
        np.array([math.nan if line is None else line.latency for line in lines], np.float64),
        [None if line is None else line.id for line in lines],
        ["" if line is None else line.message for line in lines],
        end,
    )


def _times(written: list[Any], spec: LogSpec, timezone: str) -> np.ndarray:
    """Numbers count since 1970 (their unit by size), text is ISO 8601 or in the declared format."""
    import numpy as np
    import pyarrow as pa

    found = np.full(len(written), MISSING, np.int64)
    how = TimestampSpec((spec.timestamp,), spec.time_format)
    numbers = [i for i, v in enumerate(written) if isinstance(v, int | float) and not isinstance(v, bool)]
    texts = [i for i, v in enumerate(written) if isinstance(v, str)]
    if numbers:
        values = pa.array([float(written[i]) for i in numbers], pa.float64())
        found[numbers] = parse_times([values], TimestampSpec((spec.timestamp,)), timezone).values
    if texts:
        found[texts] = parse_times([pa.array([written[i] for i in texts], pa.string())], how, timezone).values
    return found


def _json_line(spec: LogSpec) -> Any:
    def parse(text: str) -> _Line | None:
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(fields, dict):
            return None
        return _line(fields, spec)

    return parse


def _text_line(spec: LogSpec) -> Any:
    pattern = LINE if spec.pattern is None else re.compile(spec.pattern)

    def parse(text: str) -> _Line | None:
        found = pattern.match(text)
        if found is None:
            return None
        fields = found.groupdict()
        level = fields.get(spec.level)
        if spec.pattern is None and level is not None and level.lower() not in LEVELS:
            # The first word of a message without a level.
            return _line({**fields, "level": None, "message": f"{level} {fields['message']}"}, spec)
        return _line(fields, spec)

    return parse


def _line(fields: Mapping[str, Any], spec: LogSpec) -> _Line | None:
    time = _get(fields, spec.timestamp)
    if time is None:
        return None
    message, said = _get(fields, spec.message), _get(fields, spec.id)
    return _Line(
        time,
        _state(_get(fields, spec.level), _get(fields, spec.status), spec),
        _number(_get(fields, spec.latency)),
        None if said is None else str(said),
        "" if message is None else str(message)[:LONGEST],
    )


def _get(fields: Mapping[str, Any], name: str) -> Any:
    """A field, by its name or by a path of names with dots."""
    if name in fields:
        return fields[name]
    found: Any = fields
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _state(level: Any, status: Any, spec: LogSpec) -> int:
    code = _number(status)
    if level is None and math.isnan(code):
        return UNKNOWN
    if code >= 500 or (level is not None and str(level).strip().lower() in spec.errors):
        return ERROR
    return OK


def _number(value: Any) -> float:
    try:
        found = float(value) if value is not None and not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan

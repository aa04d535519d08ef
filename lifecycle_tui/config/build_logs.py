"""`[models.NAME.data] logs` as written → `LogSpec`: what is wrong with its pattern and format is reported at its place.

Called by `build_data`.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from lifecycle_tui.config.build_columns import bad_format
from lifecycle_tui.config.report import View
from lifecycle_tui.config.schema_data import LogsTable
from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain.specs import LogSpec

FIELDS = ("timestamp", "level", "message", "latency", "id", "status")
_JSON = re.compile(r"\.(?:jsonl|ndjson|json)(?:$|[^a-z])")
"""Of a file's name, also with what rotation appends."""
_DEFAULT_GROUPS = ("timestamp", "level", "message")


def build_logs(view: View, written: str | LogsTable | None, location: str | None) -> LogSpec | None:
    """The spec of a model's log; None where none is declared, or too little of it is sound.

    Args:
        view: the `data` table.
        location: the path made absolute.
    """
    if written is None or location is None:
        return None
    if "://" in location:
        where = ("logs",) if isinstance(written, str) else ("logs", "path")
        view.problem(
            "value", where, "logs are read from files of this machine", hint="bring them here, or leave it out"
        )
        return None
    place = view.later("logs", part="key")
    by_suffix = "jsonl" if _JSON.search(PurePosixPath(location).name.lower()) else "text"
    if isinstance(written, str):
        return LogSpec(location, "jsonl" if by_suffix == "jsonl" else "text", place=place)
    kind = written.format or ("text" if written.pattern is not None else by_suffix)
    below = view.below("logs")
    if written.pattern is not None:
        _check_pattern(below, written, kind)
    elif kind == "text":
        _check_fields(below, written, _DEFAULT_GROUPS, "text without a pattern has")
    if written.time_format is not None and (fault := bad_format(written.time_format)):
        below.problem("value", ("time_format",), fault, hint='for example "%Y-%m-%d %H:%M:%S"')
    return LogSpec(
        location,
        "jsonl" if kind == "jsonl" else "text",
        written.pattern,
        written.timestamp,
        written.time_format,
        level=written.level,
        message=written.message,
        latency=written.latency,
        id=written.id,
        status=written.status,
        errors=tuple(level.lower() for level in written.errors),
        place=place,
    )


def _check_pattern(view: View, written: LogsTable, kind: str) -> None:
    assert written.pattern is not None
    if kind == "jsonl":
        view.problem("contradiction", ("pattern",), "JSON lines are not read by a pattern", part="key",
                     related=[("format",)] if "format" in written.model_fields_set else [])  # fmt: skip
        return
    try:
        groups = tuple(re.compile(written.pattern).groupindex)
    except (re.error, OverflowError, RecursionError) as exc:
        view.problem("value", ("pattern",), f"it is no regular expression: {exc}")
        return
    if written.timestamp not in groups:
        near = did_you_mean(written.timestamp, list(groups))
        view.problem(
            "value", ("pattern",), f"it has no group (?P<{written.timestamp}>…), which the time is read from",
            hint=near or "name the group with the time, or say timestamp = \"GROUP\"",
        )  # fmt: skip
    _check_fields(view, written, groups, "the pattern has the groups")


def _check_fields(view: View, written: LogsTable, groups: tuple[str, ...], says: str) -> None:
    """Fields that the file names must be there; those by default may be missing."""
    for name in FIELDS:
        field = getattr(written, name)
        if name in written.model_fields_set and field not in groups:
            known = ", ".join(groups) or "none"
            view.problem(
                "value", (name,), f"{says} {known}; {field} is none of them", hint=did_you_mean(field, list(groups))
            )

"""`[models.NAME.data]` as written: where a model's tables lie, what is normal, what a window is. See `schema`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from lifecycle_tui.config.values import (
    TABLE,
    TEXT,
    AsTable,
    AsText,
    Column,
    Duration,
    Location,
    Moment,
    Name,
    Names,
    OpenTable,
    Scalar,
    Table,
    Window,
    Words,
    Zone,
    by_shape,
    told_apart,
)
from lifecycle_tui.domain.nearest import one_slip


def _path() -> Any:
    return Field(
        default=None,
        description="File, folder or glob, relative to the workspace's folder; or the address of a folder in a store.",
        examples=['"lake/scored"', '"s3://lake/scored"'],
        json_schema_extra={"default": "needed, unless a `url` says where the table is"},
    )


def _use() -> Any:
    return Field(
        default=None,
        description="The source plugin.",
        examples=['"csv"'],
        json_schema_extra={"default": "by the file's suffix"},
    )


def _on() -> Any:
    return Field(
        default=None,
        description="Column that joins this table to the others.",
        examples=['"transaction_id"'],
        json_schema_extra={"default": "`id` of the columns"},
    )


def _partition(what: str) -> Any:
    return Field(default=None, description=f"Hive partition column, for {what}.", examples=['"dt"'])


class DataTable(OpenTable):
    """A table of data; further keys are options of the source that reads it."""

    path: Location | None = _path()
    use: Name | None = _use()
    on: Column | None = _on()
    partition: Column | None = _partition("pruning and for windows by partition")


class LabelsTable(OpenTable):
    """`labels`: a table of their own; without `path`, when the labels in the other tables are known."""

    path: Location | None = Field(
        default=None,
        description="File, folder or glob, relative to the workspace's folder.",
        examples=['"lake/chargebacks"'],
        json_schema_extra={"default": "the labels are a column of the other tables"},
    )
    use: Name | None = _use()
    on: Column | None = _on()
    partition: Column | None = _partition("pruning")
    arrived: Column | None = Field(
        default=None, description="Column that says when a label became known.", examples=['"booked_at"']
    )
    delay: Duration | None = Field(
        default=None,
        description="How long after its row a label is known.",
        examples=['"30d"'],
        json_schema_extra={"default": "when the label's file was first seen"},
    )
    absent: Scalar | None = Field(
        default=None,
        description="What no label means once `delay` has passed.",
        examples=["0"],
        json_schema_extra={"default": "the label is missing"},
    )


def _field(what: str, name: str) -> Any:
    return Field(
        default=name,
        description=f"Field of JSON lines (dots for fields within), or group of the pattern, that has {what}.",
        examples=[f'"{name}"'],
    )


class LogsTable(Table):
    """`logs`: the log of what serves the model, its own or a gateway's."""

    path: Location = Field(
        description="File or glob, relative to the workspace's folder.", examples=['"logs/*.jsonl"', '"app.log"']
    )
    format: Literal["jsonl", "text"] | None = Field(
        default=None,
        description="How its lines are written.",
        examples=['"text"'],
        json_schema_extra={"default": '"jsonl" for .jsonl, .ndjson and .json, else "text"'},
    )
    pattern: str | None = Field(
        default=None,
        description="Regular expression with named groups that a line of text matches from its beginning.",
        examples=["'(?P<timestamp>\\S+) (?P<level>\\w+) (?P<latency>\\d+)ms (?P<message>.*)'"],
        json_schema_extra={"default": "a time in ISO 8601, a level, the message"},
    )
    timestamp: Name = _field("the time", "timestamp")
    time_format: Name | None = Field(
        default=None,
        description="How to read text times, as strptime does.",
        examples=['"%d/%b/%Y:%H:%M:%S %z"'],
        json_schema_extra={"default": "ISO 8601; numbers count since 1970"},
    )
    level: Name = _field("the level", "level")
    message: Name = _field("the message", "message")
    latency: Name = _field("how long an answer took, in whatever unit", "latency")
    id: Name = _field("the id of the row that was answered for", "id")
    status: Name = _field("an HTTP status; 500 and above is an error", "status")
    errors: Annotated[Names, Words("list of levels")] = Field(
        default_factory=lambda: ["error", "critical", "fatal"],
        description="Levels, in any case, that make a line an error.",
        examples=['["error", "severe"]'],
    )


Match = Annotated[Names, Words("list of hour, weekday, month; or period")]


def _match() -> Any:
    return Field(
        default=None,
        description="Compare a window with those of the reference that share its hour, weekday or month, or (period) "
        "with the same window a year before: growth hidden by season is found, and season is not called drift.",
        examples=['["month"]', '["weekday", "hour"]'],
        json_schema_extra={"default": "with all of it"},
    )


class ReferenceFile(OpenTable):
    """`reference` as data of its own; further keys are options of the source."""

    path: Location | None = _path()
    use: Name | None = _use()
    match: Match | None = _match()


class ReferenceRange(Table):
    """`reference` as a part of the model's data: a range of time, the first rows, or partitions."""

    from_: Moment | None = Field(
        default=None,
        alias="from",
        description="Its first day or instant.",
        examples=["2025-01-01"],
        json_schema_extra={"default": "the beginning"},
    )
    until: Moment | None = Field(
        default=None,
        description="Its last day, that day included; an instant is itself excluded.",
        examples=["2025-03-31"],
        json_schema_extra={"default": "no end"},
    )
    rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The first so many rows.", examples=["5000"], json_schema_extra={"unit": "rows"}
    )
    partitions: Annotated[Names, Words("list of partitions")] | None = Field(
        default=None, description="These partitions.", examples=['["2025-01", "2025-02"]']
    )
    match: Match | None = _match()


def _reference(value: Any) -> str | None:
    if isinstance(value, dict):
        file = "use" in value or any(key == "path" or one_slip(key, "path") for key in value)
        return TABLE if file else "<range>"
    return TEXT if isinstance(value, str) else None


_PATH = 'must be a path in quotes, or a table with one: { path = "…" }'
AnyTable = Annotated[Annotated[Location, AsText] | Annotated[DataTable, AsTable], by_shape(_PATH)]
Labels = Annotated[Annotated[Location, AsText] | Annotated[LabelsTable, AsTable], by_shape(_PATH)]
Logs = Annotated[Annotated[Location, AsText] | Annotated[LogsTable, AsTable], by_shape(_PATH)]
Reference = Annotated[
    Annotated[Location, AsText] | Annotated[ReferenceFile, AsTable] | Annotated[ReferenceRange, Tag("<range>")],
    told_apart(_reference, "must be a table, e.g. { until = 2025-03-31 }, or the path of its own data"),
]


class DataSection(Table):
    """`data`: one `table`, or `predictions` and `features` joined by key."""

    table: AnyTable | None = Field(
        default=None,
        description="Features, labels and predictions, if there are any, in one table.",
        examples=['"bike_hour.csv"'],
        json_schema_extra={"default": "needed, or `predictions` or `features`"},
    )
    features: AnyTable | None = Field(
        default=None, description="What the model saw.", examples=['{ path = "lake/features", on = "transaction_id" }']
    )
    predictions: AnyTable | None = Field(
        default=None, description="What the model said.", examples=['{ path = "lake/scored", partition = "dt" }']
    )
    labels: Labels | None = Field(
        default=None,
        description="What came true, and when it is known.",
        examples=['{ path = "lake/chargebacks", delay = "30d" }'],
        json_schema_extra={"default": "the target in the other tables"},
    )
    logs: Logs | None = Field(
        default=None,
        description="The log of what serves the model: errors, latencies and patterns of messages.",
        examples=['"logs/*.jsonl"', '{ path = "app.log", latency = "ms" }'],
        json_schema_extra={"default": "none is read"},
    )
    reference: Reference | None = Field(
        default=None,
        description="The data that defines normal; what comes after it is production.",
        examples=["{ until = 2011-12-31 }"],
        json_schema_extra={"default": "needed"},
    )
    window: Window | None = Field(
        default=None,
        description="The slices that are judged: by time, by count, by partition or by file.",
        examples=['"1 month"', '"5000 rows"', '"partition"'],
        json_schema_extra={"default": '"1d"; without timestamps "partition" or "file"'},
    )
    grace: Duration | None = Field(
        default=None,
        description="How long after its end a window by time waits for late rows.",
        examples=['"2h"'],
        json_schema_extra={"default": '"0s"'},
    )
    timezone: Zone | None = Field(
        default=None,
        description="Zone of this model's calendar windows and of its times without an offset.",
        examples=['"America/New_York"'],
        json_schema_extra={"default": "the workspace's"},
    )

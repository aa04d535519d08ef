"""The tables of one model as written: columns, monitor, rules, and the model itself. See `schema`.

All keys are optional here, because `[defaults]` may give them; `build*` says what is missing once both are known.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from lifecycle_tui.config.schema_data import DataSection
from lifecycle_tui.config.schema_training import RolloutTable, TrainingTable
from lifecycle_tui.config.values import (
    TEXT,
    Anything,
    AsList,
    AsTable,
    AsText,
    Column,
    Columns,
    Expression,
    Name,
    Names,
    OpenTable,
    RateText,
    Scalar,
    Table,
    Words,
    by_shape,
    told_apart,
)
from lifecycle_tui.domain.specs import Severity, Task


class JoinedTimestamp(Table):
    """`timestamp` made of one column or several."""

    from_: Columns = Field(
        alias="from", description="Columns, joined by a space.", examples=['["dteday", "hr"]'], min_length=1
    )
    format: Name | None = Field(
        default=None,
        description="How to read them, as strptime does.",
        examples=['"%m/%d/%Y %H"'],
        json_schema_extra={"default": "ISO 8601"},
    )


class ColumnTimestamp(Table):
    """`timestamp` as one column that needs a word on how to read it."""

    column: Column = Field(description="The column.", examples=['"ts"'])
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="What its numbers count since 1970 UTC.", examples=['"ms"']
    )
    format: Name | None = Field(
        default=None, description="How to read its text, as strptime does.", examples=['"%d.%m.%Y"']
    )


def _timestamp(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<columns>" if "from" in value else "<column>"
    return TEXT if isinstance(value, str) else None


Timestamp = Annotated[
    Annotated[Column, AsText]
    | Annotated[JoinedTimestamp, Tag("<columns>")]
    | Annotated[ColumnTimestamp, Tag("<column>")],
    told_apart(_timestamp, 'must be a column, { from = ["…", "…"], format = "…" } or { column = "…", unit = "ms" }'),
]
Score = Annotated[
    Annotated[Column, AsText] | Annotated[dict[str, Column], AsTable],
    by_shape("must be a column, or a table from class to column"),
]


class ColumnsSection(Table):
    """`columns`: what each column is for. A column with no role that is not ignored is a feature."""

    id: Column | None = Field(
        default=None, description="Identifies a row; joins the tables.", examples=['"transaction_id"']
    )
    timestamp: Timestamp | None = Field(
        default=None,
        description="When a row happened.",
        examples=['"ts"', '{ from = ["dteday", "hr"], format = "%m/%d/%Y %H" }', '{ column = "ts", unit = "ms" }'],
    )
    version: Column | None = Field(
        default=None, description="Which version scored a row; several may score at once.", examples=['"model_version"']
    )
    target: Column | None = Field(default=None, description="What came true.", examples=['"is_fraud"'])
    positive: Scalar | None = Field(
        default=None,
        description="The target's value that counts as positive (binary).",
        examples=["1"],
        json_schema_extra={"default": "taken from the data"},
    )
    prediction: Column | None = Field(default=None, description="What the model said.", examples=['"predicted"'])
    score: Score | None = Field(
        default=None,
        description="How sure it was: the positive class's score, or a column for each class.",
        examples=['"p_fraud"', '{ cat = "p_cat", dog = "p_dog" }'],
    )
    cutoff: float | None = Field(
        default=None,
        description="From this score on, the prediction is positive (binary).",
        examples=["0.35"],
        json_schema_extra={"unit": "a score"},
    )
    query: Column | None = Field(
        default=None,
        description="What rows were ranked together for: a session, a search (ranking).",
        examples=['"session_id"'],
    )
    numeric: Columns = Field(default_factory=list, description="Columns that are numbers.", examples=['["amount"]'])
    categorical: Columns = Field(
        default_factory=list,
        description="Columns that are categories, even if written as numbers.",
        examples=['["mcc"]'],
    )
    text: Columns = Field(default_factory=list, description="Columns that are free text.", examples=['["comment"]'])
    ignore: Columns = Field(default_factory=list, description="Columns that are not read.", examples=['["instant"]'])
    protected: Columns = Field(
        default_factory=list, description="Columns that name groups to be treated alike.", examples=['["age_band"]']
    )
    segments: Columns = Field(
        default_factory=list,
        description="Columns whose values are also looked at one by one.",
        examples=['["country"]'],
    )


class DetectorTable(OpenTable):
    """Options of one detector; `columns` overrides them for single columns."""

    columns: dict[str, Anything] = Field(
        default_factory=dict, description="Options that differ for a column.", examples=["{ income = { bins = 20 } }"]
    )


class MetricTable(OpenTable):
    """Options of one metric."""


_PLUGINS = "must be a list of names, or a table from name to options"
Detectors = Annotated[Annotated[list[Name], AsList] | Annotated[dict[str, DetectorTable], AsTable], by_shape(_PLUGINS)]
Metrics = Annotated[Annotated[list[Name], AsList] | Annotated[dict[str, MetricTable], AsTable], by_shape(_PLUGINS)]


class MonitorSection(Table):
    """`monitor`: what is measured in every window."""

    detectors: Detectors | None = Field(
        default=None,
        description="Detectors, or a table of them with their options.",
        examples=['["psi", "ks", "chi2"]', "{ psi = { columns = { income = { bins = 20 } } } }"],
        json_schema_extra={"default": "those that fit each column's kind"},
    )
    metrics: Metrics | None = Field(
        default=None,
        description="Metrics, or a table of them with their options.",
        examples=['["auc", "recall"]'],
        json_schema_extra={"default": "those that fit the task"},
    )
    false_alarms: RateText | None = Field(
        default=None,
        description="False drift alarms that this model alone may raise.",
        examples=['"1 per 30d"'],
        json_schema_extra={"default": "its share of the fleet's"},
    )
    min_rows: Annotated[int, Field(ge=1)] = Field(
        default=30,
        description="Windows with fewer rows are not judged: cannot tell.",
        examples=["100"],
        json_schema_extra={"unit": "rows"},
    )
    floor: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.01,
        description="Effects below it (KS distance, total variation) are never called drift.",
        examples=["0.02"],
        json_schema_extra={"unit": "a distance between 0 and 1"},
    )
    importance: bool | None = Field(
        default=None,
        description="Whether what versions of ours lean on is measured in every window whose labels are all in.",
        examples=["false"],
        json_schema_extra={"default": "up to 200 features"},
    )


class RuleTable(Table):
    """`rules.NAME`: when to raise an alert, and what it sets off. Rules of `[defaults]` are filled in by name."""

    when: Expression | None = Field(
        default=None,
        description="Expression over signals that must hold.",
        examples=['"auc.upper < 0.92"'],
        json_schema_extra={"default": "needed"},
    )
    for_: Annotated[int, Field(ge=1)] = Field(
        default=1,
        alias="for",
        description="For how many windows in a row.",
        examples=["3"],
        json_schema_extra={"unit": "windows"},
    )
    severity: Severity = Field(default="warning", description="How bad it is.", examples=['"critical"'])
    then: Annotated[Names, Words("list of actions")] = Field(
        default_factory=lambda: ["notify"],
        description='What it sets off: "notify", "notify:NAME", "retrain", "rollback".',
        examples=['["notify", "retrain"]'],
        json_schema_extra={"default": '["notify"]'},
    )
    enabled: bool = Field(default=True, description="Set to false to drop a rule of `[defaults]` for one model.")


class ModelTable(Table):
    """`[models.NAME]`, an included file, or `[defaults]`."""

    task: Task | None = Field(
        default=None, description="What it predicts.", examples=['"binary"'], json_schema_extra={"default": "needed"}
    )
    owner: Name | None = Field(
        default=None, description="Who answers for it; notifiers can match it.", examples=['"risk-ml"']
    )
    tags: Names = Field(default_factory=list, description="Words to find it by.", examples=['["payments"]'])
    data: DataSection | None = Field(default=None, description="Where its tables lie, and its windows.")
    columns: ColumnsSection | None = Field(default=None, description="What its columns are for.")
    monitor: MonitorSection | None = Field(default=None, description="What is measured.")
    rules: dict[str, RuleTable] = Field(default_factory=dict, description="When to raise an alert, by name.")
    training: TrainingTable | None = Field(
        default=None, description="How new versions are made. Without it the model is only monitored."
    )
    rollout: RolloutTable | None = Field(default=None, description="How traffic moves to a new version.")

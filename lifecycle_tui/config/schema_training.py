"""`training` and `rollout` of a model as written: how versions are made, gated and brought to serve. See `schema`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lifecycle_tui.config.values import (
    AsTable,
    AsText,
    Builder,
    Command,
    Cron,
    Duration,
    Expressions,
    History,
    Name,
    Names,
    OpenTable,
    Share,
    Table,
    by_shape,
)


class PluginTable(OpenTable):
    """A plugin with options: `use` names it, further keys are its options."""

    use: Name = Field(description="The plugin.", examples=['"warm-start"'])


AnyPlugin = Annotated[
    Annotated[Name, AsText] | Annotated[PluginTable, AsTable],
    by_shape('must be a name in quotes, or a table with one: { use = "…" }'),
]


class TrainingTable(Table):
    """`training`: how new versions are made, and when."""

    estimator: Builder | None = Field(
        default=None,
        description="A built-in estimator, or the function that builds the team's own; not with `command`.",
        examples=['"fraud_model:build"'],
        json_schema_extra={"default": "one that fits the task"},
    )
    command: Command | None = Field(
        default=None,
        description="Program that trains; not with `estimator`.",
        examples=['["python", "train.py"]'],
        min_length=1,
    )
    predict: Command | None = Field(
        default=None,
        description="Program that scores rows with a version that `command` made, or that was registered from a file.",
        examples=['["python", "predict.py"]'],
        min_length=1,
    )
    strategy: AnyPlugin = Field(
        default="refit",
        description="Strategy plugin, or a table with `use` and its options.",
        examples=['"warm-start"'],
    )
    history: History | None = Field(
        default=None,
        description='What training looks back on: a span that slides along, a date from which it grows, or "all".',
        examples=['"180d"', "2025-01-01"],
        json_schema_extra={"default": '"all"'},
    )
    holdout: Share = Field(
        default=0.2,
        description="Share of the history, its newest part, that is kept from training and judges the challenger.",
        examples=["0.3"],
    )
    refit: bool = Field(
        default=False,
        description="When the gates have passed, fit once more on all rows, those that judged included; that one "
        "serves.",
    )
    schedule: Cron | None = Field(
        default=None,
        description="When to retrain whatever the rules say, in the workspace's zone.",
        examples=['"0 3 1 * *"'],
    )
    after_rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Retrain when the labels of so many further rows are known.",
        examples=["50_000"],
        json_schema_extra={"default": "never for that reason", "unit": "rows with their label"},
    )
    on_update: bool = Field(
        default=False, description="Retrain when a window is complete that the last training did not know."
    )
    time_limit: Duration | None = Field(
        default=None,
        description="A training that takes longer is stopped.",
        examples=['"30m"'],
        json_schema_extra={"default": '"2h"'},
    )
    cooldown: Duration | None = Field(default=None, description="Least time between two trainings.", examples=['"3d"'])
    gates: Expressions | None = Field(
        default=None,
        description="What a challenger must pass.",
        examples=['["gain(auc) > 0", "challenger.recall >= 0.6"]'],
        json_schema_extra={"default": "`gain(METRIC) > 0`"},
    )
    min_samples: Annotated[int, Field(ge=1)] = Field(
        default=200, description="No gate passes on fewer rows.", examples=["1000"], json_schema_extra={"unit": "rows"}
    )


class StepTable(Table):
    """One of `steps`."""

    weight: Annotated[float, Field(gt=0, le=100)] = Field(
        description="Share of traffic in percent.", examples=["5"], json_schema_extra={"unit": "percent"}
    )
    hold: Duration | None = Field(
        default=None, description="How long to stay there.", examples=['"1h"'], json_schema_extra={"default": "no wait"}
    )


class ApproveTable(Table):
    """`approve`: whose word is needed before traffic moves."""

    by: Names = Field(description="Who may approve.", examples=['["ana", "raj"]'], min_length=1)
    not_: Literal["requester"] | None = Field(
        default=None, alias="not", description="The one who asked for it may not approve.", examples=['"requester"']
    )


class RolloutTable(Table):
    """`rollout`: how traffic moves to a new version."""

    deployer: AnyPlugin = Field(
        default="local", description="Deployer plugin, or a table with `use` and its options.", examples=['"local"']
    )
    steps: list[StepTable] = Field(
        default_factory=list,
        description="Weights, rising, and how long to hold each.",
        examples=['[{ weight = 5, hold = "1h" }, { weight = 100 }]'],
        json_schema_extra={"default": "all at once"},
    )
    abort: Expressions | None = Field(
        default=None, description="Roll back as soon as one holds.", examples=['["errors.rate > 0.02"]']
    )
    approve: ApproveTable | None = Field(
        default=None, description="Whose approval is needed.", examples=['{ by = ["ana", "raj"], not = "requester" }']
    )

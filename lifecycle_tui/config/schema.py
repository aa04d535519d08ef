"""The tables of `lifecycle.toml` above the models: workspace, notifiers, defaults, and the file itself.

Every key's meaning, default and example stand here and in `schema_model` and `schema_training`, on the field that reads
it; `reference` makes docs/configuration.md from them. A default of None means that `build*` works one out, and
then the field's `json_schema_extra["default"]` says in words which.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.values import (
    Address,
    AsTable,
    AsText,
    KeysOf,
    Location,
    Name,
    Names,
    OpenTable,
    RateText,
    Span,
    Table,
    Words,
    Zone,
    by_shape,
)
from lifecycle_tui.domain.specs import Severity


class DaskTable(Table):
    """`engine = { dask = "tcp://…" }`."""

    dask: Address = Field(description="Address of the Dask scheduler.", examples=['"tcp://scheduler:8786"'])


class KeepTable(Table):
    """`[workspace.keep]`: how long profiles stay at each resolution before they are merged upward."""

    hours: Span | None = Field(
        default=None,
        description="How long profiles of windows shorter than a day are kept; then they are added up by the day.",
        examples=['"7d"'],
        json_schema_extra={"default": '"14d"'},
    )
    days: Span | None = Field(
        default=None,
        description="How long profiles by the day (or week) are kept; then they are added up by the month.",
        examples=['"90d"'],
        json_schema_extra={"default": '"180d"'},
    )
    months: Span | None = Field(
        default=None,
        description="How long profiles by the month are kept; then they are forgotten. Signals stay.",
        examples=['"1095d"'],
        json_schema_extra={"default": "for good"},
    )


Engine = Annotated[
    Annotated[Literal["local"], AsText] | Annotated[DaskTable, AsTable],
    by_shape('must be "local" or { dask = "ADDRESS" }'),
]


class WorkspaceTable(Table):
    """`[workspace]`: what holds for the whole folder."""

    plugins: Annotated[Names, Words("list of folders")] = Field(
        default_factory=lambda: ["plugins"],
        description="Folders with the team's own plugins, relative to the file.",
        examples=['["plugins"]'],
        json_schema_extra={"default": '["plugins"]'},
    )
    timezone: Zone = Field(
        default="UTC",
        description="Zone of calendar windows, and of dates and times written without an offset.",
        examples=['"Europe/Paris"'],
    )
    engine: Engine = Field(
        default="local",
        description="Where data is read and versions are fitted: here, or on a Dask cluster.",
        examples=['"local"'],
    )
    false_alarms: RateText | None = Field(
        default=None,
        description="False drift alarms that the whole fleet together may raise.",
        examples=['"1 per 7d"'],
        json_schema_extra={"default": '"1 per 7d"'},
    )
    every: Span | None = Field(
        default=None,
        description="How often the agent looks at the data of each model.",
        examples=['"1h"'],
        json_schema_extra={"default": '"5m"'},
    )
    agent: Literal["auto", "stay", "off"] = Field(
        default="auto",
        description="Whether the terminal starts an agent, and whether that one stays when nobody looks.",
        examples=['"stay"'],
    )
    jobs: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="How many jobs may run at once.",
        examples=["2"],
        json_schema_extra={"default": "one a core, four at most; half as many trainings", "unit": "jobs"},
    )
    trust: Names = Field(
        default_factory=list,
        description="Types of the team's own that an artefact may hold, by import path; `*` at the end takes a module.",
        examples=['["fraud_model.Ratios"]'],
    )
    pickle: bool = Field(
        default=False,
        description="Let artefacts be pickles. Whoever can write such a file can run programs here.",
    )
    keep: KeepTable | None = Field(default=None, description="How long old profiles are kept at each resolution.")


class MatchTable(Table):
    """`match = { … }`: which alerts a notifier takes; all that are given must hold."""

    owner: Names | None = Field(
        default=None, description="Owner of the model, or a list of them.", examples=['"risk-ml"']
    )
    severity: Severity | None = Field(
        default=None, description="This severity or a higher one.", examples=['"critical"']
    )
    model: Names | None = Field(default=None, description="Model, or a list of them.", examples=['["card-fraud"]'])
    rule: Names | None = Field(default=None, description="Rule, or a list of them.", examples=['"auc-degraded"'])


class NotifierTable(OpenTable):
    """`[notifiers.NAME]`: where alerts go. Further keys are options of the notifier named by `use`."""

    use: Name = Field(description="The notifier plugin.", examples=['"webhook"'])
    match: MatchTable | None = Field(
        default=None,
        description="Which alerts it takes.",
        examples=['{ severity = "critical" }'],
        json_schema_extra={"default": "all"},
    )
    group: Span | None = Field(
        default=None,
        description="Alerts within this time that share a source or column become one message.",
        examples=['"10m"'],
    )


class FileTable(Table):
    """The file: `lifecycle.toml` itself. An included file holds the keys of one model instead."""

    include: Annotated[list[Location], Words("list of paths or globs")] = Field(
        default_factory=list,
        description="Further files, one model each, named for it; relative to this file.",
        examples=['["models/*.toml"]'],
        json_schema_extra={"default": "none"},
    )
    workspace: WorkspaceTable = Field(default_factory=WorkspaceTable, description="What holds for the whole folder.")
    notifiers: dict[str, NotifierTable] = Field(
        default_factory=dict, description="Where alerts go, by name. Without one, nothing is sent anywhere."
    )
    keys: dict[str, KeysOf] = Field(
        default_factory=dict,
        description="Keys of the terminal by the id of what they do, one or a list; `[]` for none. "
        "`lifecycle keys` lists the ids and what each is now.",
        examples=['{ "act.retrain" = "T" }'],
        json_schema_extra={"default": "none: the keys of docs/terminal.md"},
    )
    defaults: ModelTable = Field(
        default_factory=ModelTable,
        description="Keys of a model that hold for every model that does not set them itself.",
    )
    models: dict[str, ModelTable] = Field(default_factory=dict, description="The models, by name.")

"""What a team declared, resolved: `lifecycle.toml` after defaults, includes and units (DESIGN §5).

`config` makes these; every other room reads them. They hold no paths that still need resolving, no
shorthand, and nothing that could be wrong in form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from lifecycle_tui.domain.problems import Place
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.windows import WindowSpec

Task = Literal["binary", "multiclass", "regression", "ranking"]
Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """`{ env = "NAME" }` or `{ file = "…" }`: resolved only in the job that needs it, never stored or shown."""

    kind: Literal["env", "file"]
    name: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of a model.

    Attributes:
        location: absolute path of a file or folder, or an absolute glob.
        use: name of the source plugin; None picks one by suffix.
        on: the key column that joins this table to the others (None for one wide table).
        partition: name of the Hive partition column (`dt=2026-01-01/`), if the windows or pruning use one.
        options: for the source plugin (its keyword-only parameters).
        place: where the table is declared.
    """

    location: str
    use: str | None = None
    on: str | None = None
    partition: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """When a label is known (DESIGN §5).

    A label arrives at its `arrived` column, else at the row's timestamp + `delay`, else when its file was
    first seen (modification time). `absent` is what no label means once the delay has passed.

    Attributes:
        table: the labels' own table; None when the labels are a column of the wide table.
    """

    table: TableSpec | None = None
    arrived: str | None = None
    delay: timedelta | None = None
    absent: str | int | float | bool | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSpec:
    """The data that defines normal: a half-open time range, the first `rows`, some partitions, or a table of its own.

    A plain date in the file for `until` means through the end of that day; here it is already the exclusive end.

    Attributes:
        match: windows are compared with those of the reference that share these of "hour", "weekday", "month" (in the
            model's time zone, of their start), or ("period") with the same window a year before; empty: with all of it.
    """

    start: datetime | None = None
    end: datetime | None = None
    rows: int | None = None
    partitions: tuple[str, ...] = ()
    table: TableSpec | None = None
    match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogSpec:
    """The log of what serves a model. Fields are names in JSON lines (with dots for those within), or groups of
    `pattern`.

    Attributes:
        path: absolute, may be a glob.
        pattern: of text: a regular expression with named groups; None: a time, a level, the message.
        time_format: of text times, as strptime has it; None: ISO 8601.
        errors: levels, in lower case, that make a line an error; so does a status of 500 or more.
        place: of the key, for messages.
    """

    path: str
    format: Literal["jsonl", "text"] = "jsonl"
    pattern: str | None = None
    timestamp: str = "timestamp"
    time_format: str | None = None
    level: str = "level"
    message: str = "message"
    latency: str = "latency"
    id: str = "id"
    status: str = "status"
    errors: tuple[str, ...] = ("error", "critical", "fatal")
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Where a model's data lies. Either `table`, or `predictions` and/or `features` joined by key.

    Attributes:
        timezone: IANA name for windows and for timestamps without an offset ("UTC" unless declared).
        logs: of what serves the model; None where there is none.
    """

    reference: ReferenceSpec
    window: WindowSpec
    table: TableSpec | None = None
    features: TableSpec | None = None
    predictions: TableSpec | None = None
    labels: LabelSpec = field(default_factory=LabelSpec)
    timezone: str = "UTC"
    logs: LogSpec | None = None


@dataclass(frozen=True, slots=True)
class TimestampSpec:
    """The event time: columns joined by a space and parsed by `format` (strptime), or one column as it is.

    Attributes:
        unit: for numbers: "s", "ms", "us", "ns" since 1970 UTC.
    """

    columns: tuple[str, ...]
    format: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None


@dataclass(frozen=True, slots=True)
class ColumnsSpec:
    """Roles and kinds of columns. Columns with no role that are not ignored are features.

    Attributes:
        kinds: kinds fixed by the file (`numeric = […]`, `categorical = […]`, `text = […]`); others are inferred
            from the reference.
        score: one column (binary: probability of `positive`), or one a class (multiclass: label → column).
        query: names what rows were ranked together for (ranking): a session, a search.
    """

    id: str | None = None
    timestamp: TimestampSpec | None = None
    version: str | None = None
    target: str | None = None
    positive: str | int | float | bool | None = None
    prediction: str | None = None
    score: str | Mapping[str, str] | None = None
    cutoff: float | None = None
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    query: str | None = None

    def roles(self) -> frozenset[str]:
        """Every column that plays a role other than feature (ignored ones not included).

        A column that the timestamp is made from is a feature as well where the file gives it a kind (the hour, say).
        """
        found = {self.id, self.version, self.target, self.prediction, self.query}
        if isinstance(self.score, str):
            found.add(self.score)
        elif self.score:
            found.update(self.score.values())
        if self.timestamp:
            found.update(name for name in self.timestamp.columns if name not in self.kinds)
        return frozenset(name for name in found if name)

    def groups(self) -> tuple[str, ...]:
        """Every protected and segment column, once, as declared."""
        return tuple(dict.fromkeys((*self.protected, *self.segments)))

    def carried(self) -> tuple[str, ...]:
        """The groups and the query: columns whose values go with each row to its metrics."""
        return tuple(dict.fromkeys((*self.groups(), *((self.query,) if self.query else ()))))


@dataclass(frozen=True, slots=True)
class PluginUse:
    """A detector or metric that a model names, with its options; `per_column` overrides them for a column."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    per_column: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per so long, e.g. false alarms: 1 per 7 days."""

    count: float
    per: timedelta


@dataclass(frozen=True, slots=True)
class MonitorSpec:
    """What is measured. Empty `detectors` or `metrics` means the defaults for the kind of column or task.

    Attributes:
        false_alarms: this model's own budget; None means its share of the fleet's.
        min_rows: fewer rows than this in a window give "cannot tell".
        floor: effects below it (KS distance or total variation) are never called drift.
        importance: whether permutation importance is measured; None: where there are at most 200 features.
    """

    detectors: tuple[PluginUse, ...] = ()
    metrics: tuple[PluginUse, ...] = ()
    false_alarms: Rate | None = None
    min_rows: int = 30
    floor: float = 0.01
    importance: bool | None = None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule: an expression over signals, how many windows it must hold, and what it sets off.

    Attributes:
        then: "notify" (all matching notifiers), "retrain", "rollback", or "notify:NAME".
        place: of the `when` value, for messages about the expression.
    """

    name: str
    when: str
    for_windows: int = 1
    severity: Severity = "warning"
    then: tuple[str, ...] = ("notify",)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class NotifierSpec:
    """Where alerts go. `options` may hold `SecretRef`s. `match` compares alert fields (owner, severity, model,
    rule; a value or a tuple of values; severity means "at least"). `group` collects alerts for so long."""

    name: str
    use: str
    options: Mapping[str, Any] = field(default_factory=dict)
    match: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    group: timedelta | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A condition that a challenger must pass, as written."""

    when: str
    place: Place | None = None


@dataclass(frozen=True)
class TrainingSpec:
    """How new versions are made. Without it a model is only monitored, except that a model without predictions
    gets a first version fitted on its reference by the default estimator of its task.

    Attributes:
        estimator: a built-in name or "module:function"; None for the default of the task.
        command, predict: programs that train, and that score rows with what was trained.
        strategy, options: the strategy plugin and its options.
        history: what training looks back on: a span that slides, an instant from which it grows, None for all.
        holdout: share of the history, its newest part, that is kept from training to judge the challenger.
        refit: when the gates have passed, the version is fitted once more on all rows, and that one serves.
        schedule, timezone: cron expression, and the zone that it is in.
        after_rows: retrain when so many further labels are known.
        on_update: retrain when there is a complete window that the last training did not know.
        time_limit: a training that takes longer is stopped.
        cooldown: least time between the starts of two trainings.
        gates: what a challenger must pass; empty means `gain(METRIC) > 0` for the model's key metric.
        min_samples: no gate passes on fewer rows.
    """

    estimator: str | None = None
    command: tuple[str, ...] = ()
    predict: tuple[str, ...] = ()
    strategy: str = "refit"
    options: Mapping[str, Any] = field(default_factory=dict)
    history: timedelta | datetime | None = None
    holdout: float = 0.2
    refit: bool = False
    schedule: str | None = None
    timezone: str = "UTC"
    after_rows: int | None = None
    on_update: bool = False
    time_limit: timedelta = timedelta(hours=2)
    cooldown: timedelta | None = None
    gates: tuple[GateSpec, ...] = ()
    min_samples: int = 200
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A rollout step: traffic weight in percent, and how long to hold it."""

    weight: float
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ApproveSpec:
    """Who may approve a promotion."""

    by: tuple[str, ...]
    exclude_requester: bool = False


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """How traffic moves to a new version."""

    deployer: str = "local"
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[StepSpec, ...] = ()
    abort: tuple[str, ...] = ()
    approve: ApproveSpec | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One declared model."""

    name: str
    task: Task
    data: DataSpec
    columns: ColumnsSpec
    monitor: MonitorSpec = field(default_factory=MonitorSpec)
    rules: tuple[RuleSpec, ...] = ()
    training: TrainingSpec | None = None
    rollout: RolloutSpec | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceSpec:
    """One workspace: the folder, its file, and everything it declares.

    Attributes:
        root: folder that holds `lifecycle.toml`; `root / ".lifecycle"` is its state.
        digest: of the bytes of all files that were read, for "has it changed".
        every: how often the agent looks at the data of each model.
        agent: "auto" (the terminal starts one, which ends when nobody looks and nothing is under way), "stay" (it does
            not end by itself), "off" (the terminal starts none).
        jobs: how many jobs may run at once; None for as many as the machine bears.
        trust: types of the team's own that an artefact may hold.
        pickle: whether artefacts may be pickles.
        keep: how long each resolution of old profiles is kept ("hours", "days", "months").
        environment: whose file was laid over `file` (`lifecycle --env prod`); None for none.
    """

    root: Path
    file: Path
    models: tuple[ModelSpec, ...] = ()
    plugins: tuple[Path, ...] = ()
    timezone: str = "UTC"
    engine: str | Mapping[str, Any] = "local"
    false_alarms: Rate = field(default_factory=lambda: Rate(1.0, timedelta(days=7)))
    every: timedelta = timedelta(minutes=5)
    agent: Literal["auto", "stay", "off"] = "auto"
    jobs: int | None = None
    trust: tuple[str, ...] = ()
    pickle: bool = False
    keep: Mapping[str, timedelta] = field(default_factory=dict)
    notifiers: tuple[NotifierSpec, ...] = ()
    digest: str = ""
    files: tuple[Path, ...] = ()
    environment: str | None = None

    def model(self, name: str) -> ModelSpec:
        """The model of that name.

        Raises:
            KeyError: if there is none.
        """
        for spec in self.models:
            if spec.name == name:
                return spec
        raise KeyError(name)

"""What a plugin of each kind must look like. Options are keyword-only constructor parameters of type
str, int, float, bool, tuple/list of those, or None unions of them; they are declared once and appear in the
file's check, the schema and the forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from lifecycle_tui.domain.signals import ColumnKind, Measurement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Takes = Literal["profile", "arrow", "pandas"]
"""What a detector is given: mergeable profiles (the default, cheapest), Arrow arrays, or pandas Series."""

Scope = Literal["column", "table"]
"""What a detector compares at a time: one column, or all of the features together."""


class Detector(Protocol):
    """Compares one column of a window, or all features together, with the reference.

    Class attributes:
        name: unique among detectors; the signal is called `NAME.COLUMN`, of a table `NAME`.
        kinds: column kinds it applies to; of a table, those of the columns it is given.
        takes: what `measure` is given: "profile" (mergeable profiles, the cheapest; taken where it is not said),
            "arrow" (Arrow arrays) or "pandas" (Series).
        scope: "column" (where it is not said) or "table": called once a window, with a `pyarrow.Table`, a pandas
            DataFrame, or a mapping from column to profile.
        sample: of rows, at most so many of each side are handed over; None (where it is not said) for all of them.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[ColumnKind, ...]]
    takes: ClassVar[Takes]

    def measure(self, reference: Any, window: Any) -> Measurement | float:
        """The measurement for one column or table; `reference` and `window` are of the kind that `takes` names."""
        ...


@dataclass(frozen=True)
class Outcomes:
    """Rows whose truth is known, as aligned arrays, no missing values in those that are given (but for `groups`).

    Attributes:
        target: shape (n,). Binary: int8, 1 for the positive class. Multiclass: labels as str. Regression: float64.
        prediction: shape (n,), coded as `target`; None where the data has only scores and no cutoff.
        score: binary: float64 (n,) in any monotone scale, a probability in [0, 1] where it is one; multiclass:
            (n, k) in the order of `classes`; None where there is none.
        classes: labels in order (multiclass), or (negative, positive) as written in the data (binary).
        weight: (n,) or None.
        day: (n,) int64 day numbers of the rows' timestamps in the model's zone, or None; intervals may be
            resampled by them.
        groups: one (n,) object array of str for each column that the model declares as `protected` or `segments`, by
            the column's name: the rows' values as text, aligned with `target`, "" where one is missing. Empty where
            none is declared.
        query: (n,) int64, the same number for rows that were ranked together (`[columns] query`), -1 for rows of none;
            None where no query is declared.
        time: (n,) int64, microseconds since 1970 UTC, of the rows' timestamps; None without timestamps.
        before: (k,) float64, the reference's newest errors in order of time (0 or 1 for labels, absolute errors of
            numbers), not aligned with the rows; None where there are none.
    """

    target: np.ndarray
    prediction: np.ndarray | None = None
    score: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    weight: np.ndarray | None = None
    day: np.ndarray | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    query: np.ndarray | None = None
    time: np.ndarray | None = None
    before: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.target)


class Metric(Protocol):
    """Measures a version on rows whose truth is known.

    Class attributes:
        name: unique among metrics; it is also the signal's name.
        tasks: tasks it applies to.
        needs: "prediction", "score" or "target" (the target alone, e.g. a click-through rate).
        greater_is_better: direction of improvement; None where neither end is better.
        range: legal values (lower, upper), None for an open end; rules outside it are refused.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    needs: ClassVar[Literal["prediction", "score", "target"]]
    greater_is_better: ClassVar[bool | None]
    range: ClassVar[tuple[float | None, float | None]]

    def measure(self, outcomes: Outcomes) -> Measurement | float:
        """The measurement of one version on one set of rows."""
        ...


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a source that is read as a whole: a file, or a row group of one.

    Attributes:
        id: stable name (path relative to the source's location, `#3` for a row group).
        path: absolute path, for messages.
        size, modified: bytes and modification time (ns); together they say whether it must be looked at again.
        rows: if known without reading.
        partitions: Hive partition values by name.
        ranges: (min, max) of columns where the format stores them exactly, JSON-able or datetime.
        version: names the content where size and time cannot, as of rows in a database; "" for files.
    """

    id: str
    path: str
    size: int
    modified: int
    rows: int | None = None
    partitions: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    version: str = ""

    @property
    def stamp(self) -> str:
        """Changes when the file, or what is read of a database, does."""
        return self.version or f"{self.size}-{self.modified}"


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Cells that could not be read as the column's type; they arrive as nulls.

    Attributes:
        column: where they are; None for whole lines.
        code: a word for the kind of problem, e.g. "bad-cell".
        count: how many.
        example: one of them, as text.
        rows: positions within the batch, where they are known (for rows left out: of the row after), so that the
            problem can be charged to the right window; empty means anywhere in the batch.
    """

    column: str | None
    code: str
    count: int
    example: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Some rows of one fragment, in file order, as an Arrow record batch.

    Attributes:
        data: the rows, as an Arrow record batch.
        first_row: 0-based number of the first row within the fragment.
        problems: cells and lines of this batch that could not be read.
    """

    data: pa.RecordBatch
    first_row: int
    problems: tuple[CellProblem, ...] = ()


class Source(Protocol):
    """A table that can be read in pieces.

    Class attributes:
        name: what `use = "…"` names.
        suffixes: file suffixes it is picked for, e.g. (".csv", ".tsv").

    The constructor takes the location (absolute path, folder or glob) and keyword-only options.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    def fragments(self) -> Sequence[Fragment]:
        """All pieces, sorted by id; looks at the file system and footers only.

        Raises:
            DataError: if the location matches nothing or cannot be read.
        """
        ...

    def schema(self) -> Mapping[str, pa.DataType]:
        """Columns and types as the source sees them (union over fragments; partition columns included)."""
        ...

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of one fragment. Columns that the fragment lacks are left out. `kinds` says what a column must
        be read as (bad cells become nulls and are reported). `time` is a hint: rows outside may be skipped."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What a notifier sends: one message for a group of alerts.

    Attributes:
        subject: one line of plain text.
        body: a few lines of plain text.
        alerts: JSON-able facts of each alert (model, rule, severity, state, since, message, …).
        key: the same each time that this message is tried: who has taken it once may pass it over. "" for none.
    """

    subject: str
    body: str
    alerts: tuple[Mapping[str, Any], ...]
    key: str = ""


class Notifier(Protocol):
    """Sends a message somewhere. Secrets in the options are resolved before the constructor is called.

    Class attributes:
        name: what `use = "…"` names.
    """

    name: ClassVar[str]

    def send(self, message: Message) -> None:
        """Deliver, or raise an exception that says why not."""
        ...

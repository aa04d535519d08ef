"""Reads the rows of one window once: profiles of its columns, and predictions beside labels.

The same for the reference and for a window, whatever scored the rows: predictions in the data, or a version of ours.
Called by `reference` and `windows`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ColumnsSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles.profiler import Profiler

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.training.fit import FittedModel

PREDICTION = "prediction"
"""Name of the output column where a version of ours scores the rows."""


@dataclass(frozen=True)
class Scorer:
    """A version of ours that scores the rows of a window; `label` is how windows name it."""

    label: str
    model: FittedModel


@dataclass(frozen=True)
class WindowRows:
    """What one read of a window gave.

    Attributes:
        columns: profile (and rows, if kept) of every feature and output.
        collector: predictions and labels by version.
        scan: the finished scan: its report, parts, rows, labels, maturity.
    """

    columns: dict[str, ColumnData]
    collector: Collector
    scan: Scan


def label_text(value: str | int | float | bool) -> str:
    """A label as data/ writes it: the same text from every file format."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def version_labels(batch: ScanBatch) -> np.ndarray | str:
    """Which version the data says scored each row: (n,) object, "(none)" in empty cells; "" where none is declared."""
    import numpy as np

    if batch.version is None:
        return ""
    names = [*batch.version.dictionary.to_pylist(), "(none)"]
    codes = batch.version.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
    return np.array(names, dtype=object)[codes]


def output_columns(columns: ColumnsSpec, task: str, scored_here: bool) -> dict[str, ColumnKind]:
    """The model's outputs, which are watched for drift like inputs: score and prediction, with their kinds."""
    if scored_here:
        return {PREDICTION: "numeric" if task in ("regression", "binary") else "categorical"}
    found: dict[str, ColumnKind] = {}
    if columns.prediction:
        found[columns.prediction] = "numeric" if task in ("regression", "ranking") else "categorical"
    if isinstance(columns.score, str):
        found[columns.score] = "numeric"
    elif columns.score:
        found.update(dict.fromkeys(columns.score.values(), "numeric"))
    return found


class Reader:
    """Reads scans with one set of columns, grids and versions.

    Args:
        kinds: of every feature and output to profile.
        grids: of numeric columns; None while the reference itself is read, which makes them.
        scorer: the version that scores rows; None where the data brings predictions.
        keep_rows: keep the columns' values for detectors that ask for them.
    """

    def __init__(
        self,
        columns: ColumnsSpec,
        coding: Coding,
        kinds: Mapping[str, ColumnKind],
        grids: Mapping[str, Any] | None,
        *,
        outputs: Mapping[str, ColumnKind],
        scorer: Scorer | None = None,
        keep_rows: bool = False,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._columns, self._coding, self._kinds, self._grids = columns, coding, kinds, grids
        self._outputs, self._scorer, self._keep, self._progress = outputs, scorer, keep_rows, progress

    def read(self, scan: Scan, *, profile: bool = True, again: Callable[[], Scan] | None = None) -> WindowRows:
        """Iterate the scan. With `profile` False only predictions and labels are collected.

        Args:
            again: makes the same scan anew; needed while grids are made, where a column is too large to keep.
        """
        import pyarrow as pa

        wanted = {**self._kinds, **self._outputs} if profile else {}
        profilers = {name: self._profiler(name, kind) for name, kind in wanted.items()}
        kept: dict[str, list[Any]] = {name: [] for name in wanted} if self._keep else {}
        collector = Collector(self._coding)
        rows = 0
        for batch in scan:
            said, score = self._said(batch)
            for name, profiler in profilers.items():
                values = self._values(batch, name, said, score)
                if values is None:
                    continue
                profiler.update(values)
                if self._keep:
                    kept[name].append(values)
            versions = self._versions(batch)
            collector.add(versions, batch.target, batch.target_known, said, score, batch.day)
            rows += batch.rows
            self._progress(rows)
        if again is not None:
            self._second_pass(profilers, again)
        columns = {}
        for name, kind in wanted.items():
            chunks = [c for v in kept.get(name, []) for c in (v.chunks if isinstance(v, pa.ChunkedArray) else [v])]
            values = pa.chunked_array(chunks) if chunks else None
            columns[name] = ColumnData(kind, profilers[name].result(), values)
        return WindowRows(columns, collector, scan)

    def _second_pass(self, profilers: dict[str, Profiler], again: Callable[[], Scan]) -> None:
        """Feed what was too large to keep once more, now that its grid is known."""
        seconds = {name: second for name, p in profilers.items() if (second := p.second_pass()) is not None}
        if not seconds:
            return
        for batch in again():
            said, score = self._said(batch)
            for name, profiler in seconds.items():
                values = self._values(batch, name, said, score)
                if values is not None:
                    profiler.update(values)
        profilers.update(seconds)

    def _profiler(self, name: str, kind: ColumnKind) -> Profiler:
        return Profiler(kind, None if self._grids is None else self._grids.get(name))

    def _said(self, batch: ScanBatch) -> tuple[Any, np.ndarray | None]:
        if self._scorer is None:
            return batch.prediction, batch.score
        found = self._scorer.model.predict(batch.features)
        return found.prediction, found.score

    def _versions(self, batch: ScanBatch) -> np.ndarray | str:
        return self._scorer.label if self._scorer is not None else version_labels(batch)

    def _values(self, batch: ScanBatch, name: str, said: Any, score: np.ndarray | None) -> Any:
        """The values of one column of a batch, as Arrow."""
        import numpy as np
        import pyarrow as pa

        if name in self._kinds:
            return batch.features.column(name)
        if self._scorer is not None:
            if self._outputs[name] == "numeric":
                return pa.array(np.asarray(score if score is not None and score.ndim == 1 else said, np.float64))
            return pa.array([str(v) for v in said]).dictionary_encode()
        if name == self._columns.prediction:
            said_ = batch.prediction
            if said_ is not None and self._outputs[name] == "categorical":
                return said_ if isinstance(said_, pa.DictionaryArray) else said_.dictionary_encode()
            return said_
        if score is None:
            return None
        if score.ndim == 1:
            return pa.array(score)
        assert isinstance(self._columns.score, Mapping)
        return pa.array(np.ascontiguousarray(score[:, list(self._columns.score.values()).index(name)]))

"""Features as a matrix: how an Arrow table of a model's columns becomes what the built-in estimators take.

The encoding is fixed when a version is fitted and saved with it, so a version scores the same rows the same way
for ever. Used by `fit` and by scoring; needs numpy and pyarrow, no pandas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind

MOST_LABELS = 200
"""Categories kept apart for one column; rarer ones are read as missing (histogram trees take at most 255 bins)."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the matrix. `labels` are the category labels in code order (empty for numbers)."""

    name: str
    kind: ColumnKind
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns tables into float64 matrices of shape (rows, features); missing and unknown values are NaN."""

    features: tuple[Feature, ...]

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [i for i, f in enumerate(self.features) if f.kind == "categorical"]

    def encode(self, table: pa.Table) -> np.ndarray:
        """The matrix of `table`; a feature that the table lacks is all missing."""
        import numpy as np

        out = np.full((table.num_rows, len(self.features)), np.nan)
        for i, feature in enumerate(self.features):
            if feature.name not in table.column_names:
                continue
            column = table.column(feature.name)
            if feature.kind == "categorical":
                out[:, i] = _codes(column, feature.labels)
            else:
                out[:, i] = _numbers(column)
        return out

    def as_data(self) -> list[dict[str, Any]]:
        """Plain values for the artefact."""
        return [{"name": f.name, "kind": f.kind, "labels": list(f.labels)} for f in self.features]

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, Any]]) -> Encoder:
        """The inverse of `as_data`."""
        return cls(tuple(Feature(d["name"], d["kind"], tuple(d["labels"])) for d in data))


def learn(table: pa.Table, kinds: Mapping[str, ColumnKind]) -> Encoder:
    """The encoder for the numeric and categorical columns of `table`, in the order of their names.

    Labels are ordered by count, then alphabetically, so the order of rows does not matter.
    """
    features = []
    for name in sorted(kinds):
        if kinds[name] == "numeric":
            features.append(Feature(name, "numeric"))
        elif kinds[name] == "categorical":
            counts = _label_counts(table.column(name))
            ordered = sorted(counts, key=lambda label: (-counts[label], label))[:MOST_LABELS]
            features.append(Feature(name, "categorical", tuple(sorted(ordered))))
    return Encoder(tuple(features))


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    import numpy as np

    values = column.cast("float64").to_numpy(zero_copy_only=False)
    values = np.array(values, dtype=np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def _codes(column: pa.ChunkedArray, labels: Sequence[str]) -> np.ndarray:
    import numpy as np

    position = {label: float(i) for i, label in enumerate(labels)}
    parts = [np.empty(0)]
    for chunk in column.chunks:
        if not hasattr(chunk, "dictionary"):
            chunk = chunk.dictionary_encode()
        known = np.array([position.get(label, np.nan) for label in chunk.dictionary.to_pylist()] + [np.nan])
        codes = chunk.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        parts.append(known[codes])
    return np.concatenate(parts)


def _label_counts(column: pa.ChunkedArray) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in column.cast("string").value_counts().to_pylist():
        if entry["values"] is not None:
            counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]
    return counts

"""Features as what an estimator takes: a matrix, a scaled matrix, or a data frame, from an Arrow table.

The encoding is fixed when a version is fitted and saved with it, so a version scores the same rows the same way
for ever. Used by `fit` and by scoring; pandas is imported for data frames only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind

MOST_LABELS = 200
"""Categories kept apart for one column; rarer ones are read as missing (histogram trees take at most 255 bins)."""

Form = Literal["codes", "narrow", "scaled", "frame"]
"""codes: float64, categories as their numbers. narrow: the same, within what float32 holds. scaled: float64, filled
and standardised, categories one-hot. frame: a pandas DataFrame, categories as pandas Categorical."""

FAR = 10.0
"""Standard deviations beyond which a scaled value is cut off: one wild cell must not drag a linear fit along."""
_HUGE = 1e150
"""Values beyond it overflow when they are squared."""
_NARROW = 3e38


@dataclass(frozen=True, slots=True)
class Feature:
    """One column. `labels` are the category labels in code order (empty for numbers).

    Attributes:
        fill, center, scale: of a scaled number: what stands for a missing value (the median), mean, standard deviation.
    """

    name: str
    kind: ColumnKind
    labels: tuple[str, ...] = ()
    fill: float = 0.0
    center: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns tables into what the estimator takes; a feature that a table lacks is all missing."""

    features: tuple[Feature, ...]
    form: Form = "codes"

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [i for i, f in enumerate(self.features) if f.kind == "categorical"]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)

    def design(self, table: pa.Table) -> Any:
        """What the estimator takes for the rows of `table`, by `form`."""
        if self.form == "frame":
            return self.frame(table)
        if self.form == "scaled":
            return self.scaled(table)
        codes = self.encode(table)
        return codes.clip(-_NARROW, _NARROW) if self.form == "narrow" else codes

    def encode(self, table: pa.Table) -> np.ndarray:
        """float64 (rows, features); missing and unknown values are NaN."""
        import numpy as np

        out = np.full((table.num_rows, len(self.features)), np.nan)
        for i, feature in enumerate(self.features):
            if feature.name not in table.column_names:
                continue
            column = table.column(feature.name)
            if feature.kind == "categorical":
                out[:, i] = _codes(column, feature.labels)
            else:
                out[:, i] = as_numbers(column)
        return out

    def scaled(self, table: pa.Table) -> np.ndarray:
        """float64 (rows, numbers + labels) without a missing value; a row with an unknown label has none set."""
        import numpy as np

        codes = self.encode(table)
        width = sum(len(f.labels) if f.kind == "categorical" else 1 for f in self.features)
        out = np.zeros((len(codes), width))
        at = 0
        for i, feature in enumerate(self.features):
            column = codes[:, i]
            if feature.kind == "categorical":
                known = np.flatnonzero(~np.isnan(column))
                out[known, at + column[known].astype(np.intp)] = 1.0
                at += len(feature.labels)
            else:
                filled = np.clip(np.where(np.isnan(column), feature.fill, column), -_HUGE, _HUGE)
                out[:, at] = np.clip((filled - feature.center) / feature.scale, -FAR, FAR)
                at += 1
        return out

    def frame(self, table: pa.Table) -> pd.DataFrame:
        """Numbers as float64 with NaN, categories as Categorical with the labels seen when it was fitted."""
        import numpy as np
        import pandas as pd

        codes = self.encode(table)
        columns: dict[str, Any] = {}
        for i, feature in enumerate(self.features):
            if feature.kind == "categorical":
                at = np.where(np.isnan(codes[:, i]), -1, codes[:, i]).astype(np.int64)
                columns[feature.name] = pd.Categorical.from_codes(at, categories=list(feature.labels))
            else:
                columns[feature.name] = codes[:, i].copy()
        return pd.DataFrame(columns)

    def as_data(self) -> list[dict[str, Any]]:
        """Plain values for the artefact."""
        keys = ("fill", "center", "scale") if self.form == "scaled" else ()
        return [
            {"name": f.name, "kind": f.kind, "labels": list(f.labels)} | {key: getattr(f, key) for key in keys}
            for f in self.features
        ]

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, Any]], form: Form = "codes") -> Encoder:
        """The inverse of `as_data`."""
        numbers = ("fill", "center", "scale")
        features = (
            Feature(d["name"], d["kind"], tuple(d["labels"]), **{key: float(d[key]) for key in numbers if key in d})
            for d in data
        )
        return cls(tuple(features), form)


def learn(table: pa.Table, kinds: Mapping[str, ColumnKind], form: Form = "codes") -> Encoder:
    """The encoder for the numeric and categorical columns of `table`, in the order of their names.

    Labels are ordered by count, then alphabetically, so the order of rows does not matter.
    """
    features = []
    for name in sorted(kinds):
        if kinds[name] == "numeric":
            feature = Feature(name, "numeric")
            features.append(_measured(feature, table.column(name)) if form == "scaled" else feature)
        elif kinds[name] == "categorical":
            counts = _label_counts(table.column(name))
            ordered = sorted(counts, key=lambda label: (-counts[label], label))[:MOST_LABELS]
            features.append(Feature(name, "categorical", tuple(sorted(ordered))))
    return Encoder(tuple(features), form)


def _measured(feature: Feature, column: pa.ChunkedArray) -> Feature:
    import numpy as np

    values = np.clip(as_numbers(column), -_HUGE, _HUGE)
    missing = np.isnan(values)
    fill = float(np.median(values[~missing])) if not missing.all() else 0.0
    values[missing] = fill
    center, scale = float(values.mean()), float(values.std())
    return replace(feature, fill=fill, center=center, scale=scale if scale > 0 else 1.0)


def as_numbers(column: pa.ChunkedArray) -> np.ndarray:
    """float64 (n,); missing and infinite values are NaN."""
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

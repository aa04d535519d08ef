"""Features as numbers, for the two models that label-free estimates learn: of density ratios, and of losses.

How a column is coded is fixed with the reference and kept with what was learned. Called by `estimators`, `estimates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.monitoring.estimate_rows import Reach
from lifecycle_tui.monitoring.samples import Sample

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MOST_COLUMNS = 40
"""Features that are looked at, the first ones by name; more would make a density ratio of noise."""

MOST_LABELS = 6
"""Labels of a category that get a column of their own in a design matrix."""

_CODED_LABELS = 60


@dataclass(frozen=True)
class FeatureCode:
    """How one feature becomes numbers.

    Attributes:
        cuts: of numbers: quantiles 1 %, 50 %, 99 % and half the distance from 16 % to 84 %.
        labels: of categories, most frequent first.
    """

    name: str
    cuts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()

    def as_json(self) -> list[Any]:
        return [self.name, list(self.cuts), list(self.labels)]

    @staticmethod
    def from_json(found: Sequence[Any]) -> FeatureCode:
        name, cuts, labels = found
        return FeatureCode(name, tuple(cuts), tuple(labels))


def feature_codes(reach: Mapping[str, Reach], sample: Sample | None) -> tuple[FeatureCode, ...]:
    """The codes of the reference's features, from its sample; features without a value are left out."""
    import numpy as np

    if sample is None:
        return ()
    found = []
    for name in list(reach)[:MOST_COLUMNS]:
        if f"feature {name}" not in sample.table.column_names:
            continue
        column = sample.table.column(f"feature {name}")
        if reach[name].kind == "numeric":
            values = column.to_numpy()
            values = values[np.isfinite(values)]
            if len(values):
                low, left, middle, right, high = np.quantile(values, [0.01, 0.16, 0.5, 0.84, 0.99]).tolist()
                found.append(FeatureCode(name, (low, middle, high, (right - left) / 2 or (high - low) / 5 or 1.0)))
        else:
            counts = column.value_counts().to_pylist()
            kept = sorted((-c["counts"], str(c["values"])) for c in counts if c["values"] is not None)
            if kept:
                found.append(FeatureCode(name, labels=tuple(label for _, label in kept[:_CODED_LABELS])))
    return tuple(found)


def _numbers(code: FeatureCode, table: pa.Table) -> np.ndarray:
    """(n,) float64: the number, or the label's place by frequency (one beyond for others); NaN where missing."""
    import numpy as np
    import pyarrow as pa

    name = f"feature {code.name}"
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    column = table.column(name)
    if code.cuts:
        return np.asarray(column.to_numpy(), np.float64)
    column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    places = {label: float(i) for i, label in enumerate(code.labels)}
    lookup = np.array([*(places.get(str(v), float(len(places))) for v in column.dictionary.to_pylist()), np.nan])
    return np.asarray(lookup[column.indices.fill_null(len(lookup) - 1).to_numpy(zero_copy_only=False)], np.float64)


def matrix(codes: Sequence[FeatureCode], table: pa.Table, said: np.ndarray) -> np.ndarray:
    """(n, d + 1): features and the prediction, as trees take them; NaN is missing."""
    import numpy as np

    return np.column_stack([said, *(_numbers(code, table) for code in codes)])


def width(code: FeatureCode) -> int:
    """Columns of a design matrix that a feature takes."""
    return 3 if code.cuts else _own(code) + 1


def _own(code: FeatureCode) -> int:
    """Labels with a column of their own: the last of those that could have one goes without, the others say it."""
    return min(MOST_LABELS, max(1, len(code.labels) - 1))


def design(codes: Sequence[FeatureCode], table: pa.Table, positions: Sequence[np.ndarray]) -> np.ndarray:
    """(n, d) for a logistic regression: numbers cut to the reference's 1 % and 99 %, on its scale, with their squares;
    frequent labels as zeros and ones; whether a value is missing.

    Args:
        positions: (n,) of each class's scores on its curve's axis, where log-odds are: what features leave unsaid is
            in the score.
    """
    import numpy as np

    found = []
    for position in positions:
        z = np.clip(position, -8.0, 8.0) / 2
        found += [z, np.square(z) - 1.0]
    for code in codes:
        values = _numbers(code, table)
        missing = np.isnan(values)
        if code.cuts:
            low, middle, high, scale = code.cuts
            z = np.where(missing, 0.0, (np.clip(values, low, high) - middle) / scale)
            found += [z, np.square(z) - 1.0]
        else:
            found += [(values == i).astype(np.float64) for i in range(_own(code))]
        found.append(missing.astype(np.float64))
    return np.column_stack(found) if found else np.zeros((len(table), 0))

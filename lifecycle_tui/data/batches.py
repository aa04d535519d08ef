"""The rows that a scan hands out: aligned columns of one window or of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class ScanBatch:
    """At most 65,536 rows, all fields aligned.

    Attributes:
        features: the columns asked for, in that order, normalised: numeric float64 (missing is NaN, no nulls);
            categorical dictionary<int32, string>; text string; time timestamp[us, UTC]. A column that the data lacks
            is all missing.
        rows: how many (also when `features` has no columns).
        time: (n,) int64, microseconds since 1970 UTC; None without timestamps.
        day: (n,) int64 day numbers in the model's zone; None without timestamps.
        id: string array; None where no id is declared.
        version: dictionary<int32, string>; None where none is declared.
        prediction: (n,) float64 for regression and ranking, else string labels (null where missing); None if not
            declared.
        score: float64 (n,), or (n, k) in the order of the spec's mapping; NaN where missing; None if not declared.
        target: like `prediction`; null (NaN) where not known; None if not declared.
        target_known: (n,) bool: the label had arrived as of the scan's clock, or is taken as `absent`.
        arrived: (n,) int64 microseconds: when a known label was known; None where no target is declared.
        groups: (n,) object arrays of text by column, "" where missing: the protected, segment and query columns,
            where the scan was asked for them.
    """

    features: pa.Table
    rows: int
    time: np.ndarray | None
    day: np.ndarray | None
    id: pa.Array | None
    version: pa.Array | None
    prediction: pa.Array | None
    score: np.ndarray | None
    target: pa.Array | None
    target_known: np.ndarray
    arrived: np.ndarray | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)

"""The values of protected and segment columns as text, row by row, for metrics that compare groups. Used by `scan`.

A group is the same text whichever way its column is read: as a feature, or beside ids and labels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.chunks import Chunk
from lifecycle_tui.data.hashing import RowHash
from lifecycle_tui.data.light import filled
from lifecycle_tui.data.values import as_labels

if TYPE_CHECKING:
    import numpy as np


def group_values(column: Any, rows: int) -> np.ndarray:
    """(rows,) object array of text: canonical labels (34, not 34.0), "" for what is missing.

    Args:
        column: normalised, in either form of `Chunk.columns`; None where the table has no such column.
    """
    import numpy as np
    import pyarrow as pa

    if column is None:
        return np.full(rows, "", object)
    coded = as_labels(pa.array(column) if isinstance(column, np.ndarray) else column)
    names = np.array([*coded.dictionary.to_pylist(), ""], object)
    return names[filled(coded.indices, len(names) - 1)]


def hashed(chunk: Chunk, groups: Sequence[str]) -> np.ndarray:
    """(rows,) uint64 over those of these columns that the chunk has; all equal where it has none."""
    found = RowHash(chunk.rows)
    for name in groups:
        if name in chunk.columns:
            found.add(name, chunk.columns[name])
    return found.values

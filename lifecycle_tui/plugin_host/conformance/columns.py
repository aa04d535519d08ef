"""Columns that are made for the checks: ordinary ones and the odd ones that production brings. Runs beside the plugin.

They are made from buffers: `pyarrow.array` imports pandas where it is installed, which each plugin process would feel.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 400
MANY = 100_000
WORDS = ("north", "south", "east", "west", "centre")
ODD = ("", " ", "naïve", "Ελλάδα", "日本", "🙂", "a\nb", "a,b;'\"", "‮rtl", "[bold]x[/]", "\x1b[31m", "x" * 5_000)


def numbers(values: Sequence[float | None]) -> pa.ChunkedArray:
    """float64; None is a null, NaN stays NaN."""
    import numpy as np
    import pyarrow as pa

    there = np.array([v is not None for v in values], bool)
    data = np.array([0.0 if v is None else v for v in values], np.float64)
    array = pa.Array.from_buffers(
        pa.float64(), len(data), [_validity(there), pa.py_buffer(data)], null_count=int((~there).sum())
    )
    return pa.chunked_array([array])


def instants(values: Sequence[float | None]) -> pa.ChunkedArray:
    """Timestamps in microseconds."""
    import numpy as np
    import pyarrow as pa

    there = np.array([v is not None for v in values], bool)
    data = np.array([0 if v is None else int(v) for v in values], np.int64)
    kind = pa.timestamp("us", "UTC")
    return pa.chunked_array([pa.Array.from_buffers(kind, len(data), [_validity(there), pa.py_buffer(data)])])


def texts(values: Sequence[str | None]) -> pa.ChunkedArray:
    """Strings."""
    import numpy as np
    import pyarrow as pa

    there = np.array([v is not None for v in values], bool)
    parts = [(v or "").encode() for v in values]
    ends = np.zeros(len(parts) + 1, np.int32)
    np.cumsum([len(p) for p in parts], out=ends[1:])
    buffers = [_validity(there), pa.py_buffer(ends), pa.py_buffer(b"".join(parts))]
    return pa.chunked_array([pa.Array.from_buffers(pa.string(), len(parts), buffers)])


def _validity(there: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little").tobytes())


def column(kind: str, values: Sequence[Any]) -> pa.ChunkedArray:
    """Those values as a column of that kind, in one chunk."""
    make: Any = {"numeric": numbers, "time": instants}.get(kind, texts)
    return make(values)


def ordinary(kind: str, rows: int = ROWS, *, shifted: bool = False, seed: int = 7) -> list[Any]:
    """What a column of that kind usually holds, with a few missing values; `shifted` as it looks after a change."""
    return list(_drawn(kind, rows, shifted, seed))


@lru_cache(maxsize=64)
def _drawn(kind: str, rows: int, shifted: bool, seed: int) -> tuple[Any, ...]:
    rng = random.Random(f"{kind} {seed} {shifted}")
    missing = 0.05 if shifted else 0.02
    return tuple(None if rng.random() < missing else _value(kind, rng, shifted) for _ in range(rows))


def _value(kind: str, rng: random.Random, shifted: bool) -> Any:
    if kind == "numeric":
        return rng.gauss(53.0 if shifted else 50.0, 12.0)
    if kind == "time":
        return 1_740_000_000_000_000 + rng.randrange(30 * 86_400) * 1_000_000
    if kind == "categorical":
        return rng.choices([*WORDS, "new"], (5, 4, 3, 2, 1, 3) if shifted else (1, 2, 3, 4, 5, 0))[0]
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 9 if shifted else 6)))

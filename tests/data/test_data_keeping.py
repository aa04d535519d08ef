"""Which chunks of a table are kept between passes: those of a fragment that fits, and none of one that cannot."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle_tui.data.chunks import CHUNK, Need
from lifecycle_tui.data.rows import Table
from lifecycle_tui.domain.protocols import Batch, Fragment

ROWS = 4 * CHUNK
NEED = Need(features={"x": "numeric"}, hashed=False)


class Numbers:
    """A source of one fragment that counts how often it is read."""

    def __init__(self, rows: int | None = None) -> None:
        self.reads, self.fragment = 0, Fragment("a", "a", 100, 1, rows)

    def fragments(self) -> Sequence[Fragment]:
        return (self.fragment,)

    def schema(self) -> Mapping[str, Any]:
        return {"x": pa.float64()}

    def read(self, fragment: Fragment, *_: object) -> Iterator[Batch]:
        self.reads += 1
        for start in range(0, ROWS, CHUNK):
            yield Batch(pa.record_batch({"x": np.arange(start, start + CHUNK, dtype=np.float64)}), start)


def _alive(table: Table, fragment: Fragment) -> list[int]:
    """How many chunks are held while each is handed on, that one included."""
    seen: list[Any] = []
    found = []
    for chunk in table.chunks(fragment, NEED):
        seen.append(weakref.ref(chunk))
        found.append(sum(ref() is not None for ref in seen))
    return found


def test_a_fragment_that_fits_is_read_once() -> None:
    source = Numbers()
    table = Table("table", source, None, "UTC", memory=ROWS * 8 * 2)
    assert _alive(table, source.fragment) == _alive(table, source.fragment) == [1, 2, 3, 4]
    assert source.reads == 1


def test_of_a_fragment_known_to_be_too_large_no_chunk_is_held() -> None:
    source = Numbers()
    table = Table("table", source, None, "UTC", memory=ROWS * 8)
    assert _alive(table, source.fragment) == [1, 2, 1, 1]  # until it is seen not to fit in half of the memory
    assert _alive(table, source.fragment) == [1, 1, 1, 1]
    assert source.reads == 2
    source = Numbers(rows=ROWS)
    table = Table("table", source, None, "UTC", memory=ROWS * 8)
    assert _alive(table, source.fragment) == [1, 1, 1, 1]

"""Normalised chunks of one large fragment on disk, so that its windows need not each decode it again. Used by `rows`.

The file has no name: whatever ends the process, it is gone. Chunks are Arrow streams that are mapped into memory, so
that a window reads the stretches of its own time and nothing else.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.light import to_numpy
from lifecycle_tui.data.zones import MISSING

if TYPE_CHECKING:
    from lifecycle_tui.data.chunks import Chunk

_TIME, _ROLES, _ROWS = "\0time", "\0roles", "\0rows"


@dataclass(frozen=True)
class _Stretch:
    """Where a chunk lies, and the times that it spans (None: no row has one). `shell` is the chunk without arrays."""

    start: int
    size: int
    low: int | None
    high: int | None
    shell: Chunk
    plain: frozenset[str]


class Spill:
    """Chunks in order. Write them all, then read them as often as needed.

    Args:
        folder: where to put the file; None: the system's folder for temporary files.

    Attributes:
        whole: everything was written; if not (no such folder, disk full), there is nothing to read.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._stretches: list[_Stretch] = []
        self._map: Any = None
        self._file: Any = None
        self.whole = False
        with contextlib.suppress(OSError):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (it lives as long as this object)
            self.whole = True

    def write(self, chunk: Chunk) -> None:
        """Append a chunk."""
        if not self.whole:
            return
        try:
            self._write(chunk)
        except OSError:
            self.whole = False
            self._file.close()

    def _write(self, chunk: Chunk) -> None:
        import numpy as np
        import pyarrow as pa

        arrays: dict[str, Any] = {_TIME: chunk.time, _ROLES: chunk.role_hash, _ROWS: chunk.row_hash, **chunk.columns}
        arrays = {name: array for name, array in arrays.items() if array is not None}
        plain = frozenset(name for name, array in arrays.items() if isinstance(array, np.ndarray))
        columns = [pa.array(array) if name in plain else array for name, array in arrays.items()]
        batch = pa.RecordBatch.from_arrays(columns, names=list(arrays))
        start = self._file.tell()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        data = sink.getvalue()
        self._file.write(memoryview(data))
        # Mapped arrays must lie on multiples of 64 bytes.
        self._file.write(bytes(-data.size % 64))
        known = chunk.time[chunk.time != MISSING] if chunk.time is not None else None
        spans = known is not None and len(known)
        low, high = (int(known.min()), int(known.max())) if known is not None and spans else (None, None)
        shell = replace(chunk, time=None, columns={}, role_hash=None, row_hash=None)
        self._stretches.append(_Stretch(start, data.size, low, high, shell, plain))

    def chunks(self, low: int, high: int) -> Iterator[Chunk]:
        """The chunks that have rows in [low, high), or that have no times at all."""
        import pyarrow as pa

        if not self._stretches:
            return
        if self._map is None:
            self._file.flush()
            self._map = pa.py_buffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
        for at in self._stretches:
            if at.low is not None and at.high is not None and (at.high < low or at.low >= high):
                continue
            reader = pa.ipc.open_stream(pa.BufferReader(self._map.slice(at.start, at.size)))
            batch = reader.read_next_batch()
            arrays: Mapping[str, Any] = {
                name: to_numpy(batch.column(i)) if name in at.plain else batch.column(i)
                for i, name in enumerate(batch.schema.names)
            }
            yield replace(
                at.shell,
                time=arrays.get(_TIME),
                role_hash=arrays.get(_ROLES),
                row_hash=arrays.get(_ROWS),
                columns={name: array for name, array in arrays.items() if not name.startswith("\0")},
            )

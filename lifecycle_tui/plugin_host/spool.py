"""Batches of a team's source, from its process to the program through a file that both can map.

Each batch is an Arrow stream of its own, one after the other, because batches of one fragment may differ in schema;
their places and problems go over the pipe.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from lifecycle_tui.domain.protocols import Batch, CellProblem
from lifecycle_tui.plugin_host.results import BadResult

LIMIT = 8 * 1024**3
"""Bytes that one fragment may take on disk."""

Entry = tuple[int, int, int, tuple[CellProblem, ...]]
"""(offset, size, first row, problems) of a batch in the spool."""


def write(batches: Any, folder: str, limit: int = LIMIT) -> Iterator[tuple[str, Entry]]:
    """Write batches to a new file in `folder` as they come, telling each.

    Raises:
        BadResult: if something that comes is not a Batch, or the limit is passed. Also whatever the source raises.
    """
    import pyarrow as pa

    fd, path = tempfile.mkstemp(".arrow", dir=folder)
    offset = 0
    try:
        with open(fd, "wb") as file:
            for batch in batches:
                _check(batch)
                with pa.ipc.new_stream(file, batch.data.schema) as writer:
                    writer.write_batch(batch.data)
                file.flush()
                size = os.fstat(file.fileno()).st_size - offset
                if offset + size > limit:
                    raise BadResult(f"one fragment gave more than {limit:,} bytes")
                yield path, (offset, size, batch.first_row, tuple(batch.problems))
                offset += size
    except BaseException:
        os.unlink(path)
        raise


def _check(batch: Any) -> None:
    import pyarrow as pa

    if not isinstance(batch, Batch) or not isinstance(batch.data, pa.RecordBatch):
        raise BadResult(f"must yield Batch with an Arrow record batch, not {_kind(batch)}")
    if type(batch.first_row) is not int or batch.first_row < 0:
        raise BadResult(f"first_row must be the number of a row, not {batch.first_row!r:.60}")
    if not all(isinstance(p, CellProblem) for p in batch.problems):
        raise BadResult("problems must hold CellProblem values")


def _kind(value: Any) -> str:
    data = getattr(value, "data", None)
    return f"Batch of {type(data).__name__}" if isinstance(value, Batch) else type(value).__name__


def read(path: str | None, folder: str, entries: Sequence[Entry]) -> Iterator[Batch]:
    """Map the file now and give its batches as asked; its name is removed at once, its pages go with the last batch.

    Args:
        path: the spool; None where there was no batch.
        folder: the only place where it may be.

    Raises:
        BadResult: if the file is not what the entries say.
    """
    if path is None:
        return iter(())
    import pyarrow as pa

    if os.path.dirname(path) != folder:
        raise BadResult("the spooled batches are not where they should be")
    try:
        with pa.memory_map(path) as file:
            whole = file.read_buffer()
        os.unlink(path)
    except OSError as exc:
        raise BadResult(f"the spooled batches cannot be read: {exc}") from None
    return _batches(whole, entries)


def _batches(whole: Any, entries: Sequence[Entry]) -> Iterator[Batch]:
    import pyarrow as pa

    for offset, size, first_row, problems in entries:
        if offset < 0 or size < 0 or offset + size > len(whole):
            raise BadResult("the spooled batches are cut short")
        try:
            batch = pa.ipc.open_stream(whole.slice(offset, size)).read_next_batch()
            batch.validate(full=True)
        except (pa.ArrowInvalid, OSError, StopIteration) as exc:
            raise BadResult(f"a spooled batch is broken: {exc}") from None
        yield Batch(batch, first_row, problems)

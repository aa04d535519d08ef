"""The reference's sampled rows, for detectors that take some: kept in a file, so that a check reads the window alone.

`.lifecycle/samples/NAME-DIGEST.arrow` (NAME is a hash of the model's) holds the keys, the times and the columns as one
Arrow stream. What cannot be read, or is too small for a detector that was added, is made anew from the data: the file
is a cache. Called by `reference`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.monitoring.samples import Sample
from lifecycle_tui.state.folder import folder

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
"""Raised when the choice of rows or the form of the file changes."""


def stored(root: Path, model: str, digest: str, size: int) -> Sample | None:
    """The stored sample of at least `size` rows (or of all there are), cut to `size`; None where there is none."""
    import numpy as np
    import pyarrow as pa

    try:
        with pa.OSFile(str(_path(root, model, digest))) as file:
            table = pa.ipc.open_stream(file).read_all()
        facts = json.loads(table.schema.metadata[b"sample"])
        if facts["format"] != FORMAT or (len(table) < size and len(table) < facts["rows"]):
            return None
        keys = np.asarray(table.column(0).to_numpy(), np.uint64)
        time = np.asarray(table.column(1).to_numpy(), np.int64) if facts["timed"] else None
        first = 1 + facts["timed"]
        columns = {n: table.column(first + i) for i, n in enumerate(facts["columns"])}
        return Sample(pa.table(columns), keys, time, facts["rows"]).first(size)
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


def store(root: Path, model: str, digest: str, sample: Sample) -> None:
    """Keep it in place of the model's earlier ones. A disk that is full costs the cache, not the check."""
    import pyarrow as pa

    path = _path(root, model, digest)
    facts = {
        "format": FORMAT,
        "rows": sample.rows,
        "timed": sample.time is not None,
        "columns": sample.table.column_names,
    }
    arrays: list[Any] = [pa.array(sample.keys), *([] if sample.time is None else [pa.array(sample.time)])]
    arrays += sample.table.columns
    # Columns by number: a column of the data may have any name, or one of ours.
    schema = pa.schema([(str(i), a.type) for i, a in enumerate(arrays)], metadata={"sample": json.dumps(facts)})
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        try:
            _write(pa.Table.from_arrays(arrays, schema=schema), beside)
            for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.arrow"):
                old.unlink(missing_ok=True)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


def _path(root: Path, model: str, digest: str) -> Path:
    name = hashlib.sha256(model.encode()).hexdigest()[:16]
    return folder(root) / "samples" / f"{name}-{digest}.arrow"

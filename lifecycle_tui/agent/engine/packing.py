"""Facts and named runs of bytes as one run of bytes: the form in which everything comes back from a worker."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_LENGTH = struct.Struct("<Q")


def pack(facts: Any, blobs: Mapping[str, bytes]) -> bytes:
    """JSON-able facts and named bytes, as bytes."""
    head = json.dumps([facts, {name: len(blob) for name, blob in blobs.items()}], ensure_ascii=True).encode()
    return b"".join((_LENGTH.pack(len(head)), head, *blobs.values()))


def unpack(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """What `pack` was given."""
    (length,) = _LENGTH.unpack_from(data)
    at = _LENGTH.size + length
    facts, sizes = json.loads(bytes(data[_LENGTH.size : at]))
    blobs = {}
    for name, size in sizes.items():
        blobs[name] = bytes(data[at : at + size])
        at += size
    return facts, blobs


def dump_table(table: pa.Table) -> bytes:
    """An Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def load_table(data: bytes) -> pa.Table:
    """The table of an Arrow stream."""
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(data)).read_all()


def dump_array(values: np.ndarray) -> bytes:
    """Numbers in numpy's own format; never objects."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def load_array(data: bytes) -> np.ndarray:
    """The array of `dump_array`."""
    import numpy as np

    found: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return found


def texts(values: np.ndarray) -> pa.Array:
    """(n,) objects, text or None, as Arrow strings."""
    from lifecycle_tui.data.light import strings

    return strings(values.tolist())


def objects(column: Any) -> np.ndarray:
    """(n,) objects, text or None, of an Arrow string column."""
    import numpy as np

    return np.array([*column.to_pylist(), None], dtype=object)[:-1]

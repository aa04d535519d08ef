"""Labelled rows for training as Arrow: what `Batches` has kept of one share, as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.engine.packing import (
    dump_array,
    dump_table,
    load_array,
    load_table,
    objects,
    pack,
    texts,
    unpack,
)
from lifecycle_tui.agent.work.rows import Batches

if TYPE_CHECKING:
    import numpy as np

_NUMBERS = ("times", "days", "arrived", "unlabelled_at")


def dump_batches(batches: Batches, unreadable: int = 0) -> bytes:
    """The rows, in their order; `unreadable`: how many files could not be read."""
    import numpy as np
    import pyarrow as pa

    blobs: dict[str, bytes] = {}
    if batches.tables:
        table = pa.concat_tables([t.unify_dictionaries() for t in batches.tables]).unify_dictionaries()
        blobs["table"] = dump_table(table)
        blobs["target"] = _dump(np.concatenate(batches.targets))
    for name in _NUMBERS:
        if parts := getattr(batches, name):
            blobs[name] = dump_array(np.concatenate(parts))
    blobs |= {f"said:{name}": _dump(np.concatenate(parts)) for name, parts in batches.said.items()}
    blobs |= {f"group:{name}": _dump(np.concatenate(parts)) for name, parts in batches.groups.items()}
    facts = {"unlabelled": batches.unlabelled, "key": batches.keys[0] if batches.keys else "", "unreadable": unreadable}
    return pack(facts, blobs)


def load_batches(data: bytes) -> tuple[Batches, int]:
    """The rows of `dump_batches`, as one batch, and how many files could not be read."""
    facts, blobs = unpack(data)
    found = Batches(unlabelled=facts["unlabelled"])
    if "table" in blobs:
        found.tables, found.targets, found.keys = [load_table(blobs["table"])], [_load(blobs["target"])], [facts["key"]]
    for name in _NUMBERS:
        if name in blobs:
            setattr(found, name, [load_array(blobs[name])])
    for name, blob in blobs.items():
        kind, _, column = name.partition(":")
        if kind == "said":
            found.said[column] = [_load(blob)]
        elif kind == "group":
            found.groups[column] = [_load(blob)]
    return found, facts["unreadable"]


def _dump(values: np.ndarray) -> bytes:
    """Text or None as Arrow, numbers as numbers."""
    import pyarrow as pa

    if values.dtype.kind != "O":
        return b"n" + dump_array(values)
    return b"t" + dump_table(pa.table({"": texts(values)}))


def _load(data: bytes) -> Any:
    return load_array(data[1:]) if data[:1] == b"n" else objects(load_table(data[1:]).column(0))

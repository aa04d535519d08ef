"""Predictions beside labels as Arrow: what a `Collector` holds of one share, its bytes, and several put together.

Knows the collector's fields; a test holds it against them, so that a new field is not lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.engine.packing import dump_table, load_table, objects, pack, texts, unpack
from lifecycle_tui.monitoring.performance import Coding, Collector

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FIELDS = frozenset({"coding", "_rows", "_parts", "_strange", "_left"})
"""The collector's fields that travel (`_strange` is made when it is measured)."""


def dump_collector(collector: Collector) -> bytes:
    """Everything that was collected; rows in their order."""
    facts: dict[str, Any] = {"rows": collector._rows, "left": collector._left, "parts": {}}
    blobs = {}
    for version, parts in collector._parts.items():
        arrays = _joined(parts)
        facts["parts"][version] = {name: _form(values) for name, values in arrays.items()}
        blobs[version] = dump_table(_table(arrays))
    return pack(facts, blobs)


def load_collector(data: bytes, coding: Coding) -> Collector:
    """The collector of `dump_collector`, one part a version."""
    facts, blobs = unpack(data)
    collector = Collector(coding)
    collector._rows = {version: int(rows) for version, rows in facts["rows"].items()}
    collector._left = {version: (int(rows), why) for version, (rows, why) in facts["left"].items()}
    for version, forms in facts["parts"].items():
        arrays = _arrays(load_table(blobs[version]), forms)
        groups = {name[6:]: values for name, values in arrays.items() if name.startswith("group:")}
        part = tuple(arrays.get(name) for name in ("target", "prediction", "score", "day"))
        collector._parts[version] = [(*part, groups, arrays.get("time"))]
    return collector


def joined(collectors: Sequence[Collector], coding: Coding) -> Collector:
    """All of them, in order."""
    found = Collector(coding)
    for one in collectors:
        for version, rows in one._rows.items():
            found._rows[version] = found._rows.get(version, 0) + rows
        for version, parts in one._parts.items():
            found._parts.setdefault(version, []).extend(parts)
        for version, (rows, why) in one._left.items():
            before = found._left.get(version, (0, why))
            found._left[version] = (before[0] + rows, before[1])
    return found


def _joined(parts: Sequence[tuple[Any, ...]]) -> dict[str, np.ndarray]:
    """One array a name; what one part lacks, all lack."""
    import numpy as np

    found = {}
    for at, name in ((0, "target"), (1, "prediction"), (2, "score"), (3, "day"), (5, "time")):
        if all(part[at] is not None for part in parts):
            found[name] = np.concatenate([part[at] for part in parts])
    for name in parts[0][4]:
        found[f"group:{name}"] = np.concatenate([part[4][name] for part in parts])
    return found


def _form(values: np.ndarray) -> int:
    """Columns that a table needs for them: 0 for text."""
    if values.dtype == object:
        return 0
    return 1 if values.ndim == 1 else -values.shape[1]


def _table(arrays: dict[str, np.ndarray]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, values in arrays.items():
        if values.dtype == object:
            columns[name] = texts(values)
        elif values.ndim == 1:
            columns[name] = pa.array(values)
        else:
            for at in range(values.shape[1]):
                columns[f"{name}\0{at}"] = pa.array(np.ascontiguousarray(values[:, at]))
    return pa.table(columns)


def _arrays(table: pa.Table, forms: dict[str, int]) -> dict[str, np.ndarray]:
    import numpy as np

    found = {}
    for name, form in forms.items():
        if form == 0:
            found[name] = objects(table.column(name))
        elif form == 1:
            found[name] = table.column(name).to_numpy()
        else:
            parts = [table.column(f"{name}\0{at}").to_numpy() for at in range(-form)]
            found[name] = np.column_stack(parts) if parts else np.empty((table.num_rows, 0))
    return found

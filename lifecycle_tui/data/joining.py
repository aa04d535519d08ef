"""Joining a features table to one window's rows by id. Used by `scan`.

The window's rows are held, the features streamed past them; of a features fragment only the rows that match stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.chunks import CHUNK, Chunk, Need, empty_column, join_chunks, subset, take
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.groups import hashed
from lifecycle_tui.data.hashing import add_digests, digest, hash_strings
from lifecycle_tui.data.light import is_valid
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.survey import FEATURES
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.windows import FragmentPart

if TYPE_CHECKING:
    import numpy as np


def concatenated(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk of several (of any fragments), in their order."""
    import numpy as np

    first = chunks[0]
    if len(chunks) == 1:
        return first
    return replace(
        first,
        rows=sum(c.rows for c in chunks),
        time=None if first.time is None else np.concatenate([c.time for c in chunks]),
        columns={name: join_chunks([c.columns[name] for c in chunks]) for name in first.columns},
        role_hash=None if first.role_hash is None else np.concatenate([c.role_hash for c in chunks]),
        row_hash=None if first.row_hash is None else np.concatenate([c.row_hash for c in chunks]),
        flaws=(),
        modified=max(c.modified for c in chunks),
    )


class FeatureJoin:
    """Adds the joined columns to a window's chunks.

    Args:
        key, own_key: the id column of the base and of the features.
        fragments: those of the features table that may hold the window's ids.
        stamp: names the whole features table as it is now.
        groups: columns that decide first which of the rows of one id and time is the last, see `Scan`.
    """

    def __init__(
        self, table: Table, fragments: Sequence[Fragment], need: Need, columns: Sequence[str], key: str, own_key: str,
        stamp: str, groups: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.table, self.fragments, self.need, self.columns = table, fragments, need, tuple(columns)
        self.key, self.own_key, self.stamp, self.groups = key, own_key, stamp, tuple(groups)
        self._parts: dict[str, tuple[int, str]] = {}

    def joined(self, chunks: Iterator[Chunk], findings: Findings) -> Iterator[Chunk]:
        """The base's rows with the features' columns; a row without a match has them missing."""
        import numpy as np

        held = list(chunks)
        if not held:
            return
        base = concatenated(held)
        ids = hash_strings(base.columns[self.key])
        valid = is_valid(base.columns[self.key])
        side = self.match(np.unique(ids[valid]), findings)
        if side is None:
            position = np.full(base.rows, -1)
            columns = {name: empty_column(self.need.kinds[name], 0) for name in self.columns}
        else:
            side_ids = hash_strings(side.columns[self.own_key])
            columns = {name: side.columns[name] for name in self.columns}
            place = np.minimum(np.searchsorted(side_ids, ids), len(side_ids) - 1)
            position = np.where(valid & (side_ids[place] == ids), place, -1)
        findings.add("orphan-prediction", int((position < 0).sum()), self.key)
        for start in range(0, base.rows, CHUNK):
            rows = np.zeros(base.rows, dtype=bool)
            rows[start : start + CHUNK] = True
            part = subset(base, rows) if base.rows > CHUNK else base
            taken = {n: _take_or_null(c, position[start : start + CHUNK]) for n, c in columns.items()}
            yield replace(part, columns={**part.columns, **taken})

    def match(self, wanted: np.ndarray, findings: Findings) -> Chunk | None:
        """Rows of the features table with these ids, one an id, sorted by id hash."""
        import numpy as np

        found = []
        for fragment in self.fragments:
            rows, digests = 0, []
            try:
                for chunk in self.table.chunks(fragment, self.need):
                    match = np.isin(hash_strings(chunk.columns[self.own_key]), wanted)
                    match &= is_valid(chunk.columns[self.own_key])
                    for flaw in chunk.flaws:
                        if match.any():
                            count = flaw.count
                            if flaw.rows is not None:
                                count = int(match[np.minimum(flaw.rows, len(match) - 1)].sum())
                            findings.add(flaw.code, count, flaw.column, f"features, {fragment.id}: {flaw.example}")
                    if match.any():
                        taken = subset(chunk, match)
                        for name in chunk.lacks:
                            findings.add("missing-column", taken.rows, name, f"features, {fragment.id}")
                        rows += taken.rows
                        if taken.row_hash is not None:
                            digests.append(digest(taken.row_hash))
                        found.append(taken)
            except DataError as exc:
                findings.add("unreadable-file", 1, None, exc.message)
            if rows:
                self._parts[fragment.id] = (rows, add_digests(digests) if digests else "")
        return self._one_each(concatenated(found), findings) if found else None

    def _one_each(self, side: Chunk, findings: Findings) -> Chunk:
        """The last row of each id, by time and then by content, in order of the id's hash."""
        import numpy as np

        ids = hash_strings(side.columns[self.own_key])
        time = side.time if side.time is not None else np.zeros(side.rows, dtype=np.int64)
        assert side.role_hash is not None
        content = side.row_hash if side.row_hash is not None else side.role_hash
        order = np.lexsort((content, hashed(side, self.groups), time, ids))
        ordered = ids[order]
        last = np.append(ordered[1:] != ordered[:-1], True)
        findings.add("duplicate-id", int((~last).sum()), self.own_key, "features")
        chosen = order[last]
        return replace(
            side,
            rows=len(chosen),
            columns={name: take(column, chosen) for name, column in side.columns.items()},
            time=None,
            role_hash=None,
            row_hash=None,
        )

    def parts(self) -> list[FragmentPart]:
        """What the features contributed, and which state of their table was seen."""
        own = [FragmentPart(FEATURES + name, rows, total) for name, (rows, total) in sorted(self._parts.items())]
        return [*own, FragmentPart(FEATURES, 0, self.stamp)]


def _take_or_null(column: Any, position: np.ndarray) -> Any:
    """Rows at `position`, missing where it is negative."""
    import numpy as np
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return np.append(column, np.nan)[position]
    return column.take(pa.array(position, mask=position < 0))

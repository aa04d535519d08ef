"""The reference's segments: which values they are, and the profiles that windows' segments are compared with.

Read in two passes once the reference's grids are known, and kept in a file, `.lifecycle/samples/NAME-DIGEST.segments`
(NAME is a hash of the model's): a cache, made anew where it cannot be read. Called by `evaluate`; `windows` asks for
the drift of each window's segments.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.reading import Reader
from lifecycle_tui.monitoring.adding import NOTHING, Adding
from lifecycle_tui.monitoring.columns import ColumnData, Judging
from lifecycle_tui.monitoring.instruments import Instruments
from lifecycle_tui.monitoring.segments import (
    SHARE,
    Segment,
    SegmentData,
    Values,
    coarse_grids,
    grid_in_segments,
    most_frequent,
    segment_signals,
    segments_of,
)
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.profiles.rest import rest
from lifecycle_tui.state.folder import folder
from lifecycle_tui.state.text import dumps

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.opening import Opened
    from lifecycle_tui.agent.work.reference import Reference
    from lifecycle_tui.agent.workers.context import JobContext
    from lifecycle_tui.data.survey import Survey
    from lifecycle_tui.domain.signals import Signal

FORMAT = 1
"""Raised when the choice of segments or the form of the file changes."""


@dataclass(frozen=True)
class Segments:
    """The reference's segments; empty where the model declares no segment column."""

    values: Values
    data: Mapping[Segment, SegmentData]
    coarse: Mapping[str, Any] = field(default_factory=dict)

    def grids(self, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reference's grids, and those on which segments are counted."""
        return {**known, **self.coarse}

    def drift(
        self, window: Mapping[Segment, SegmentData], tools: Instruments, judging: Judging, adding: Adding = NOTHING
    ) -> list[Signal]:
        """The signals about inputs of a window's segments; `judging` and `adding` are the whole window's."""
        if not self.values:
            return []
        spreads = None if adding.yardstick is None else adding.yardstick.spreads
        own = replace(judging, alpha=judging.alpha * SHARE)
        return segment_signals(self.data, window, tools, own, spreads)

    def without(self, window: Mapping[Segment, SegmentData]) -> Segments:
        """The reference's segments without the rows of one of its own windows; a column whose rows are not among them
        (of rows with one id in two windows the whole has kept the last) is left out."""
        data = {}
        for segment, of in self.data.items():
            part = window.get(segment)
            if part is None:
                data[segment] = of
                continue
            columns = {}
            for name, column in of.columns.items():
                with contextlib.suppress(ValueError):
                    columns[name] = ColumnData(column.kind, rest(column.profile, part.columns[name].profile))
            data[segment] = SegmentData(max(0, of.rows - part.rows), columns)
        return replace(self, data=data)

    def others(self, judging: Judging) -> Judging:
        """What the whole window may spend beside its segments."""
        return replace(judging, alpha=judging.alpha * (1 - SHARE)) if self.values else judging


NO_SEGMENTS = Segments({}, {})


def get_segments(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, *, scored_here: bool
) -> Segments:
    """The stored segments of this reference, or fresh ones, stored before this returns.

    Args:
        scored_here: versions of ours score the rows: what they say is not profiled segment by segment.
    """
    spec, window, data = model.spec, survey.reference, model.data
    declared = spec.columns.groups()
    if not declared:
        return NO_SEGMENTS
    names = [reference.digest, sorted(declared), scored_here, FORMAT]
    digest = hashlib.sha256(dumps(names).encode()).hexdigest()[:32]
    path = _path(job.workspace.spec.root, spec.name, digest)
    coarse = coarse_grids(reference.columns)
    grids = {**reference.grids, **coarse}
    found = _stored(path, grids, coarse)
    if found is not None:
        return found
    counts: dict[str, Counter[str]] = {}
    for batch in data.scan(window, job.now, columns=(), groups=True):
        for name, texts in batch.groups.items():
            if name in declared:
                counts.setdefault(name, Counter()).update(texts.tolist())
    outputs = {} if scored_here else {n: k for n, k in reference.outputs.items() if n in reference.columns}
    values = most_frequent(counts, len(reference.features) + len(outputs))
    reader = Reader(
        spec.columns, reference.coding, reference.features, grids, outputs=outputs, segments=values,
        progress=lambda n: job.progress(n, window.rows, "rows", f"{spec.name}: the reference's segments"),
    )  # fmt: skip
    made = Segments(values, reader.segmented(data.scan(window, job.now, groups=True)), coarse)
    _store(path, made)
    return made


def _path(root: Path, model: str, digest: str) -> Path:
    name = hashlib.sha256(model.encode()).hexdigest()[:16]
    return folder(root) / "samples" / f"{name}-{digest}.segments"


def _stored(path: Path, grids: Mapping[str, Any], coarse: Mapping[str, Any]) -> Segments | None:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_stream(file).read_all()
        facts = json.loads(table.schema.metadata[b"segments"])
        values = {column: tuple(named) for column, named in facts["values"]}
        columns: dict[Segment, dict[str, ColumnData]] = {segment: {} for segment in segments_of(values)}
        for place, name, kind, blob in zip(*(column.to_pylist() for column in table.columns), strict=True):
            segment = Segment(*facts["segments"][place])
            columns[segment][name] = ColumnData(kind, load(blob, grid_in_segments(grids, name)))
        rows = {Segment(*pair): n for pair, n in zip(facts["segments"], facts["rows"], strict=True)}
        return Segments(values, {segment: SegmentData(rows[segment], of) for segment, of in columns.items()}, coarse)
    except (OSError, pa.ArrowInvalid, KeyError, IndexError, TypeError, ValueError):
        return None


def _store(path: Path, made: Segments) -> None:
    """Keep it in place of the model's earlier ones. A disk that is full costs the cache, not the check."""
    import pyarrow as pa

    segments = list(made.data)
    rows: list[tuple[int, str, str, bytes]] = [
        (place, name, column.kind, dump(column.profile))
        for place, segment in enumerate(segments)
        for name, column in made.data[segment].columns.items()
    ]
    facts: dict[str, Any] = {
        "values": [[column, list(named)] for column, named in made.values.items()],
        "segments": [[segment.column, segment.value] for segment in segments],
        "rows": [made.data[segment].rows for segment in segments],
    }
    types = (pa.int32(), pa.string(), pa.string(), pa.binary())
    arrays = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    schema = pa.schema([(str(i), kind) for i, kind in enumerate(types)], metadata={"segments": json.dumps(facts)})
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        try:
            with pa.OSFile(str(beside), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.segments"):
                old.unlink(missing_ok=True)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)

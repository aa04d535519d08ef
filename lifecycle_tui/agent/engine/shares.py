"""What was read of a share of a scan: profiles, outcomes and what the scan learned; its sum with others, and its bytes.

Profiles travel in the codec's bytes, values of a column without a grid as numbers, outcomes and rows as Arrow. Adding
up is exact and keeps the order of fragments, so any grouping gives what one pass over all rows gives. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.engine.outcomes import dump_collector, joined, load_collector
from lifecycle_tui.agent.engine.packing import dump_array, dump_table, load_array, load_table, pack, unpack
from lifecycle_tui.agent.work.reading import Pass
from lifecycle_tui.data.shares import ScanShare, together
from lifecycle_tui.domain.windows import DataFinding, FragmentPart
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.monitoring.samples import Sample
from lifecycle_tui.monitoring.segments import Segment, SegmentData, grid_in_segments
from lifecycle_tui.profiles import pending
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.profiles.pending import Pending
from lifecycle_tui.profiles.profiler import Profile, Profiler
from lifecycle_tui.profiles.survey import Survey
from lifecycle_tui.profiles.text import dump_text, load_text

if TYPE_CHECKING:
    from lifecycle_tui.profiles.grids import Grid

Grids = Mapping[str, "Grid"]


@dataclass(frozen=True)
class Share:
    """What was read of some fragments of one window.

    Attributes:
        scan: what the scan learned.
        columns: by name: its profile, or what is known of it while it has no grid.
        kept: by column, its rows where a detector asked for them.
        sample: rows, where the share is the whole window and a detector asked for a sample.
        segments: rows and profiles segment by segment, where that was asked for.
    """

    scan: ScanShare
    columns: Mapping[str, Profile | Pending]
    collector: Collector
    kept: Mapping[str, Any] = field(default_factory=dict)
    sample: Sample | None = None
    segments: Mapping[Segment, SegmentData] = field(default_factory=dict)


def share_of(read: Pass, scan: ScanShare) -> Share:
    """What a reader's pass over a scan gave."""
    columns = {name: _column(profiler) for name, profiler in read.profilers.items()}
    kept = {name: values for name in read.kept if (values := read.values(name)) is not None}
    sample = None if read.sampler is None else read.sampler.result()
    return Share(scan, columns, read.collector, kept, sample, {} if read.segments is None else read.segments.result())


def _column(profiler: Profiler) -> Profile | Pending:
    if profiler.kind != "categorical" and profiler.grid is None:
        return Pending.of(profiler)
    return profiler.result()


def add_shares(shares: Sequence[Share]) -> Share:
    """All of them, in order of fragments; each is of the same columns.

    Raises:
        ValueError: there is none.
    """
    import pyarrow as pa

    if not shares:
        raise ValueError("there is no share to add up")
    if len(shares) == 1:
        return shares[0]
    columns: dict[str, Profile | Pending] = {}
    for name in shares[0].columns:
        columns[name] = _added([share.columns[name] for share in shares])
    kept = {}
    for name in shares[0].columns:
        chunks = [chunk for share in shares if name in share.kept for chunk in share.kept[name].chunks]
        if chunks:
            kept[name] = pa.chunked_array(chunks)
    collector = joined([share.collector for share in shares], shares[0].collector.coding)
    scan = together([share.scan for share in shares])
    return Share(scan, columns, collector, kept, None, _segments([share.segments for share in shares]))


def _segments(shares: Sequence[Mapping[Segment, SegmentData]]) -> dict[Segment, SegmentData]:
    found = dict(shares[0])
    for share in shares[1:]:
        for segment, more in share.items():
            have = found[segment]
            columns = {n: replace(c, profile=c.profile + more.columns[n].profile) for n, c in have.columns.items()}
            found[segment] = SegmentData(have.rows + more.rows, columns)
    return found


def _added(parts: Sequence[Any]) -> Profile | Pending:
    if isinstance(parts[0], Pending):
        return pending.added(parts)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def decided(share: Share) -> tuple[Share, dict[str, Grid]]:
    """The share of a whole reference with the grids that its values give; and the grids of those columns that have to
    be counted in a second pass, because their values were too many to keep."""
    columns: dict[str, Profile | Pending] = {}
    again = {}
    for name, column in share.columns.items():
        if not isinstance(column, Pending):
            columns[name] = column
        elif (grid := column.grid()) is None:
            columns[name] = column.profile().compact()
        else:
            again[name] = grid
    return replace(share, columns=columns), again


def dump_share(share: Share) -> bytes:
    """As bytes; profiles without their grids, but for those of a reference (`decided`)."""
    blobs: dict[str, bytes] = {"outcomes": dump_collector(share.collector)}
    forms: dict[str, Any] = {}
    for name, column in share.columns.items():
        if not isinstance(column, Pending):
            forms[name] = "profile"
            blobs[f"profile:{name}"] = dump(column)
        elif column.values is not None:
            forms[name] = ["values", column.kind, column.rows]
            blobs[f"values:{name}"] = dump_array(column.values)
            if column.text is not None:
                blobs[f"text:{name}"] = dump_text(column.text)
        elif column.survey is not None:
            forms[name] = ["survey", column.kind, column.rows]
            blobs[f"survey:{name}"] = column.survey.dump()
    if share.kept:
        blobs |= {f"kept:{name}": _dump_column(values) for name, values in share.kept.items()}
    facts: dict[str, Any] = {"scan": asdict(share.scan), "columns": forms, "kept": list(share.kept), "segments": []}
    for place, (segment, data) in enumerate(share.segments.items()):
        kinds = {name: column.kind for name, column in data.columns.items()}
        facts["segments"].append([segment.column, segment.value, data.rows, kinds])
        blobs |= {f"segment {place}:{name}": dump(column.profile) for name, column in data.columns.items()}
    if share.sample is not None:
        facts["sample"] = share.sample.rows
        blobs["sample"] = dump_table(share.sample.table)
        blobs["sample keys"] = dump_array(share.sample.keys)
        if share.sample.time is not None:
            blobs["sample time"] = dump_array(share.sample.time)
    return pack(facts, blobs)


def load_share(data: bytes, grids: Grids, coding: Coding) -> Share:
    """The share of `dump_share`.

    Args:
        grids: of the numeric columns that have one.
    """
    facts, blobs = unpack(data)
    columns: dict[str, Profile | Pending] = {}
    for name, form in facts["columns"].items():
        if form == "profile":
            columns[name] = load(blobs[f"profile:{name}"], grids.get(name))
            continue
        how, kind, rows = form
        if how == "values":
            text = load_text(blobs[f"text:{name}"]) if f"text:{name}" in blobs else None
            columns[name] = Pending(kind, rows, load_array(blobs[f"values:{name}"]), text=text)
        else:
            columns[name] = Pending(kind, rows, None, Survey.load(blobs[f"survey:{name}"]))
    kept = {name: load_table(blobs[f"kept:{name}"]).column(0) for name in facts["kept"]}
    sample = None
    if "sample" in blobs:
        time = load_array(blobs["sample time"]) if "sample time" in blobs else None
        sample = Sample(load_table(blobs["sample"]), load_array(blobs["sample keys"]), time, facts["sample"])
    segments = {}
    for place, (column, value, rows, kinds) in enumerate(facts["segments"]):
        found = {
            name: ColumnData(kind, load(blobs[f"segment {place}:{name}"], grid_in_segments(grids, name)))
            for name, kind in kinds.items()
        }
        segments[Segment(column, value)] = SegmentData(rows, found)
    return Share(_scan(facts["scan"]), columns, load_collector(blobs["outcomes"], coding), kept, sample, segments)


def dump_grids(grids: Grids) -> bytes:
    """Grids by column."""
    return pack(None, {name: dump_grid(grid) for name, grid in grids.items()})


def load_grids(data: bytes) -> dict[str, Grid]:
    """The grids of `dump_grids`."""
    return {name: load_grid(blob) for name, blob in unpack(data)[1].items()}


def _dump_column(values: Any) -> bytes:
    import pyarrow as pa

    return dump_table(pa.table({"": values}))


def _scan(facts: Mapping[str, Any]) -> ScanShare:
    return ScanShare(
        facts["rows"], facts["labels"], facts["waiting"],
        tuple(FragmentPart(**part) for part in facts["parts"]),
        tuple(FragmentPart(**part) for part in facts["beside"]),
        facts["label_digest"],
        tuple((code, count, column, example) for code, count, column, example in facts["findings"]),
        tuple(DataFinding(**finding) for finding in facts["labels_table"]),
    )  # fmt: skip

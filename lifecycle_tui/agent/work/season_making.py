"""Profiles the reference's windows by season, once a reference, and finds how windows vary within seasons.

    reference → its windows → profiles added up by season → a file;  some windows of each season → `Spread` a column

Called by `evaluate` and `calibrate` before any window is judged.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.reference_windows import ReferenceMeasurer, Scored
from lifecycle_tui.agent.work.seasons import Columns, Seasons, unmatched
from lifecycle_tui.agent.work.variation import MOST_WINDOWS, get_yardstick, plain_spread, spread_from
from lifecycle_tui.data.seasons import Matching, micros
from lifecycle_tui.monitoring.alarms import seasons as seasonal
from lifecycle_tui.monitoring.alarms.yardstick import Yardstick
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.state.folder import folder
from lifecycle_tui.state.text import dumps, instant, moment

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.opening import Opened
    from lifecycle_tui.agent.work.reference import Reference
    from lifecycle_tui.agent.workers.context import JobContext
    from lifecycle_tui.data.reference_cut import ReferencePart
    from lifecycle_tui.data.survey import Survey

FORMAT = 1
"""Raised when what is kept, or its form, changes."""


def get_seasons(
    job: JobContext,
    model: Opened,
    survey: Survey,
    reference: Reference,
    scored: Callable[[], Scored],
    *,
    scored_here: bool,
) -> Seasons:
    """The seasons of a reference; where the model matches none, one: the whole.

    Args:
        scored: what says how its rows are scored; asked only where the seasons are to be made.
        scored_here: versions of ours make the outputs: how those vary is not measured, sampling alone is taken.
    """
    spec = model.spec
    units = spec.data.reference.match
    if not units:
        yardstick = get_yardstick(job, model, survey, reference, scored_here=scored_here)
        return unmatched(reference, yardstick)
    names = [reference.digest, sorted(units), spec.data.timezone, repr(spec.data.window), scored_here, FORMAT]
    digest = hashlib.sha256(dumps(names).encode()).hexdigest()[:32]
    path = _path(job.workspace.spec.root, spec.name, digest)
    facts = _facts(path)
    if facts is None:
        facts, made = _make(job, model, survey, reference, scored(), scored_here)
        if not _store(path, facts, made):
            return _seasons(reference, facts, units, spec.data.timezone, lambda season: made.get(season, {}))
    return _seasons(reference, facts, units, spec.data.timezone, lambda season: _read(path, season, reference))


def _seasons(
    reference: Reference, facts: Mapping[str, Any], units: Sequence[str], zone: str, read: Callable[[str], Columns]
) -> Seasons:
    profiles = {name: column.profile for name, column in reference.columns.items()}
    known = {name: spread_from(plain) for name, plain in facts["spreads"].items()}
    windows = {key: (moment(start), moment(end)) for key, start, end in facts["windows"]}
    spans = {season: [(a, b) for a, b in of] for season, of in facts["spans"].items()}
    matching = Matching(tuple(sorted(units)), zone, windows)
    return Seasons(reference.columns, Yardstick.of(profiles, known), matching, spans, read)


def _make(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, scored: Scored, scored_here: bool
) -> tuple[dict[str, Any], dict[str, Columns]]:
    """What is kept of the seasons, and the columns of each."""
    spec = model.spec
    parts = model.data.reference_parts(survey.reference)
    matching = Matching.of(spec.data.reference.match, spec.data.timezone, parts)
    seasons: dict[str, list[ReferencePart]] = {}
    for part in parts:
        season = matching.part_season(part.window)
        if season is not None and part.window.start is not None:
            seasons.setdefault(season, []).append(part)
    measurer = ReferenceMeasurer(
        job.workspace.spec, spec, model.data, survey.reference, reference,
        replace(model.instruments, detectors=(), metrics=()), scored, job.now,
    )  # fmt: skip
    plain = Yardstick.of({name: column.profile for name, column in reference.columns.items()})
    total, done = sum(part.window.rows for part in parts), 0
    made: dict[str, Columns] = {}
    tried: list[tuple[int, seasonal.Scored]] = []
    most = max(2, math.ceil(MOST_WINDOWS / max(1, len(seasons))))
    for season, members in seasons.items():
        whole: dict[str, ColumnData] = {}
        held: list[tuple[int, Columns]] = []
        chosen = (
            {int(i * len(members) / most) for i in range(most)} if len(members) > most else set(range(len(members)))
        )
        for place, part in enumerate(members):
            columns = {n: c for n, c in measurer.read(part).items() if n in reference.columns}
            # A column that one of the windows lacks (predictions that begin later) would say too little of the season.
            before: Columns = whole if place else columns
            whole = {n: _added(before[n], c) if place else c for n, c in columns.items() if n in before}
            if place in chosen:
                held.append((part.window.order, columns))
            done += part.window.rows
            job.progress(done, total, "rows", f"{spec.name}: the reference by season")
        made[season] = {n: ColumnData(c.kind, c.profile.compact()) for n, c in whole.items()}
        yardstick = seasonal.seasonal(plain, {n: c.profile for n, c in made[season].items()}, season)
        for order, some in held:
            inputs = {n: c.profile for n, c in some.items() if not scored_here or n in reference.features}
            tried.append((order, seasonal.Scored(yardstick, yardstick.sums(inputs))))
    tried.sort(key=lambda pair: pair[0])
    found = seasonal.seasonal_spreads(plain, [one for _, one in tried], neighbours=len(tried) == len(parts))
    facts = {
        "format": FORMAT,
        "windows": [[p.window.key, instant(p.window.start), instant(p.window.end)] for p in parts
                    if p.window.start and p.window.end],
        "spans": {season: micros(members) for season, members in seasons.items()},
        "spreads": {name: plain_spread(spread) for name, spread in found.items()},
    }  # fmt: skip
    return facts, made


def _added(one: ColumnData, other: ColumnData) -> ColumnData:
    return ColumnData(one.kind, one.profile + other.profile)


def _path(root: Path, model: str, digest: str) -> Path:
    name = hashlib.sha256(model.encode()).hexdigest()[:16]
    return folder(root) / "samples" / f"{name}-{digest}.seasons"


def _facts(path: Path) -> dict[str, Any] | None:
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
            facts = json.loads(reader.schema.metadata[b"seasons"])
            return dict(facts) if reader.num_record_batches == len(facts["spans"]) else None
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


def _read(path: Path, season: str, reference: Reference) -> Columns:
    """One season's columns; of a file that has gone bad meanwhile none: their verdicts say so."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
            order = list(json.loads(reader.schema.metadata[b"seasons"])["spans"])
            rows = zip(*(c.to_pylist() for c in reader.get_batch(order.index(season)).columns), strict=True)
            return {name: ColumnData(kind, load(blob, reference.grids.get(name))) for name, kind, blob in rows}
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return {}


def _store(path: Path, facts: Mapping[str, Any], made: Mapping[str, Columns]) -> bool:
    """Keep it in place of the model's earlier ones. A disk that is full costs the cache, not the check."""
    import pyarrow as pa

    schema = pa.schema(
        [("column", pa.string()), ("kind", pa.string()), ("data", pa.binary())], metadata={"seasons": json.dumps(facts)}
    )
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        try:
            with pa.OSFile(str(beside), "wb") as file, pa.ipc.new_file(file, schema) as writer:
                for season in facts["spans"]:
                    of = made[season]
                    columns = [list(of), [c.kind for c in of.values()], [dump(c.profile) for c in of.values()]]
                    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
                    writer.write_batch(pa.record_batch(arrays, schema=schema))
            for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.seasons"):
                old.unlink(missing_ok=True)
            os.replace(beside, path)
            return True
        finally:
            beside.unlink(missing_ok=True)
    return False

"""The order of rows and files, and how rows are spread over files and formats, never changes a number."""

from __future__ import annotations

import itertools
import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.domain.specs import ColumnsSpec, LabelSpec, ReferenceSpec, TableSpec, TimestampSpec
from lifecycle_tui.domain.windows import CountWindow, TimeWindow, WindowSpec

from data_tables import day, model, open_model, rows_of, write  # isort: skip

ROW = st.fixed_dictionaries(
    {
        "id": st.integers(0, 25).map(str),
        "ts": st.integers(0, 60 * 24).map(lambda h: day(h / 24)),
        "x": st.one_of(st.none(), st.floats(-5, 5).map(lambda v: round(v, 2))),
        "c": st.sampled_from(["a", "b", None, "NA"]),
        "p": st.floats(0, 1).map(lambda v: round(v, 2)),
    }
)
LABEL = st.fixed_dictionaries(
    {"id": st.integers(0, 30).map(str), "y": st.sampled_from([0, 1]), "at": st.integers(0, 90).map(day)}
)
WRITTEN = itertools.count()
KINDS: Any = {"x": "numeric", "c": "categorical"}


def spread(folder: Path, rows: list[dict], seed: int, suffix: str) -> None:
    """`rows`, shuffled, over one to three files."""
    rng = random.Random(seed)
    rows = rng.sample(rows, len(rows))
    shutil.rmtree(folder, ignore_errors=True)
    n = rng.randint(1, 3)
    for i in range(n):
        part = rows[i::n]
        if part:
            # Names of their own: all are dated alike, and what is known of a file goes by name, date and size.
            write(folder / f"{rng.random()}-{next(WRITTEN)}.{suffix}", part)


def everything(tmp_path: Path, window: WindowSpec, suffix: str) -> str:
    """All that a check would learn: windows, rows, findings that do not speak of files, digests."""
    spec = model(
        tmp_path,
        task="binary",
        window=window,
        reference=ReferenceSpec(end=day(20)),
        columns=ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y", score="p", kinds=KINDS),
        predictions=TableSpec(str(tmp_path / "p" / f"*.{suffix}")),
        labels=LabelSpec(table=TableSpec(str(tmp_path / "l")), arrived="at", delay=timedelta(days=30), absent=0),
    )
    data = open_model(spec)
    now = day(70)
    survey = data.survey({}, now)
    found = [survey.reference_digest, survey.newest]
    for w in (survey.reference, *(s.window for s in survey.windows)):
        scan = data.scan(w, now).run()
        labels = [p.digest for p in scan.parts if p.fragment == "labels:"]
        codes = sorted((f.code, f.count) for f in scan.report.findings if f.code != "backwards-clock")
        found.append(
            (w.key, w.start, w.rows, w.complete, rows_of(data, w, now), scan.labels, scan.mature, labels, codes)
        )
    return repr(found)  # NaN is equal to itself in text


@pytest.mark.thorough
@pytest.mark.parametrize("window", [TimeWindow(1, "week"), CountWindow(7)], ids=["week", "count"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=5, max_size=40),
    labels=st.lists(LABEL, min_size=1, max_size=20),
    seeds=st.tuples(st.integers(), st.integers()),
)
def test_order_split_and_format_change_nothing(
    tmp_path: Path, window: WindowSpec, rows: list[dict], labels: list[dict], seeds: tuple[int, int]
) -> None:
    rows = [*rows, {"id": "z", "ts": day(1), "x": 1.0, "c": "a", "p": 0.5}]
    results = []
    for seed, suffix in (
        (seeds[0], "csv"),
        (seeds[1], "csv"),
        (seeds[1], "parquet"),
        (seeds[1], "jsonl"),
        (seeds[0], "db"),
    ):
        spread(tmp_path / "p", rows, seed, suffix)
        spread(tmp_path / "l", labels, seed, "csv")
        results.append(everything(tmp_path, window, suffix))
    assert results[1:] == [results[0]] * 4

"""The reference cut into whole windows of every kind, each row in one of them at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui.domain.specs import ColumnsSpec, ReferenceSpec, TableSpec
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeWindow

from data_tables import MONTH, NOW, day, model, open_model, write  # isort: skip

WEEK = TimeWindow(1, "week")


def rows(first: float, last: float, step: float = 0.5) -> list[dict]:
    n = int((last - first) / step)
    return [{"ts": day(first + i * step), "x": i * 1.5, "c": "ab"[i % 2], "y": float(i)} for i in range(n)]


def cut(data):
    reference = data.survey({}, NOW).reference
    parts = data.reference_parts(reference)
    for part in parts:
        scan = data.scan(reference, NOW, part=part).run()
        assert scan.rows == part.window.rows, part.window.key
    return {p.window.key: p.window.rows for p in parts}


@pytest.mark.parametrize(
    ("window", "reference", "found"),
    [
        # 2025-01-01 is a Wednesday: the first week begins late, the last is cut through by the reference's end.
        (WEEK, ReferenceSpec(end=day(31)), {"2025-01-06": 14, "2025-01-13": 14, "2025-01-20": 14}),
        (MONTH, ReferenceSpec(end=day(59)), {"2025-01": 62, "2025-02": 56}),
        (MONTH, ReferenceSpec(start=day(10), end=day(59)), {"2025-02": 56}),
        (MONTH, ReferenceSpec(end=day(20)), {}),
        (MONTH, ReferenceSpec(rows=70), {"2025-01": 62}),
        (CountWindow(25), ReferenceSpec(end=day(31)), {"rows-000000000": 25, "rows-000000025": 25}),
        (CountWindow(25), ReferenceSpec(rows=50), {"rows-000000000": 25, "rows-000000025": 25}),
        (FileWindow(), ReferenceSpec(end=day(31)), {"t.csv": 62}),
    ],
)
def test_only_whole_windows_of_the_models_own_kind(tmp_path: Path, window, reference, found) -> None:
    data = open_model(model(write(tmp_path / "t.csv", rows(0, 90)), window=window, reference=reference))
    assert cut(data) == found


def test_rows_of_one_instant_stay_together(tmp_path: Path) -> None:
    table = [row for row in rows(0, 40, 1) for _ in range(3)]
    data = open_model(
        model(write(tmp_path / "t.csv", table), window=CountWindow(10), reference=ReferenceSpec(end=day(9)))
    )
    assert cut(data) == {"rows-000000000": 12, "rows-000000012": 12}


def test_rows_without_a_time(tmp_path: Path) -> None:
    table = [{"x": i, "y": float(i)} for i in range(100)]
    for name in ("a", "b"):
        write(tmp_path / f"{name}.csv", table)
    spec = model(
        tmp_path / "*.csv", window=CountWindow(40), reference=ReferenceSpec(rows=130), columns=ColumnsSpec(target="y")
    )
    data = open_model(spec)
    assert cut(data) == {"rows-000000000": 40, "rows-000000040": 40, "rows-000000080": 40}
    reference = data.survey({}, NOW).reference
    third = data.scan(reference, NOW, part=data.reference_parts(reference)[2])
    assert sorted(x for batch in third for x in batch.features.column("x").to_pylist()) == sorted(
        [*range(80, 100), *range(20)]
    )


def test_partitions_of_the_reference(tmp_path: Path) -> None:
    for n, dt in enumerate(("2025-01-01", "2025-01-02", "2025-01-03")):
        write(tmp_path / f"dt={dt}" / "p.csv", rows(n, n + 1))
    spec = model(
        tmp_path, window=PartitionWindow(), reference=ReferenceSpec(partitions=("2025-01-01", "2025-01-02")),
        predictions=TableSpec(str(tmp_path), partition="dt"),
    )  # fmt: skip
    assert cut(open_model(spec)) == {"2025-01-01": 2, "2025-01-02": 2}


def test_a_reference_of_its_own(tmp_path: Path) -> None:
    own = write(tmp_path / "ref.csv", rows(0, 59))
    spec = model(
        write(tmp_path / "t.csv", rows(59, 90)), reference=ReferenceSpec(table=TableSpec(str(own))), window=MONTH
    )
    assert cut(open_model(spec)) == {"2025-01": 62, "2025-02": 56}
    timeless = write(tmp_path / "old.csv", [{"x": 1.0, "c": "a", "y": 1.0}] * 50)
    spec = model(tmp_path / "t.csv", reference=ReferenceSpec(table=TableSpec(str(timeless))), window=MONTH)
    assert cut(open_model(spec)) == {}

"""The demo's plugins, each by itself: what it is there for, and what it says where it cannot do it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui import api, testing
from lifecycle_tui.demo.writing import FILES


def plugin(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"demo_plugin_{name}", FILES / "plugins" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outcomes(approved: dict[str, tuple[int, int]], *, day: bool = False) -> api.Outcomes:
    """Rows by group: (approved, all)."""
    group = np.array([name for name, (_, n) in approved.items() for _ in range(n)], dtype=object)
    said = np.array([i < k for k, n in approved.values() for i in range(n)], dtype="int8")
    days = np.arange(len(said)) % 14 if day else None
    return api.Outcomes(target=said, prediction=said, day=days, groups={"age": group})


def test_the_approval_gap_and_its_interval() -> None:
    metric = plugin("approval_gap").ApprovalGap(column="age")
    found = metric.measure(outcomes({"young": (56, 70), "old": (48, 80)}))
    # Newcombe (1998), table II, example a: 56 of 70 against 48 of 80.
    assert (round(found.value, 4), round(found.lower, 4), round(found.upper, 4)) == (0.2, 0.0524, 0.3339)
    assert found.n == 70 and found.message == "old: 60% approved, young: 80%"
    same = metric.measure(outcomes({"young": (50, 100), "old": (50, 100)}))
    assert same.value == 0 == same.lower < same.upper
    by_day = metric.measure(outcomes({"young": (56, 70), "old": (48, 80)}, day=True))
    assert by_day.value == pytest.approx(0.2) and 0 <= by_day.lower < 0.2 < by_day.upper


def test_the_gap_is_between_the_two_groups_that_are_furthest_apart() -> None:
    metric = plugin("approval_gap").ApprovalGap(column="age")
    three = metric.measure(outcomes({"young": (20, 100), "middle": (50, 100), "old": (70, 100)}))
    assert three.value == pytest.approx(0.5) and three.message == "young: 20% approved, old: 70%"


def test_a_handful_of_rows_is_no_group_and_nor_is_a_missing_one() -> None:
    metric = plugin("approval_gap").ApprovalGap(column="age", least=30)
    found = metric.measure(outcomes({"young": (0, 29), "": (0, 100), "old": (80, 100)}))
    assert found.value is None and found.message == "fewer than two groups with 30 rows"


def test_key_value_lines_are_read_as_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "chargebacks.logfmt"
    file.write_text('id=a fraud=1 amount=3 at="2026-01-02 03:04"\nid=b amount=4.5\n')
    source = plugin("logfmt").Logfmt(str(file))
    assert source.schema() == dict.fromkeys(("id", "fraud", "amount", "at"), pa.string())
    (fragment,) = source.fragments()
    (batch,) = source.read(fragment, ["fraud", "amount"], {"amount": "numeric", "fraud": "categorical"})
    assert batch.first_row == 0
    assert batch.data.to_pydict() == {"fraud": ["1", None], "amount": [3.0, 4.5]}
    (everything,) = source.read(fragment)
    assert everything.data.column("at").to_pylist() == ["2026-01-02 03:04", None]


@pytest.mark.parametrize("line", ["id,fraud", 'id="a'])
def test_a_line_that_is_no_pair_is_the_datas_fault(tmp_path: Path, line: str) -> None:
    file = tmp_path / "chargebacks.logfmt"
    file.write_text(f"{line}\n")
    with pytest.raises(api.DataError, match=r"chargebacks\.logfmt cannot be read"):
        plugin("logfmt").Logfmt(str(file)).schema()


def test_the_diary_has_a_page_for_each_message(tmp_path: Path) -> None:
    page = tmp_path / "diary.md"
    diary = plugin("diary").Diary(path=str(page))
    diary.send(
        api.Message(
            "critical: card-fraud: auc-low", "first\nsecond", ({"since": "2026-03-02"}, {"since": "2026-03-09"})
        )
    )
    diary.send(api.Message("resolved: card-fraud: auc-low", "over", ({"since": "2026-03-02"},)))
    first, second = page.read_text("utf-8").split("## ")[1:]
    assert first.startswith(
        "critical: card-fraud: auc-low\n\nSince window 2026-03-02, 2026-03-09.\n\n    first\n    second\n"
    )
    assert second.startswith("resolved") and "Since window 2026-03-02.\n\n    over\n" in second
    with pytest.raises(FileNotFoundError):
        plugin("diary").Diary(path=str(tmp_path / "none" / "diary.md")).send(api.Message("a", "b", ()))


@pytest.mark.slow
def test_the_rare_class_is_learned_whole_and_the_newest_others() -> None:
    n = 400
    target = pa.array(["1" if i % 40 == 0 else "0" for i in range(n)])
    table = pa.table({"x": pa.array(np.where(np.arange(n) % 40 == 0, 5.0, 0.0) + np.arange(n) / n)})
    request = api.FitRequest(
        "cards", "binary", table, target, pa.array(range(n), pa.int64()), {"x": "numeric"}, estimator="linear",
        positive="1", cutoff=0.5,
    )  # fmt: skip
    found = plugin("rare").Rare(others=5).fit(request)
    assert found.rows == 60 and found.note == "all 10 positive rows and 50 of 390 others" and found.artifact
    everything = plugin("rare").Rare(others=1000).fit(request)
    assert everything.rows == n


def test_the_shelf_holds_what_serves(tmp_path: Path) -> None:
    shelf = plugin("shelf").Shelf(path=str(tmp_path / "shelf"))
    artefact = tmp_path / "artefact"
    artefact.write_bytes(b"model")
    assert shelf.serving(str(tmp_path)) is None
    for version in (1, 2, 2):
        shelf.deploy(api.Release("homes", version, str(version), "d", "skops", str(artefact), str(tmp_path)))
        assert shelf.serving(str(tmp_path)) == version
    assert sorted(os.listdir(tmp_path / "shelf")) == ["homes-v1.skops", "homes-v2.skops", "serves.json"]
    with pytest.raises(ValueError, match="no artefact"):
        shelf.deploy(api.Release("homes", 3, "v3", None, None, None, str(tmp_path)))
    assert shelf.serving(str(tmp_path)) == 2, "what served before still does"


def test_the_tails_say_how_wide_the_middle_is() -> None:
    class Profile:
        def __init__(self, width: float) -> None:
            self.width = width

        def quantile(self, q: float) -> float:
            return q * self.width

    tails = plugin("tails").Tails()
    assert tails.measure(Profile(10), Profile(5)) == pytest.approx(0.5)
    assert tails.measure(Profile(0), Profile(5)) is None


def test_waiting_lists_windows_whose_labels_are_to_come() -> None:
    def window(key: str, labels: int, *, version: str = "", mature: bool = False) -> dict[str, object]:
        return {"key": key, "rows": 10, "labels": labels, "version": version, "mature": mature}

    view = testing.view(
        windows=[window("a", 10, mature=True), window("b", 8), window("b", 8, version="2"), window("c", 0)]
    )
    found = plugin("waiting").Waiting().run(view)
    assert [(row["window"], row["missing"]) for row in found] == [("b", pytest.approx(0.2)), ("c", 1.0)]
    assert [row["window"] for row in plugin("waiting").Waiting(least=0.5).run(view)] == ["c"]
    with pytest.raises(api.DataError, match="from 0 to 1"):
        plugin("waiting").Waiting(least=2).run(view)

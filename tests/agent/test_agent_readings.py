"""Evaluations store a reading of each window and version, and read again when labels arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.agent.conftest import Space


def readings(space: Space) -> dict[tuple[str, str], Any]:
    return {
        (e.window.key[:10], e.window.version): e.signals["reading"]
        for e in space.history()
        if "reading" in e.signals
    }  # fmt: skip


def test_windows_and_versions_have_readings(shop: Callable[..., Space]) -> None:
    space = shop(days=range(72), drift_from=44, bad_from=58)
    space.run()
    found = readings(space)
    versions = {version for _, version in found}
    assert versions == {"", "a", "b"}
    windows = sorted({key for key, _ in found})
    by_kind = [found[key, ""].detail["kind"] for key in windows]
    assert "covariate" in by_kind and by_kind[-2] in ("concept", "unclear") and by_kind[1] == "none"
    moved = found[windows[by_kind.index("covariate")], ""]
    assert moved.detail["columns"][0]["column"] == "age"
    assert any(piece["signal"].endswith(".age") for piece in moved.detail["evidence"])
    last = {e.window.version: e.signals for e in space.history() if e.window.key[:10] == windows[-2]}
    assert last["a"]["concept.shift"].state == "drifted"
    assert last["b"]["concept.shift"].value is not None, "each version is held against its own rows of the reference"
    assert last["a"]["concept.shift"].detail["p_value"] < 0.01


def test_labels_that_arrive_change_the_reading(shop: Callable[..., Space]) -> None:
    space = shop(days=range(44), bad_from=30)
    space.clock.instant = datetime(2025, 2, 8, tzinfo=UTC)
    space.run()
    before = readings(space)
    key = min(key for key, version in before if key >= "2025-01-30")
    assert before[key, "a"].detail["kind"] != "concept"
    assert "truth given score" in before[key, "a"].detail["unknown"], "early labels are no fair sample"
    space.clock.instant = datetime(2025, 6, 1, tzinfo=UTC)
    space.run()
    after = readings(space)[key, "a"]
    assert after.detail["kind"] == "concept"
    assert "retrain" in after.detail["advice"]
    assert "truth given score" not in after.detail["unknown"]


def test_associations_rank_columns_where_no_version_can_be_opened(shop: Callable[..., Space]) -> None:
    space = shop(days=range(37))
    space.run()
    said = readings(space)
    reading = said[max(key for key, _ in said), ""]
    assert reading.detail["importance_by"] == "association"
    assert {row["column"] for row in reading.detail["columns"]} == {"age", "city"}
    assert not [name for e in space.history() for name in e.signals if name.startswith("importance.")]

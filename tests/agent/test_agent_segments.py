"""Segments of windows: metrics and drift by value of a column, rules that read them, and where a fall comes from."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.state.folder import folder

from tests.agent.conftest import Space  # isort: skip
from tests.agent.test_agent_judging import loans

__all__ = ["loans"]  # a fixture

TOML = """\
[models.shop]
task = "binary"
[models.shop.data]
table = "rows/*.csv"
labels = { delay = "1h" }
reference = { until = 2025-01-28 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "bought"
positive = 1
score = "p"
numeric = ["income"]
categorical = ["plan"]
segments = ["country"]
[models.shop.monitor]
metrics = ["auc", "brier"]
min_rows = 40
[models.shop.rules.france]
when = 'auc["country=FR"] < 0.6'
[models.shop.rules.germany]
when = 'drift.max["country=DE"] > 0.2'
"""
COUNTRIES = ["FR", "DE", "IT", ""]


def rows(days: range, *, moved: int = 9999, broken: int = 9999, per_day: int = 150) -> list[str]:
    """Income moves in Germany from day `moved` on; from `broken` on the score is wrong for the rich of France."""
    lines = []
    for day in days:
        rng = random.Random(day)
        for i in range(per_day):
            at = datetime(2025, 1, 1) + timedelta(days=day, minutes=i * 9)
            country = rng.choices([*COUNTRIES, "XX"], [5, 4, 3, 1, 0.1])[0]
            income = rng.gauss(50, 10) + (12 if country == "DE" and day >= moved else 0)
            plan = rng.choice(["free", "pro", "team"])
            p = rng.betavariate(1.2, 1.2)
            bought = rng.random() < p
            if country == "FR" and income > 50 and day >= broken:
                bought = rng.random() > p
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},{country},{income:.2f},{plan},{p:.4f},{int(bought)}")
    return lines


HEADER = "ts,country,income,plan,p,bought"


def shop(space: Space, lines: list[str], toml: str = TOML, files: int = 1) -> None:
    space.write("lifecycle.toml", toml)
    for n in range(files):
        space.write(f"rows/{n}.csv", "\n".join([HEADER, *lines[n::files]]) + "\n")


def newest(space: Space) -> dict[str, Any]:
    return dict(max(space.history(), key=lambda e: e.window.key).signals)


def test_each_segment_has_its_rows_drift_and_metrics(space: Space) -> None:
    lines = rows(range(40), moved=33, broken=33)
    shop(space, lines)
    outcome = space.run()
    assert not outcome["problems"]
    found = newest(space)
    last = [line.split(",") for line in lines if line >= "2025-02-03"]
    for value, name in (("FR", "FR"), ("DE", "DE"), ("IT", "IT"), ("", "(none)"), ("XX", "XX")):
        signal = found[f"rows.country={name}"]
        assert signal.value == sum(row[1] == value for row in last)
        assert signal.detail["segment"] == {"column": "country", "value": name}
    assert found["drift.max.country=DE"].state == "drifted" and found["drift.max.country=DE"].value > 0.3
    assert found["drift.max.country=DE"].detail["columns"] == ["income"]
    assert found["drift.max.country=FR"].value == 0.0 and found["drift.max.country=FR"].state == "ok"
    assert found["auc.country=FR"].value < 0.65 < found["auc.country=IT"].value
    assert found["auc.country=FR"].lower < found["auc.country=FR"].value < found["auc.country=FR"].upper
    small = found["auc.country=XX"], found["drift.max.country=XX"]
    for signal in small:
        assert signal.value is None and signal.state == "cannot-tell" and signal.detail["small"]
        assert "40 are needed" in signal.message
    assert found["rows.country=(other)"].value == 0
    assert found["segments.worst"].detail["segment"]["country"] == "country=FR"
    assert {a.alert.rule for a in space.alerts()} == {"france", "germany"}


@pytest.mark.slow
def test_a_fall_is_traced_to_its_segment(space: Space) -> None:
    shop(space, rows(range(40), broken=33))
    space.run()
    calm, fallen = (e.signals["segments.worst"] for e in sorted(space.history(), key=lambda e: e.window.key)[-2:])
    assert calm.value == 0.0 and "no worse" in calm.message
    assert fallen.value > 0.02, fallen
    assert set(fallen.detail["segment"]) == {"country", "income"}
    assert fallen.detail["segment"]["country"] == "country=FR" and fallen.detail["segment"]["income"].startswith(
        "income > 50"
    )
    assert fallen.detail["metric"] == "auc" and fallen.detail["p_value"] < 1e-3
    assert 0.5 < fallen.detail["share_of_fall"] < 1.6
    assert "auc is worse above all where country=FR and income" in fallen.message


@pytest.mark.slow
def test_the_same_numbers_from_any_files_in_any_order(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = rows(range(40), moved=33, broken=33)
    shop(space, lines)
    space.run()
    other = Space(tmp_path_factory.mktemp("other"), space.clock)
    random.Random(1).shuffle(lines)
    shop(other, lines, files=3)
    other.run()

    def seen(one: Space) -> list[tuple]:
        return [f[:6] for f in one.facts()]

    assert seen(space) == seen(other)
    worst = [newest(one)["segments.worst"] for one in (space, other)]
    assert worst[0].detail == worst[1].detail


@pytest.mark.slow
def test_windows_that_grow_give_what_one_read_gives(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = rows(range(40), moved=33)
    shop(space, lines[:-300])
    space.run()
    space.write("rows/9.csv", "\n".join([HEADER, *lines[-300:]]) + "\n")
    space.run()
    once = Space(tmp_path_factory.mktemp("once"), space.clock)
    shop(once, lines)
    once.run()
    assert [f[:6] for f in space.facts()] == [f[:6] for f in once.facts()]


@pytest.mark.slow
def test_the_reference_is_kept_and_made_anew_if_it_is_damaged(space: Space) -> None:
    shop(space, rows(range(33)))
    space.run()
    before = space.facts()
    (kept,) = (folder(space.root) / "samples").glob("*.segments")
    kept.write_bytes(kept.read_bytes()[:200])
    space.write("rows/9.csv", "\n".join([HEADER, *rows(range(33, 40))]) + "\n")
    assert space.run()["new"] == 1
    assert space.facts()[: len(before)] == before
    assert kept.stat().st_size > 200


@pytest.mark.slow
def test_a_segment_that_is_a_feature_or_has_many_values(space: Space) -> None:
    many = TOML.replace('segments = ["country"]', 'segments = ["income", "plan"]').replace('"country=FR"', '"plan=pro"')
    shop(space, rows(range(36)), many.replace('"country=DE"', '"income=50"'))
    outcome = space.run()
    assert not outcome["problems"]
    found = newest(space)
    assert sum(name.startswith("rows.income=") for name in found) == 21
    assert found["rows.income=(other)"].value > 400
    assert "drift.max.plan=pro" in found and found["auc.plan=pro"].value is not None


@pytest.mark.slow
def test_values_that_the_reference_did_not_have_are_pooled(space: Space) -> None:
    lines = rows(range(28)) + [line.replace(",IT,", ",JP,") for line in rows(range(28, 36))]
    shop(space, lines)
    space.run()
    found = newest(space)
    assert found["rows.country=IT"].value == 0 and found["rows.country=(other)"].value > 30
    assert found["drift.max.country=(other)"].state == "cannot-tell"
    assert found["drift.max.country=(other)"].message == "cannot tell: 0 rows to compare, 40 are needed"
    assert found["auc.country=IT"].state == "unknown"


@pytest.mark.slow
@pytest.mark.parametrize("column", ["missing", "country"])
def test_a_declared_column_that_no_table_has(space: Space, column: str) -> None:
    toml = TOML.replace('segments = ["country"]', f'segments = ["{column}"]')
    toml = toml.replace("country=", f"{column}=")
    shop(space, rows(range(36)), toml)
    outcome = space.run()
    assert bool(outcome["problems"]) == (column == "missing")
    assert ("rows.country=FR" in newest(space)) == (column == "country")


@pytest.mark.slow
def test_versions_of_ours_are_searched_too(loans: Callable[..., Any]) -> None:
    """The rows of forward validation are what windows are compared with."""
    from lifecycle_tui.domain.clock import FixedClock

    def towns(row: dict[str, Any]) -> None:
        row["town"] = "east" if row["income"] > 0 else "west"

    story = loans(change=towns, columns='positive = 1\nsegments = ["town"]', names="town", metrics=["auc"])
    story.clock = FixedClock(story.clock.now() - timedelta(days=40))
    story.instant()
    space = Space(Path(story.root), story.clock)
    found = [e.signals for e in space.history("loans", version="1")]
    assert found and all("auc.town=east" in signals for signals in found)
    worst = [signals["segments.worst"] for signals in found if "segments.worst" in signals]
    assert worst and all(signal.state in ("ok", "unknown") for signal in worst)
    assert not any("not at hand" in (signal.message or "") for signal in worst)


@pytest.mark.slow
def test_windows_of_the_reference_have_segments_too(space: Space) -> None:
    """So that the file's check can say how often a rule on a segment fires while all is well."""
    from lifecycle_tui.state import reference_signals
    from lifecycle_tui.state.database import State

    shop(space, rows(range(36)))
    outcome = space.run()
    with State.open(space.root) as state, state.read() as conn:
        found = reference_signals.read(conn, "shop", outcome["reference_digest"])
    names = {signal.name for signals in found.values() for signal in signals}
    assert {"auc.country=FR", "drift.max.country=DE", "rows.country=IT"} <= names


@pytest.mark.slow
def test_rows_of_the_reference_that_were_lost_are_made_again(
    loans: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first check that is killed before it could keep them, a full disk, a folder that somebody emptied."""
    import numpy as np

    from lifecycle_tui.agent.work import evaluate as module
    from lifecycle_tui.agent.work.searching import get_searching
    from lifecycle_tui.domain.clock import FixedClock

    found: list[Any] = []

    def watched(*given: Any) -> Any:
        searching = get_searching(*given)
        found.append(searching.rows_of_reference())
        return searching

    monkeypatch.setattr(module, "get_searching", watched)
    story = loans(columns="positive = 1", metrics=["auc"])
    story.clock = FixedClock(story.clock.now() - timedelta(days=40))
    story.instant()
    shutil.rmtree(Path(story.root) / ".lifecycle" / "samples")
    story.clock = FixedClock(story.clock.now() + timedelta(days=20))
    story.instant()
    first, again = found
    assert len(first.keys) > 100 and np.array_equal(first.keys, again.keys)
    assert first.columns == again.columns
    assert np.array_equal(first.outcomes.target, again.outcomes.target)
    assert np.array_equal(first.outcomes.score, again.outcomes.score)

"""`match` of a reference, from the file to the verdicts: season is no drift, growth is, what is lacking is said."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.state.folder import folder
from lifecycle_tui.state.windows import WindowSignals

from tests.agent.conftest import Space  # isort: skip

TOML = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
reference = { until = UNTIL, match = MATCH }
window = "1 month"
[models.shop.columns]
timestamp = "ts"
target = "sold"
prediction = "said"
categorical = ["hat"]
segments = ["shop"]
"""


def rows(months: int) -> list[str]:
    lines = ["ts,heat,load,hat,shop,said,sold"]
    for day in range(months * 31):
        at = datetime(2022, 1, 1) + timedelta(days=day)
        if at.year * 12 + at.month > 2022 * 12 + months:
            break
        wave = math.sin(2 * math.pi * at.month / 12)
        rng = random.Random(day)
        for i in range(12):
            load = rng.gauss(10 * wave, 3) + (4 if at.year == 2024 else 0)
            hat = "straw" if rng.random() < 0.5 + 0.4 * wave else "wool"
            sold = rng.gauss(5, 1)
            at_ = at + timedelta(hours=2 * i)
            lines.append(f"{at_:%Y-%m-%dT%H:%M},{rng.gauss(10 * wave, 3):.3f},{load:.3f},{hat},{i % 2},5,{sold:.2f}")
    return lines


def shop(space: Space, months: int, until: str, match: str) -> list[WindowSignals]:
    space.clock.instant = datetime(2025, 1, 2, tzinfo=UTC)
    space.write("rows.csv", "\n".join(rows(months)) + "\n")
    space.write("lifecycle.toml", TOML.replace("UNTIL", until).replace("MATCH", match))
    outcome = space.run()
    assert not outcome["problems"], outcome["problems"]
    return sorted(space.history(), key=lambda e: e.window.key)


@pytest.mark.slow
def test_season_is_no_drift_and_growth_below_it_is(space: Space):
    history = shop(space, 29, "2023-12-31", '["month"]')
    grown = [e for e in history if e.window.key >= "2024-01"]
    assert len(grown) == 5
    for entry in grown:
        found = entry.signals
        assert found["change.load"].state == "drifted"
        assert "against the reference's " in found["change.load"].message
        assert (
            found["change.heat"].state == "ok" and found["ks.heat"].state == "ok" and found["change.hat"].state == "ok"
        )
        assert found["drift.share"].detail["columns"] == ["load"]
        assert found["drift.max.shop=0"].value is None and "not matched by season" in found["drift.max.shop=0"].message
    assert "April" in grown[3].signals["change.load"].message
    cached = list((folder(space.root) / "samples").glob("*.seasons"))
    assert len(cached) == 1
    before = {s.name: (s.value, s.state) for s in history[-1].signals.values()}

    # A cache that has gone bad is made anew, and nothing is measured again.
    cached[0].write_bytes(b"torn")
    assert not any(space.run()[change] for change in ("new", "grown", "changed", "relabelled"))
    assert cached[0].stat().st_size > 1000
    assert {s.name: (s.value, s.state) for s in space.history()[-1].signals.values()} == before

    # Without match the year's own variation hides growth; how windows are held is part of their basis.
    space.write("lifecycle.toml", TOML.replace("UNTIL, match = MATCH", "2023-12-31"))
    assert space.run()["changed"] == 5
    plain = [e for e in space.history() if e.window.key >= "2024-01"]
    assert {e.signals["change.load"].state for e in plain} != {"drifted"} or any(
        e.signals["change.heat"].state == "drifted" for e in plain
    )


def test_what_the_reference_has_no_season_of_cannot_be_told(space: Space):
    history = shop(space, 9, "2022-06-30", '["month"]')
    last = {e.window.key: e.signals for e in history}["2022-09"]
    assert last["change.heat"].state == last["ks.heat"].state == "cannot-tell"
    assert last["change.heat"].message == "cannot tell: the reference has no September"
    assert last["drift.share"].value is None and last["drift.share"].state == "cannot-tell"
    assert last["rows"].value > 0


@pytest.mark.slow
def test_the_same_window_a_year_before(space: Space):
    last = shop(space, 26, "2023-12-31", '["period"]')[-1].signals
    assert "against the reference's 2023-02" in last["change.load"].message
    assert last["change.load"].state == "drifted" and last["change.heat"].state == "ok"


@pytest.mark.slow
def test_days_of_the_week(space: Space):
    space.write("rows.csv", "\n".join(rows(3)) + "\n")
    space.clock.instant = datetime(2025, 1, 2, tzinfo=UTC)
    text = TOML.replace("UNTIL", "2022-03-15").replace("MATCH", '["weekday"]').replace("1 month", "1d")
    space.write("lifecycle.toml", text + "[models.shop.monitor]\nmin_rows = 10\n")
    space.run()
    history = sorted(space.history(), key=lambda e: e.window.key)
    assert [e.window.key for e in history][:2] == ["2022-03-16", "2022-03-17"]
    assert "the reference's Wednesday" in history[0].signals["change.load"].detail["basis"]
    assert "variation of" in history[0].signals["change.load"].detail["basis"]

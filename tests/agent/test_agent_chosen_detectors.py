"""Detectors that a model names, through a whole evaluation: rank tests and peers' scores of numbers, words of text."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.domain.clock import FixedClock
from tests.agent.conftest import Space

TOML = """\
[models.shop]
task = "regression"
[models.shop.data]
predictions = "tickets.csv"
reference = { until = 2025-01-20 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
prediction = "p"
numeric = ["age"]
text = ["body"]
[models.shop.monitor]
detectors = ["anderson", "range", "tokens", "characters", "evidently"]
"""
START = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = ("invoice", "delivery", "refund", "late", "parcel", "account", "password", "please", "thanks")


@pytest.fixture
def desk(tmp_path: Path) -> Space:
    """Five weeks of tickets; from the fourth Monday on every tenth says that a gateway timed out."""
    rng = random.Random(5)
    lines = ["ts,age,body,p"]
    for quarter in range(96 * 35):
        words = [rng.choice(WORDS) for _ in range(rng.randint(3, 9))]
        words += ["GATEWAY timeout"] * (quarter >= 96 * 26 and quarter % 10 == 0)
        at = START + timedelta(minutes=15 * quarter)
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{rng.gauss(40, 9):.3f},{' '.join(words)},{rng.random():.4f}")
    space = Space(tmp_path, FixedClock(START + timedelta(days=36)))
    space.write("lifecycle.toml", TOML)
    space.write("tickets.csv", "\n".join(lines) + "\n")
    return space


def test_named_detectors_measure_and_judge(desk: Space) -> None:
    desk.run()
    before, last = sorted(desk.history(version=""), key=lambda e: e.window.key)[:2]
    assert last.signals["tokens.body"].state == "drifted"
    top = last.signals["tokens.body"].detail["top"]
    assert {row["token"] for row in top[:2]} == {"gateway", "timeout"}
    assert last.signals["characters.body"].detail["class"] == "uppercase"
    assert before.signals["tokens.body"].state == "ok"
    for name in ("anderson.age", "range.age"):
        assert last.signals[name].state == "ok", name
        assert 0 <= last.signals[name].detail["p_value"] <= 1
    evidently = last.signals["evidently.age"]
    assert evidently.state == "ok" and "Evidently's wasserstein" in evidently.detail["definition"]
    assert "psi.age" not in last.signals and last.signals["missing.body"].value == 0


@pytest.mark.slow
def test_a_model_that_stops_and_starts_to_count_words_is_measured_each_time(desk: Space) -> None:
    desk.run()
    file = desk.root / "lifecycle.toml"
    file.write_text(TOML.replace('"tokens", "characters", ', ""))
    desk.run()
    latest = sorted(desk.history(version=""), key=lambda e: e.window.key)[1]
    assert "tokens.body" not in latest.signals
    file.write_text(TOML)
    desk.run()
    latest = sorted(desk.history(version=""), key=lambda e: e.window.key)[1]
    assert latest.signals["tokens.body"].state == "drifted"

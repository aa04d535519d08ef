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
    """Five weeks of tickets; in the last, every tenth says that a gateway timed out."""
    rng = random.Random(5)
    lines = ["ts,age,body,p"]
    for hour in range(24 * 35):
        words = [rng.choice(WORDS) for _ in range(rng.randint(3, 9))]
        words += ["GATEWAY timeout"] * (hour >= 24 * 28 and hour % 10 == 0)
        at = START + timedelta(hours=hour)
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{rng.gauss(40, 9):.3f},{' '.join(words)},{rng.random():.4f}")
    space = Space(tmp_path, FixedClock(START + timedelta(days=36)))
    space.write("lifecycle.toml", TOML)
    space.write("tickets.csv", "\n".join(lines) + "\n")
    return space


def test_named_detectors_measure_and_judge(desk: Space) -> None:
    desk.run()
    before, *_, last = sorted(desk.history(version=""), key=lambda e: e.window.key)
    assert last.signals["tokens.body"].state == "drifted"
    top = last.signals["tokens.body"].detail["top"]
    assert {row["token"] for row in top[:2]} == {"gateway", "timeout"}
    assert last.signals["characters.body"].detail["class"] == "uppercase"
    assert before.signals["tokens.body"].state in ("ok", "cannot-tell")  # by the power of so few rows
    for name in ("anderson.age", "range.age"):
        assert last.signals[name].state in ("ok", "cannot-tell"), name
        assert 0 <= last.signals[name].detail["p_value"] <= 1
    evidently = last.signals["evidently.age"]
    assert evidently.state == "ok" and "Evidently's ks" in evidently.detail["definition"]
    assert "psi.age" not in last.signals and last.signals["missing.body"].value == 0


def test_a_model_that_stops_and_starts_to_count_words_is_measured_each_time(desk: Space) -> None:
    desk.run()
    file = desk.root / "lifecycle.toml"
    file.write_text(TOML.replace('"tokens", "characters", ', ""))
    desk.run()
    latest = max(desk.history(version=""), key=lambda e: e.window.key)
    assert "tokens.body" not in latest.signals
    file.write_text(TOML)
    desk.run()
    latest = max(desk.history(version=""), key=lambda e: e.window.key)
    assert latest.signals["tokens.body"].state == "drifted"

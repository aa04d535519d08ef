"""What `check` says of segments, whatever the values of a column are."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Here

TOML = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
labels = { delay = "1h" }
reference = { until = 2025-01-28 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "y"
prediction = "p"
segments = ["country"]
[models.shop.monitor]
metrics = ["mae"]
[models.shop.rules.france]
when = 'mae["country=FR"] > 1.5'
"""
HOSTILE = "\x1b[31m[bold]x\u202e\x07"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """Forty days; in the last week the model is wrong about France."""
    lines, rng = ["ts,country,x,p,y"], random.Random(2)
    for day in range(40):
        for i in range(80):
            at = datetime(2025, 1, 1) + timedelta(days=day, minutes=i)
            country = rng.choice(["FR", "DE", HOSTILE])
            wrong = 3 if country == "FR" and day >= 33 else 1
            x = rng.gauss(0, 1)
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},{country},{x:.3f},{x:.3f},{x + rng.gauss(0, wrong):.3f}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "lifecycle.toml").write_text(TOML, "utf-8")
    return tmp_path


@pytest.mark.slow
def test_check_says_where_a_fall_comes_from(space: Path, here: Here) -> None:
    said = here(space, "check")
    assert "mae is worse above all where country=FR" in said.out, said
    assert 'mae["country=FR"]' in said.out and "\x1b" not in said.out and "\u202e" not in said.out
    told = here(space, "check", "--format", "json")
    signals = json.loads(told.out)["models"]["shop"]["signals"]
    assert signals["mae.country=FR"]["value"] > 2 and f"mae.country={HOSTILE}" in signals
    assert signals["segments.worst"]["value"] > 0

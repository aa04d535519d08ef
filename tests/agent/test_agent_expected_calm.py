"""Calm data, lived through: what the reference lets expect of rules is what a year of production then sends."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.agent import expected
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.state import alerts
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import Space

WEEKS, YEAR, WORLDS = 40, 52, 40
TOML = """\
[notifiers.log]
use = "log"
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
reference = { until = 2024-10-06 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "y"
prediction = "p"
numeric = ["x", "z"]
categorical = ["c"]
[models.shop.monitor]
detectors = ["psi", "ks", "chi2"]
metrics = ["mae"]
[models.shop.rules.drift]
when = "drift.max > 0"
[models.shop.rules.touchy]
when = "psi.x > 0.11"
[models.shop.rules.twice]
when = "psi.z > 0.075"
for = 2
[models.shop.rules.poor]
when = "mae > 0.42"
[models.shop.rules.silent]
when = "psi.c > 0"
then = ["retrain"]
"""


def world(root: Path, seed: int) -> Space:
    """Weeks from 2024-01-01 (a Monday) on, the first of them the reference, 20 rows a day; nothing ever changes."""
    rng, lines = random.Random(seed), ["ts,x,z,c,p,y"]
    for n in range((WEEKS + YEAR) * 7 * 20):
        at = datetime(2024, 1, 1) + timedelta(minutes=72 * n)
        x, z, p = rng.gauss(0, 1), rng.expovariate(1), rng.gauss(5, 1)
        lines.append(f"{at:%Y-%m-%d %H:%M},{x:.4f},{z:.4f},{rng.choice('aab')},{p:.4f},{p + rng.gauss(0, 0.5):.4f}")
    space = Space(root, FixedClock(datetime.now(UTC) + timedelta(hours=1)))
    space.write("rows.csv", "\n".join(lines) + "\n")
    space.write("lifecycle.toml", TOML)
    return space


def lived(space: Space) -> tuple[expected.Outlook, dict[str, int]]:
    """What was expected, and how many alerts each rule then opened in a year."""
    space.run()
    with State.open(space.root) as state, state.read() as conn:
        found = expected.outlook(open_workspace(space.root / "lifecycle.toml"), conn)
        opened = [row.alert.rule for row in alerts.alerts(conn, model="shop", limit=10_000)]
    return found, {row.rule: opened.count(row.rule) for row in found.rules}


def report(worlds: int, root: Path) -> dict[str, tuple[float, float, int]]:
    """Rule, or "pages" of the file → (mean expected a year, mean opened a year, worlds whose interval holds that)."""
    seen = [lived(world(root / str(seed), seed)) for seed in range(worlds)]
    paging = [row.rule for row in seen[0][0].rules if row.pages]
    rows = {}
    for name in ("drift", "touchy", "twice", "poor", "pages"):
        if name == "pages":
            values, sent = [o.pages.a_year for o, _ in seen], [sum(n[rule] for rule in paging) for _, n in seen]
        else:
            values = [next(r for r in o.rules if r.rule == name).a_year for o, _ in seen]
            sent = [n[name] for _, n in seen]
        true = sum(sent) / worlds
        inside = sum(v.lower <= true <= v.upper for v in values)
        rows[name] = (sum(v.value for v in values) / worlds, true, inside)
        print(f"{name:8} expected {rows[name][0]:6.2f} a year, sent {true:6.2f}, inside {inside} of {worlds}")
    return rows


@pytest.mark.slow
def test_what_is_expected_is_what_is_sent(tmp_path: Path) -> None:
    """Over many worlds: rules on raw values as the reference says, drift within the budget, and the sum of the file."""
    rows = report(WORLDS, tmp_path)
    for name in ("touchy", "twice", "poor"):
        value, true, inside = rows[name]
        assert value == pytest.approx(true, rel=0.25), name
        assert inside >= 0.9 * WORLDS, name
    assert rows["drift"][1] <= rows["drift"][0]
    assert rows["pages"][1] <= rows["pages"][0] * 1.1 and rows["pages"][2] >= 0.9 * WORLDS

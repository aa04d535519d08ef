"""Rankings: the metrics of queries, from the file to the window's signals."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from tests.agent.conftest import Space  # isort: skip

TOML = """\
[models.shop]
task = "ranking"
[models.shop.data]
table = "shown/*.csv"
labels = { delay = "1h" }
reference = { until = 2025-01-19 }
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "clicks"
prediction = "relevance"
query = "session"
categorical = ["device"]
"""


def rows(days: int = 33) -> list[str]:
    rng, lines = random.Random(4), []
    for day in range(days):
        for session in range(12):
            at = datetime(2025, 1, 1) + timedelta(days=day, hours=session)
            for place in range(6):
                clicks = max(0, round(rng.gauss(0, 1)))
                name = "" if session == 11 else f"s{day}-{session}"
                said = clicks + rng.gauss(0, 1)
                device = rng.choice(["phone", "desk"])
                lines.append(f"{at + timedelta(seconds=place):%Y-%m-%d %H:%M:%S},{name},{device},{said:.3f},{clicks}")
    return lines


def put(space: Space, lines: list[str], toml: str = TOML) -> None:
    space.write("lifecycle.toml", toml)
    space.write("shown/0.csv", "\n".join(["ts,session,device,relevance,clicks", *lines]) + "\n")


def test_a_query_makes_ranking_metrics_the_default(space: Space) -> None:
    lines = rows()
    put(space, lines)
    outcome = space.run()
    assert not outcome["problems"]
    newest = max(space.history(), key=lambda e: e.window.key)
    assert {"ndcg", "map", "hit_rate", "mean_target"} <= set(newest.signals)
    assert not any(name.startswith(("chi2.session", "missing.session")) for name in newest.signals)
    by_query: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        at, session, _, said, clicks = line.split(",")
        if session and at >= "2025-01-27":
            by_query.setdefault(session, []).append((float(clicks), float(said)))
    values = [
        ndcg_score([[c for c, _ in q]], [[s for _, s in q]], k=10) for q in by_query.values() if any(c for c, _ in q)
    ]
    signal = newest.signals["ndcg"]
    assert signal.value == pytest.approx(np.mean(values)) and signal.n == len(values)
    assert signal.lower is not None and signal.upper is not None and signal.lower < signal.value < signal.upper
    assert "rows of no query left out" in (signal.message or "")


@pytest.mark.slow
def test_without_a_query_there_is_the_mean_alone_and_a_missing_column_is_said(space: Space) -> None:
    put(space, rows(), TOML.replace('query = "session"\n', 'ignore = ["session"]\n'))
    space.run()
    names = set(max(space.history(), key=lambda e: e.window.key).signals)
    assert "mean_target" in names and not names & {"ndcg", "map", "hit_rate"}
    put(space, rows(), TOML.replace('"session"', '"sesion"'))
    assert any("no table of shop has a column 'sesion'" in problem for problem in space.run()["problems"])

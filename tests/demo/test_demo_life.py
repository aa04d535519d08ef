"""The demo as a whole: its first weeks quickly; all of it, twice, and on into the live part, among the slow tests."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from demo_life import Life

from lifecycle_tui import demo
from lifecycle_tui.demo.table import Row, history_table
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import judgements, models
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement

MODELS = ("card-fraud", "house-prices", "loan-approval", "shop-recommender")
WEEK = timedelta(weeks=1)


def rows(life: Life) -> dict[str, Row]:
    with State.view(life.root) as state, state.read() as conn:
        return {row.model: row for row in history_table(conn)}


def failures(life: Life) -> list[tuple[str, ...]]:
    with State.view(life.root) as state, state.read() as conn:
        jobs = conn.execute("SELECT kind, model, error FROM jobs WHERE state != 'done'").fetchall()
        errors = conn.execute("SELECT DISTINCT name, message FROM signals WHERE state = 'error'").fetchall()
        unsent = conn.execute("SELECT notifier, state FROM notifications WHERE state = 'failed'").fetchall()
    return [*jobs, *errors, *unsent]


@pytest.mark.slow
def test_its_first_week(tmp_path: Path) -> None:
    life = Life.begin(tmp_path).live(demo.START + WEEK)
    found = rows(life)
    assert tuple(found) == MODELS
    assert {name: row.versions for name, row in found.items()} == {
        "card-fraud": 1, "house-prices": 1, "loan-approval": 1, "shop-recommender": 1,
    }  # fmt: skip
    assert all(row.windows and not row.alerts and not row.trainings for row in found.values()), "nothing has changed"
    assert found["shop-recommender"].windows == 8, "January ends, then a week of days"
    assert failures(life) == []


def test_the_table_counts_moves_for_what_they_are(tmp_path: Path) -> None:
    at = demo.START
    with State.open(tmp_path) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("a", "binary"), models.Declared("b", "binary")])
            for name in "vwxyz":
                versions.register(tx, versions.NewVersion("a", "named", name=name), at)
            for number, by in ((1, "lifecycle"), (2, "agent"), (3, "ana"), (2, "agent"), (4, "data")):
                aliases.set_alias(tx, "a", aliases.CHAMPION, number, by, None, at)
            for number, verdict in ((2, "unknown"), (2, "passed"), (3, "failed"), (4, "unknown"), (4, "failed")):
                judgements.put(tx, Judgement("a", number, 1, verdict, 10, "", at))
        with state.read() as conn:
            a, b = history_table(conn)
    assert (a.versions, a.promotions, a.rollbacks, a.refusals) == (5, 2, 1, 2)
    assert b == Row("b", 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_the_table_needs_a_state(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        history_table(sqlite3.connect(tmp_path / "none.db"))


@pytest.mark.slow
def test_the_whole_story_twice_and_what_comes_next(tmp_path: Path) -> None:
    one, other = (Life.begin(tmp_path / name).live(demo.NOW) for name in ("one", "other"))
    assert one.history() == other.history()
    assert rows(one) == rows(other)
    assert failures(one) == []
    happened = {model: one.happened(model) for model in MODELS}
    assert happened["house-prices"] >= {"drift", "alert drifted", "alert error-high", "training", "promotion"}
    assert happened["shop-recommender"] >= {
        "drift", "alert clicks-rare", "alert ranking-poor", "alert broken-promises", "training", "promotion", "refusal",
        "rollback",
    }  # fmt: skip
    assert happened["card-fraud"] >= {"alert auc-low", "training", "promotion", "refusal"}
    assert "alert unequal" in happened["loan-approval"] and "training" not in happened["loan-approval"]
    assert rows(one)["card-fraud"].trainings == 3, "every first of the month"
    assert (tmp_path / "one" / ".lifecycle" / "diary.md").exists(), "the notifier of the team's own was used"
    assert (tmp_path / "one" / ".lifecycle" / "served" / "house-prices" / "serves.json").exists()
    _live_part(one, demo.NOW + timedelta(days=45))


def _live_part(life: Life, until: datetime) -> None:
    """Whoever looks for three minutes sees everything happen."""
    life.live(until)
    soon = demo.NOW + timedelta(days=40)
    happened = {model: life.happened(model, demo.NOW, soon) for model in MODELS}
    assert happened["shop-recommender"] >= {"drift", "training", "promotion", "refusal", "rollback"}
    assert {"alert ranking-poor", "alert drifted", "alert broken-promises"} <= happened["shop-recommender"]
    assert happened["house-prices"] >= {"alert error-high", "training", "promotion"}
    assert happened["card-fraud"] >= {"training", "refusal", "promotion"}
    assert failures(life) == []

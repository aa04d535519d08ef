"""Evaluations of one model: windows, versions, labels as they arrive, alerts, reruns."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.agent.conftest import LABELS, PREDICTIONS, Space, scored_rows

RULES = """\
[models.shop.rules.moved]
when = "drift.max >= 0.2"
[models.shop.rules.blind]
when = "auc.upper < 0.65"
for = 2
severity = "critical"
"""


def test_drift_is_found_and_versions_are_kept_apart(shop: Callable[..., Space]) -> None:
    space = shop(drift_from=44, rules=RULES)
    outcome = space.run()
    keys = sorted({e.window.key for e in space.history()})
    assert outcome["new"] == len(keys) >= 3
    by_key = {e.window.key: e for e in space.history(version="")}
    last, first = by_key[keys[-1]], by_key[keys[0]]
    assert last.signals["ks.age"].state == "drifted"
    assert last.signals["drift.share"].detail["columns"] == ["age"]
    assert first.signals["drift.count"].value == 0
    versions = {e.window.version for e in space.history()}
    assert versions == {"", "a", "b"}
    a = next(e for e in space.history(version="a") if e.window.key == keys[0])
    b = next(e for e in space.history(version="b") if e.window.key == keys[0])
    assert a.window.rows + b.window.rows == first.window.rows
    assert a.signals["auc"].n + b.signals["auc"].n == first.window.rows
    assert [a.alert.rule for a in space.alerts()] == ["moved"]
    assert space.row().health == "warning"


def test_a_rerun_changes_nothing(shop: Callable[..., Space]) -> None:
    space = shop(drift_from=44, rules=RULES)
    space.run()
    before, alerts, row = space.facts(), space.alerts(), space.row()
    outcome = space.run()
    assert not any(outcome[kind] for kind in ("new", "grown", "changed", "relabelled"))
    assert space.facts() == before
    assert space.alerts() == alerts
    assert space.row().drift_history == row.drift_history


@pytest.mark.slow
def test_order_of_files_and_rows_changes_no_number(
    shop: Callable[..., Space], tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = shop(drift_from=44)
    space.run()
    one = space.facts()
    other = Space(tmp_path_factory.mktemp("other"), space.clock)
    other.write("lifecycle.toml", (space.root / "lifecycle.toml").read_text())
    predictions, labels = scored_rows(range(58), drift_from=44)
    random.Random(1).shuffle(predictions)
    random.Random(2).shuffle(labels)
    for n in range(3):
        other.write(f"scored/part-{n}.csv", "\n".join([PREDICTIONS, *predictions[n::3]]) + "\n")
    other.write("labels/all.csv", "\n".join([LABELS, *labels]) + "\n")
    other.run()
    assert [f[:6] for f in other.facts()] == [f[:6] for f in one]


def test_labels_count_only_once_they_have_arrived(shop: Callable[..., Space]) -> None:
    space = shop(rules=RULES)
    space.clock.instant = datetime(2025, 2, 12, tzinfo=UTC)
    space.run()
    early = {e.window.key: e for e in space.history(version="a")}
    immature = [e for e in early.values() if not e.window.mature]
    assert immature
    n_before = {k: e.window.labels for k, e in early.items()}
    space.clock.instant = datetime(2025, 6, 1, tzinfo=UTC)
    outcome = space.run()
    assert outcome["relabelled"] >= len(immature)
    late = {e.window.key: e for e in space.history(version="a")}
    assert all(late[k].window.mature for k in n_before)
    assert any(late[k].window.labels > n for k, n in n_before.items())
    # The inputs of a relabelled window stay as they were.
    whole = [e for e in space.history(version="") if e.window.key == immature[0].window.key]
    assert whole[0].signals["ks.age"].value is not None


def test_a_late_label_from_the_future_is_invisible(shop: Callable[..., Space]) -> None:
    space = shop()
    space.clock.instant = datetime(2025, 2, 12, tzinfo=UTC)
    space.run()
    before = space.facts()
    path = space.root / "labels" / "planted.csv"
    predictions, _ = scored_rows(range(58))
    planted = [f"{line.split(',')[0]},1,2025-03-01 00:00:00" for line in predictions]
    space.write("labels/planted.csv", "\n".join([LABELS, *planted]) + "\n")
    assert path.exists()
    space.run()
    assert space.facts() == before


def test_failing_performance_opens_one_alert(shop: Callable[..., Space]) -> None:
    space = shop(days=range(75), bad_from=37, rules=RULES)
    space.run()
    found = [a.alert for a in space.alerts() if a.alert.rule == "blind"]
    assert len(found) == 1 and found[0].severity == "critical"
    assert "auc" in found[0].message
    assert space.row().health == "critical"


def test_late_rows_are_merged_into_the_window(shop: Callable[..., Space]) -> None:
    space = shop(days=range(51))
    space.run()
    rows = {e.window.key: e.window.rows for e in space.history(version="")}
    key = sorted(rows)[1]
    late, _ = scored_rows(range(33, 35), per_day=30, seed=99)
    late = ["late-" + line for line in late]
    space.write("scored/late.csv", "\n".join([PREDICTIONS, *late]) + "\n")
    outcome = space.run()
    after = {e.window.key: e for e in space.history(version="")}
    assert outcome["grown"] == 1 and outcome["new"] == 0 and outcome["changed"] == 0
    assert after[key].window.rows == rows[key] + 60
    assert after[key].window.revision == 2
    assert after[key].signals["ks.age"].value is not None
    # The same numbers as from one pass over everything.
    merged = space.facts()
    fresh = Space(space.root / "fresh", space.clock)
    for name in ("lifecycle.toml", "scored/0.csv", "scored/late.csv", "labels/all.csv"):
        fresh.write(name, (space.root / name).read_text())
    fresh.run()
    assert [f[:6] for f in fresh.facts()] == [f[:6] for f in merged]


def test_a_touched_file_is_no_news(shop: Callable[..., Space]) -> None:
    import os

    space = shop()
    space.run()
    before = space.facts()
    os.utime(space.root / "scored" / "0.csv", (1, 1))
    outcome = space.run()
    assert not any(outcome[kind] for kind in ("new", "grown", "changed", "relabelled"))
    assert space.facts() == before


def test_a_rule_that_reads_what_is_not_there_is_said(shop: Callable[..., Space]) -> None:
    space = shop(rules='[models.shop.rules.typo]\nwhen = "psi.agge > 0.2"\n')
    outcome = space.run()
    assert "psi.agge" in outcome["problems"][0] and "psi.age" in outcome["problems"][0]
    assert space.row().health == "error"


def test_a_new_rule_fires_by_what_is_stored_and_opens_no_old_alert(shop: Callable[..., Space]) -> None:
    """Its streak is read over the windows that were decided before it was written; episodes that are over stay so."""
    space = shop(drift_from=44)
    space.run()
    assert space.alerts() == ()
    keys = sorted({e.window.key for e in space.history(version="")})
    drifted = [e.window.key for e in space.history(version="") if e.signals["drift.max"].value >= 0.2]
    assert drifted == keys[-len(drifted) :] and 2 <= len(drifted) < len(keys)
    toml = (space.root / "lifecycle.toml").read_text()
    now = f"{RULES}for = {len(drifted)}\n".replace("for = 2\n", "").split("[models.shop.rules.blind]")[0]
    over = '[models.shop.rules.calm]\nwhen = "drift.max < 0.2"\n'
    more = f'[models.shop.rules.long]\nwhen = "drift.max >= 0.2"\nfor = {len(drifted) + 1}\n'
    space.write("lifecycle.toml", f"{toml}{now}for = {len(drifted)}\n{over}{more}")
    outcome = space.run()
    assert outcome["new"] == 0
    (only,) = space.alerts()
    assert (only.alert.rule, only.alert.since, only.alert.last_window) == ("moved", drifted[0], drifted[-1])
    space.write("lifecycle.toml", toml)
    space.run()
    assert [(a.alert.state, a.alert.resolved_by) for a in space.alerts()] == [("resolved", "rule removed")]

"""A team's metric that compares two groups of rows, through the real command and its processes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from e2e_tools import Run

RULE = '[models.shop.rules.unfair]\nwhen = "approval.gap > {limit}"\nseverity = "critical"\n'


def declare(run: Run, limit: float) -> None:
    """Cities are protected, and a team's metric compares two of them; every fifth city is not known."""
    file = run.root / "lifecycle.toml"
    text = file.read_text("utf-8").replace('score = "p"\n', 'score = "p"\ncutoff = 0.3\nprotected = ["city"]\n')
    text += '[models.shop.monitor]\nmetrics = ["auc", "approval.gap"]\n' + RULE.format(limit=limit)
    file.write_text(text, "utf-8")
    for path in (run.root / "scored").glob("*.csv"):
        rows = table(path)
        for row in rows[::5]:
            row["city"] = ""
        lines = [",".join(row.values()) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]) + "\n", "utf-8")


def table(path: Any) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_hand(run: Run, version: str, start: str, end: str) -> tuple[float, int]:
    """The gap and its number of rows, from the files: all labels have arrived or are taken as absent."""
    first, last = (datetime.fromisoformat(at).replace(tzinfo=None) for at in (start, end))
    found: dict[str, list[bool]] = {"Gent": [], "Ulm": []}
    for path in (run.root / "scored").glob("*.csv"):
        for row in table(path):
            inside = max(first, datetime(2025, 1, 22)) <= datetime.fromisoformat(row["ts"]) < last
            if row["version"] == version and row["city"] in found and inside:
                found[row["city"]].append(float(row["p"]) >= 0.3)
    one, other = (sum(values) / len(values) for values in found.values())
    return one - other, sum(map(len, found.values()))


def test_the_gap_between_two_groups_is_measured_and_a_rule_watches_it(new_run: Callable[..., Run]) -> None:
    run = new_run("shop", plugins=("approval_gap",))
    declare(run, limit=-1 + 1e-9)
    exit_code, said = run.check()
    windows = [w for w in said["models"]["shop"]["windows"] if w["version"] and w["labels"]]
    assert len(windows) >= 8
    for window in windows:
        signal = window["signals"]["approval.gap"]
        value, n = by_hand(run, window["version"], window["start"], window["end"])
        assert signal["state"] == "ok", signal
        assert (signal["value"], signal["n"]) == (pytest.approx(value), n)
        assert window["signals"]["auc"]["state"] == "ok"
    assert len({w["signals"]["approval.gap"]["value"] for w in windows}) > 4
    assert exit_code == 1
    assert "unfair" in {alert["rule"] for alert in said["models"]["shop"]["alerts"]}

"""What `config check` says of the rules on the reference, before and after a check has measured it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.work import reference_now
from tests.cli.conftest import Here, Ran

RULE = {
    "model", "rule", "severity", "when", "windows", "judged", "held", "fired", "a_year", "basis", "message", "pages",
}  # fmt: skip
NOTIFIERS = """
[notifiers.log]
use = "log"
[notifiers.pager]
use = "log"
match = { severity = "critical" }
"""
TOUCHY = """
[models.steady.rules.touchy]
when = "psi.x > 0"
"""


def found(done: Ran) -> dict[str, Any]:
    assert done.code == 0, done
    return json.loads(done.out)


def add(space: Path, text: str) -> None:
    file = space / "lifecycle.toml"
    file.write_text(file.read_text() + text)


def test_before_a_check_and_after_it_the_numbers_are_the_same(space: Path, here: Here) -> None:
    add(space, NOTIFIERS + TOUCHY)
    before = here(space, "config", "check", "--format", "json")
    assert not (space / ".lifecycle" / "state.db").exists()
    here(space, "check")
    after = here(space, "config", "check", "--format", "json", "--no-data")
    assert found(after)["rules"] == found(before)["rules"] and found(after)["pages"] == found(before)["pages"]
    rules = {(r["model"], r["rule"]): r for r in found(after)["rules"]}
    assert all(set(row) == RULE for row in rules.values())
    calm, moved, touchy = (rules["steady", name] for name in ("calm", "moved", "touchy"))
    assert (calm["fired"], calm["judged"], calm["basis"], calm["pages"]) == (0, 3, "reference", ["log"])
    assert (moved["basis"], moved["pages"], moved["a_year"]["lower"]) == ("budget", ["log", "pager"], 0)
    assert (touchy["held"], touchy["fired"]) == (3, 1)
    pages = found(after)["pages"]
    assert [n["notifier"] for n in pages["notifiers"]] == ["log", "pager"] and not pages["unknown"]
    assert pages["a_year"]["value"] == pytest.approx(sum(n["a_year"]["value"] for n in pages["notifiers"]))


def test_a_rule_that_fires_on_the_reference_is_a_warning_at_its_line(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text().replace('window = "1 month"', 'window = "1 week"')
    (space / "lifecycle.toml").write_text(text)
    add(space, NOTIFIERS + TOUCHY)
    done = here(space, "config", "check")
    assert done.code == 0 and "lifecycle.toml:" in done.out
    assert "warning[fires-on-reference] models.steady.rules.touchy.when" in done.out
    assert "touchy would fire on the reference itself: in 12 of 12 windows" in done.out
    assert "steady  touchy  holds in 12 of 12 windows" in done.out
    assert "False pages a year that this file must be expected to send: " in done.out
    assert "if production is like the reference" in done.out and done.out.rstrip().endswith("0 errors, 1 warning")


def test_what_is_not_known_says_why(space: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = here(space, "config", "check", "--no-data")
    assert "calm   unknown" in bare.out and "its reference has not been measured yet" in bare.out
    assert "False pages a year: none, because no rule tells anybody" in bare.out
    monkeypatch.setattr(reference_now, "MOST_BYTES", 0)
    large = here(space, "config", "check")
    assert large.code == 0 and "steady: its data is large (0 MB): the agent measures it" in large.out
    add(space, "[models.steady.rules.broken]\nwhen = 'drift.mx > 1'\n")
    wrong = here(space, "config", "check", "--format", "json")
    assert wrong.code == 2 and json.loads(wrong.out)["rules"] == [] and json.loads(wrong.out)["pages"] is None


def test_time_that_is_up_leaves_the_rest_to_the_agent(space: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecycle_tui.cli.config import expecting

    monkeypatch.setattr(expecting, "PATIENCE", -1.0)
    done = here(space, "config", "check")
    assert done.code == 0 and "steady: there was no time for it: the agent measures it" in done.out

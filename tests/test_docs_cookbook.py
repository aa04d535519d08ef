"""docs/policy-cookbook.md is true: every block is valid, each rule fires on what it is for, and on nothing else."""

from __future__ import annotations

import random
import re
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lifecycle_tui import testing, workspace
from lifecycle_tui.agent.facts import plan_of
from lifecycle_tui.agent.whatif import WhatIf, what_if
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import GateSpec, SecretRef
from lifecycle_tui.policy.gates import Interval, judge
from lifecycle_tui.policy.grouping import Notice, plan_messages
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.cli.conftest import Here, here  # noqa: F401  (a fixture)

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "policy-cookbook.md").read_text("utf-8")
START = datetime(2026, 1, 1, tzinfo=UTC)
CALM = 41
"""Days without trouble: January, which is the reference, and ten days of production."""
ROWS = 120


@dataclass(frozen=True)
class Block:
    """A block of TOML: the section it is in, its line on the page, whether it is an environment's file."""

    section: str
    line: int
    text: str
    overlay: bool

    @property
    def table(self) -> dict[str, Any]:
        return tomllib.loads(self.text)


def blocks() -> list[Block]:
    found = []
    for match in re.finditer(r"(<!-- overlay prod -->\n)?```toml\n(.*?)```", PAGE, re.S):
        section = re.findall(r"^## (.*)$", PAGE[: match.start()], re.M)
        line = PAGE[: match.start()].count("\n") + 1
        found.append(Block(section[-1] if section else "", line, match.group(2), bool(match.group(1))))
    return found


BASE, *RECIPES = blocks()
PLAIN = [block for block in RECIPES if not block.overlay]
NOTIFIERS = next(block for block in PLAIN if block.section == "Who hears of what")


def merged(*tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables laid over each other, key by key."""
    found: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            below = found.get(key)
            both = isinstance(value, Mapping) and isinstance(below, Mapping)
            found[key] = merged(below, value) if both and below is not None else value
    return found


def plugins() -> dict[str, str]:
    """The plugins that the page has, or links to."""
    (expected,) = re.findall(r"```python\n# plugins/expected_accuracy.py\n(.*?)```", PAGE, re.S)
    linked = (DOCS / "hooks" / "register_metrics.md").read_text("utf-8")
    (ratio,) = [text for text in re.findall(r"```python\n(.*?)```", linked, re.S) if "@hookimpl" in text]
    return {"expected_accuracy": expected, "approval_ratio": ratio}


# --- the data ------------------------------------------------------------------------------------------------------


def rows(day: int, trouble: frozenset[str]) -> Iterator[str]:
    """The applications of a day, as lines of scored.csv; each kind of trouble is its own."""
    count = 0 if "none" in trouble else 30 if "few" in trouble else ROWS
    for n in range(count):
        rng = random.Random(f"{day} {n}")
        at = START + timedelta(days=day, minutes=n * 1440 / count)
        shift = 12_000 if "drift" in trouble else 0
        income, amount = rng.gauss(40_000 + shift, 10_000), rng.gauss(5_000 + shift / 10, 1_000)
        work = rng.choice(["smith", "miller", "baker"]) if "jobs" not in trouble or n % 4 else "astronaut"
        group = rng.choice(["young", "old"])
        score = min(0.99, max(0.01, 0.5 + rng.choice([-1, 1]) * rng.uniform(0.2, 0.48)))
        if "unsure" in trouble:
            score = 0.5 + (score - 0.5) / 4
        if "unequal" in trouble and group == "old" and rng.random() < 0.9:
            score = min(score, 1 - score)
        repaid = int(rng.random() < (0.5 if "wrong" in trouble else 0.3 if "base" in trouble else score))
        cells: list[object] = [f"{at:%Y-%m-%d %H:%M:%S}", round(income, 2), round(amount, 2), work, group]
        if "missing" in trouble and n % 5 == 0:
            cells[1] = ""
        if "broken" in trouble and n % 6 == 0:
            cells[2] = "n/a!"
        yield ",".join(map(str, [*cells, round(score, 4), "" if "unlabelled" in trouble and n % 8 else repaid]))


TROUBLE = [
    "", "drift", "drift", "", "wrong", "wrong", "", "jobs", "", "unsure", "unsure", "", "missing", "broken", "few",
    "none", "gap", "unlabelled", "", "unequal", "unequal", "", "base", "base", "", "", "", "end",
]  # fmt: skip
"""What is wrong on each day after the calm ones."""
FIRES = {
    "drift": ("drift", "unsure", "missing", "unequal"),  # scores move too, and rows without a value two days running
    "much-drift": ("drift", "unsure"),  # two days of drift still tell in a sum of sixteen when the scores go, too
    "income-moved": ("drift",),
    "new-jobs": ("jobs",),
    "fraud-desk": ("jobs",),
    "accuracy-low": ("wrong", "unsure", "base"),
    "broken-promise": ("wrong", "unsure", "base"),
    "auc-doubtful": ("wrong", "unsure", "base"),
    "base-rate": ("base",),
    "unsure": ("unsure",),
    "scores-moved": ("unsure",),
    "few-rows": ("few",),
    "missing-income": ("missing",),
    "broken-cells": ("broken",),
    "gap": ("gap",),
    "labels-missing": ("unlabelled",),
    "unequal": ("unequal",),
    "stale": ("end",),
}
"""Rule → the trouble that it is for, and others that it may find too."""


def append(room: testing.Space, first: int, days: list[str]) -> None:
    path = room.root / "scored.csv"
    lines = [] if path.exists() else ["at,income,amount,work,age_group,p_repaid,repaid"]
    for day, trouble in enumerate(days, first):
        lines += rows(day, frozenset(filter(None, trouble.split())))
    with path.open("a", encoding="utf-8") as out:
        out.write("".join(f"{line}\n" for line in lines))
    room.clock.instant = START + timedelta(days=first + len(days))


def alerts(room: testing.Space) -> dict[str, set[str]]:
    """Rule → first windows of its alerts so far."""
    found: dict[str, set[str]] = {}
    with sqlite3.connect(room.root / ".lifecycle" / "state.db") as conn:
        for rule, since in conn.execute("SELECT rule, since FROM alerts"):
            found.setdefault(rule, set()).add(since)
    conn.close()
    return found


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[testing.Space]:
    """The page's workspace with all rules of the page, calm so far."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PAGER_URL", "CHAT_URL", "PROD_PAGER_URL"):
            patch.setenv(name, f"https://{name.lower().replace('_', '-')}.example/hook")
        patch.setenv("LIFECYCLE_AGENT", "off")
        patch.delenv("LIFECYCLE_ENV", raising=False)
        found = testing.Space(tmp_path_factory.mktemp("cookbook"))
        for name, text in plugins().items():
            found.write(f"plugins/{name}.py", text)
        found.write(".secrets/pager", "hush-hush")
        rules = [
            {"models": {"credit": {"rules": b.table.get("models", {}).get("credit", {}).get("rules", {})}}}
            for b in PLAIN
        ]
        drift = next(b.table for b in PLAIN if b.section == "Drift")
        fair = next(b.table for b in PLAIN if b.section == "A floor of fairness")
        monitor = [{"models": {"credit": {"monitor": b["models"]["credit"]["monitor"]}}} for b in (drift, fair)]
        training = {"models": {"credit": {"training": {"cooldown": "7d"}}}}
        whole = merged(BASE.table, *rules, *monitor, training, {"notifiers": NOTIFIERS.table["notifiers"]})
        # Of the rule that two recipes have, the first one is tried.
        whole["models"]["credit"]["rules"]["accuracy-low"]["for"] = 2
        found.write("lifecycle.toml", tomli_w.dumps(whole))
        append(found, 0, [""] * CALM)
        yield found


def test_each_rule_is_silent_on_calm_data_and_fires_on_its_own(room: testing.Space) -> None:
    declared = {name for b in PLAIN for name in b.table.get("models", {}).get("credit", {}).get("rules", {})}
    assert declared == set(FIRES), "every rule of the page is tried"
    room.check("credit")
    assert alerts(room) == {}
    append(room, CALM, TROUBLE)
    room.clock.instant += timedelta(days=2)
    room.check("credit")
    found = alerts(room)
    for rule, troubles in FIRES.items():
        days = {
            TROUBLE[(datetime.fromisoformat(since).replace(tzinfo=UTC) - START).days - CALM] for since in found[rule]
        }
        assert troubles[0] in days and days <= {*troubles, ""}, f"{rule} fires in windows with {days}"


def ready(room: testing.Space, *tables: Mapping[str, Any]) -> workspace.Workspace:
    """The base with these tables, in the room, without a problem."""
    file = room.root / "lifecycle.toml"
    text = tomli_w.dumps(merged(BASE.table, *tables)).encode()
    assert [f"{p.place} {p.message}" for p in workspace.check(file, over={file: text})] == []
    return open_workspace(file, over={file: text})


@pytest.mark.parametrize("block", PLAIN, ids=lambda block: f"line {block.line}")
def test_each_block_is_valid_by_itself(block: Block, room: testing.Space) -> None:
    """As it stands below the model; a rule that tells `chat` comes with the notifiers of its own block."""
    ready(room, block.table)


def simulated(room: testing.Space, before: workspace.Workspace, after: workspace.Workspace) -> WhatIf:
    with State.view(room.root) as state, state.snapshot() as conn:
        return what_if(conn, before, after, "credit")


def recipe(section: str, number: int = 0) -> dict[str, Any]:
    return [block for block in PLAIN if block.section == section][number].table


def test_a_calendar_trains_on_its_days(room: testing.Space) -> None:
    found = simulated(room, ready(room), ready(room, recipe("Retraining by calendar")))
    days = [decision.at for decision in found.edited.decisions if decision.kind == "retrain"]
    assert found.in_force.decisions == () and days and {at.weekday() for at in days} == {0}, days


def test_a_cooldown_spares_trainings(room: testing.Space) -> None:
    table = recipe("Not again and again")
    eager = merged(table, {"models": {"credit": {"training": {"cooldown": "0s"}}}})
    found = simulated(room, ready(room, eager), ready(room, table))
    often, rare = ([d.at for d in c.decisions if d.kind == "retrain"] for c in (found.in_force, found.edited))
    assert often and rare and len(rare) <= len(often)
    assert all(b - a >= timedelta(days=3) for a, b in pairwise(rare))


def test_approval_is_asked_for_by_the_loop(room: testing.Space) -> None:
    spec = ready(room, recipe("Promotion by approval")).spec.model("credit")
    assert plan_of(spec).approval and spec.rollout is not None and spec.rollout.approve is not None
    assert spec.rollout.approve.by == ("ana", "raj") and spec.rollout.approve.exclude_requester


def test_guard_rails_stop_what_they_should(room: testing.Space) -> None:
    training = ready(room, recipe("Guard rails")).spec.model("credit").training
    fair = ready(room, recipe("A floor of fairness")).spec.model("credit").training
    assert training is not None and fair is not None
    good = {
        "gain(auc)": (0.02, 0.01, 0.03),
        "gain(log_loss)": (0.0, -0.005, 0.01),
        "challenger.recall": (0.7, 0.6, 0.8),
    }
    rest = {"rows": (120.0, 120.0, 120.0), "challenger.approval_ratio": (0.95, 0.9, 1.0)}

    def says(gates: tuple[GateSpec, ...], **over: tuple[float, float, float]) -> str:
        numbers = {key: Interval(*ends, 1000) for key, ends in {**good, **rest, **over}.items()}
        given = {"min_samples": training.min_samples, "has_champion": True, "challenger": "2", "champion": "1"}
        return judge([gate.when for gate in gates], numbers, 400, **given).verdict

    assert says(training.gates) == says(fair.gates) == "passed"
    assert says(training.gates, **{"gain(auc)": (0.02, -0.01, 0.05)}) == "unknown"
    assert says(training.gates, **{"gain(log_loss)": (-0.05, -0.06, -0.04)}) == "failed"
    assert says(training.gates, **{"challenger.recall": (0.4, 0.35, 0.45)}) == "failed"
    assert says(training.gates, rows=(20.0, 20.0, 20.0)) == "failed"
    assert says(fair.gates, **{"challenger.approval_ratio": (0.6, 0.5, 0.7)}) == "failed"


def test_who_hears_of_what(room: testing.Space) -> None:
    spec = ready(room, NOTIFIERS.table).spec
    now = room.clock.now()

    def heard(
        rule: str, severity: str, owner: str, target: str | None = None, later: timedelta = timedelta(0)
    ) -> set[str]:
        alert = Alert("credit", rule, severity, "open", "2026-02-12", now, "…")  # type: ignore[arg-type]
        plan = plan_messages(
            spec.notifiers, [Notice(alert, "opened", now, owner, ("scored.csv",), target)], now + later
        )
        return {delivery.notifier for delivery in plan.due}

    assert heard("drift", "critical", "risk-ml") == {"pager", "audit"}, "at once; chat collects"
    assert heard("drift", "critical", "risk-ml", later=timedelta(hours=12)) == {"pager", "chat", "audit"}
    assert heard("drift", "warning", "risk-ml", later=timedelta(hours=12)) == {"chat", "audit"}
    assert heard("drift", "critical", "shop", later=timedelta(hours=12)) == {"chat", "audit"}, "another owner's"
    assert heard("few-rows", "info", "risk-ml", later=timedelta(hours=12)) == {"audit"}
    (rule,) = [r for r in spec.model("credit").rules if r.name == "fraud-desk"]
    assert rule.then == ("notify:chat",)
    assert heard("fraud-desk", "warning", "risk-ml", "chat", timedelta(hours=12)) == {"chat"}


def test_an_environments_file_and_secrets(room: testing.Space, monkeypatch: pytest.MonkeyPatch) -> None:
    (overlay,) = [block for block in RECIPES if block.overlay]
    file = room.root / "lifecycle.toml"
    base = merged(BASE.table, recipe("Secrets"), recipe("Falling accuracy")).copy()
    over = {file: tomli_w.dumps(base).encode(), room.root / "lifecycle.prod.toml": overlay.text.encode()}
    plain = open_workspace(file, over={file: over[file]})
    room.write("lifecycle.prod.toml", overlay.text)
    monkeypatch.setenv("LIFECYCLE_ENV", "prod")
    assert [p.message for p in workspace.check(file, over=over)] == []
    prod = open_workspace(file, over=over)
    (room.root / "lifecycle.prod.toml").unlink()
    rules = [{r.name: r for r in space.spec.model("credit").rules}["accuracy-low"] for space in (plain, prod)]
    assert [(r.for_windows, r.when) for r in rules] == [(2, rules[0].when), (1, rules[0].when)]
    options = [dict(space.spec.notifiers[0].options) for space in (plain, prod)]
    assert [o["url"] for o in options] == [SecretRef("env", "PAGER_URL"), SecretRef("env", "PROD_PAGER_URL")]
    sends = prod.plugins.make(prod.plugins.find("notifier", "webhook"), options[1])
    assert sends.url == "https://prod-pager-url.example/hook" and sends.headers["Authorization"] == "Bearer hush-hush"


def test_an_edit_is_tried_as_the_page_says(room: testing.Space, here: Here) -> None:  # noqa: F811
    section = PAGE.split("## Trying an edit")[1]
    (code,) = re.findall(r"```sh\n(.*?)```", section, re.S)
    before = (room.root / "lifecycle.toml").read_bytes()
    edit, simulate, check = (here(room.root, *line.split()[1:]) for line in code.splitlines())
    assert edit.code == 0 and "+for = 3" in edit.err + edit.out, edit
    assert (room.root / "lifecycle.toml").read_bytes() == before
    assert simulate.code == 0 and re.search(r"^- 2026-02-14  credit  lost +alert +drift ", simulate.out, re.M), simulate
    assert check.code == 0 and "False pages a year" in check.out, check

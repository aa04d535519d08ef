"""Every key with the value that counts and where it comes from; nothing that is a secret."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.config import examine
from lifecycle_tui.config.merge import values_with_defaults, with_defaults
from lifecycle_tui.config.origins import Resolved, resolved
from lifecycle_tui.config.redact import is_secret, plain, shown
from lifecycle_tui.config.reference_text import LARGE
from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.domain import environment
from lifecycle_tui.plugin_host.catalog import PluginCatalog

PLUGINS = PluginCatalog.open(None, enabled=False)
MAIN = """\
include = ["models/*.toml"]
[notifiers.oncall]
use = "webhook"
url = { env = "PAGER_URL" }
[defaults.training]
history = "90d"
strategy = { use = "warm-start", iterations = 20 }
[defaults.rules.stale]
when = "data.late > 2h"
[models.churn]
task = "binary"
data = { table = "c.csv", reference = { rows = 100 }, window = "500 rows" }
training.cooldown = "3d"
[models.churn.monitor]
detectors = ["psi", "missing"]
metrics = { auc = {}, recall = {} }
[models.churn.rules.stale]
severity = "info"
"""
BIKES = """\
task = "regression"
data = { table = "b.csv", reference = { rows = 100 }, window = "500 rows" }
[monitor.detectors.psi]
bins = 20
[monitor.detectors.psi.columns.income]
bins = 40
"""
PROD = """\
[models.churn]
data.window = "1000 rows"
[models.bikes.monitor.detectors.psi]
floor = 0.001
"""


@pytest.fixture
def rows(workspace: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Resolved]:
    monkeypatch.setenv(environment.VARIABLE, "prod")
    path = workspace(MAIN, bikes=BIKES)
    path.with_name("lifecycle.prod.toml").write_text(PROD, encoding="utf-8")
    reading = examine(path)
    assert reading.sound, reading.problems
    found = list(resolved(reading, PLUGINS))
    assert len({row.path for row in found}) == len(found)
    return {dotted(row.path): row for row in found}


@pytest.mark.parametrize(
    ("key", "text", "origin", "layer"),
    [
        ("include", '["models/*.toml"]', "lifecycle.toml:1:11", "file"),
        ("workspace.timezone", '"UTC"', "default", "program"),
        ("workspace.jobs", "one a core, four at most; half as many trainings", "default", "program"),
        ("notifiers.oncall.use", '"webhook"', "lifecycle.toml:3:7", "file"),
        ("notifiers.oncall.url", '{ env = "PAGER_URL" }', "lifecycle.toml:4:7", "file"),
        ("notifiers.oncall.timeout", "10.0", "webhook.py:8", "plugin"),
        ("models.churn.data.window", '"1000 rows"', "lifecycle.prod.toml:2:15", "environment"),
        ("models.churn.data.table", '"c.csv"', "lifecycle.toml:12:18", "file"),
        ("models.churn.data.grace", '"0s"', "default", "program"),
        ("models.churn.training.history", '"90d"', "lifecycle.toml:6:11 [defaults]", "defaults"),
        ("models.churn.training.cooldown", '"3d"', "lifecycle.toml:13:21", "file"),
        ("models.churn.training.strategy.iterations", "20", "lifecycle.toml:7:47 [defaults]", "defaults"),
        ("models.churn.monitor.detectors.psi", "{}", "lifecycle.toml:15:14", "file"),
        ("models.churn.monitor.detectors.psi.bins", "10", "psi.py:8", "plugin"),
        ("models.churn.monitor.metrics.recall", "{}", "lifecycle.toml:16:23", "file"),
        ("models.churn.rules.stale.severity", '"info"', "lifecycle.toml:18:12", "file"),
        ("models.churn.rules.stale.when", '"data.late > 2h"', "lifecycle.toml:9:8 [defaults]", "defaults"),
        ("models.churn.rules.stale.for", "1", "default", "program"),
        ("models.bikes.task", '"regression"', "models/bikes.toml:1:8", "include"),
        ("models.bikes.monitor.detectors.psi.bins", "20", "models/bikes.toml:4:8", "include"),
        ("models.bikes.monitor.detectors.psi.floor", "0.001", "lifecycle.prod.toml:4:9", "environment"),
        ("models.bikes.monitor.detectors.psi.missing", "false", "psi.py:8", "plugin"),
        ("models.bikes.monitor.detectors.psi.columns", "{ income = { bins = 40 } }", "models/bikes.toml:5:24",
         "include"),
        ("models.bikes.training.strategy.use", '"warm-start"', "lifecycle.toml:7:20 [defaults]", "defaults"),
        ("models.bikes.rollout", "none", "default", "program"),
    ],
)  # fmt: skip
def test_where_a_value_comes_from(rows: dict[str, Resolved], key: str, text: str, origin: str, layer: str) -> None:
    found = rows[key]
    assert (found.text, found.origin, found.layer) == (text, origin, layer)
    assert found.value is None or found.text == "{}" or tomllib.loads(f"v = {found.text}")["v"] == found.value


def test_a_default_strategy_shows_its_options(workspace: Callable[..., Path]) -> None:
    path = workspace(MAIN.replace("[defaults.training]", "[defaults.monitor]\n").replace("history", "# ").replace(
        "strategy =", "#"), bikes=BIKES)  # fmt: skip
    found = {dotted(row.path): row for row in resolved(examine(path), PLUGINS)}
    use = found["models.churn.training.strategy.use"]
    assert (use.text, use.origin) == ('"refit"', "default")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("token", "abc", "***"),
        ("api_key", "abc", "***"),
        ("Password", "abc", "***"),
        ("client-secret", ["a", "b"], "***"),
        ("token", {"env": "X"}, {"env": "X"}),
        ("token", {"file": "x"}, {"file": "x"}),
        ("options", {"inner": {"token": "abc", "n": 1}}, {"inner": {"token": "***", "n": 1}}),
        ("path", "s3://me:pw@bucket/x", "s3://***@bucket/x"),
        ("keep", 3, 3),
        ("monkey", "see", "see"),
        ("keys", ["a"], ["a"]),
        ("separator", ";", ";"),
    ],
)
def test_what_may_be_shown(name: str, value: Any, wanted: Any) -> None:
    assert shown(value, name) == wanted


def test_addresses_of_webhooks_are_secrets_as_a_whole() -> None:
    assert shown("https://hooks.example/T0/B0/x?y=1", "url", web=True) == "https://hooks.example/***"
    assert shown("https://hooks.example", "url", web=True) == "https://hooks.example"
    assert not is_secret("url") and plain("abc", "token") and not plain({"env": "X"}, "token") and not plain(3, "token")
    assert shown(["Authorization: Basic x", "X-Team: risk"], "headers", web=True) == [
        "Authorization: ***", "X-Team: risk",
    ]  # fmt: skip
    assert plain(["X-Api-Key: x"], "headers") and not plain(["X-Team: risk"], "headers")
    assert plain({"token": "x"}, "auth") and not plain("", "token")


def test_a_secret_as_text_is_warned_of_and_its_line_is_not_shown(workspace: Callable[..., Path]) -> None:
    from lifecycle_tui import output

    path = workspace(MAIN.replace('url = { env = "PAGER_URL" }', 'url = "https://h.example/x"\ntoken = "hush"'),
                     bikes=BIKES)  # fmt: skip
    reading = examine(path)
    (problem,) = reading.problems
    assert (problem.code, problem.key, str(problem.place)) == (
        "plain-secret", "notifiers.oncall.token", "lifecycle.toml:5:1"
    )  # fmt: skip
    assert problem.level == "warning" and "env" in (problem.hint or "")
    assert "hush" not in output.problem_block(problem, path.read_text())
    texts = {dotted(row.path): row.text for row in resolved(reading, PLUGINS)}
    assert texts["notifiers.oncall.token"] == '"***"' and texts["notifiers.oncall.url"] == '"https://h.example/***"'


def test_defaults_meet_tables_as_they_meet_what_is_read_from_them() -> None:
    every = tomllib.loads(LARGE)
    model = every["models"]["card-fraud"]
    cases = [
        ({}, model), (model, {}), (model, every["defaults"]), ({"rules": model["rules"]}, every["defaults"]),
        ({"training": {"command": ["x"]}}, model), ({"data": {"table": "t"}}, model),
        ({"rules": {"auc-degraded": {"for": 9}}}, model), ({"columns": {"id": "k"}}, model), ({"tags": ["a"]}, model),
    ]  # fmt: skip
    for mine, theirs in cases:
        read = with_defaults(ModelTable.model_validate(mine), ModelTable.model_validate(theirs))
        meant = ModelTable.model_validate(values_with_defaults(mine, theirs))
        assert meant == read, (mine, theirs)

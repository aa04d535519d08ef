"""`lifecycle --env prod`: lifecycle.prod.toml is laid over lifecycle.toml and over what that includes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle_tui.config import check, load, locate
from lifecycle_tui.config.overlays import laid_over
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.specs import Rate, SecretRef

MAIN = """\
include = ["models/*.toml"]

[workspace]
every = "1h"

[notifiers.oncall]
use = "webhook"
url = "https://dev.example/hook"
group = "5m"

[defaults.rules.stale]
when = "data.late > 2h"

[models.churn]
task = "binary"
[models.churn.data]
table = "c.csv"
reference = { rows = 100 }
window = "500 rows"
[models.churn.rules.stale]
severity = "info"
[models.churn.rules.drift]
when = "drift.share > 0.5"
for = 2
"""
BIKES = """\
task = "regression"
data = { table = "b.csv", reference = { rows = 100 }, window = "500 rows" }
[rules.drift]
when = "drift.share > 0.4"
"""
PROD = """\
# What differs where it counts.
workspace.every = "5m"

[notifiers.oncall]
url = { env = "PAGER_URL" }

[defaults.rules.stale]
when = "data.late > 30m"
severity = "critical"

[models.churn]
owner = "risk"
data.window = "1000 rows"
[models.churn.rules.drift]
for = 3

[models.bikes.data]
reference = { rows = 7 }
[models.bikes.rules.drift]
when = "drift.share > 0.2"

[models.prices]
task = "regression"
data = { table = "p.csv", reference = { rows = 10 }, window = "50 rows" }
"""

Write = Callable[..., Path]


@pytest.fixture
def layered(workspace: Write, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the three files; the environment is prod."""
    monkeypatch.setenv(environment.VARIABLE, "prod")
    monkeypatch.setenv("PAGER_URL", "https://pager.example/hook")

    def write(prod: str, main: str = MAIN) -> Path:
        path = workspace(main, bikes=BIKES)
        environment.overlay(path, "prod").write_text(prod, encoding="utf-8")
        return path

    return write


def test_what_an_environment_says_lies_on_top(layered: Write) -> None:
    path = layered(PROD)
    spec = load(path)
    assert spec.environment == "prod" and [f.name for f in spec.files] == [
        "lifecycle.toml",
        "lifecycle.prod.toml",
        "bikes.toml",
    ]
    assert spec.every == timedelta(minutes=5) and spec.false_alarms == Rate(1, timedelta(days=7))
    (oncall,) = spec.notifiers
    assert oncall.options == {"url": SecretRef("env", "PAGER_URL")} and oncall.group == timedelta(minutes=5)
    churn, bikes, prices = (spec.model(name) for name in ("churn", "bikes", "prices"))
    assert churn.owner == "risk" and churn.data.window.rows == 1000 and churn.data.reference.rows == 100
    rules = {rule.name: rule for rule in churn.rules}
    # The environment's defaults lie over the file's, and below what the model says itself.
    assert rules["stale"].when == "data.late > 30m" and rules["stale"].severity == "info"
    assert rules["drift"].when == "drift.share > 0.5" and rules["drift"].for_windows == 3
    assert {rule.name: (rule.when, rule.severity) for rule in bikes.rules} == {
        "stale": ("data.late > 30m", "critical"),
        "drift": ("drift.share > 0.2", "warning"),
    }
    assert bikes.data.reference.rows == 7 and prices.data.window.rows == 50


def test_places_are_in_the_file_that_wrote_the_value(layered: Write) -> None:
    spec = load(layered(PROD))
    churn, bikes = spec.model("churn"), spec.model("bikes")
    places = {f"{m.name}.{r.name}": str(r.place) for m in (churn, bikes) for r in m.rules}
    assert places == {
        "churn.stale": "lifecycle.prod.toml:8:8",
        "churn.drift": "lifecycle.toml:23:8",
        "bikes.stale": "lifecycle.prod.toml:8:8",
        "bikes.drift": "lifecycle.prod.toml:20:8",
    }
    assert str(churn.place).startswith("lifecycle.toml:14") and str(bikes.place).startswith("models/bikes.toml:1")
    assert str(locate(spec, ("models", "churn", "data", "window"))) == "lifecycle.prod.toml:13:15"
    assert str(locate(spec, ("models", "churn", "data", "table"))) == "lifecycle.toml:17:9"
    assert str(locate(spec, ("models", "bikes", "rules", "stale", "severity"))) == "lifecycle.prod.toml:9:12"


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ('every = "5m"', 'every = "5 dayz"', "value", "lifecycle.prod.toml:2:19"),
        ('url = { env = "PAGER_URL" }', 'url = { env = "NONE" }', "no-secret", "lifecycle.prod.toml:5:7"),
        ('owner = "risk"', "ownr = 1", "unknown-key", "lifecycle.prod.toml:12:1"),
        ("for = 3", "for = 0", "value", "lifecycle.prod.toml:15:7"),
        ("for = 3", "fro = 2", "unknown-key", "lifecycle.prod.toml:15:1"),
        ("{ rows = 7", "{ rwos = 7", "unknown-key", "lifecycle.prod.toml:18:15"),
        ("[models.prices]", "[models.prices", "syntax", "lifecycle.prod.toml:22:15"),
        ("[models.prices]", "[models.chrun]\ntags = []\n[models.prices]", "unknown-model", "lifecycle.prod.toml:22:1"),
        ('task = "regression"\n', "", "missing-key", "lifecycle.prod.toml:22:1"),
        ("# What", 'include = ["x/*.toml"]\n# What', "not-here", "lifecycle.prod.toml:1:1"),
        ("[models.bikes.rules.drift]\n", "[models.bikes.rules.drft]\nfor = 2\n", "unknown-key", None),
    ],
)
def test_what_is_wrong_in_an_environments_file(
    layered: Write, old: str, new: str, code: str, place: str | None
) -> None:
    assert PROD.count(old) >= 1
    _, problems = check(layered(PROD.replace(old, new, 1)))
    found = [(p.code, str(p.place)) for p in problems]
    if place is not None:
        assert (code, place) in found, found
    if code == "unknown-model":
        (problem,) = [p for p in problems if p.code == code]
        assert problem.hint == 'did you mean "churn"?'


def test_what_the_lower_file_has_wrong_is_said_there(layered: Write) -> None:
    _, problems = check(layered(PROD, MAIN.replace("for = 2", "fro = 2")))
    (problem,) = problems
    assert str(problem.place) == "lifecycle.toml:24:1"


def test_without_the_variable_the_file_is_not_read(layered: Write, monkeypatch) -> None:
    path = layered("this is [no TOML")
    monkeypatch.delenv(environment.VARIABLE)
    spec = load(path)
    assert spec.environment is None and len(spec.files) == 2
    monkeypatch.setenv(environment.VARIABLE, "")
    assert load(path).digest == spec.digest


def test_an_environment_without_its_file_is_an_error_that_names_it(workspace: Write, monkeypatch) -> None:
    path = workspace(MAIN, bikes=BIKES)
    monkeypatch.setenv(environment.VARIABLE, "staging")
    with pytest.raises(ConfigError, match=r"no lifecycle\.staging\.toml, and the environment is staging"):
        load(path)


@pytest.mark.parametrize("name", ["../prod", "a/b", "a.b", ".", "-x", "a b", "x" * 41, "prod\n", "größe"])
def test_a_name_that_would_lead_to_another_file_is_refused(workspace: Write, monkeypatch, name: str) -> None:
    path = workspace(MAIN, bikes=BIKES)
    monkeypatch.setenv(environment.VARIABLE, name)
    with pytest.raises(ConfigError, match="no name for an environment"):
        check(path)


def test_the_bytes_of_once_bring_their_own_environment(layered: Write, monkeypatch) -> None:
    path = layered(PROD)
    spec = load(path)
    given = {file: file.read_bytes() for file in spec.files}
    monkeypatch.delenv(environment.VARIABLE)
    path.write_text("[broken", encoding="utf-8")
    again, problems = check(path, given)
    assert again == spec and problems == ()
    # An edit that is not saved counts too.
    monkeypatch.setenv(environment.VARIABLE, "prod")
    path.write_bytes(given[path])
    over = {environment.overlay(path, "prod"): b'[workspace]\nevery = "7m"\n'}
    edited, _ = check(path, over=over)
    assert edited is not None and edited.every == timedelta(minutes=7) and edited.digest != spec.digest


def test_an_environments_file_is_no_model_that_a_glob_finds(layered: Write, monkeypatch) -> None:
    path = layered("", MAIN.replace('"models/*.toml"', '"models/*.toml", "*.toml"'))
    assert [model.name for model in load(path).models] == ["churn", "bikes"]
    monkeypatch.delenv(environment.VARIABLE)
    assert [model.name for model in load(path).models] == ["churn", "bikes"]


@pytest.mark.parametrize(
    ("path", "base", "over", "wanted"),
    [
        ((), {"a": {"x": 1, "y": [1, 2]}}, {"a": {"y": [3]}, "b": 2}, {"a": {"x": 1, "y": [3]}, "b": 2}),
        ((), {"a": {"x": 1}}, {"a": 3}, {"a": 3}),
        ((), {"a": 3}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        (("models", "m"), {"data": {"table": "t", "window": "1d"}}, {"data": {"features": "f"}},
         {"data": {"window": "1d", "features": "f"}}),
        (("data",), {"reference": {"from": 1, "until": 2}}, {"reference": {"rows": 5}}, {"reference": {"rows": 5}}),
        (("data",), {"reference": {"from": 1, "until": 2}}, {"reference": {"until": 5}},
         {"reference": {"from": 1, "until": 5}}),
        (("data",), {"reference": {"path": "p", "sep": ";"}}, {"reference": {"until": 5}}, {"reference": {"until": 5}}),
        (("data",), {"reference": {"rows": 3}}, {"reference": {"path": "p"}}, {"reference": {"path": "p"}}),
        (("data",), {"table": {"path": "p", "use": "csv", "sep": ";", "on": "id"}}, {"table": {"use": "lake"}},
         {"table": {"path": "p", "use": "lake", "on": "id"}}),
        (("notifiers",), {"o": {"use": "webhook", "url": "u", "group": "5m"}}, {"o": {"use": "log"}},
         {"o": {"use": "log", "group": "5m"}}),
        (("notifiers",), {"o": {"use": "webhook", "url": "u"}}, {"o": {"use": "webhook", "timeout": 3}},
         {"o": {"use": "webhook", "url": "u", "timeout": 3}}),
        (("models", "m"), {"training": {"estimator": "e", "history": "9d"}}, {"training": {"command": ["c"]}},
         {"training": {"command": ["c"], "history": "9d"}}),
        (("models", "m", "training"), {"strategy": {"use": "a", "n": 1}}, {"strategy": {"use": "b"}},
         {"strategy": {"use": "b"}}),
        (("columns",), {"timestamp": {"column": "t", "unit": "ms"}}, {"timestamp": {"from": ["a"]}},
         {"timestamp": {"from": ["a"]}}),
    ],
)  # fmt: skip
def test_how_values_meet(path: tuple[str, ...], base: dict, over: dict, wanted: dict) -> None:
    before = repr((base, over))
    assert laid_over(base, over, path) == wanted
    assert repr((base, over)) == before

"""The JSON schema for editors: it takes what the program takes, and refuses what it refuses."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lifecycle_tui.config import check
from lifecycle_tui.config.json_schema import FILES, Kind, refresh, schema, text
from lifecycle_tui.config.reference_text import LARGE, SMALL
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

ROOT = Path(__file__).parents[2]
TEAM = PluginInfo(
    "detector", "tails", "drop-in", "tails.py", 3, doc="How heavy the tails are.", options=(
        OptionInfo("share", "float", 0.05, about="of the rows"),
        OptionInfo("side", "str", "both", choices=("low", "both")),
        OptionInfo("edges", "list[float]", (0.5,)), OptionInfo("key", "str", None, True),
    ),
)  # fmt: skip
PLUGINS = PluginCatalog([*PluginCatalog.open(None, enabled=False).rows, TEAM])
MODEL = """\
[models.m]
task = "binary"
[models.m.data]
table = { path = "x.csv", separator = ";" }
reference = { until = 2025-01-31 }
window = "1d"
[models.m.columns]
timestamp = { column = "ts", unit = "ms" }
target = "y"
score = { a = "pa", b = "pb" }
[models.m.monitor]
metrics = { auc = {}, recall = {} }
[models.m.monitor.detectors.psi]
bins = 20
columns = { income = { bins = 40 } }
[models.m.monitor.detectors.tails]
key = { env = "KEY" }
edges = [0.1, 1]
[models.m.rules.r]
when = "drift.share > 0.3"
for = 2
then = ["notify:oncall", "retrain"]
[models.m.training]
strategy = { use = "warm-start", iterations = 9 }
history = 2025-01-01
gates = "gain(auc) > 0"
[models.m.rollout]
deployer = { use = "local", keep = 2 }
steps = [{ weight = 5, hold = "1h" }, { weight = 100 }]
approve = { by = ["ana"], not = "requester" }
[notifiers.oncall]
use = "webhook"
url = { env = "PAGER_URL" }
match = { owner = "risk", severity = "critical" }
"""


def plain(value: Any) -> Any:
    """As editors see it: dates are text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else value.isoformat()


def validator(kind: Kind, plugins: PluginCatalog = PLUGINS) -> Callable[[str], bool]:
    made = fastjsonschema.compile(schema(plugins, kind), use_default=False)

    def valid(toml: str) -> bool:
        try:
            made(plain(tomllib.loads(toml)))
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    return valid


@pytest.fixture(scope="module")
def valid() -> Callable[[str], bool]:
    return validator("file")


def test_sound_files_are_valid(valid: Callable[[str], bool]) -> None:
    for toml in ("", SMALL, LARGE, MODEL, MODEL.replace('strategy = { use = "warm-start", iterations = 9 }', "")):
        assert valid(toml)
    demo = validator("file", PluginCatalog.open(None, [ROOT / "plugins"]))
    assert demo((ROOT / "lifecycle.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[models.m]", "[model.m]"),
        ("task =", "taks ="),
        ('"binary"', '"binery"'),
        ('"binary"', "true"),
        ('path = "x.csv"', 'pth = "x.csv"'),
        ('path = "x.csv"', "path = 3"),
        ('separator = ";"', 'separatr = ";"'),
        ("until =", "untl ="),
        ('"1d"', '"a day"'),
        ('"1d"', "1"),
        ('"ms"', '"month"'),
        ('target = "y"', 'target = ["y"]'),
        ("auc = {}", "acu = {}"),
        ("metrics = { auc = {}, recall = {} }", 'metrics = ["auc", "recal"]'),
        ("bins = 20", "bnis = 20"),
        ("bins = 20", 'bins = "20"'),
        ("bins = 20", "bins = 2.5"),
        ("{ bins = 40 }", "{ bin = 40 }"),
        ('key = { env = "KEY" }\n', ""),
        ('{ env = "KEY" }', '{ evn = "KEY" }'),
        ("edges = [0.1, 1]", 'edges = ["a"]'),
        ("edges = [0.1, 1]", 'side = "high"'),
        ("for = 2", "for = true"),
        ("for = 2", "for = 0"),
        ("when =", "wehn ="),
        ('"retrain"]', '"retrian"]'),
        ('"warm-start"', '"warmstart"'),
        ("iterations = 9", "iteration = 9"),
        ("weight = 5,", ""),
        ("weight = 5", "weight = 500"),
        ('hold = "1h"', "hold = 1"),
        ('by = ["ana"]', "by = []"),
        ('"requester"', '"nobody"'),
        ('use = "webhook"', 'use = "webhok"'),
        ('url = { env = "PAGER_URL" }\n', ""),
        ('"critical"', '"fatal"'),
        ("keep = 2", "kep = 2"),
    ],
)
def test_what_is_wrong_is_invalid(valid: Callable[[str], bool], old: str, new: str) -> None:
    assert old in MODEL
    assert not valid(MODEL.replace(old, new, 1))


def test_it_is_no_stricter_than_the_program(valid: Callable[[str], bool], workspace: Callable[..., Path]) -> None:
    """What the schema calls invalid, the program refuses too; where no plugin is in it."""
    head, data = '[models.m]\ntask = "binary"\n', '[models.m.data]\ntable = "x"\nreference = { rows = 5 }\n'
    cases = [
        (where, line)
        for where, lines in {
            "model": ("tags = 'a'", "tags = ['a']", "tags = 3", "owner = ''", "task2 = 1"),
            "data": ("window = '15 minutes'", "window = '5000 rows'", "window = '1 quarter'", "grace = '1h 30m'",
                     "grace = '2 dayz'", "labels = { delay = '30d', absent = 0 }", "labels = { absent = false }",
                     "timezone = 'Europe/Paris'", "features = 3"),
            "end": ("[workspace]\nfalse_alarms = '1 per 7d'", "[workspace]\nfalse_alarms = '2 per day'",
                    "[workspace]\nengine = { dask = 'tcp://x' }", "[workspace]\njobs = 65", "[workspace]\nagent = 'no'",
                    "[workspace]\nplugins = []", "[workspace]\nkeep = { days = '1d' }", "[defaults]\nowner = 'x'",
                    "[models.m.training]\nestimator = 'a:b'", "[models.m.training]\nestimator = 'nope'",
                    "[models.m.training]\nhistory = 'all'", "[models.m.training]\nholdout = 0.95",
                    "[models.m.training]\nhistory = '180d'", "[models.m.training]\ncommand = []",
                    "[models.m.columns]\npositive = true", "[models.m.columns]\nnumeric = 'a'"),
        }.items()
        for line in lines
    ]  # fmt: skip
    for where, line in cases:
        extra = {where: line + "\n"}
        toml = head + extra.get("model", "") + data + extra.get("data", "") + extra.get("end", "")
        refused = any(p.level == "error" for p in check(workspace(toml))[1])
        assert valid(toml) or refused, line


def test_an_included_file_is_a_model(workspace: Callable[..., Path]) -> None:
    valid = validator("model")
    assert valid('task = "binary"\n[data]\ntable = "x"\n') and not valid("[models.m]\ntask = 3")
    assert not valid('[workspace]\ntimezone = "UTC"')


def test_in_an_environments_file_no_key_is_needed() -> None:
    valid = validator("overlay")
    assert valid('[notifiers.oncall]\nurl = { env = "X" }\n[models.m.rules.r]\nfor = 3')
    assert not valid('include = ["x"]') and not valid("[models.m.rules.r]\nfro = 3")


def test_it_says_what_hovering_shows() -> None:
    made = schema(PLUGINS)
    assert made["definitions"]["RuleTable"]["properties"]["for"] == {
        "type": "integer", "minimum": 1, "default": 1,
        "description": "For how many windows in a row.\n\nUnit: windows.\n\nDefault: 1.\n\nExample: 3",
    }  # fmt: skip
    detectors = made["definitions"]["MonitorSection"]["properties"]["detectors"]["anyOf"]
    assert "psi" in detectors[0]["items"]["enum"] and "tails" in detectors[0]["items"]["enum"]
    tails = detectors[1]["properties"]["tails"]
    assert tails["description"] == "How heavy the tails are." and tails["required"] == ["key"]
    assert tails["properties"]["share"] == {
        "type": "number", "default": 0.05, "description": "of the rows\n\nDefault: 0.05."
    }  # fmt: skip
    assert tails["properties"]["side"]["enum"] == ["low", "both"]


SHARED = {
    "$schema", "$ref", "title", "description", "definitions", "type", "properties", "additionalProperties", "required",
    "items", "enum", "anyOf", "allOf", "pattern", "minimum", "maximum", "minItems", "minProperties", "maxProperties",
    "default",
}  # fmt: skip
"""What draft-04 and draft-07 have in common."""


def keywords(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from keywords(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            if key in ("properties", "definitions"):
                for inner in value.values():
                    yield from keywords(inner)
            elif key not in ("default", "enum"):
                yield from keywords(value)


@pytest.mark.parametrize("kind", FILES)
def test_it_is_written_in_what_the_drafts_have_in_common(kind: Kind) -> None:
    made = schema(PLUGINS, kind)
    assert set(keywords(made)) <= SHARED
    assert json.loads(text(PLUGINS, kind)) == json.loads(json.dumps(made))


def test_it_is_written_anew_only_where_it_has_changed(tmp_path: Path) -> None:
    assert refresh(tmp_path, PLUGINS) and {path.name for path in tmp_path.iterdir()} == set(FILES.values())
    stamps = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    assert refresh(tmp_path, PLUGINS) and {path: path.stat().st_ino for path in tmp_path.iterdir()} == stamps
    (tmp_path / "schema.json").write_text("{}")
    assert (
        refresh(tmp_path, PLUGINS) and json.loads((tmp_path / "schema.json").read_text())["title"] == "lifecycle.toml"
    )
    assert not refresh(tmp_path / "gone", PLUGINS)

"""Places that are worked out late behave as plain ones; later checks can point into a sound file; the page is true."""

from __future__ import annotations

import copy
import pickle
import re
import tomllib
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lifecycle_tui.config import check, known_keys, load, locate, reference_markdown
from lifecycle_tui.config.reference_text import LARGE, PROD, SMALL
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.shape import fields, homes, words_for
from lifecycle_tui.config.sources import LaterPlace, dotted
from lifecycle_tui.domain.problems import Place

GOOD = "task='binary'\ndata={table={path='t',sep=';'},reference={rows=1}}\n"
PLAIN = Place("f.toml", 3, 5, 7)


def test_a_later_place_is_found_once_and_only_when_needed() -> None:
    calls = []

    def find() -> Place:
        calls.append(1)
        return PLAIN

    later = LaterPlace.of(find)
    assert calls == []
    assert str(later) == "f.toml:3:5"
    assert (later.file, later.line, later.column, later.width) == ("f.toml", 3, 5, 7)
    assert calls == [1]


def test_a_later_place_is_as_good_as_a_plain_one() -> None:
    def later() -> LaterPlace:
        return LaterPlace.of(lambda: PLAIN)

    assert later() == PLAIN and later() == PLAIN and later() == later()
    assert later() != replace(PLAIN, line=4)
    assert len({later(), PLAIN}) == 1
    assert isinstance(later(), Place)
    assert type(pickle.loads(pickle.dumps(later()))) is Place
    assert copy.deepcopy(later()) == PLAIN
    assert asdict(later()) == asdict(PLAIN)
    assert replace(later(), width=1) == Place("f.toml", 3, 5, 1)
    with pytest.raises(AttributeError):
        getattr(later(), "nothing")  # noqa: B009


def test_specs_cross_processes(workspace) -> None:
    spec = load(workspace(LARGE, churn="task='binary'\ndata={table='t',reference='r'}"))
    assert pickle.loads(pickle.dumps(spec)) == spec


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("a", "b"), "a.b"),
        (("a", 0, "b"), "a[0].b"),
        (("models", "my model", "x"), 'models."my model".x'),
        (("a.b", 'c"d'), '"a.b"."c\\"d"'),
    ],
)
def test_key_paths_are_written_as_toml_would(path: tuple, text: str) -> None:
    assert dotted(path) == text


def test_later_checks_can_point_into_the_files(workspace) -> None:
    spec = load(
        workspace(f"include=['models/*.toml']\n[defaults.monitor.detectors.psi]\nbins=3\n[models.a]\n{GOOD}", b=GOOD)
    )
    where = [
        (("models", "a", "data", "table", "sep"), "key", "lifecycle.toml:6:23"),
        (("models", "b", "data", "table", "sep"), "value", "models/b.toml:2:27"),
        (("models", "a", "monitor", "detectors", "psi", "bins"), "value", "lifecycle.toml:3:6"),
        (("models", "b", "monitor", "detectors", "psi", "bins"), "key", "lifecycle.toml:3:1"),
        (("include", 0), "value", "lifecycle.toml:1:10"),
        (("models", "c", "task"), "value", "None"),
    ]
    for key, part, place in where:
        assert str(locate(spec, key, part)) == place


def test_known_keys() -> None:
    assert known_keys(("models", "x", "data", "labels")) == (
        "path", "use", "on", "partition", "arrived", "delay", "absent",
    )  # fmt: skip
    assert known_keys(("notifiers", "x")) == ("use", "match", "group")
    assert known_keys(("nowhere",)) == ()


PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_what_the_code_says() -> None:
    expected = reference_markdown()
    assert PAGE.read_text(encoding="utf-8") == expected, (
        "write it anew: python -m lifecycle_tui.config.reference docs/configuration.md"
    )


def test_the_page_names_every_key_with_a_meaning() -> None:
    text = reference_markdown()
    assert len(homes(FileTable)) > 60
    for key in homes(FileTable):
        assert f"| `{key}` |" in text
    for row in re.findall(r"^\| `\w+` \|.*$", text, re.M):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 5
        assert all(cells[:4]), row
        assert "value" not in cells[1].split() or "column" in cells[1]


def test_the_examples_of_the_page_load(workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert blocks == [SMALL, LARGE, PROD]
    for block in (SMALL, LARGE):
        spec, problems = check(workspace(block, churn="task='binary'\ndata={table='t',reference='r'}"))
        assert spec is not None, problems
    path = workspace(LARGE, churn="task='binary'\ndata={table='t',reference='r'}")
    path.with_name("lifecycle.prod.toml").write_text(PROD, encoding="utf-8")
    monkeypatch.setenv("LIFECYCLE_ENV", "prod")
    spec, problems = check(path)
    assert spec is not None and spec.every.total_seconds() == 300, problems
    assert [(r.name, r.for_windows) for r in spec.model("card-fraud").rules if r.name == "auc-degraded"] == [
        ("auc-degraded", 2)
    ]


def test_every_example_of_a_key_is_sound(workspace) -> None:
    """Each example on the page is put where it belongs, and read."""
    seen = 0
    for key, places in homes(FileTable).items():
        for place in places:
            if not place or place.startswith(("defaults", "models.NAME.monitor.detectors")):
                continue
            table = _table(place)
            info = fields(table)[key] if table else None
            for example in (info.examples if info else None) or ():
                seen += 1
                text = f"v = {example}"
                value = tomllib.loads(text)["v"]
                assert words_for(info)
                table.__pydantic_validator__.validate_assignment(table.model_construct(), _attribute(table, key), value)
    assert seen > 60


def _table(place: str):
    from lifecycle_tui.config import schema, schema_data, schema_model, schema_training
    from lifecycle_tui.config.values import Table

    modules = (schema, schema_data, schema_training, schema_model)
    every = [t for m in modules for t in vars(m).values() if isinstance(t, type) and issubclass(t, Table)]
    last = place.removesuffix(".NAME").split(".")[-1]
    named = {
        "workspace": "WorkspaceTable", "keep": "KeepTable", "notifiers": "NotifierTable", "match": "MatchTable",
        "models": "ModelTable", "data": "DataSection", "table": "DataTable", "labels": "LabelsTable",
        "columns": "ColumnsSection", "monitor": "MonitorSection", "rules": "RuleTable", "training": "TrainingTable",
        "rollout": "RolloutTable", "approve": "ApproveTable",
    }  # fmt: skip
    return next((t for t in every if t.__name__ == named.get(last)), None)


def _attribute(table, key: str) -> str:
    return next(name for name, info in table.model_fields.items() if (info.alias or name) == key)

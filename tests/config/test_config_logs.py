"""`[data] logs`: what is wrong with it is said at its line and column; what is right becomes a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui import config
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.specs import LogSpec

TOML = """\
[models.m]
task = "binary"
[models.m.data]
table = "rows.csv"
reference = {{ until = 2025-01-31 }}
logs = {logs}
[models.m.columns]
timestamp = "ts"
target = "y"
"""


def load(root: Path, logs: str) -> LogSpec:
    (root / "rows.csv").write_text("ts,y\n2025-01-01,1\n")
    (root / "lifecycle.toml").write_text(TOML.format(logs=logs), encoding="utf-8")
    found = config.load(root / "lifecycle.toml").models[0].data.logs
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "form"),
    [("a.jsonl", "jsonl"), ("logs/*.ndjson", "jsonl"), ("a.json", "jsonl"), ("a.jsonl.1", "jsonl"),
     ("a.jsonl*", "jsonl"),
     ("app.log", "text"), ("jsonl", "text"), ("x.jsonld", "text")],
)  # fmt: skip
def test_the_form_follows_the_name(tmp_path: Path, path: str, form: str) -> None:
    found = load(tmp_path, f'"{path}"')
    assert (found.path, found.format) == (str(tmp_path / path), form)


def test_every_key(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        '{ path = "x.log", pattern = \'(?P<t>\\S+) (?P<l>\\w+) (?P<m>.*)\', timestamp = "t", level = "l", '
        'message = "m", time_format = "%d/%m/%Y", errors = ["SEVERE"] }',
    )
    assert (found.format, found.timestamp, found.level, found.errors) == ("text", "t", "l", ("severe",))
    assert (found.latency, found.id, found.time_format) == ("latency", "id", "%d/%m/%Y")


@pytest.mark.parametrize(
    ("logs", "column", "says"),
    [
        ('{ path = "x.log", patern = "a" }', 26, '"patern"'),
        ('{ path = "x.log", pattern = "(" }', 36, "no regular expression"),
        ('{ path = "x.log", pattern = "(?P<time>.*)" }', 36, "no group (?P<timestamp>"),
        ('{ path = "x.log", pattern = "(?P<timestamp>.*)", latency = "ms" }', 67, "ms is none of them"),
        ('{ path = "x.log", latency = "ms" }', 36, "ms is none of them"),
        ('{ path = "x.jsonl", format = "jsonl", pattern = "(?P<timestamp>.*)" }', 46, "not read by a pattern"),
        ('{ path = "x.jsonl", time_format = "%Q" }', 42, "no directive"),
        ('{ path = "x.jsonl", format = "csv" }', 37, "jsonl"),
        ('"s3://bucket/*.jsonl"', 8, "files of this machine"),
        ('{ path = "s3://bucket/x.log" }', 17, "files of this machine"),
        ('{ format = "jsonl" }', 8, "path"),
        ("17", 8, "path"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, logs: str, column: int, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, logs)
    (problem,) = caught.value.problems
    assert says in f"{problem.message} {problem.hint}"
    assert (problem.place.line, problem.place.column) == (6, column)  # type: ignore[union-attr]

"""What is wrong comes out with a code, a key path, an exact place, plain words and a hint; all of it in one run."""

from __future__ import annotations

import re
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from lifecycle_tui.config import check, load
from lifecycle_tui.config.reading import each_once
from lifecycle_tui.config.reference_text import LARGE, SMALL
from lifecycle_tui.config.report import Report
from lifecycle_tui.config.sources import LaterPlace
from lifecycle_tui.domain.problems import Place, Problem

# A model that is sound; cases put their lines in its places.
MODEL = """\
[models.m]
task = "binary"
{model}
[models.m.data]
table = "x.csv"
reference = {{ rows = 5 }}
window = "9 rows"
{data}
[models.m.columns]
target = "y"
{columns}
"""


def text_of(where: str, line: str) -> str:
    parts = {"model": "", "data": "", "columns": ""}
    if where in parts:
        parts[where] = line
        return MODEL.format(**parts)
    return MODEL.format(**parts) + line + "\n" if where == "end" else line + "\n" + MODEL.format(**parts)


def underlined(problem: Problem, text: str) -> str:
    """The text that the place points at."""
    assert problem.place is not None
    line = text.split("\n")[problem.place.line - 1]
    return line[problem.place.column - 1 : problem.place.column - 1 + problem.place.width]


# where, line, code, key, what is underlined, in the message, in the hint
CASES = [
    ("top", "[workspce]", "unknown-key", "workspce", "workspce", "top of the file", '"workspace"'),
    ("top", "tsak = 1", "unknown-key", "tsak", "tsak", "", None),
    ("top", 'target = "y"', "unknown-key", "target", "target", "", "models.NAME.columns"),
    ("model", "taks = 1", "unknown-key", "models.m.taks", "taks", "[models.m]", None),
    ("data", 'gracee = "2h"', "unknown-key", "models.m.data.gracee", "gracee", "", '"grace"'),
    ("data", "positive = 1", "unknown-key", "models.m.data.positive", "positive", "", "[models.m.columns]"),
    ("columns", 'label = "y"', "unknown-key", "models.m.columns.label", "label", "", None),
    ("columns", 'time = "t"', "unknown-key", "models.m.columns.time", "time", "", '"timestamp"'),
    ("columns", 'Segments = "t"', "unknown-key", "models.m.columns.Segments", "Segments", "", '"segments"'),
    ("end", "[models.m.monitr]", "unknown-key", "models.m.monitr", "monitr", "", '"monitor"'),
    ("end", "rules = {r = {treshold = 3}}", "unknown-key", "models.m.columns.rules", "rules", "", "[models.m]"),
    ("model", "rules.r = { treshold = 3 }", "unknown-key", "models.m.rules.r.treshold", "treshold", "", '"when"'),
    ("columns", "cutoff = true", "type", "models.m.columns.cutoff", "true", "a number; it is true", "0.35"),
    ("columns", 'cutoff = "0.5"', "type", "models.m.columns.cutoff", '"0.5"', 'a number; it is "0.5"', ""),
    ("columns", "cutoff = nan", "value", "models.m.columns.cutoff", "nan", "finite", ""),
    ("columns", "id = 3", "value", "models.m.columns.id", "3", "text in quotes; it is 3", '"transaction_id"'),
    ("columns", 'id = ""', "value", "models.m.columns.id", '""', "empty", ""),
    ("columns", "positive = []", "value", "models.m.columns.positive", "[]", "text, a number", ""),
    ("columns", "ignore = ['a', 3]", "value", "models.m.columns.ignore[1]", "3", "text", "ignore = "),
    ("columns", "timestamp = { frm = 'a' }", "unknown-key", "models.m.columns.timestamp.frm", "frm", "", '"from"'),
    ("columns", "timestamp = 3", "type", "models.m.columns.timestamp", "3", "must be a column", ""),
    ("columns", "timestamp = { from = [] }", "value", "models.m.columns.timestamp.from", "[]", "empty", ""),
    (
        "columns",
        "timestamp = {column='a', unit='min'}",
        "value",
        "models.m.columns.timestamp.unit",
        "'min'",
        '"s", "ms"',
        "",
    ),
    (
        "columns",
        "timestamp = {column='a', format='%Q'}",
        "value",
        "models.m.columns.timestamp.format",
        "'%Q'",
        "'Q'",
        "",
    ),
    ("data", "timezone = 'Europe/Pariss'", "value", "models.m.data.timezone", "'Europe/Pariss'", "", '"Europe/Paris"'),
    ("data", "labels = 3", "type", "models.m.data.labels", "3", "a path in quotes", ""),
    ("data", "labels = { dealy = '3d' }", "unknown-key", "models.m.data.labels.dealy", "dealy", "", '"delay"'),
    ("data", "grace = 30", "value", "models.m.data.grace", "30", "with a unit; it is 30", '"30d"'),
    ("model", "monitor.min_rows = 0", "value", "models.m.monitor.min_rows", "0", "at least 1; it is 0", ""),
    ("model", "monitor.min_rows = 1.5", "type", "models.m.monitor.min_rows", "1.5", "a whole number; it is 1.5", ""),
    ("model", "monitor.floor = 2", "value", "models.m.monitor.floor", "2", "at most 1; it is 2", ""),
    ("model", "monitor = 3", "type", "models.m.monitor", "3", "a table; it is 3", ""),
    ("model", "monitor.detectors = 'psi'", "type", "models.m.monitor.detectors", "'psi'", "a list of names", ""),
    (
        "model",
        "monitor.false_alarms = 3",
        "value",
        "models.m.monitor.false_alarms",
        "3",
        "so many per so long",
        "1 per 7d",
    ),
    ("model", "monitor.detectors = ['a', 'a']", "duplicate", "models.m.monitor.detectors[1]", "'a'", "twice", None),
    (
        "end",
        "[workspace]\nengine = { dask = 'http://s:8787/status' }",
        "value",
        "workspace.engine.dask",
        "'http://s:8787/status'",
        "the address of a Dask scheduler",
        "tcp://HOST:8786",
    ),
    ("model", "owner = 7", "value", "models.m.owner", "7", "text in quotes", ""),
    ("model", "rules.r = {}", "missing-key", "models.m.rules.r.when", "{}", '"when" is missing', "when = "),
    ("model", "rules.r = {when='a',for=0}", "value", "models.m.rules.r.for", "0", "at least 1", ""),
    ("model", "rules.r = {when='a',severity='hihg'}", "value", "models.m.rules.r.severity", "'hihg'", '"critical"', ""),
    (
        "model",
        "rules.r = {when='a',then='notfy'}",
        "unknown-action",
        "models.m.rules.r.then[0]",
        "'notfy'",
        "",
        '"notify"',
    ),
    (
        "model",
        "rules.r = {when='a',then=['notify:x']}",
        "unknown-notifier",
        "models.m.rules.r.then[0]",
        "'notify:x'",
        '"x"',
        "",
    ),
    (
        "model",
        "training.estimator = 'x'",
        "value",
        "models.m.training.estimator",
        "'x'",
        "estimator",
        "module:function",
    ),
    ("model", "training.schedule = '61 * * * *'", "value", "models.m.training.schedule", "'61 * * * *'", "cron", ""),
    ("model", "training.gates = 3", "type", "models.m.training.gates", "3", "a list of expressions", ""),
    ("model", "training.command = []", "value", "models.m.training.command", "[]", "empty", ""),
    ("model", "training.strategy = {}", "missing-key", "models.m.training.strategy.use", "{}", '"use"', ""),
    ("model", "rollout.steps = [{weight=101}]", "value", "models.m.rollout.steps[0].weight", "101", "at most 100", ""),
    (
        "model",
        "rollout.steps = [{hold='1h'}]",
        "missing-key",
        "models.m.rollout.steps[0].weight",
        "{hold='1h'}",
        "weight",
        "",
    ),
    ("model", "rollout.approve = {by=[]}", "value", "models.m.rollout.approve.by", "[]", "empty", ""),
    (
        "model",
        "rollout.approve = {by='a',not='me'}",
        "value",
        "models.m.rollout.approve.not",
        "'me'",
        '"requester"',
        "",
    ),
    ("end", "[notifiers.n]\ngrup = '1m'", "missing-key", "notifiers.n.use", "[notifiers.n]", '"use"', "webhook"),
    ("end", "[notifiers.n]\nuse='a'\nmatch={ownr='b'}", "unknown-key", "notifiers.n.match.ownr", "ownr", "", '"owner"'),
    (
        "end",
        "[notifiers.n]\nuse='a'\nmatch={model='mm'}",
        "unknown-model",
        "notifiers.n.match.model[0]",
        "'mm'",
        "",
        '"m"',
    ),
    ("end", "[notifiers.n]\nuse='a'\nmatch={rule='r'}", "unknown-rule", "notifiers.n.match.rule[0]", "'r'", "", None),
    ("end", "[workspace]\nengine = 'spark'", "value", "workspace.engine", "'spark'", '"local"', ""),
    ("end", "[workspace]\nengine = 3", "type", "workspace.engine", "3", '"local"', ""),
    ("end", "[workspace]\nkeep = { hour = '1d' }", "unknown-key", "workspace.keep.hour", "hour", "", '"hours"'),
    (
        "end",
        '[models."a b"]\ntask="binary"\ndata={table="t",reference="r"}',
        "name",
        'models."a b"',
        '"a b"',
        "letters",
        None,
    ),
    ("top", 'include = ["none/*.toml"]', "no-file", "include[0]", '"none/*.toml"', "no file matches", None),
]


@pytest.mark.parametrize(("where", "line", "code", "key", "spot", "message", "hint"), CASES, ids=lambda v: str(v)[:40])
def test_one_problem(workspace, where, line, code, key, spot, message, hint) -> None:
    text = text_of(where, line)
    spec, problems = check(workspace(text))
    assert spec is None
    assert [problem.key for problem in problems] == [key], problems
    (problem,) = problems
    assert (problem.code, underlined(problem, text)) == (code, spot)
    assert message in problem.message
    if hint is not None:
        assert hint in (problem.hint or "")


# What contradicts itself: the second side is underlined in `related`.
TWO_SIDES = [
    ("data", 'features = "f.csv"', "models.m.data.table", "table", "table", ['"f.csv"']),
    ("data", 'labels = "l.csv"', "models.m.data.table", "table", "joined by key", ['"l.csv"']),
    ("columns", 'ignore = ["y"]', "models.m.columns.ignore[0]", '"y"', "the target", ['"y"']),
    ("columns", 'prediction = "y"', "models.m.columns.prediction", '"y"', "the target already", ['"y"']),
    ("columns", 'numeric="a"\ntext="a"', "models.m.columns.text[0]", '"a"', "numeric already", ['"a"']),
    ("columns", 'ignore="a"\nsegments="a"', "models.m.columns.segments[0]", '"a"', "ignored", ['"a"']),
    ("columns", 'ignore="a"\nprotected="a"', "models.m.columns.protected[0]", '"a"', "ignored", ['"a"']),
    (
        "columns",
        "timestamp={column='t',unit='s',format='%Y'}",
        "models.m.columns.timestamp.format",
        "format",
        "not both",
        ["'s'"],
    ),
    (
        "model",
        "training={estimator='a:b',command=['c']}",
        "models.m.training.command",
        "command",
        "not both",
        ["'a:b'"],
    ),
    (
        "model",
        "rollout.steps=[{weight=50},{weight=20},{weight=100}]",
        "models.m.rollout.steps[1].weight",
        "20",
        "not more than 50",
        ["50"],
    ),
]


@pytest.mark.parametrize(("where", "line", "key", "spot", "message", "others"), TWO_SIDES, ids=lambda v: str(v)[:40])
def test_contradictions_show_both_places(workspace, where, line, key, spot, message, others) -> None:
    text = text_of(where, line)
    _, problems = check(workspace(text))
    (problem,) = [problem for problem in problems if problem.level == "error"]
    assert (problem.key, underlined(problem, text)) == (key, spot)
    assert message in problem.message
    assert [underlined(Problem("", "", place=place), text) for place in problem.related] == others


DATA = """\
[models.m]
task = "binary"
columns = {{ {columns} }}
[models.m.data]
{data}
"""


@pytest.mark.parametrize(
    ("columns", "data", "key", "spot", "message"),
    [
        ("", 'reference="r"', "models.m.data.table", "[models.m.data]", "no table"),
        ("", 'table="t"', "models.m.data.reference", "[models.m.data]", '"reference" is missing'),
        ("", 'table="t"\nreference={}', "models.m.data.reference", "{}", "says nothing"),
        ("", 'table="t"\nreference={rows=1}\nwindow="1d"', "models.m.data.window", '"1d"', "no timestamp"),
        ("", 'table="t"\nreference={from=2011-01-01}', "models.m.data.reference", "{from=2011-01-01}", "no timestamp"),
        (
            "",
            'table="t"\nreference={rows=1}\nwindow="partition"',
            "models.m.data.window",
            '"partition"',
            "partition column",
        ),
        ("", 'table="t"\nreference={partitions="a"}', "models.m.data.reference.partitions", '"a"', "partition column"),
        (
            'timestamp="t"',
            'table="t"\nreference={from=2012-01-01, until=2011-12-30}',
            "models.m.data.reference.until",
            "2011-12-30",
            "ends before it begins",
        ),
        ("", 'table="t"\nreference={rows=1, partitions="a"}', None, None, None),
        ("", 'table="t"\nreference={path="r", rows=1}', "models.m.data.reference.rows", "rows", "not both"),
        ("", 'table="t"\nreference={rows=1}\nlabels={absent=0}', "models.m.data.labels.absent", "absent", "no delay"),
        ("", 'table="t"\nreference={rows=1}\nlabels={on="k"}', "models.m.data.labels.on", "on", "no path"),
        (
            "",
            'features="f"\npredictions="p"\nreference={rows=1}',
            "models.m.data.predictions",
            "predictions",
            "joined by key",
        ),
        ("", 'table={pth="x"}\nreference={rows=1}', "models.m.data.table.pth", "pth", "not a key"),
        ("", "table={}\nreference={rows=1}", "models.m.data.table.path", "{}", '"path" is missing'),
        ("", 'tabel="x"\nreference={rows=1}', "models.m.data.tabel", "tabel", "not a key"),
        ("", 'table="x"\nreferense={rows=1}', "models.m.data.referense", "referense", "not a key"),
        ("", 'table="x"\nreference={rows=0}', "models.m.data.reference.rows", "0", "at least 1"),
        (
            'timestamp="t"',
            'table="x"\nreference={until=9999-12-31}',
            "models.m.data.reference.until",
            "9999-12-31",
            "too far",
        ),
        (
            'timestamp="t"',
            'table="x"\nreference={until=07:30:00}',
            "models.m.data.reference.until",
            "07:30:00",
            "a date",
        ),
    ],
)
def test_data(workspace, columns, data, key, spot, message) -> None:
    text = DATA.format(columns=columns, data=data)
    spec, problems = check(workspace(text))
    assert spec is None
    if key is None:  # two ways of saying it are both named
        assert {problem.key for problem in problems} == {"models.m.data.reference.partitions"}
        return
    assert [(p.key, underlined(p, text)) for p in problems] == [(key, spot)], problems
    assert message in problems[0].message


@pytest.mark.parametrize(
    ("where", "line", "code", "key"),
    [
        ("columns", "cutoff = 35.0", "out-of-range", "models.m.columns.cutoff"),
        ("columns", "segments = ['a', 'a']", "duplicate", "models.m.columns.segments[1]"),
        ("data", "grace = '2h'", "no-effect", "models.m.data.grace"),
        ("model", "rules.r = {when='a',then='retrain'}", "no-effect", "models.m.rules.r.then"),
        ("model", "rollout.steps = [{weight=50}]", "unfinished", "models.m.rollout.steps[0].weight"),
        ("end", "[workspace]\nplugins = ['nowhere']", "no-folder", "workspace.plugins[0]"),
        ("end", "[notifiers.n]\nuse='w'\nurl={env='NOT_SET_ANYWHERE'}", "no-secret", "notifiers.n.url"),
        ("end", "[notifiers.n]\nuse='w'\nurl={file='nowhere'}", "no-secret", "notifiers.n.url"),
        ("end", "[notifiers.n]\nuse='w'\nmatch={owner='nobody'}", "unknown-owner", "notifiers.n.match.owner[0]"),
    ],
)
def test_warnings_stop_nothing(workspace, where, line, code, key) -> None:
    spec, problems = check(workspace(text_of(where, line)))
    assert spec is not None
    assert [(p.code, p.level) for p in problems] == [(code, "warning")]
    assert problems[0].key.startswith(key)


def test_keys_for_other_tasks_are_pointed_out(workspace) -> None:
    text = text_of("columns", "positive = 1\ncutoff = 0.5").replace('"binary"', '"regression"')
    _, problems = check(workspace(text))
    assert [(p.code, underlined(p, text)) for p in problems] == [("no-effect", "positive"), ("no-effect", "cutoff")]
    _, problems = check(workspace(text_of("columns", 'score = { a = "b" }')))
    assert [p.code for p in problems] == ["contradiction"]


def test_an_empty_file_is_a_workspace_with_a_warning(workspace) -> None:
    spec, problems = check(workspace(""))
    assert spec is not None and spec.models == ()
    assert [p.code for p in problems] == ["no-models"]


def test_all_problems_of_all_files_in_one_run(workspace) -> None:
    path = workspace(
        'include = ["models/*.toml"]\n[defaults.rules.r]\nwhen = "a"\nthen = "notfy"\n'
        "[models.a]\ntask = 'bnary'\n[models.b]\n[models.c.data]\ntable = 1\nwindow = 'x'",
        d="task = 3\n[data]\ntabel = 'x'\n",
        e="task = \n",
        f="task = 'binary'\n[models.f]\n",
        b="task = 'binary'\n",
    )
    _, problems = check(path)
    assert [(str(p.place), p.code) for p in problems] == [
        ("lifecycle.toml:4:8", "unknown-action"),
        ("lifecycle.toml:5:1", "missing-key"),
        ("lifecycle.toml:6:8", "value"),
        ("lifecycle.toml:7:1", "missing-key"),
        ("lifecycle.toml:7:1", "missing-key"),
        ("lifecycle.toml:8:1", "missing-key"),
        ("lifecycle.toml:8:9", "missing-key"),
        ("lifecycle.toml:9:9", "type"),
        ("lifecycle.toml:10:10", "value"),
        ("models/b.toml:1:1", "duplicate-model"),
        ("models/d.toml:1:8", "value"),
        ("models/d.toml:2:1", "missing-key"),
        ("models/d.toml:3:1", "unknown-key"),
        ("models/e.toml:1:1", "missing-key"),
        ("models/e.toml:1:8", "syntax"),
        ("models/f.toml:1:1", "missing-key"),
        ("models/f.toml:2:2", "unknown-key"),
    ]


def test_two_models_of_one_name(workspace) -> None:
    good = "task = 'binary'\ndata = {table='t', reference={rows=1}}\n"
    spec, problems = check(workspace(f'include = ["models/m.toml"]\n[models.m]\n{good}', m=good))
    assert spec is None
    (problem,) = problems
    assert (problem.code, str(problem.place)) == ("duplicate-model", "models/m.toml:1:1")
    assert [str(place) for place in problem.related] == ["lifecycle.toml:2:1"]


def test_what_is_wrong_in_the_defaults_is_said_once(workspace) -> None:
    models = "".join(f"[models.m{i}]\ntask='binary'\ndata={{table='t',reference={{rows=1}}}}\n" for i in range(9))
    text = f"[defaults.columns]\nignore = ['a']\nsegments = ['a']\n[defaults.rules.r]\nfor = 2\n{models}"
    _, problems = check(workspace(text))
    assert [(p.key, str(p.place)) for p in problems] == [
        ("defaults.columns.segments[0]", "lifecycle.toml:3:13"),
        ("defaults.rules.r.when", "lifecycle.toml:4:1"),
    ]


def test_an_included_file_has_the_keys_of_a_model(workspace) -> None:
    _, problems = check(
        workspace('include=["models/*"]', m='task="binary"\n[models.m.data]\n[data]\ntable="t"\nreference="r"')
    )
    (problem,) = problems
    assert (problem.key, str(problem.place)) == ("models.m.models", "models/m.toml:2:2")
    assert "included file" in (problem.hint or "")


@pytest.mark.slow
def test_words_are_never_pydantics(workspace) -> None:
    """Every value of the large example replaced by one of another kind, one after the other."""
    strange = ["3", "true", '"x"', "[]", "{}", "1.5", "2011-01-01", "[{}]", "nan"]
    lines = LARGE.split("\n")
    seen = 0
    for number, line in enumerate(lines):
        match = re.match(r"(\w+\s*= )(.+?)(\s+#.*)?$", line)
        if not match:
            continue
        for value in strange:
            text = "\n".join([*lines[:number], match.group(1) + value, *lines[number + 1 :]])
            _, problems = check(workspace(text, churn="task='binary'\ndata={table='t',reference={rows=1}}"))
            for problem in problems:
                seen += 1
                assert not re.search(
                    r"Input|valid (string|dict|list|int)|instance|pydantic|<\w+>|_type", problem.message
                )
                assert problem.place is not None
    assert seen > 150


def test_places_are_relative_only_inside_the_current_folder(workspace, tmp_path: Path, monkeypatch) -> None:
    path = workspace("[modles]")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert str(check(path)[1][0].place) == f"{path}:1:2"
    monkeypatch.chdir(tmp_path.parent)
    assert str(check(path)[1][0].place) == f"{tmp_path.name}/lifecycle.toml:1:2"


def test_the_small_example_with_every_line_left_out_never_breaks(workspace) -> None:
    lines = SMALL.split("\n")
    for number in range(len(lines)):
        spec, problems = check(workspace("\n".join(lines[:number] + lines[number + 1 :])))
        assert spec is not None or problems


def test_load_gives_what_check_gives(workspace) -> None:
    path = workspace(SMALL)
    assert load(path) == check(path)[0]


def test_what_is_touched_is_what_every_wrong_path_says() -> None:
    keys = ("a", "b", 0)
    paths = [path for n in range(4) for path in product(keys, repeat=n)]
    for wrong in (*([path] for path in paths), [("a", "b"), ("b", 0, 0)], []):
        report = Report()
        report.broken.update(wrong)
        for path in paths:
            around = any(one[: len(path)] == path or path[: len(one)] == one for one in wrong)
            assert report.is_touched(path) == around, (wrong, path)


def test_of_a_thousand_problems_none_is_compared_with_each_other() -> None:
    looks = 0

    def find(line: int) -> Place:
        nonlocal looks
        looks += 1
        return Place("lifecycle.toml", line, 1)

    many = [Problem("missing-key", "it is missing", "", LaterPlace.of(partial(find, n % 900))) for n in range(1000)]
    many += [Problem("missing-key", "another", "", LaterPlace.of(partial(find, 5), file="lifecycle.toml"))]
    assert each_once(many) == [*many[:900], many[-1]]
    assert looks == 1000, "and of what stands alone the place is not looked for"

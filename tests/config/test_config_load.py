"""Sound files: both examples of the documentation, every shape of every key, defaults, includes, finding the file."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.config import check, find, load
from lifecycle_tui.config.reference_text import LARGE, SMALL
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.specs import (
    ApproveSpec,
    PluginUse,
    Rate,
    ReferenceSpec,
    SecretRef,
    StepSpec,
    TimestampSpec,
)
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeWindow

CHURN = """\
task = "binary"
data = { table = "c.csv", reference = { rows = 100 }, window = "500 rows" }
"""


def one(workspace, body: str, head: str = ""):
    """The one model of a file that must be without problems."""
    spec, problems = check(workspace(f"{head}\n[models.m]\n{body}"))
    assert problems == ()
    assert spec is not None
    return spec.models[0]


def data(workspace, body: str, columns: str = 'timestamp = "ts"\nid = "k"'):
    return one(workspace, f'task = "binary"\n[models.m.columns]\n{columns}\n[models.m.data]\n{body}').data


def test_the_least_example(workspace) -> None:
    path = workspace(SMALL)
    spec = load(path)
    (bikes,) = spec.models
    assert (spec.root, spec.file, spec.files) == (path.parent, path, (path,))
    assert (bikes.name, bikes.task) == ("bikes", "regression")
    assert bikes.data.table is not None
    assert bikes.data.table.location == str(path.parent / "bike_hour.csv")
    assert bikes.data.reference == ReferenceSpec(end=datetime(2012, 1, 1, tzinfo=UTC))
    assert bikes.data.window == TimeWindow(1, "month")
    assert bikes.columns.timestamp == TimestampSpec(("dteday", "hr"), "%m/%d/%Y %H")
    assert bikes.columns.ignore == ("instant", "casual", "registered")
    assert bikes.training is None
    assert (spec.false_alarms, spec.timezone) == (Rate(1, timedelta(days=7)), "UTC")


def test_the_large_example(workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_URL", "secret")
    path = workspace(LARGE, churn=CHURN)
    (path.parent / "plugins").mkdir()
    spec, problems = check(path)
    assert problems == ()
    assert spec is not None
    root = path.parent
    assert spec.plugins == (root / "plugins",)
    assert spec.timezone == "Europe/Paris"
    assert [model.name for model in spec.models] == ["card-fraud", "churn"]
    (pager,) = spec.notifiers
    assert (pager.name, pager.use, pager.group) == ("oncall", "webhook", timedelta(minutes=10))
    assert pager.options == {"url": SecretRef("env", "PAGER_URL")}
    assert pager.match == {"owner": "risk-ml", "severity": "critical"}

    fraud = spec.model("card-fraud")
    tables = (fraud.data.predictions, fraud.data.features, fraud.data.labels.table)
    assert [t and t.location for t in tables] == [str(root / "lake" / n) for n in ("scored", "features", "chargebacks")]
    assert [t and t.on for t in tables] == ["transaction_id"] * 3
    assert tables[0] and tables[0].partition == "dt"
    labels = fraud.data.labels
    assert (labels.arrived, labels.delay, labels.absent) == ("booked_at", timedelta(days=30), 0)
    # Dates are in the workspace's zone.
    assert fraud.data.reference.start == datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert fraud.data.reference.end == datetime(2025, 3, 31, 22, tzinfo=UTC)
    assert fraud.data.timezone == "Europe/Paris"
    assert (fraud.columns.score, fraud.columns.cutoff, fraud.columns.positive) == ("p_fraud", 0.35, 1)
    assert fraud.columns.kinds == {"mcc": "categorical"}
    assert [use.name for use in fraud.monitor.detectors] == ["psi", "ks", "chi2"]
    assert [use.name for use in fraud.monitor.metrics] == ["auc", "recall", "estimated.auc"]
    stale, degraded = fraud.rules
    assert (stale.name, stale.when, stale.then) == ("stale-data", "data.late > 2h", ("notify",))
    assert (degraded.for_windows, degraded.severity, degraded.then) == (3, "critical", ("notify", "retrain"))
    training, rollout = fraud.training, fraud.rollout
    assert training is not None and rollout is not None
    assert (training.estimator, training.strategy, training.schedule) == (
        "fraud_model:build",
        "warm-start",
        "0 3 1 * *",
    )
    assert (training.history, training.cooldown) == (timedelta(days=180), timedelta(days=3))
    assert [gate.when for gate in training.gates] == ["gain(auc) > 0", "challenger.recall >= 0.6"]
    assert rollout.steps == (StepSpec(5, timedelta(hours=1)), StepSpec(25, timedelta(hours=6)), StepSpec(100))
    assert rollout.abort == ("errors.rate > 0.02", "latency.p95 > 200")
    assert rollout.approve == ApproveSpec(("ana", "raj"), True)
    assert spec.model("churn").rules == (stale,)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{ from = 2011-01-01 }", ReferenceSpec(start=datetime(2011, 1, 1, tzinfo=UTC))),
        ("{ until = 2011-06-01T12:00:00Z }", ReferenceSpec(end=datetime(2011, 6, 1, 12, tzinfo=UTC))),
        ('{ until = "2011-06-01" }', ReferenceSpec(end=datetime(2011, 6, 2, tzinfo=UTC))),
        ("{ rows = 500 }", ReferenceSpec(rows=500)),
    ],
)
def test_shapes_of_reference(workspace, reference: str, expected: ReferenceSpec) -> None:
    assert data(workspace, f'table = "x.csv"\nreference = {reference}').reference == expected


@pytest.mark.parametrize("reference", ['"normal.csv"', '{ path = "normal.csv" }'])
def test_a_reference_of_its_own(workspace, reference: str) -> None:
    found = data(workspace, f'table = "x.csv"\nreference = {reference}')
    assert found.reference.table is not None
    assert found.reference.table.location.endswith("normal.csv")
    assert found.reference.table.on is None


@pytest.mark.parametrize(
    ("window", "columns", "expected"),
    [
        ('window = "2 weeks"\ngrace = "2h"', 'timestamp = "ts"', TimeWindow(2, "week", timedelta(hours=2))),
        ("", 'timestamp = "ts"', TimeWindow(1, "day")),
        ("", "", PartitionWindow()),
        ('window = "5000 rows"', "", CountWindow(5000)),
        ('window = "partition"', "", PartitionWindow()),
        ('window = "file"', "", FileWindow()),
    ],
)
def test_shapes_of_window(workspace, window: str, columns: str, expected: object) -> None:
    body = f'table = {{ path = "lake", partition = "dt" }}\nreference = {{ rows = 5 }}\n{window}'
    assert data(workspace, body, columns).window == expected


def test_tables_take_paths_globs_addresses_and_options(workspace) -> None:
    found = data(
        workspace,
        'predictions = { path = "/abs/*.csv", on = "a", delimiter = ";" }\nreference = { rows = 5 }\n'
        'features = { path = "postgresql://h/db", use = "sql", password = { env = "PATH" }, on = "b" }\n'
        'labels = "sub/../late.csv"',
    )
    assert found.predictions and found.features and found.labels.table
    assert (found.predictions.location, found.predictions.on) == ("/abs/*.csv", "a")
    assert found.predictions.options == {"delimiter": ";"}
    assert found.features.location == "postgresql://h/db"
    assert found.features.options == {"password": SecretRef("env", "PATH")}
    assert (found.labels.table.location, found.labels.table.on) == (str(Path.cwd() / "late.csv"), "k")


def test_a_folder_with_pattern_characters_is_not_a_pattern(tmp_path: Path) -> None:
    root = tmp_path / "data[1]"
    root.mkdir()
    (root / "m.toml").write_text(CHURN.replace("c.csv", "*.csv"))
    (root / "lifecycle.toml").write_text('include = ["m.toml"]')
    (model,) = load(root).models
    assert model.data.table and model.data.table.location == f"{tmp_path}/data[[]1]/*.csv"


def test_labels_in_the_wide_table(workspace) -> None:
    found = data(
        workspace,
        'table = "x.csv"\nreference = { rows = 5 }\nlabels = { delay = "30d", absent = false, arrived = "at" }',
    )
    assert found.labels.table is None
    assert (found.labels.delay, found.labels.absent, found.labels.arrived) == (timedelta(days=30), False, "at")
    assert found.table and found.table.on is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"ts"', TimestampSpec(("ts",))),
        ('{ from = "day", format = "%d.%m.%Y" }', TimestampSpec(("day",), "%d.%m.%Y")),
        ('{ from = ["a", "b"] }', TimestampSpec(("a", "b"))),
        ('{ column = "ts", unit = "ms" }', TimestampSpec(("ts",), unit="ms")),
    ],
)
def test_shapes_of_timestamp(workspace, written: str, expected: TimestampSpec) -> None:
    model = one(workspace, f'{CHURN}columns = {{ timestamp = {written}, numeric = "n", text = ["t"] }}')
    assert model.columns.timestamp == expected
    assert model.columns.kinds == {"n": "numeric", "t": "text"}


def test_a_score_for_each_class(workspace) -> None:
    body = CHURN.replace("binary", "multiclass") + 'columns = { score = { cat = "p1", dog = "p2" }, target = "y" }'
    assert one(workspace, body).columns.score == {"cat": "p1", "dog": "p2"}


def test_detectors_as_a_table(workspace) -> None:
    model = one(
        workspace,
        CHURN + '[models.m.monitor]\nfalse_alarms = "1 per 30d"\nmin_rows = 50\nfloor = 0\nmetrics = { auc = {} }\n'
        "[models.m.monitor.detectors]\nks = {}\npsi = { bins = 10, columns = { income = { bins = 20 } } }",
    )
    ks, psi = model.monitor.detectors
    assert ks == PluginUse("ks", place=ks.place)
    assert (psi.options, psi.per_column) == ({"bins": 10}, {"income": {"bins": 20}})
    assert (model.monitor.min_rows, model.monitor.floor) == (50, 0.0)
    assert model.monitor.false_alarms == Rate(1, timedelta(days=30))
    assert psi.place is not None and (psi.place.line, psi.place.column) == (12, 1)


def test_strategy_and_deployer_with_options(workspace) -> None:
    model = one(
        workspace,
        CHURN + '[models.m.training]\ncommand = ["python", "t.py"]\nstrategy = { use = "warm-start", epochs = 3 }\n'
        '[models.m.rollout]\ndeployer = { use = "kserve", token = { file = "t.toml" } }',
    )
    assert model.training and model.rollout
    assert (model.training.command, model.training.strategy) == (("python", "t.py"), "warm-start")
    assert model.training.options == {"epochs": 3}
    assert (model.rollout.deployer, model.rollout.options) == ("kserve", {"token": SecretRef("file", "t.toml")})


def test_workspace_keys(workspace) -> None:
    spec = load(
        workspace(
            '[workspace]\nengine = { dask = "tcp://s:8786" }\nfalse_alarms = "2 per day"\n'
            'keep = { hours = "14d", months = "52w" }\n[models.m]\n' + CHURN
        )
    )
    assert spec.engine == {"dask": "tcp://s:8786"}
    assert spec.false_alarms == Rate(2, timedelta(days=1))
    assert spec.keep == {"hours": timedelta(days=14), "months": timedelta(weeks=52)}


DEFAULTS = """\
[defaults]
owner = "team"
[defaults.data]
grace = "2h"
[defaults.monitor]
detectors = ["psi"]
min_rows = 99
[defaults.training]
estimator = "a:b"
cooldown = "1d"
[defaults.rules.stale]
when = "data.late > 2h"
severity = "info"
[defaults.rules.off]
when = "rows < 1"
"""
TIMED = 'task = "binary"\ncolumns = { timestamp = "t" }\ndata = { table = "c.csv", reference = { rows = 1 } }\n'


def test_defaults_fill_what_a_model_does_not_say(workspace) -> None:
    model = one(
        workspace,
        TIMED + '[models.m.monitor]\ndetectors = ["ks"]\n[models.m.training]\ncommand = ["x"]\n[models.m.rules]\n'
        'stale = { severity = "critical" }\noff = { enabled = false }\nown = { when = "rows > 0" }',
        DEFAULTS,
    )
    assert model.owner == "team"
    assert model.data.window == TimeWindow(1, "day", timedelta(hours=2))
    assert [use.name for use in model.monitor.detectors] == ["ks"]
    assert model.monitor.min_rows == 99
    assert model.training is not None
    assert (model.training.command, model.training.estimator) == (("x",), None), "a default never joins its rival"
    assert model.training.cooldown == timedelta(days=1)
    assert [(r.name, r.when, r.severity) for r in model.rules] == [
        ("stale", "data.late > 2h", "critical"),
        ("own", "rows > 0", "warning"),
    ]


def test_a_default_rule_keeps_the_place_of_its_expression(workspace) -> None:
    stale = load(workspace(f"{DEFAULTS}[models.m]\n{TIMED}")).models[0].rules[0]
    assert str(stale.place) == "lifecycle.toml:12:8"


def test_include_takes_one_model_a_file(workspace) -> None:
    path = workspace('include = ["models/*.toml", "models/b.toml"]', b=TIMED + "[rules.r]\nwhen = 'rows < 5'", a=CHURN)
    spec = load(path)
    assert [model.name for model in spec.models] == ["a", "b"]
    assert [file.name for file in spec.files] == ["lifecycle.toml", "a.toml", "b.toml"]
    assert spec.models[0].data.table and spec.models[0].data.table.location == str(path.parent / "c.csv")
    assert str(spec.models[1].rules[0].place) == "models/b.toml:5:8"
    assert str(spec.models[1].place) == "models/b.toml:1:1"


def test_the_digest_changes_with_any_file(workspace) -> None:
    path = workspace('include = ["models/*.toml"]', a=CHURN)
    first = load(path).digest
    assert load(path).digest == first
    (path.parent / "models" / "a.toml").write_text(CHURN + "# changed\n")
    assert load(path).digest != first


def test_windows_line_ends_and_a_byte_order_mark(workspace) -> None:
    path = workspace("")
    path.write_bytes(
        b"\xef\xbb\xbf" + f"[models.m]\n{TIMED}[models.m.rules.r]\nwhen = 'rows < 5'\n".replace("\n", "\r\n").encode()
    )
    assert str(load(path).models[0].rules[0].place) == "lifecycle.toml:6:8"


def test_find_looks_in_the_folder_and_above(workspace) -> None:
    path = workspace("")
    deep = path.parent / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) == find(path.parent) == find(path) == path


def test_no_file_says_what_to_run(tmp_path: Path) -> None:
    for call in (find, load, check):
        with pytest.raises(ConfigError) as caught:
            call(tmp_path)
        assert "lifecycle init" in (caught.value.hint or "")
        assert caught.value.exit_code == 2


def test_load_raises_with_all_problems(workspace) -> None:
    with pytest.raises(ConfigError) as caught:
        load(workspace("[modles]\n[workspce]\n"))
    assert [problem.key for problem in caught.value.problems] == ["modles", "workspce"]
    assert "2 problems" in caught.value.message


def test_the_package_is_cheap_to_import() -> None:
    code = (
        "import sys, lifecycle_tui.config; print([m for m in ('pydantic', 'cronsim', 'zoneinfo') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_loading_imports_nothing_heavy(workspace) -> None:
    path = workspace(f"[models.m]\n{TIMED}")
    code = (
        "import sys, pathlib; from lifecycle_tui.config import load; load(pathlib.Path(sys.argv[1])); "
        "print([m for m in ('numpy', 'pandas', 'pyarrow', 'scipy', 'sklearn', 'textual') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

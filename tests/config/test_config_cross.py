"""What disarms something else in the file is said, with both places; what is in doubt for another reason is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui import workspace as checks
from lifecycle_tui.domain.problems import Problem

MODEL = """\
[models.m]
task = "binary"
{model}
[models.m.data]
table = "x.csv"
reference = {{ until = 2025-01-01 }}
{data}
[models.m.columns]
timestamp = "ts"
target = "y"
score = "p"
{columns}
"""
RULE = "[models.m.rules.r]\nwhen = 'auc < 0.5'\n"


def text_of(where: str, line: str) -> str:
    parts = {"model": "", "data": "", "columns": ""}
    if where in parts:
        return MODEL.format(**parts | {where: line})
    return MODEL.format(**parts) + line + "\n"


def spot(text: str, problem: Problem, number: int = -1) -> str:
    """The text at the problem's place, or at a related one."""
    place = problem.place if number < 0 else problem.related[number]
    assert place is not None
    line = text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.column - 1 + place.width]


# where, line, code, level, what is underlined, what in the related places
CASES = [
    # rules and what they read
    ("end", "[models.m.monitor]\ndetectors=['ks']\n[models.m.rules.r]\nwhen='psi.a > 1'", "unknown-signal", "error",
     "psi.a", ["['ks']"]),
    ("end", "[models.m.monitor]\nmetrics=['auc']\n[models.m.rules.r]\nwhen='auc<1 and recall > 1'", "unknown-signal",
     "error", "recall", ["['auc']"]),
    ("end", "[models.m.rules.r]\nwhen='mae > 1'", "unknown-signal", "error", "mae", ['"binary"']),
    ("end", "[models.m.training]\ngates=['gain(recall) > 0', 'challenger.mae > 1']", "unknown-signal", "error",
     "challenger.mae", ['"binary"']),
    ("end", "[models.m.monitor]\nmetrics=['auc']\n[models.m.training]\ngates='challenger.recall > 1'", "unknown-signal",
     "error", "challenger.recall", ["['auc']"]),
    ("end", "[models.m.monitor]\nmetrics=['auc']\n[models.m.rules.r]\nwhen='auc.upper > 1.5'", "never-true", "error",
     "auc.upper > 1.5", ["'auc'"]),
    ("end", "[models.m.monitor.detectors.ks]\n[models.m.rules.r]\nwhen='rows > 1 or ks.a > 1.5'", "never-true", "error",
     "ks.a > 1.5", ["[models.m.monitor.detectors.ks]"]),
    ("end", "[models.m.rollout]\nabort=['errors.rate >']", "expression", "error", ">", []),
    ("end", "[models.m.rollout]\nabort=['errors.rate > 5 parsecs']", "expression", "error", "parsecs", []),
    ("end", "[models.m.rules.r]\nwhen='auc < 0.5'\nfor=201", "never-true", "error", "201", []),
    # time
    ("data", "window='1 hour'\nlabels={delay='30d'}\n" + RULE, "never-true", "error", "'auc < 0.5'",
     ["'30d'", "'1 hour'"]),
    ("data", "window='1d'\nlabels={delay='40d'}\n" + RULE + "[models.m.training]\nschedule='0 3 1 * *'", "never-mature",
     "warning", "'auc < 0.5'", ["'0 3 1 * *'", "'40d'"]),
    ("data", "window='1d'\nlabels={delay='2d'}\n" + RULE + "[models.m.training]\non_update=true", "never-mature",
     "warning", "'auc < 0.5'", ["true", "'2d'"]),
    ("end", "[models.m.training]\nschedule='0 3 * * 1'\ncooldown='8d'", "cooldown", "warning", "'8d'",
     ["'0 3 * * 1'"]),
    # steps
    ("end", "[models.m.rollout]\nsteps=[{weight=5,hold='1h'},{weight=50,hold='2h'}]", "unfinished", "warning", "50",
     ["'2h'"]),
    ("end", "[models.m.rollout]\nsteps=[{weight=5},{weight=100}]", "no-effect", "warning", "{weight=5}", []),
    ("end", "[models.m.rollout]\nsteps=[{weight=5,hold='0s'},{weight=100}]", "no-effect", "warning", "'0s'", []),
    ("end", "[models.m.rollout]\nsteps=[{weight=5,hold='1h'},{weight=100,hold='1h'}]", "no-effect", "warning", "'1h'",
     []),
    ("end", "[models.m.rollout]\nsteps=[{weight=5,hold='2d'},{weight=100}]\n[models.m.training]\nschedule='0 3 * * *'",
     "never-ends", "warning", "'2d'", ["'0 3 * * *'"]),
    # what is set off
    ("end", "[models.m.rules.r]\nwhen='rows < 1'\nthen='rollback'", "no-effect", "warning", "'rollback'",
     ["[models.m]"]),
    ("end", "[models.m.rules.r]\nwhen='rows < 1'\nthen=['retrain']", "no-effect", "warning", "'retrain'",
     ["[models.m]"]),
    ("end", "[notifiers.n]\nuse='log'\nmatch={severity='critical'}\n[models.m.rules.r]\nwhen='rows < 1'\n"
     "then=['notify']", "reaches-nobody", "warning", "'notify'", ["{severity='critical'}"]),
    ("end", "[notifiers.n]\nuse='log'\nmatch={owner='x'}\n[notifiers.o]\nuse='log'\n[models.m.rules.r]\n"
     "when='rows < 1'\nthen='notify:n'", "reaches-nobody", "warning", "'notify:n'", ["{owner='x'}"]),
    ("end", "[models.m.rules.r]\nenabled=false", "no-effect", "warning", "false", []),
    # what is measured
    ("end", "[models.m.monitor]\nmetrics=['auc','mae']", "no-effect", "warning", "'mae'", ['"binary"']),
    ("end", "[models.m.monitor.metrics.mae]\n[models.m.monitor.metrics.auc]", "no-effect", "warning", "mae",
     ['"binary"']),
    ("columns", "ignore=['a']\n[models.m.monitor.detectors.psi.columns.a]\nbins=3", "no-effect", "warning", "a",
     ["'a'"]),
    ("data", "window='20 rows'", "never-judged", "warning", "'20 rows'", []),
    ("data", "window='50 rows'\n[models.m.monitor]\nmin_rows=60", "never-judged", "warning", "60", ["'50 rows'"]),
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    return tmp_path


def check(root: Path, text: str) -> tuple[Problem, ...]:
    (root / "lifecycle.toml").write_text(text, encoding="utf-8")
    return checks.check(root / "lifecycle.toml")


def test_both_places_are_shown(root: Path) -> None:
    for where, line, code, level, at, related in CASES:
        text = text_of(where, line)
        problems = [p for p in check(root, text) if p.code not in ("unknown-owner",)]
        assert [(p.code, p.level) for p in problems] == [(code, level)], (line, problems)
        (problem,) = problems
        assert spot(text, problem) == at, (line, problem)
        assert [spot(text, problem, n) for n in range(len(problem.related))] == related, line
        assert problem.hint or code in ("never-true", "expression"), line


def test_training_without_a_target(root: Path) -> None:
    text = text_of("end", "[models.m.training]\nhistory = '9d'").replace('target = "y"\n', "")
    (problem,) = [p for p in check(root, text) if p.level == "error"]
    assert (problem.code, problem.key) == ("missing-key", "models.m.columns.target")
    assert spot(text, problem) == "[models.m.columns]" and spot(text, problem, 0) == "[models.m.training]"


SOUND = [
    "[models.m.training]\nschedule='0 3 * * 1'\ncooldown='6d'",
    "[models.m.rollout]\nsteps=[{weight=5,hold='1h'},{weight=100}]",
    "[models.m.rules.r]\nwhen='auc < 0.5'\nfor=200",
    "[notifiers.n]\nuse='log'\nmatch={severity='critical'}\n[models.m.rules.r]\nwhen='rows < 1'",  # seen on the screen
    "[defaults.rules.r]\nwhen='rows < 1'\n[models.m.rules.r]\nenabled=false",
    "[models.m.rules.r]\nwhen='rows < 1'\nenabled=false",
    "[models.m.rules.r]\nwhen='psi.whatever > 1'",  # the data knows the columns
    "[models.m.rules.r]\nwhen='rows < 1'\nthen='rollback'\n[models.m.rollout]\ndeployer='local'",
]


def test_what_is_sound_is_left_alone(root: Path) -> None:
    for line in SOUND:
        assert check(root, text_of("end", line)) == (), line


# What is wrong, and what rests on it and is therefore not reported: the first alone comes out.
DOUBTS = [
    ("end", "[models.m.monitor]\ndetectors=['pis']\n[models.m.rules.r]\nwhen='psi.a > 1'", "unknown-detector"),
    ("end", "[models.m.monitor]\nmetrics=['uac', 'recall']\n[models.m.rules.r]\nwhen='auc > 0.5'", "unknown-metric"),
    ("end", "[models.m.monitor]\nmetrics=3\n[models.m.rules.r]\nwhen='mape > 0.5 or recall < 1'", "type"),
    ("end", "[models.m.monitr]\nmetrics=['mape']\n[models.m.rules.r]\nwhen='mape > 0.5'", "unknown-key"),
    ("columns", "targt='y'\n[models.m.rules.r]\nwhen='auc > 0.5'", "unknown-key"),
    ("end", "[workspace]\nplugins=3\n[models.m.monitor]\ndetectors=['ours']", "type"),
    ("end", "[notifiers.n]\nuse=3\n[models.m.rules.r]\nwhen='rows < 1'\nthen='notify:n'", "value"),
    ("end", "[models.m.training]\nstrategy=3", "type"),
    ("end", "[models.m.training]\nschedle='0 3 * * *'\ncooldown='9d'", "unknown-key"),
    ("end", "[models.m.rollout]\nsteps=[{weight=5,hold='1 parsec'},{weight=100}]", "value"),
]


def test_what_rests_on_an_error_is_not_one_more(root: Path) -> None:
    for where, line, code in DOUBTS:
        text = text_of(where, line)
        if line.startswith("targt"):
            text = text.replace('target = "y"\n', "")
        assert [p.code for p in check(root, text)] == [code], line


def test_one_broken_key_leaves_the_rest_checked(root: Path) -> None:
    """The task is wrong, and so are a rule, an option, a gate and a notifier: all of it comes out together."""
    text = text_of(
        "end",
        "[models.m.monitor]\ndetectors = { psi = { bin = 3 } }\n[models.m.rules.r]\nwhen = \"rows > 1 and acu < 2\"\n"
        "[models.m.training]\ngates = ['gain(auc) > 0', 'rows >']\n[notifiers.n]\nuse = 'lgo'",
    ).replace('"binary"', '"bniary"')  # fmt: skip
    assert [(p.code, spot(text, p)) for p in check(root, text)] == [
        ("value", '"bniary"'),
        ("unknown-key", "bin"),
        ("unknown-signal", "acu"),
        ("expression", ">"),
        ("unknown-notifier", "'lgo'"),
    ]


def test_a_rule_of_the_defaults_says_for_which_models_it_is_wrong(root: Path) -> None:
    models = "".join(
        f"[models.m{n}]\ntask='{task}'\ncolumns={{target='y'}}\n"
        "data={table='t',reference={rows=99},window='50 rows'}\n"
        for n, task in enumerate(["binary", *["regression"] * 5])
    )
    text = f"[defaults.rules.r]\nwhen = 'auc < 0.5'\n{models}"
    (problem,) = check(root, text)
    assert problem.key == "defaults.rules.r.when" and spot(text, problem) == "auc"
    assert problem.message.endswith("(for m1, m2, m3 and 2 more)")
    (problem,) = check(root, text.replace("binary", "regression"))
    assert "(for" not in problem.message


EXPRESSIONS = [
    'when = "rows > 1 and acu < 2"',
    "when = 'rows > 1 and acu < 2'",
    'when = """rows > 1 and acu < 2"""',
    'when = """\nrows > 1 and acu < 2"""',
    "when = '''\nrows > 1\n  and acu < 2'''",
    'when = """rows > 1 \\\n   and acu < 2"""',
    'when = "psi[\\"a b\\"] > 1 and acu < 2"',
    'when = "psi[\\"gr\\u00f6\\U000000dfe\\"] > 1 and acu < 2"',
    "when = 'psi[\"größe\"] > 1 and acu < 2'  # acu",
    '"when" = "rows > 1 and acu < 2"',
    'when = "\\trows > 1\\tand acu < 2"',
]


def test_the_column_inside_an_expression_whatever_its_quotes(root: Path) -> None:
    for line in EXPRESSIONS:
        text = text_of("end", f"[models.m.rules.r]\n{line}")
        (problem,) = [p for p in check(root, text) if p.level == "error"]
        assert problem.code == "unknown-signal" and spot(text, problem) == "acu", (line, problem)
        assert text.split("\n")[problem.place.line - 1].index("acu") == problem.place.column - 1, line

"""The docs stay true: every rule that they show compiles, every signal and metric is listed."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from lifecycle_tui.policy.catalog import (
    CHANGE,
    DETECTOR_RANGES,
    LOG_SIGNALS,
    PROGRAM_SIGNALS,
    DetectorInfo,
    MetricInfo,
    importance_signals,
    model_catalog,
)
from lifecycle_tui.policy.checks import check_expression
from lifecycle_tui.policy.expressions import compile_expression
from lifecycle_tui.policy.gates import Interval, judge

ROOT = Path(__file__).parents[2]
POLICIES = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
SIGNALS = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
METRICS = sorted(
    path.stem for path in (ROOT / "lifecycle_tui/builtin/metrics").glob("*.py") if not path.stem.startswith("_")
)


def metric(name):
    found = []
    import_module(f"lifecycle_tui.builtin.metrics.{name}").register_metrics(found.append)
    return found[0]


CATALOG = model_catalog(
    {"mcc": "categorical", "income": "numeric"},
    [DetectorInfo("psi", ("numeric",)), *(DetectorInfo(name, ("categorical",)) for name in ("unseen", "missing"))],
    [MetricInfo(name, metric(name).range, metric(name).greater_is_better is not None) for name in METRICS],
)
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", POLICIES, re.S)]


def rules(table):
    for key, value in table.items():
        if key == "when":
            yield value
        elif isinstance(value, dict):
            yield from rules(value)


@pytest.mark.parametrize("when", sorted({when for block in BLOCKS for when in rules(block)}))
def test_rules_of_the_docs_are_right(when):
    assert check_expression(compile_expression(when), CATALOG) == ()


def gates(table):
    for key, value in table.items():
        if key == "gates":
            yield from value
        elif isinstance(value, dict):
            yield from gates(value)


@pytest.mark.parametrize("gate", sorted({gate for block in BLOCKS for gate in gates(block)}))
def test_gates_of_the_docs_are_right(gate):
    assert check_expression(compile_expression(gate), CATALOG.for_gates(), gates=True) == ()


NUMBER = r"(-?[0-9.]+)"


def test_verdicts_of_the_docs_are_right():
    said = re.findall(rf"{NUMBER}\s\({NUMBER}\sto\s{NUMBER}\)", POLICIES.partition("## Gates")[2])
    assert len(said) == 3
    for numbers, verdict in zip(said, ("passed", "failed", "unknown"), strict=True):
        number = Interval(*map(float, numbers), 1000)
        given = {"min_samples": 200, "has_champion": True, "challenger": "version 3", "champion": "version 2"}
        assert judge(["gain(mae) > 0"], {"gain(mae)": number}, 1000, **given).verdict == verdict


def test_every_signal_is_listed():
    listed = set(re.findall(r"^\| `([a-z0-9_.]+)(?:\.COL)?` \|", SIGNALS, re.M))
    listed -= {"ok", "drifted", "cannot-tell", "unknown", "error"}
    named = {info.name.removesuffix(".COL") for info in importance_signals(["COL"])}
    ours = {info.name for info in (*PROGRAM_SIGNALS, *LOG_SIGNALS)}
    assert listed == ours | named | set(DETECTOR_RANGES) | set(METRICS) | {CHANGE}


def test_notifiers_of_the_docs_take_their_options():
    for block in BLOCKS:
        for table in block.get("notifiers", {}).values():
            options = {k: v for k, v in table.items() if k not in ("use", "match", "group")}
            options = {k: "https://host/x" if isinstance(v, dict) else v for k, v in options.items()}
            found = []
            import_module(f"lifecycle_tui.builtin.notifiers.{table['use']}").register_notifiers(found.append)
            found[0](**options)

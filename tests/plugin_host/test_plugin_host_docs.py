"""docs/plugins.md is true: its example runs, and every hook, fault and limit is in it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain import showing, views
from lifecycle_tui.domain.hookspecs import EVENT_SECONDS, EVENTS, KINDS
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host import introspect, process, results
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.index import IMPORT_LIMITS
from lifecycle_tui.plugin_host.runner import Limits, Runner

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_example_detector_works_and_is_under_fifteen_lines(workspace: Callable[..., Path]) -> None:
    example = BLOCKS[0]
    assert len([line for line in example.splitlines() if line.strip()]) < 15
    root = workspace(text={"negatives.py": example})
    catalog = PluginCatalog.open(root, [root / "plugins"])
    info = catalog.find("detector", "negatives")
    assert info.problems == ()
    with Runner() as runner:
        detector = catalog.make(info, runner=runner)
        assert detector.measure(pa.array([1.0, -1.0]), pa.array([-1.0, None, -2.0])) == Measurement(0.5)
        assert detector.measure(pa.array([], pa.float64()), pa.array([None], pa.float64())) == Measurement(0.0)


@pytest.mark.parametrize("hook", [*KINDS.values(), *EVENTS])
def test_every_hook_is_documented(hook: str) -> None:
    assert hook in TEXT


@pytest.mark.parametrize(("kind", "methods"), introspect.METHODS.items())
def test_every_method_is_documented_under_its_hook(kind: str, methods: tuple[str, ...]) -> None:
    section = TEXT.split(f"### {KINDS[kind]}\n")[1].split("###")[0]
    for method in methods:
        assert f"def {method}(self" in section


def test_every_fault_is_documented() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE))
    source = "".join(inspect.getsource(module) for module in (introspect, process, *map(import_module, SOURCES)))
    used = set(re.findall(r'(?:FaultInfo|Lost|_lost)\(\s*"([a-z-]+)"', source))
    used |= set(re.findall(r'_bad\(row, "([a-z-]+)"', source))
    used |= set(re.findall(r'PluginFault\(\s*[\w.]+,\s*"([a-z-]+)"', source))
    assert used - {"prints", "doc"} <= listed
    assert listed - used <= {"import", "raised"}, "made from exceptions"


SOURCES = [
    f"lifecycle_tui.plugin_host.{name}" for name in ("api_version", "child", "blame", "index", "catalog", "runner")
]


def test_limits_are_as_documented() -> None:
    assert (Limits().seconds, Limits().memory, Limits().strikes) == (60.0, 2 * 1024**3, 3)
    assert "A call has 60 seconds" in TEXT and "may use 2 GiB" in TEXT and "After three calls" in TEXT
    assert (IMPORT_LIMITS.seconds, IMPORT_LIMITS.memory) == (20.0, 2 * 1024**3)
    assert "20 seconds and 2 GiB" in TEXT
    assert results.DETAIL_LIMIT == 64 * 1024 and "64 KB" in TEXT


def test_what_is_shown_and_told_is_as_documented() -> None:
    assert (showing.PANEL_SECONDS, EVENT_SECONDS) == (10.0, 30.0) and "has 10\nseconds" in TEXT and "with 30\n" in TEXT
    assert f"At most {showing.MOST_ROWS:,} rows and {showing.MOST_COLUMNS} columns" in TEXT
    caps = f"At most {showing.PANEL_ROWS} rows, {showing.PANEL_SERIES} series and {showing.PANEL_POINTS:,} points"
    assert caps in TEXT and f"{showing.WINDOWS} without it, at most {showing.MOST_WINDOWS:,}" in TEXT
    for event, of in {
        "on_alert": views.AlertEvent,
        "on_version": views.VersionEvent,
        "on_rollout": views.RolloutEvent,
    }.items():
        (row,) = re.findall(rf"^\| `{event}` \| .* \| (.*) \|$", TEXT, re.MULTILINE)
        assert row == ", ".join(f"`{name}`" for name in of.__dataclass_fields__)
    for value in (showing.Row, showing.Series):
        assert f"`{value.__name__}({', '.join(value.__dataclass_fields__)})`" in TEXT
    for shown in (views.View, views.ModelView, views.WindowView):
        assert all(f"`{name}`" in TEXT for name in shown.__dataclass_fields__)


def test_outcomes_are_as_documented() -> None:
    fields = ", ".join(Outcomes.__dataclass_fields__)
    assert f"Outcomes: {fields}" in TEXT


def test_example_of_groups_works(workspace: Callable[..., Path]) -> None:
    (example,) = [block for block in BLOCKS if "outcomes.groups" in block]
    hook = "\n\n@hookimpl\ndef register_metrics(register):\n    register(ApprovalGap)\n"
    root = workspace(text={"gap.py": f"from lifecycle_tui.api import hookimpl\n\n\n{example}{hook}"})
    catalog = PluginCatalog.open(root, [root / "plugins"])
    info = catalog.find("metric", "approval.gap")
    assert info.problems == ()
    sex = np.array(["f", "m", "", "f", "m"], object)
    outcomes = Outcomes(np.zeros(5, np.int8), np.array([1, 0, 1, 1, 1], np.int8), groups={"sex": sex})
    with Runner() as runner:
        assert catalog.make(info, runner=runner).measure(outcomes) == Measurement(0.5)

"""docs/plugins.md is true: its example runs, and every hook, fault and limit is in it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest

from lifecycle_tui.domain.hookspecs import EVENTS, KINDS
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
    assert f"[{hook}](hooks/{hook}.md)" in TEXT


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

"""The shipped plugins: the index is current, each is found alone, and each works as a drop-in too."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui import testing
from lifecycle_tui.domain.protocols import Message, Outcomes
from lifecycle_tui.domain.views import ModelView, View
from lifecycle_tui.plugin_host import builtin_index, discover, index
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.explained import as_explanation
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.introspect import METHODS
from lifecycle_tui.plugin_host.runner import Codec, Runner
from lifecycle_tui.profiles import wire
from lifecycle_tui.profiles.profiler import Profiler

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FILES = sorted(p for p in discover.BUILTIN.glob("*/*.py") if not p.name.startswith("_"))


def test_shipped_index_is_current() -> None:
    """If this fails: python -m lifecycle_tui.plugin_host.builtin_index"""
    found = builtin_index.rows()
    assert [f"{r.place}: {p.message}" for r in found for p in r.problems] == []
    assert index.BUILTIN_INDEX.read_text("utf-8") == builtin_index.text(found)


def test_shipped_index_has_no_path_of_this_machine() -> None:
    assert str(discover.BUILTIN.parent.parent) not in index.BUILTIN_INDEX.read_text("utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_built_ins_import_the_api_alone(file: Path) -> None:
    others = {"numpy", "pyarrow", "sklearn", "sqlalchemy", "threadpoolctl"}
    allowed = {"lifecycle_tui.api", *others, *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "lifecycle_tui":
            modules = [f"lifecycle_tui.{a.name}" for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            assert module in allowed or module.split(".")[0] in allowed, f"{file.name} imports {module}"


def test_a_built_in_is_loaded_without_the_others() -> None:
    code = (
        "import sys; from lifecycle_tui.plugin_host.catalog import PluginCatalog\n"
        "c = PluginCatalog.open(None, enabled=False)\n"
        "cls = c.load_builtin(c.find('detector', 'psi'))\n"
        "assert cls.name == 'psi'\n"
        "print([m for m in sys.modules if m.startswith('lifecycle_tui.builtin.') and m.count('.') == 3])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['lifecycle_tui.builtin.detectors.psi']"


def test_every_built_in_has_the_methods_of_its_kind() -> None:
    catalog = PluginCatalog.open(None, enabled=False)
    assert catalog.rows and not catalog.faults
    for info in catalog.rows:
        cls = catalog.load_builtin(info)
        assert all(callable(getattr(cls, method)) for method in METHODS[info.kind]), info.key


def test_make_gives_the_built_in_itself() -> None:
    catalog = PluginCatalog.open(None, enabled=False)
    info = catalog.find("detector", "psi")
    assert type(catalog.make(info, {"bins": 5})) is catalog.load_builtin(info)


def profile(values: np.ndarray, grid: Any = None) -> Any:
    profiler = Profiler("numeric", grid)
    profiler.update(pa.array(values))
    return profiler.result()


CALLED = {"detector:psi", "detector:ks", "detector:missing", "metric:accuracy", "source:csv", "notifier:log",
          "explainer:occlusion", "explainer:additive", "command:signals", "deployer:local"}  # fmt: skip
"""Those that the test below has work in another process."""


def copied(tmp_path: Path, rows: Iterable[PluginInfo]) -> PluginCatalog:
    """A workspace whose `plugins/` has a copy of the file of each of these built-ins, each name with `my` before it."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    for row in rows:
        said = f'name = "{row.name}"'
        source = Path(row.home).read_text("utf-8")
        assert said in source, f"{row.home} does not write its name out"
        target = folder / f"my_{row.kind}_{Path(row.home).stem}.py"
        target.write_text(source.replace(said, f'name = "my{row.name}"'), "utf-8")
    return PluginCatalog.open(tmp_path, [folder])


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["called", "all"])
def test_built_ins_work_as_drop_ins_under_another_name(tmp_path: Path, quick: bool) -> None:
    """DESIGN §3.5. The copies of all files register the same, and work in the process of a team's plugin."""
    rows = [row for row in index.builtin_rows() if row.key in CALLED or not quick]
    assert {row.key for row in rows} >= CALLED
    catalog = copied(tmp_path, rows)
    assert [f"{r.place} {f.message}" for r, f in catalog.faults] == []
    for one in rows:
        two = catalog.find(one.kind, f"my{one.name}")
        assert (one.options, one.kinds, one.tasks, one.line, one.about) == (
            two.options, two.kinds, two.tasks, two.line, two.about,
        )  # fmt: skip

    reference = profile(np.arange(200.0))
    window = profile(np.arange(200.0) + 20, reference.grid)
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    outcomes = Outcomes(np.array([1, 0, 1, 1], np.int8), np.array([1, 0, 0, 1], np.int8))
    message = Message("subject", "body", ({"rule": "psi"},))
    view = View(NOW, "/w", (ModelView("shop", "binary", None, (), "ok", None, None, None, NOW),))
    with Runner(codec=Codec(wire.encode, "lifecycle_tui.profiles.wire:decode")) as runner:

        def both(kind: str, name: str, options: dict[str, Any] | None = None, **more: Any) -> tuple[Any, Any]:
            one, two = catalog.find(kind, name), catalog.find(kind, f"my{name}")
            return catalog.make(one, options, **more), catalog.make(two, options, runner=runner, **more)

        for name in ("psi", "ks", "missing"):
            one, two = both("detector", name)
            assert one.measure(reference, window) == two.measure(reference, window), name
        one, two = both("metric", "accuracy")
        assert one.measure(outcomes) == two.measure(outcomes)
        one, two = both("source", "csv", location=str(tmp_path / "t.csv"))
        assert tuple(one.fragments()) == two.fragments() and dict(one.schema()) == two.schema()
        (read,) = two.read(two.fragments()[0])
        assert read.data.to_pydict() == next(iter(one.read(one.fragments()[0]))).data.to_pydict()
        for made, file in zip(both("notifier", "log", {"path": str(tmp_path / "log")}), ("one", "two"), strict=True):
            made.send(message)
            (tmp_path / "log").rename(tmp_path / file)
        assert (tmp_path / "one").stat().st_size == (tmp_path / "two").stat().st_size > 0
        asked = testing.explain_request({"x": [1.0, 2.0], "c": ["a", "b"]}, background={"x": [4.0], "c": [None]})
        for name in ("occlusion", "additive"):
            one, two = both("explainer", name, {"samples": 4})
            probe = two.probe(asked)
            assert probe.equals(one.probe(asked)) and probe.num_rows > 2
            scores = pa.array(np.arange(float(probe.num_rows)))
            assert two.explain(asked, scores) == as_explanation(one.explain(asked, scores), asked)
        one, two = both("command", "signals")
        assert one.run(view) == two.run(view) == []
        one, two = both("deployer", "local")
        assert one.serving(str(tmp_path / "none")) is two.serving(str(tmp_path / "none")) is None
        assert runner.starts == 1

"""The conformance suite: what ships passes it; a plugin that is spoilt in one way fails the check that is about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from lifecycle_tui import testing
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.conformance import suite
from lifecycle_tui.plugin_host.conformance.base import CheckResult, Trial
from lifecycle_tui.plugin_host.conformance.suite import Suite
from lifecycle_tui.plugin_host.index import one_file
from lifecycle_tui.plugin_host.info import PluginInfo

UNFIT = Path(__file__).parent / "unfit"
ROOT = Path(__file__).parents[2]
PATIENT = Trial(seconds=300.0)
"""Of a machine that is busy nothing is expected but an end."""


def failed(results: Iterable[CheckResult]) -> list[CheckResult]:
    return [result for result in results if result.state == "failed"]


def checked(rows: Iterable[PluginInfo], trial: Trial = PATIENT) -> dict[str, list[CheckResult]]:
    with Suite(trial) as running:
        return {row.key: list(running.run(row)) for row in rows}


STREAMS = ("adwin", "ddm", "eddm", "hddm_a", "hddm_w", "kswin", "page_hinkley")
LONG = {"detector:mmd", "detector:energy"}
"""Half a second on the trial's rows."""
HEAVY = {f"detector:{n}" for n in ("classifier", "text_classifier", *STREAMS)} | {f"metric:errors_{n}" for n in STREAMS}
"""They need scikit-learn, or river of the extra `[online]`."""


FEW = {"detector:psi", "detector:missing", "metric:accuracy", "metric:auc", "source:csv", "notifier:log",
       "explainer:additive", "command:signals", "deployer:local"}  # fmt: skip
"""Of each kind some that pass in the quick tests."""


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["some", "all"])
def test_all_built_ins_pass(quick: bool) -> None:
    catalog = PluginCatalog.open(None, enabled=False)
    light = [row for row in catalog.rows if row.kind != "strategy" and row.key not in {*HEAVY, *LONG, "source:sql"}]
    if quick:
        kinds = {row.kind for row in light}
        light = [row for row in light if row.key in FEW]
        assert len(light) == len(FEW) and {row.kind for row in light} == kinds
    found = checked(light)
    with Suite(PATIENT) as running:
        some = running.run(catalog.find("notifier", "log"), ["raises", "docstring"])
        assert [r.check for r in some] == ["docstring", "raises"]
    assert [r for results in found.values() for r in failed(results)] == []
    for row in light:
        assert [r.check for r in found[row.key]] == list(suite.names(row))
        assert sum(r.state == "passed" for r in found[row.key]) >= 10, row.key


@pytest.mark.slow
def test_built_in_strategies_pass() -> None:
    catalog = PluginCatalog.open(None, enabled=False)
    assert [r for results in checked(catalog.all("strategy")).values() for r in failed(results)] == []


@pytest.mark.slow
def test_heavy_built_ins_pass() -> None:
    """How long `HEAVY` ones take is left out: that is of this machine, and is said with each in docs/statistics.md."""
    rows = [row for row in PluginCatalog.open(None, enabled=False).rows if row.key in HEAVY | LONG]
    assert len(rows) == len(HEAVY | LONG)
    found = [(key, r) for key, results in checked(rows).items() for r in failed(results)]
    assert [r for key, r in found if key in LONG or r.check != "fast"] == []


@pytest.mark.slow
def test_the_demos_plugins_pass() -> None:
    rows = [row for file in sorted((ROOT / "plugins").glob("*.py")) for row in one_file(file)]
    assert len(rows) >= 6
    assert [r for results in checked(rows).values() for r in failed(results)] == []


SLOW = {"busy", "hangs"}


def unfit(file: str) -> tuple[list[PluginInfo], dict[str, str]]:
    """The rows of a file, and what each is to fail, by kind and name."""
    module = testing.load_module(UNFIT / file)
    classes = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, "fails")]
    expected = {cls.name: cls.fails for cls in classes} | getattr(module, "FAILS", {})
    return list(one_file(UNFIT / file)), expected


@pytest.mark.thorough
@pytest.mark.parametrize("file", ["detectors.py", "metrics.py", "others.py", "explainers.py"])
def test_each_unfit_plugin_fails_the_check_that_is_about_it(file: str) -> None:
    rows, expected = unfit(file)
    rows = [row for row in rows if row.name not in SLOW]
    for row in rows:
        assert row.fault is None, row
    found = checked(rows)
    told = {key.partition(":")[2]: [r.check for r in failed(results)] for key, results in found.items()}
    assert told == {name: [check] if check else [] for name, check in expected.items() if name not in SLOW}
    for results in found.values():
        for result in failed(results):
            assert result.expected and result.came and result.file == str(UNFIT / file) and result.line, result


@pytest.mark.slow
def test_one_that_hangs_and_one_that_is_slow_fail_what_they_hang_in() -> None:
    rows, expected = unfit("detectors.py")
    found = checked([row for row in rows if row.name in SLOW], Trial(seconds=10.0))
    for key, results in found.items():
        (result,) = failed(results)
        assert result.check == expected[key.partition(":")[2]]
        assert result.line and str(UNFIT) in str(result.file)


def test_a_broken_file_has_one_result_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "half.py"
    file.write_text("class Half:\n    def measure(self,\n")
    (row,) = one_file(file)
    (result,) = checked([row])[row.key]
    assert (result.check, result.state, result.file, result.line) == ("registered", "failed", str(file), 2)


GONE = '''\
import os
from lifecycle_tui.api import hookimpl


class Gone:
    """Dies of each empty side."""

    name, kinds = "gone", ("numeric",)

    def measure(self, reference, window):
        return 0.0 if reference.n and window.n else os._exit(1)


@hookimpl
def register_detectors(register):
    register(Gone)
'''


@pytest.mark.slow
def test_where_the_process_is_lost_twice_the_rest_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "gone.py"
    file.write_text(GONE)
    results = {r.check: r for r in checked(one_file(file))["detector:gone"]}
    assert (results["empty-window"].state, results["empty-window"].line) == ("failed", 11)
    assert "exit code 1" in results["empty-window"].came
    assert results["empty-reference"].state == "failed"
    assert {results[name].state for name in ("both-empty", "constant", "fast")} == {"skipped"}


def test_only_some_checks_are_run_with_those_they_are_after() -> None:
    row = PluginCatalog.open(None, enabled=False).find("detector", "psi")
    assert [c.name for c in suite._needed(list(suite.checks_of(row)), {"mergeable", "docstring"})] == [
        "docstring", "made", "measures", "same-twice", "mergeable",
    ]  # fmt: skip


def test_every_kind_that_has_a_template_has_checks_with_names_of_their_own() -> None:
    from lifecycle_tui.plugin_host import scaffold

    assert set(scaffold.kinds()) >= {"detector", "metric", "source", "notifier", "strategy", "deployer", "command"}
    for kind in scaffold.kinds():
        info = PluginInfo(
            kind, "x", "drop-in", "x.py", kinds=("numeric",), tasks=("binary",), needs="score", import_ms=1
        )
        names = suite.names(info)
        assert len(names) == len(set(names)) >= 8, kind


def test_options_that_it_is_tried_with_come_from_the_trial_its_example_and_guesses() -> None:
    from types import ModuleType

    from lifecycle_tui.plugin_host.conformance.base import Failed
    from lifecycle_tui.plugin_host.conformance.bench import Bench
    from lifecycle_tui.plugin_host.info import OptionInfo

    class Asks:
        example = {"word": "of its own"}

    text = ("word", "path", "url", "column")
    options = [OptionInfo(name, "str", required=True) for name in text]
    options += [
        OptionInfo("many", "list[int]", required=True),
        OptionInfo("way", "str", None, True, False, ("up", "down")),
    ]
    info = PluginInfo("metric", "asks", "drop-in", "x.py", options=(*options, OptionInfo("left", "int", 3)))

    def given(*over: tuple[str, object]) -> dict[str, object]:
        return Bench(Asks, info, Trial(over), ModuleType("api"), "/scratch").given()

    assert given() == {
        "word": "of its own", "path": "/scratch/out", "url": "http://127.0.0.1:9/", "column": "group", "many": (1,),
        "way": "up",
    }  # fmt: skip
    assert given(("word", "given"))["word"] == "given"
    with pytest.raises(Failed, match="left: must be int"):
        given(("left", "no"))


def test_the_page_of_checks_is_made_from_them() -> None:
    """If this fails: python -m lifecycle_tui.plugin_host.conformance.page docs/plugin-checks.md"""
    from lifecycle_tui.plugin_host import scaffold
    from lifecycle_tui.plugin_host.conformance import page

    assert set(page.KINDS) == set(scaffold.kinds())
    assert (ROOT / "docs" / "plugin-checks.md").read_text("utf-8") == page.text()

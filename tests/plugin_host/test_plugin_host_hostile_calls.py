"""Plugins that break when they are called: the fault is theirs, with its line, and every other result is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hostile_cases import CALL, HANGS, QUICK_CALL, QUICK_RUDE, SPEAKS, Hostile, files

from lifecycle_tui.domain.errors import FAULT_HINTS, DataError, LifecycleError, PluginFault
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.guardian import descendants
from lifecycle_tui.plugin_host.journal import unfinished
from lifecycle_tui.plugin_host.runner import Limits, Runner

HERE = Path(__file__).parent
LIMITS = Limits(seconds=120.0, memory=400 * 1024**2)
ENDED = replace(LIMITS, seconds=6.0)
"""For those that hang: it has to be where it hangs by then."""

NAMES = [n if n in QUICK_CALL else pytest.param(n, marks=pytest.mark.slow) for n in CALL]

REFERENCE = pa.array([1.0, 2.0, 3.0, None])
WINDOW = pa.array([2.0, None, 3.0, 9.0])
GOOD = {
    "a_shift": Measurement(14 / 3 - 2.0, n=4, detail={"scale": 1.0}),
    "m_surroundings": Measurement(14 / 3, n=4, detail={"as it was": True}),
    "z_sum": Measurement(14.0, n=3),
}


def catalog_of(root: Path, folder: str, names: Iterable[str] | None = None) -> PluginCatalog:
    (root / "plugins").mkdir()
    wanted = [f for f in (HERE / folder).glob("*.py") if names is None or f.stem in names]
    for file in [*wanted, *(HERE / "good").glob("*.py")]:
        shutil.copy(file, root / "plugins")
    return PluginCatalog.open(root, [root / "plugins"])


def measure(catalog: PluginCatalog, runner: Runner, name: str) -> Measurement | LifecycleError:
    runner.limits = ENDED if name in HANGS else LIMITS
    try:
        detector = catalog.make(catalog.find("detector", name), runner=runner)
        return detector.measure(REFERENCE, WINDOW)  # type: ignore[no-any-return]
    except LifecycleError as fault:
        return fault


def leftovers() -> list[int]:
    """Processes that this one still has below it."""
    return descendants(os.getpid())


def run_all(root: Path, names: list[str]) -> dict[str, Any]:
    """One run of one runner in which every named plugin is called once, with good ones before and after it."""
    catalog, journal = catalog_of(root, "hostile/call", names), root / "calls.jsonl"
    before = set(leftovers())
    hostile: dict[str, Any] = {}
    good: list[tuple[str, str, Any]] = []
    with Runner(limits=LIMITS, journal=journal) as runner:
        for name in names:
            good.append((name, "a_shift", measure(catalog, runner, "a_shift")))
            hostile[name] = measure(catalog, runner, name)
            good += [(name, other, measure(catalog, runner, other)) for other in ("m_surroundings", "z_sum")]
        uses = runner.uses()
    return {
        "names": names,
        "hostile": hostile,
        "good": good,
        "uses": uses,
        "left": set(leftovers()) - before,
        "unfinished": unfinished(journal),
        "lines": journal.read_text().splitlines(),
    }


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_all(tmp_path_factory.mktemp("quick"), list(QUICK_CALL))


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_all(tmp_path_factory.mktemp("slow"), [*sorted(set(CALL) - set(QUICK_CALL)), *SPEAKS])


@pytest.fixture(params=["quick", pytest.param("slow", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_every_file_of_the_folder_is_tested() -> None:
    assert set(files("call")) == {*CALL, *SPEAKS}


@pytest.mark.parametrize("name", NAMES)
def test_fault_is_charged_to_its_call(request: pytest.FixtureRequest, name: str) -> None:
    fault = request.getfixturevalue("quick" if name in QUICK_CALL else "slow")["hostile"][name]
    kind, words = CALL[name]
    assert isinstance(fault, PluginFault), fault
    assert (fault.kind, fault.plugin) == (kind, name)
    assert words in fault.message
    assert kind != "timeout" or f"no answer within {ENDED.seconds:g} s" in fault.message
    assert Path(fault.file or "").name == f"{name}.py"
    assert fault.line in Hostile("call", name).blamed
    assert fault.hint == FAULT_HINTS[kind]
    assert len(fault.message) < 600


@pytest.mark.slow
def test_what_is_meant_for_a_person_is_text(slow: dict[str, Any]) -> None:
    said = slow["hostile"]["raises_data_error"]
    assert isinstance(said, DataError)
    assert "no rows" in said.message and "'not', 'text'" in (said.hint or "")


def test_other_results_are_complete(run: dict[str, Any]) -> None:
    wrong = [(beside, name, got) for beside, name, got in run["good"] if got != GOOD[name]]
    assert not wrong
    assert len(run["good"]) == len(GOOD) * len(run["names"])


def test_no_process_is_left(run: dict[str, Any]) -> None:
    assert not run["left"]


def test_each_call_is_noted_and_ended(run: dict[str, Any]) -> None:
    assert run["unfinished"] == ()
    assert len(run["lines"]) == 2 * (len(GOOD) + 1) * len(run["names"])


def test_accounts_name_faults(run: dict[str, Any]) -> None:
    faults = {use.plugin: use.faults for use in run["uses"]}
    assert faults == {f"detector:{n}": int(n not in SPEAKS) for n in run["names"]} | {f"detector:{n}": 0 for n in GOOD}


RUDE = files("rude")
RUDE_NAMES = [n if n in QUICK_RUDE else pytest.param(n, marks=pytest.mark.slow) for n in RUDE]


def run_rude(root: Path, names: list[str]) -> dict[str, Any]:
    """One runner, in which each plugin that leaves its process worse is followed by good ones, twice over."""
    catalog = catalog_of(root, "hostile/rude", names)
    before = set(leftovers())
    after: dict[str, list[tuple[str, Any]]] = {name: [] for name in names}
    with Runner(limits=LIMITS) as runner:
        for name in names * 2:
            measure(catalog, runner, name)
            after[name] += [(n, measure(catalog, runner, n)) for n in GOOD]
        uses = {use.plugin: use for use in runner.uses()}
    return {"after": after, "uses": uses, "left": set(leftovers()) - before, "starts": runner.starts}


@pytest.fixture(scope="module")
def rude(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_rude(tmp_path_factory.mktemp("rude"), RUDE)


@pytest.fixture(scope="module")
def quick_rude(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_rude(tmp_path_factory.mktemp("rude"), list(QUICK_RUDE))


@pytest.mark.parametrize("name", RUDE_NAMES)
def test_what_a_plugin_leaves_behind_harms_no_other(request: pytest.FixtureRequest, name: str) -> None:
    found = request.getfixturevalue("quick_rude" if name in QUICK_RUDE else "rude")
    assert found["after"][name] == list(GOOD.items()) * 2
    assert found["uses"][f"detector:{name}"].calls == 2
    assert not found["left"]
    assert REFERENCE.to_pylist() == [1.0, 2.0, 3.0, None]


def test_one_that_patches_keeps_its_process_and_the_others_have_another(quick_rude: dict[str, Any]) -> None:
    assert quick_rude["starts"] == 2


@pytest.mark.slow
def test_spam_is_kept_and_counted(rude: dict[str, Any]) -> None:
    use = rude["uses"]["detector:spams"]
    assert use.output == 2 * (200 * 100_000 + len("last words\n"))
    assert use.printed.endswith("spam last words\n") and len(use.printed) <= 16 * 1024


@pytest.mark.slow
def test_spam_is_kept_from_the_terminal(workspace: Callable[..., Path], capfd: pytest.CaptureFixture[str]) -> None:
    root = workspace(HERE / "hostile" / "rude" / "closes_stdout.py", HERE / "hostile" / "index" / "prints_at_import.py")
    catalog = PluginCatalog.open(root, [root / "plugins"])
    with Runner(limits=LIMITS) as runner:
        for name in ("prints_at_import", "closes_stdout", "prints_at_import"):
            assert measure(catalog, runner, name) == Measurement(1.0)
        assert "hello from the plugin" in runner.uses()[0].printed
    assert capfd.readouterr() == ("", "")

"""Plugins that break when they are called: the fault is theirs, with its line, and every other result is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import PluginFault
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.guardian import descendants
from lifecycle_tui.plugin_host.journal import unfinished
from lifecycle_tui.plugin_host.runner import Limits, Runner

HERE = Path(__file__).parent
LIMITS = Limits(seconds=2.0, memory=400 * 1024**2)

FAULTS = {
    "raises": ("raised", "ValueError: no such luck"),
    "raises_deep": ("raised", "ZeroDivisionError"),
    "raises_in_library": ("raised", "JSONDecodeError"),
    "raises_unprintable": ("raised", "its text cannot be shown"),
    "raises_interrupt": ("raised", "KeyboardInterrupt"),
    "constructor_raises": ("raised", "no model file"),
    "exits": ("exited", "called exit (0)"),
    "os_exits": ("exited", "exit code 0"),
    "loops": ("timeout", "no answer within 2 s"),
    "loops_natively": ("timeout", "no answer within 2 s"),
    "ignores_signals": ("timeout", "no answer within 2 s"),
    "eats_memory": ("memory", "memory"),
    "eats_shared_memory": ("memory", "400 MiB"),
    "segfaults": ("died", "SIGSEGV"),
    "aborts": ("died", "SIGABRT"),
    "killed": ("died", "SIGKILL"),
    "kills_its_guardian": ("died", "SIGKILL"),
    "kills_its_group": ("died", "SIGKILL"),
    "recurses": ("raised", "RecursionError"),
    "overflows_the_stack": ("died", "SIGSEGV"),
    "closes_everything": ("died", "closed the channel"),
    "writes_garbage": ("died", "wrote to the channel"),
    "returns_nan": ("result", "the result is NaN"),
    "returns_infinity": ("result", "the result is infinite"),
    "returns_bool": ("result", "not bool"),
    "returns_text": ("result", "not str"),
    "returns_a_generator": ("result", "not generator"),
    "returns_a_complex": ("result", "not complex"),
    "returns_wrong_p": ("result", "p_value must be between 0 and 1"),
    "returns_upside_down": ("result", "upside down"),
    "returns_wrong_n": ("result", "n must be a count"),
    "returns_odd_detail": ("result", "JSON values only"),
    "returns_endless_detail": ("result", "JSON values only"),
    "returns_huge_detail": ("result", "65,536 are allowed"),
}
"""File of hostile/call → kind of its fault, and words of its message."""

SLOW = {
    "raises_in_library",
    "raises_unprintable",
    "raises_interrupt",
    "constructor_raises",
    "eats_shared_memory",
    "killed",
    "loops_natively",
    "ignores_signals",
    "aborts",
    "kills_its_group",
    "kills_its_guardian",
}
"""Run with the long tests: each is near to a quick one, and costs a process or a time limit."""
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in FAULTS]

REFERENCE = pa.array([1.0, 2.0, 3.0, None])
WINDOW = pa.array([2.0, None, 3.0, 9.0])
GOOD = {
    "a_shift": Measurement(14 / 3 - 2.0, n=4, detail={"scale": 1.0}),
    "z_sum": Measurement(14.0, n=3),
}


def catalog_of(root: Path, folder: str) -> PluginCatalog:
    (root / "plugins").mkdir()
    for file in [*(HERE / folder).glob("*.py"), *(HERE / "good").glob("*.py")]:
        shutil.copy(file, root / "plugins")
    return PluginCatalog.open(root, [root / "plugins"])


def measure(catalog: PluginCatalog, runner: Runner, name: str) -> Measurement | PluginFault:
    try:
        detector = catalog.make(catalog.find("detector", name), runner=runner)
        return detector.measure(REFERENCE, WINDOW)  # type: ignore[no-any-return]
    except PluginFault as fault:
        return fault


def leftovers() -> list[int]:
    """Processes that this one still has below it."""
    return descendants(os.getpid())


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> PluginCatalog:
    return catalog_of(tmp_path_factory.mktemp("calls"), "hostile/call")


def run_all(catalog: PluginCatalog, journal: Path, names: list[str]) -> dict[str, Any]:
    """One run of one runner in which every named plugin is called once, with good ones before and after it."""
    before = set(leftovers())
    hostile: dict[str, Any] = {}
    good: list[tuple[str, str, Any]] = []
    with Runner(limits=LIMITS, journal=journal) as runner:
        for name in names:
            good.append((name, "a_shift", measure(catalog, runner, "a_shift")))
            hostile[name] = measure(catalog, runner, name)
            good.append((name, "z_sum", measure(catalog, runner, "z_sum")))
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
def quick(catalog: PluginCatalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_all(catalog, tmp_path_factory.mktemp("quick") / "calls.jsonl", [n for n in FAULTS if n not in SLOW])


@pytest.fixture(scope="module")
def slow(catalog: PluginCatalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_all(catalog, tmp_path_factory.mktemp("slow") / "calls.jsonl", sorted(SLOW))


@pytest.fixture(params=["quick", pytest.param("slow", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def blamed(name: str) -> set[int]:
    """The lines marked `# blame`; the class statement where nobody can know better."""
    lines = (HERE / "hostile" / "call" / f"{name}.py").read_text().splitlines()
    marked = {n for n, line in enumerate(lines, 1) if "# blame" in line}
    return marked or {n for n, line in enumerate(lines, 1) if line.startswith("class Hostile")}


def test_every_file_of_the_folder_is_tested() -> None:
    assert {p.stem for p in (HERE / "hostile" / "call").glob("*.py")} == set(FAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_fault_is_charged_to_its_call(request: pytest.FixtureRequest, name: str) -> None:
    fault = request.getfixturevalue("slow" if name in SLOW else "quick")["hostile"][name]
    kind, words = FAULTS[name]
    assert isinstance(fault, PluginFault), fault
    assert (fault.kind, fault.plugin) == (kind, name)
    assert words in fault.message
    assert Path(fault.file or "").name == f"{name}.py"
    assert fault.line in blamed(name)


def test_other_results_are_complete(run: dict[str, Any]) -> None:
    wrong = [(beside, name, got) for beside, name, got in run["good"] if got != GOOD[name]]
    assert not wrong
    assert len(run["good"]) == 2 * len(run["names"])


def test_no_process_is_left(run: dict[str, Any]) -> None:
    assert not run["left"]


def test_each_call_is_noted_and_ended(run: dict[str, Any]) -> None:
    assert run["unfinished"] == ()
    assert len(run["lines"]) == 2 * 3 * len(run["names"])


def test_accounts_name_faults(run: dict[str, Any]) -> None:
    faults = {use.plugin: use.faults for use in run["uses"]}
    assert faults == {f"detector:{n}": 1 for n in run["names"]} | {"detector:a_shift": 0, "detector:z_sum": 0}


RUDE = sorted(p.stem for p in (HERE / "hostile" / "rude").glob("*.py"))


@pytest.fixture(scope="module")
def rude(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One runner, in which each plugin that leaves its process worse is followed by good ones, twice over."""
    catalog = catalog_of(tmp_path_factory.mktemp("rude"), "hostile/rude")
    before = set(leftovers())
    after: dict[str, list[tuple[str, Any]]] = {name: [] for name in RUDE}
    with Runner(limits=LIMITS) as runner:
        for name in RUDE * 2:
            measure(catalog, runner, name)
            after[name] += [(n, measure(catalog, runner, n)) for n in GOOD]
        uses = {use.plugin: use for use in runner.uses()}
    return {"after": after, "uses": uses, "left": set(leftovers()) - before}


@pytest.mark.parametrize("name", RUDE)
def test_what_a_plugin_leaves_behind_harms_no_other(rude: dict[str, Any], name: str) -> None:
    assert rude["after"][name] == list(GOOD.items()) * 2
    assert rude["uses"][f"detector:{name}"].calls == 2
    assert not rude["left"]
    assert REFERENCE.to_pylist() == [1.0, 2.0, 3.0, None]


def test_spam_is_kept_and_counted(rude: dict[str, Any]) -> None:
    use = rude["uses"]["detector:spams"]
    assert use.output == 2 * (200 * 100_000 + len("last words\n"))
    assert use.printed.endswith("spam last words\n") and len(use.printed) <= 16 * 1024


def test_spam_is_kept_from_the_terminal(workspace: Callable[..., Path], capfd: pytest.CaptureFixture[str]) -> None:
    root = workspace(HERE / "hostile" / "rude" / "closes_stdout.py", HERE / "hostile" / "index" / "prints_at_import.py")
    catalog = PluginCatalog.open(root, [root / "plugins"])
    with Runner(limits=LIMITS) as runner:
        for name in ("prints_at_import", "closes_stdout", "prints_at_import"):
            assert measure(catalog, runner, name) == Measurement(1.0)
        assert "hello from the plugin" in runner.uses()[0].printed
    assert capfd.readouterr() == ("", "")

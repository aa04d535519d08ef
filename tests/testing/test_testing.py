"""`lifecycle_tui.testing`, as a team's own tests use it: its fixtures, the plugin loader, the checks as test cases."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle_tui import testing
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import ConfigError, StateError
from lifecycle_tui.plugin_host import scaffold
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.results import BadResult

pytest_plugins = ["lifecycle_tui.testing"]

PANEL = '''
from lifecycle_tui.api import Row, hookimpl


class Weather:
    """What the weather was."""

    name = "weather"

    def draw(self, view):
        return [Row("sky", "blue", f"for {len(view.windows)} windows")]


@hookimpl
def register_panels(register):
    register(Weather)
'''


def new(kind: str, name: str, folder: Path) -> Path:
    """A new plugin of that kind, as `plugins new` writes it."""
    files = scaffold.plan(kind, name, folder, PluginCatalog([], enabled=False), test=False)
    scaffold.write(files)
    return files[0].path


def test_a_plugins_signal_a_rule_and_the_screen(
    workspace: testing.Space, clock: FixedClock, drive: testing.Drive, tmp_path: Path
) -> None:
    """From a plugin to its signal, an alert by a rule on it, and the terminal; the clock stands still."""
    workspace.plugin(new("detector", "reach", tmp_path / "mine"))
    workspace.write("plugins/weather.py", PANEL)
    workspace.declare(detectors={"reach": {"share": 0.05}, "ks": {}}, rules={"moved": "ks.amount > 0.5"})
    workspace.days(16)
    before = workspace.check()
    assert before.alerts == () and before.window == "2025-01-16"
    assert before.signals["reach.amount"].value is not None
    assert "reach.place" not in before.signals, "it is for numbers"
    workspace.days(2, shift=4.0)
    after = workspace.check()
    alert = after.alert("moved")
    assert alert is not None and alert.since == "2025-01-17" and after.alert("other") is None
    assert [key for key, _ in after.history["reach.amount"]][-1] == "2025-01-18"
    assert clock.now() == workspace.clock.now() and clock.now().day == 19
    assert clock.advance(timedelta(days=1)) == workspace.clock.now()

    async def story(terminal: testing.Terminal) -> None:
        await terminal.until("toy")
        await terminal.press("enter")
        await terminal.until("moved")
        assert len(terminal.lines()) == 40

    drive(story, size=(120, 40))


def test_a_file_with_errors_is_said_as_one(workspace: testing.Space) -> None:
    workspace.declare(rules={"bad": "nonsense.of.mine > 1"})
    workspace.days(15)
    with pytest.raises(ConfigError):
        workspace.check()


def test_the_program_itself_runs_on_it(workspace: testing.Space) -> None:
    workspace.declare()
    ran = workspace.lifecycle("config", "show", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json


def test_a_terminal_needs_a_state(drive: testing.Drive) -> None:
    async def story(terminal: testing.Terminal) -> None:
        raise AssertionError("it opened")

    with pytest.raises(StateError):
        drive(story)


def test_a_plugin_is_loaded_here_and_anew_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "two.py"
    file.write_text(PANEL)
    assert testing.load_plugin(file).name == "weather"
    assert testing.load_plugin(file) is testing.load_plugin(file)
    both = PANEL.replace("register(Weather)", "register(Weather, type('Wind', (Weather,), {'name': 'wind'}))")
    file.write_text(both)
    assert testing.load_plugin(file, "wind").name == "wind"
    for name in (None, "rain"):
        with pytest.raises(LookupError, match="weather, wind"):
            testing.load_plugin(file, name)


def test_measure_checks_what_the_program_would_refuse() -> None:
    class Takes:
        name, kinds, takes = "takes", ("numeric",), "profile"

        def measure(self, reference, window):
            return window.mean if self.takes == "profile" else float("nan")

    detector = Takes()
    assert testing.measure(detector, [1.0], [2.0, 4.0]).value == 3.0
    assert testing.measure(detector, [1], [2, None]).n is None
    detector.takes = "arrow"
    with pytest.raises(BadResult):
        testing.measure(detector, [1.0], [2.0])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_outcomes_are_coded_as_the_program_codes_them(task: str) -> None:
    target = {"binary": [0, 1], "multiclass": ["b", "a"], "regression": [1, 2.5]}[task]
    found = testing.outcomes(task, target, target, groups={"sex": ["f", ""]}, day=[1, 2], weight=[1, 2])
    assert found.target.dtype.kind == {"binary": "i", "multiclass": "O", "regression": "f"}[task]
    assert found.classes == {"binary": ("0", "1"), "multiclass": ("a", "b"), "regression": ()}[task]
    assert found.groups["sex"].tolist() == ["f", ""] and len(found) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoilt", "said"),
    [("", ""), ("return Measurement(now - before", "expected a finite number"), ('name = "reach"', "registers")],
)
def test_a_case_for_each_check(spoilt: str, said: str, tmp_path: Path) -> None:
    """A run of pytest on a new plugin, whole and spoilt; with our fixtures off, as it needs none of them."""
    file = new("detector", "reach", tmp_path / "plugins")
    if spoilt:
        broken = 'return float("nan")  #' if spoilt.startswith("return") else "name = 7  #"
        file.write_text(file.read_text().replace(spoilt, broken))
    (tmp_path / "test_it.py").write_text(
        "from lifecycle_tui import testing\n\n\n"
        '@testing.conformance("plugins/reach.py")\ndef test_it(check):\n    check.run()\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_it.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == (1 if spoilt else 0), done.stdout
    assert said in done.stdout
    if spoilt:
        assert f"{file}:" in done.stdout, "file and line"
    else:
        assert "27 passed" in done.stdout


def test_importing_it_is_light_and_registers_nothing_with_pytest() -> None:
    code = (
        "import sys, lifecycle_tui.testing\n"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'textual', 'pydantic', 'sklearn', 'scipy', 'sqlite_utils', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert "pytest11" not in text


def test_all_of_it_is_documented_and_typed() -> None:
    for name in testing.__all__:
        found = getattr(testing, name)
        assert inspect.getdoc(found) or inspect.getdoc(getattr(found, "__wrapped__", None)), name
    for file in Path(inspect.getfile(testing)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.returns is not None, f"{file.name}: {node.name}"

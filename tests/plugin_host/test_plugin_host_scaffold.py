"""`plugins new`: every template is a short file that works as it is written, passes its checks and its own test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.hookspecs import KINDS
from lifecycle_tui.plugin_host import scaffold
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.conformance.base import Trial
from lifecycle_tui.plugin_host.conformance.suite import Suite
from lifecycle_tui.plugin_host.info import PluginInfo

NONE = PluginCatalog([], enabled=False)


def written(root: Path, *kinds: str) -> PluginCatalog:
    """A workspace's folder with a new plugin of each kind."""
    for kind in kinds:
        scaffold.write(scaffold.plan(kind, f"my_{kind}", root / "plugins", NONE))
    return PluginCatalog.open(root, [root / "plugins"])


def test_there_is_a_template_for_every_kind_that_is_called() -> None:
    assert set(scaffold.kinds()) == {*KINDS, "event"}


def test_templates_are_short_and_say_nothing_of_being_templates() -> None:
    for kind in scaffold.kinds():
        for file in scaffold.plan(kind, "odd_hours", Path("plugins"), NONE):
            assert "emplate" not in file.text
            compile(file.text, str(file.path), "exec")
            if file.path.parent.name == "plugins":
                assert len([line for line in file.text.splitlines() if line.strip()]) <= 40, file.path
                assert max(map(len, file.text.splitlines())) <= 120, "with a name of the usual length"
                assert "#" in file.text


@pytest.mark.thorough
@pytest.mark.parametrize("kinds", [("detector", "event"), scaffold.kinds()], ids=["two", "all"])
def test_every_new_plugin_passes_its_checks(kinds: tuple[str, ...], tmp_path: Path) -> None:
    catalog = written(tmp_path, *kinds)
    new = [row for row in catalog.rows if row.origin == "drop-in"]
    assert sorted(row.key for row in new) == sorted(f"{kind}:my_{kind}" for kind in kinds)
    assert [row.problems for row in new if row.problems] == []
    with Suite(Trial(seconds=300.0)) as suite:  # of a busy machine nothing is expected but an end
        found = [result for row in new for result in suite.run(row)]
    assert [r for r in found if r.state == "failed"] == []
    assert {r.check for r in found if r.state == "skipped"} <= {"sends"}, "nothing is really sent unasked"


@pytest.mark.slow
def test_every_new_plugins_own_test_passes_and_has_a_case_for_each_check(tmp_path: Path) -> None:
    written(tmp_path, *scaffold.kinds())
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed, 1 skipped", done.stdout)
    assert passed and int(passed[1]) > 150


@pytest.mark.slow
def test_new_files_are_clean_for_the_linter_and_the_types(tmp_path: Path) -> None:
    written(tmp_path, *scaffold.kinds())
    settings = ["--isolated", "--line-length", "120", "--select", "E,F,I,UP,B,SIM,C4,PIE,RET,RUF"]
    ignored = ["--ignore", "RUF001,RUF002,RUF003,RUF012,SIM108,RET505"]
    lint = [sys.executable, "-m", "ruff", "check", *settings, *ignored, "plugins", "tests"]
    done = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", "."],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


TAKEN = [
    PluginInfo("detector", "tails", "drop-in", "/team/plugins/tails.py", 9),
    PluginInfo("", "broken", "drop-in", "/team/plugins/broken.py", 1),
    PluginInfo("detector", "psi", "builtin", "/there/psi.py", 8),
]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("detector", "tails", ["/team/plugins/tails.py:9", "plugins/tails.py would be the second"]),
        ("detector", "broken", ["/team/plugins/broken.py:1"]),
        ("detector", "psi", ["'psi' is built in"]),
        ("detector", "odd-hours", ["letters, digits and _", "'odd_hours'"]),
        ("detector", "2nd", ["a letter first", "'nd'"]),
        ("detector", "", ["is no name"]),
        ("detector", "../x", ["is no name"]),
        ("detector", "class", ["is no name"]),
        ("metric", "drift", ["taken by signals of the program"]),
        ("source", "test_it", ["not looked at"]),
        ("source", "conftest", ["not looked at"]),
        ("source", "batch", ["Batch", "the program's own"]),
    ],
)
def test_names_that_cannot_be(kind: str, name: str, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as info:
        scaffold.plan(kind, name, tmp_path / "plugins", PluginCatalog(TAKEN))
    words = f"{info.value.message} {info.value.hint}"
    for word in said:
        assert word in words
    assert not (tmp_path / "plugins").exists()


def test_a_name_of_another_kind_is_free() -> None:
    assert scaffold.plan("metric", "tails", Path("nowhere"), PluginCatalog(TAKEN))


@pytest.mark.parametrize("there", ["plugins/x.py", "tests/test_x.py"])
def test_nothing_is_overwritten_not_even_a_link_to_nothing(there: str, tmp_path: Path) -> None:
    (tmp_path / there).parent.mkdir()
    (tmp_path / there).symlink_to("nothing")
    with pytest.raises(UsageError, match="is there already"):
        scaffold.plan("detector", "x", tmp_path / "plugins", NONE)


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    files = scaffold.plan("detector", "x", tmp_path / "plugins", NONE, test=False)
    (tmp_path / "plugins").mkdir()
    files[0].path.write_text("mine")
    with pytest.raises(UsageError, match="cannot be written"):
        scaffold.write(files)
    assert files[0].path.read_text() == "mine"


def test_the_test_finds_the_plugin_in_a_folder_of_any_name(tmp_path: Path) -> None:
    plugin, test = scaffold.plan("detector", "x", tmp_path / "lib" / "watchers", NONE)
    assert (plugin.path, test.path) == (tmp_path / "lib/watchers/x.py", tmp_path / "lib/tests/test_x.py")
    assert '.parents[1] / "watchers" / "x.py"' in test.text

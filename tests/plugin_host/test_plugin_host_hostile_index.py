"""Files that break while they are indexed: each is a row with its fault and place, and the good ones are complete."""

from __future__ import annotations

import json
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hostile_cases import GOOD, HANGS, HARMLESS, INDEX, QUICK_INDEX, Hostile, files
from hostile_room import MARK, living

from lifecycle_tui.domain.errors import FAULT_HINTS
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.discover import LARGEST
from lifecycle_tui.plugin_host.index import IndexLimits

LIMITS = IndexLimits(seconds=120.0, memory=400 * 1024**2)
ENDED = replace(LIMITS, seconds=8.0)
"""For those that hang."""
HERE = uuid.uuid4().hex
"""Mark of the processes below: other tests have the same plugins at the same time."""
NAMES = [n if n in QUICK_INDEX else pytest.param(n, marks=pytest.mark.slow) for n in INDEX]


def opened(root: Path, names: Iterable[str]) -> PluginCatalog:
    """The catalogue of a workspace with these hostile files and the good ones."""
    (root / "plugins").mkdir()
    for path in GOOD.glob("*.py"):
        shutil.copy(path, root / "plugins")
    hanging = [name for name in names if name in HANGS]
    for limits, some in ((LIMITS, set(names) - {*hanging}), (ENDED, hanging)):  # what is indexed already is remembered
        for name in some:
            shutil.copy(Hostile("index", name).path, root / "plugins" / f"{name}.py")
        catalog = PluginCatalog.open(root, [root / "plugins"], limits=limits)
    return catalog


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> PluginCatalog:
    return opened(tmp_path_factory.mktemp("quick"), QUICK_INDEX)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> PluginCatalog:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, HERE)
        return opened(tmp_path_factory.mktemp("slow"), files("index"))


def test_every_file_of_the_folder_is_tested() -> None:
    assert set(files("index")) == {*INDEX, *HARMLESS}


@pytest.mark.parametrize("name", NAMES)
def test_fault_is_attributed(request: pytest.FixtureRequest, name: str) -> None:
    catalog: PluginCatalog = request.getfixturevalue("quick" if name in QUICK_INDEX else "slow")
    kind, words = INDEX[name]
    rows = [row for row in catalog.rows if Path(row.home).stem == name]
    row = next(row for row in rows if row.fault)
    fault = row.fault
    assert fault is not None
    assert fault.kind == kind
    assert words in str(fault.error(row.name))
    assert fault.file == row.file and Path(row.file).stem == name
    assert fault.line in Hostile("index", name).blamed
    assert fault.advice
    assert len(row.name) <= 100 and len(fault.message) <= 500
    assert row not in catalog.all("detector")


def test_every_kind_of_fault_has_a_hint() -> None:
    assert {kind for kind, _ in INDEX.values()} <= set(FAULT_HINTS)


def test_good_plugins_are_complete(quick: PluginCatalog) -> None:
    assert _usable(quick) == {path.stem for path in GOOD.glob("*.py")}


@pytest.mark.slow
def test_good_plugins_are_complete_beside_all(slow: PluginCatalog) -> None:
    good = {path.stem for path in GOOD.glob("*.py")}
    assert _usable(slow) == {
        *good, "name_taken", "leaves_children", "prints_at_import", "registered_twice", "doc_is_no_text",
    }  # fmt: skip


@pytest.mark.slow
def test_print_at_import_is_a_warning(slow: PluginCatalog) -> None:
    row = slow.find("detector", "prints_at_import")
    assert [(p.kind, p.level) for p in row.problems] == [("prints", "warning")]
    assert "hello from the plugin" in row.problems[0].message


@pytest.mark.slow
def test_processes_left_behind_are_gone(slow: PluginCatalog) -> None:
    assert slow.get("detector", "leaves_children")
    assert not living(HERE)


def test_indexing_leaves_nothing_in_the_folder(quick: PluginCatalog) -> None:
    folder = Path(quick.find("detector", "a_shift").home).parent
    assert not (folder / "__pycache__").exists()
    assert os.listdir(folder.parent / ".lifecycle") == ["plugin-index.json"]


def _usable(catalog: PluginCatalog) -> set[str]:
    return {row.name for row in catalog.all("detector") if row.origin == "drop-in"}


# -- files that are none --------------------------------------------------------------------------------------------


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.py")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            made.bind(f"/proc/self/fd/{here}/{path.name}")  # a whole path may be too long for a socket
        finally:
            os.close(here)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024 * 1024)


def _folder(path: Path) -> None:
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "detector.py").write_text("raise RuntimeError('never imported')\n")


MADE: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "pipe": (_pipe, "import", "is no regular file"),
    "device": (_device, "import", "is no regular file"),
    "socket": (_socket, "import", "is no regular file"),
    "loop": (_loop, "import", "cannot be read"),
    "dangling": (_dangling, "import", "cannot be read"),
    "huge": (_huge, "import", f"{LARGEST:,} are allowed"),
    "folder": (_folder, "empty", "is a folder without __init__.py"),
}
"""Name → what makes it, the kind of its fault, and words of its message."""


def test_what_is_no_source_is_never_opened(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    shutil.copy(GOOD / "a_shift.py", plugins)
    for name, (make, _, _) in MADE.items():
        make(plugins / f"{name}.py")
    (plugins / "tests").mkdir()
    (plugins / "tests" / "test_it.py").write_text("")
    catalog = PluginCatalog.open(tmp_path, [plugins], limits=LIMITS)
    faults = {row.name: fault for row, fault in catalog.faults}
    assert set(faults) == set(MADE)
    for name, (_, kind, words) in MADE.items():
        assert (faults[name].kind, faults[name].line) == (kind, 1), name
        assert words in faults[name].message and faults[name].advice, name
        assert Path(faults[name].file or "").stem == name
    assert _usable(catalog) == {"a_shift"}
    again = PluginCatalog.open(tmp_path, [plugins], limits=IndexLimits(seconds=0.0))  # all is remembered
    assert again.rows == catalog.rows


ODD = "\x1b[2J\x1b]0;owned\x07\n\udcff"
"""A file's name: escape sequences, a line feed, and a byte that is no UTF-8."""
MANY = """\
from lifecycle_tui.api import hookimpl


def make(number):
    class Detector:
        "One of many."
        name, kinds = f"many_{number}", ("numeric",)

        def measure(self, reference, window):
            return float(number)

    return Detector


@hookimpl
def register_detectors(register):
    register(*map(make, range(400)))
"""


@pytest.mark.slow
def test_odd_names_loops_of_folders_and_hundreds_of_registrations(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    (plugins / "deep").mkdir(parents=True)
    (plugins / "deep" / "__init__.py").write_text("from .part import nothing\n")
    (plugins / "deep" / "part.py").write_text("\nraise KeyError('deep')\n")
    (plugins / "deep" / "loop").symlink_to("..")
    (plugins / f"{ODD}.py").write_text("raise ValueError('odd')\n")
    (plugins / "many.py").write_text(MANY)
    catalog = PluginCatalog.open(tmp_path, [plugins], limits=LIMITS)
    assert len(_usable(catalog)) == 400
    faults = {row.name: fault for row, fault in catalog.faults}
    assert set(faults) == {"deep", ODD}
    deep = faults["deep"]
    assert (deep.kind, Path(deep.file or "").name, deep.line) == ("raised", "part.py", 2)
    assert faults[ODD].kind == "raised"
    assert json.loads((tmp_path / ".lifecycle" / "plugin-index.json").read_text())

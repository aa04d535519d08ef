"""Files that break while they are indexed: each is a row with its fault and place, and the good ones are complete."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.index import IndexLimits

FOLDER = Path(__file__).parent / "hostile" / "index"

FAULTS = {
    "syntax_error": ("syntax", "expected ':'"),
    "null_bytes": ("syntax", "null bytes"),
    "wrong_encoding": ("syntax", "utf-8"),
    "missing_import": ("import", "a_library_that_nobody_has"),
    "raises_at_import": ("raised", "RuntimeError: not today"),
    "exits_at_import": ("exited", "called exit (0)"),
    "os_exits_at_import": ("exited", "exit code 0"),
    "loops_at_import": ("timeout", "no answer within"),
    "eats_memory_at_import": ("memory", "memory"),
    "segfaults_at_import": ("died", "SIGSEGV"),
    "killed_at_import": ("died", "SIGKILL"),
    "closes_all_at_import": ("died", "channel"),
    "misspelt_hook": ("unknown-hook", 'did you mean "register_detectors"?'),
    "unmarked_hook": ("unknown-hook", "@hookimpl"),
    "hook_takes_too_much": ("unknown-hook", "one parameter"),
    "hook_raises": ("raised", "half done"),
    "registers_nothing": ("empty", "registers nothing"),
    "registers_an_object": ("class", "takes a class, not Hostile"),
    "dict_option": ("options", "'table' has the type dict[str, int]"),
    "positional_option": ("options", "'bins' must be keyword-only"),
    "any_option": ("options", "**options"),
    "untyped_option": ("options", "'bins' needs an annotation"),
    "wrong_default": ("options", "must be int, not 'ten'"),
    "unresolved_option": ("options", "Nowhere"),
    "no_measure": ("class", "no method 'measure' (it has 'mesure')"),
    "wrong_kind": ("class", 'did you mean "numeric"?'),
    "wrong_name": ("class", "wrong name!"),
    "takes_the_programs_name": ("class", "taken by signals"),
    "from_the_future": ("api", "version 99"),
    "registered_twice": ("duplicate", "registered twice"),
    "name_taken_b": ("duplicate", "name_taken_a.py"),
}
"""File → kind of its fault, and words that its message holds."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> PluginCatalog:
    root = tmp_path_factory.mktemp("hostile")
    (root / "plugins").mkdir()
    for file in [*FOLDER.iterdir(), *(FOLDER.parent.parent / "good").iterdir()]:
        if file.suffix in (".py", ".txt"):
            shutil.copy(file, root / "plugins" / f"{file.stem}.py")
    return PluginCatalog.open(root, [root / "plugins"], limits=IndexLimits(seconds=4.0, memory=400 * 1024**2))


def blamed(name: str) -> set[int]:
    """The lines marked `# blame`; empty where the file has none."""
    file = next(p for p in FOLDER.iterdir() if p.stem == name and p.suffix in (".py", ".txt"))
    lines = file.read_text("utf-8", "replace").splitlines()
    return {n for n, line in enumerate(lines, 1) if "# blame" in line}


def test_every_file_of_the_folder_is_tested() -> None:
    stems = {p.stem for p in FOLDER.iterdir() if p.suffix in (".py", ".txt")}
    assert stems == set(FAULTS) | {"leaves_children", "prints_at_import", "name_taken_a"}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_attributed(catalog: PluginCatalog, name: str) -> None:
    kind, words = FAULTS[name]
    rows = [row for row in catalog.rows if Path(row.home).stem == name]
    row = next(row for row in rows if row.fault)
    fault = row.fault
    assert fault is not None
    assert fault.kind == kind
    assert words in str(fault.error(row.name))
    assert fault.file == row.file and Path(row.file).stem == name
    assert fault.line in (blamed(name) or range(1, 9))
    assert row not in catalog.all("detector")


def test_good_plugins_are_complete(catalog: PluginCatalog) -> None:
    usable = {row.name for row in catalog.all("detector") if row.origin == "drop-in"}
    assert usable == {"a_shift", "z_sum", "name_taken", "leaves_children", "prints_at_import", "registered_twice"}


def test_print_at_import_is_a_warning(catalog: PluginCatalog) -> None:
    row = catalog.find("detector", "prints_at_import")
    assert [(p.kind, p.level) for p in row.problems] == [("prints", "warning")]
    assert "hello from the plugin" in row.problems[0].message


def test_processes_left_behind_are_gone(catalog: PluginCatalog) -> None:
    assert catalog.get("detector", "leaves_children")
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 86431" not in listing


def test_indexing_leaves_nothing_in_the_folder(catalog: PluginCatalog) -> None:
    folder = Path(catalog.find("detector", "a_shift").home).parent
    assert not (folder / "__pycache__").exists()
    assert os.listdir(folder.parent / ".lifecycle") == ["plugin-index.json"]

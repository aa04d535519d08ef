"""The shipped plugins: the index is current, each is found alone, and each works as a drop-in too."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui.plugin_host import builtin_index, discover, index
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.introspect import METHODS

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
    allowed = {"lifecycle_tui.api", "numpy", "pyarrow", *sys.stdlib_module_names}
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


def test_built_ins_work_as_drop_ins_under_another_name(tmp_path: Path) -> None:
    """DESIGN §3.5. The copies of all detectors and metrics register the same, in a process of a team's plugin."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    copied = [f for f in FILES if f.parent.name in ("detectors", "metrics")]
    for file in copied:
        name = f'"{file.stem}"'
        source = file.read_text("utf-8")
        assert name in source, f"{file.name} does not write its name out"
        (folder / f"my_{file.stem}.py").write_text(source.replace(name, f'"my_{file.stem}"'), "utf-8")
    catalog = PluginCatalog.open(tmp_path, [folder])
    assert [f"{r.place} {f.message}" for r, f in catalog.faults] == []
    for file in copied:
        kind = file.parent.name.removesuffix("s")
        one, two = catalog.find(kind, file.stem), catalog.find(kind, f"my_{file.stem}")
        assert (one.options, one.kinds, one.tasks, one.line) == (two.options, two.kinds, two.tasks, two.line)

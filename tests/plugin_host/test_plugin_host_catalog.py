"""Finding plugins: order, the cached index, entry points, names, options, switches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_tui.domain.errors import PluginFault, UsageError
from lifecycle_tui.plugin_host import discover, index
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.index import IndexLimits

Workspace = Callable[..., Path]

DETECTOR = '''
from lifecycle_tui.api import hookimpl


class {cls}:
    """{doc}"""

    name, kinds = "{name}", ("numeric",)

    def __init__(self, *, bins: int = 10, mode: str = "fast"):
        pass

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register({cls})
'''


def detector(name: str, doc: str = "One.", cls: str = "One") -> str:
    return DETECTOR.format(name=name, doc=doc, cls=cls)


def names(catalog: PluginCatalog) -> list[str]:
    return [row.name for row in catalog.rows if row.origin != "builtin"]


def opened(root: Path, **more: object) -> tuple[PluginCatalog, list[str]]:
    """The catalogue, and the files that had to be imported for it."""
    told: list[str] = []
    catalog = PluginCatalog.open(root, [root / "plugins"], told=told.append, **more)  # type: ignore[arg-type]
    return catalog, sorted(told)


def test_discovery_is_sorted_and_skips_what_is_no_plugin(workspace: Workspace) -> None:
    files = {
        "zeta.py": "",
        "alpha.py": "",
        "my-plugin.py": "",
        "pack/__init__.py": "",
        "pack/test_inner.py": "",
        "folder/module.py": "",
        "_private.py": "",
        ".hidden.py": "",
        "test_alpha.py": "",
        "conftest.py": "",
        "notes.txt": "",
        "__pycache__/alpha.py": "",
    }
    root = workspace(text=files)
    found = discover.drop_ins([root / "plugins", root / "nowhere", root / "plugins"])
    assert [c.name for c in found] == ["alpha", "folder", "my-plugin", "pack", "zeta"]
    assert len({c.module for c in found}) == 5
    assert all(c.module.isidentifier() for c in found)


def test_row_says_what_the_file_registers(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one", "First line.\n\n    More.")})
    row = opened(root)[0].find("detector", "one")
    assert (row.kind, row.origin, row.doc, row.takes, row.kinds) == (
        "detector",
        "drop-in",
        "First line.",
        "profile",
        ("numeric",),
    )
    assert row.place == f"{root / 'plugins' / 'one.py'}:5"
    assert [(o.name, o.type, o.default) for o in row.options] == [("bins", "int", 10), ("mode", "str", "fast")]
    assert row.import_ms is not None and row.import_ms >= 0
    assert row.problems == () and row.usable


def test_index_is_used_again_until_a_file_changes(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one"), "two.py": detector("two"), "broken.py": "1 +"})
    first, told = opened(root)
    assert told == ["broken", "one", "two"]
    again, told = opened(root)
    assert told == [] and again.rows == first.rows
    file = root / "plugins" / "two.py"
    before = file.stat()
    file.write_text(detector("tvo"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    changed, told = opened(root)
    assert told == ["two"] and names(changed) == ["broken", "one", "tvo"]
    file.unlink()
    assert opened(root)[1] == [] and names(opened(root)[0]) == ["broken", "one"]
    assert opened(root, refresh=True)[1] == ["broken", "one"]


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"version": 1}', '{"files": 3}'])
def test_damaged_cache_is_made_anew(workspace: Workspace, damage: str) -> None:
    root = workspace(text={"one.py": detector("one")})
    opened(root)
    (root / ".lifecycle" / "plugin-index.json").write_text(damage)
    catalog, told = opened(root)
    assert told == ["one"] and names(catalog) == ["one"]
    assert opened(root)[1] == []


def test_cache_row_of_another_shape_is_made_anew(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one")})
    opened(root)
    path = root / ".lifecycle" / "plugin-index.json"
    cache = json.loads(path.read_text())
    for entry in cache["files"].values():
        del entry["rows"][0]["qualname"], entry["rows"][0]["options"]
    path.write_text(json.dumps(cache))
    assert opened(root)[1] == ["one"]


def test_no_workspace_and_read_only_workspace_need_no_cache(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one")})
    assert names(PluginCatalog.open(None, [root / "plugins"])) == ["one"]
    (root / ".lifecycle").write_text("a file where the folder should be")
    assert names(opened(root)[0]) == ["one"]


def test_package_is_one_plugin_with_relative_imports(workspace: Workspace) -> None:
    files = {
        "pack/__init__.py": "from .inner import One\n" + detector("x").split("\n", 2)[1] + HOOK,
        "pack/inner.py": 'class One:\n    """Inner."""\n    name, kinds = "packed", ("text",)\n'
        "    def measure(self, reference, window):\n        return 1.0\n",
    }
    root = workspace(text=files)
    row = opened(root)[0].find("detector", "packed")
    assert (Path(row.home).name, Path(row.file).name, row.line) == ("__init__.py", "inner.py", 1)
    assert opened(root)[1] == []
    (root / "plugins" / "pack" / "inner.py").write_text("raise ValueError('inner')")
    catalog, told = opened(root)
    assert told == ["pack"]
    (broken, fault) = catalog.faults[0]
    assert (broken.name, fault.kind, Path(fault.file or "").name, fault.line) == ("pack", "raised", "inner.py", 1)


HOOK = "\n@hookimpl\ndef register_detectors(register):\n    register(One)\n"


def test_fault_that_a_library_would_mend_is_tried_again_after_an_install(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace(text={"one.py": "import nobody_has_this", "bad.py": "1 +"})
    opened(root)
    assert opened(root)[1] == []
    monkeypatch.setattr(discover, "site_stamp", lambda: "another")
    assert opened(root)[1] == ["one"]


def test_hang_is_remembered_for_a_while_only(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    root = workspace(text={"exits.py": "import os\nos._exit(1)"})
    opened(root)
    assert opened(root)[1] == []
    monkeypatch.setattr(index, "FORGET_AFTER", 0.0)
    assert opened(root)[1] == ["exits"]


def test_entry_points_are_found_by_name_and_come_before_drop_ins(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    install(site, "team_pack", "1.2", {"pack": "team_pack.plugin", "gone": "not_there"})
    (site / "team_pack").mkdir()
    (site / "team_pack" / "__init__.py").write_text("")
    (site / "team_pack" / "plugin.py").write_text(detector("packed"))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    root = workspace(text={"packed.py": detector("packed")})
    catalog, told = opened(root)
    assert told == ["gone", "pack", "packed"]
    row = catalog.find("detector", "packed")
    assert (row.origin, row.distribution, row.file) == (
        "entry-point",
        "team_pack 1.2",
        str(site / "team_pack" / "plugin.py"),
    )
    faults = {r.name: f.kind for r, f in catalog.faults}
    assert faults == {"gone": "import", "packed": "duplicate"}
    assert opened(root)[1] == []
    (site / "team_pack" / "plugin.py").write_text(detector("packed", "Changed."))
    assert opened(root)[1] == ["pack"]
    install(site, "other", "0.1", {})
    assert opened(root)[1] == ["gone"]


def install(site: Path, name: str, version: str, points: dict[str, str]) -> None:
    """What an installer leaves of a distribution's metadata."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{k} = {v}" for k, v in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[lifecycle_tui]", *lines, ""]))


def test_unknown_names_get_a_hint(workspace: Workspace) -> None:
    catalog, _ = opened(workspace(text={"one.py": detector("wasserstein")}))
    with pytest.raises(UsageError) as caught:
        catalog.find("detector", "waserstein")
    assert (caught.value.message, caught.value.hint) == (
        "no detector is called 'waserstein'",
        'did you mean "wasserstein"?',
    )
    with pytest.raises(UsageError) as caught:
        catalog.find("detector", "qqq")
    assert "wasserstein" in (caught.value.hint or "")
    assert catalog.suggest("metric", "zzz") is None and catalog.get("metric", "wasserstein") is None


def test_broken_plugin_named_by_a_model_tells_its_fault(workspace: Workspace) -> None:
    catalog, _ = opened(workspace(text={"mine.py": "\n\nimport nobody_has_this"}))
    with pytest.raises(PluginFault) as caught:
        catalog.find("detector", "mine")
    assert (caught.value.kind, caught.value.line) == ("import", 3)


def test_disabled_plugins_are_kept_out(workspace: Workspace) -> None:
    text = {f"{n}.py": detector(n) for n in ("one", "two", "three")} | {"hang.py": "while True: pass"}
    root = workspace(text=text)
    (root / ".lifecycle").mkdir()
    (root / ".lifecycle" / "disabled-plugins.json").write_text('["detector:one", "two", "hang", "detector:none"]')
    catalog, told = opened(root, limits=IndexLimits(seconds=20))
    assert "hang" not in told, "a disabled file must not even be imported"
    assert [r.name for r in catalog.all("detector") if r.origin != "builtin"] == ["three"]
    assert {r.name for r in catalog.rows if r.disabled} == {"one", "two", "hang"}
    assert catalog.faults == ()
    with pytest.raises(PluginFault) as caught:
        catalog.find("detector", "one")
    assert caught.value.kind == "disabled"
    with pytest.raises(PluginFault):
        catalog.make(next(r for r in catalog.rows if r.name == "one"))


@pytest.mark.parametrize("content", ["{", "{}", "[1]"])
def test_unreadable_disable_list_is_refused(workspace: Workspace, content: str) -> None:
    root = workspace()
    (root / ".lifecycle").mkdir()
    (root / ".lifecycle" / "disabled-plugins.json").write_text(content)
    with pytest.raises(UsageError, match="disabled-plugins"):
        opened(root)


def test_no_plugins_means_built_ins_alone(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one")})
    catalog, told = opened(root, enabled=False)
    assert told == [] and names(catalog) == [] and not (root / ".lifecycle").exists()
    with pytest.raises(UsageError) as caught:
        catalog.find("detector", "one")
    assert "switched off" in (caught.value.hint or "")


def test_options_are_checked_before_anything_is_started(workspace: Workspace) -> None:
    catalog, _ = opened(workspace(text={"one.py": detector("one")}))
    info = catalog.find("detector", "one")
    assert [(p.option, p.code, p.hint) for p in catalog.check_options(info, {"bin": 1, "mode": 3})] == [
        ("bin", "unknown-option", 'did you mean "bins"?'),
        ("mode", "type", None),
    ]
    with pytest.raises(UsageError, match="bin: no option 'bin'"):
        catalog.make(info, {"bin": 1})
    with pytest.raises(ValueError, match="runner"):
        catalog.make(info, {"bins": 1})


def test_reading_a_cached_index_imports_nothing_heavy(workspace: Workspace) -> None:
    root = workspace(text={"one.py": detector("one")})
    opened(root)
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.plugin_host.catalog import PluginCatalog\n"
        "root = Path(sys.argv[1]); c = PluginCatalog.open(root, [root / 'plugins'])\n"
        "assert c.get('detector', 'one')\n"
        "heavy = {'numpy', 'pyarrow', 'pandas', 'subprocess', 'importlib.metadata', 'concurrent.futures', 'asyncio'}\n"
        "heavy |= {m for m in sys.modules if m.startswith('lifecycle_tui.builtin')}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

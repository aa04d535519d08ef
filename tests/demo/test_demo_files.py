"""The demo's workspace: what `write` gives is what lies at the top of the repository, and nothing is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui import demo, workspace
from lifecycle_tui.domain.hookspecs import KINDS

ROOT = Path(__file__).parents[2]
SIZE = 3_200_000


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".lifecycle" not in p.parts
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    paths = demo.write(folder)
    assert [str(p.relative_to(folder)) for p in paths] == list(files(folder)), "it returns what it writes"
    return folder


def test_the_committed_files_are_what_it_writes(written: Path) -> None:
    for name, content in files(written).items():
        assert (ROOT / name).read_bytes() == content, f"{name}: run python -m lifecycle_tui.demo.writing ."
    for folder in ("data", "plugins"):
        there = {p.name for p in (ROOT / folder).iterdir() if p.is_file()}
        assert there == {p.name for p in (written / folder).iterdir()}


def test_it_stays_small(written: Path) -> None:
    assert sum(map(len, files(written).values())) < SIZE


@pytest.mark.slow
def test_another_seed_gives_other_data_and_the_same_policies(written: Path, tmp_path: Path) -> None:
    demo.write(tmp_path, seed=8)
    one, other = files(written), files(tmp_path)
    assert one.keys() == other.keys()
    assert {name.split("/")[0] for name in one if one[name] != other[name]} == {"data"}
    assert all(one[name] != other[name] for name in one if name.startswith("data/"))
    assert workspace.check(tmp_path / "lifecycle.toml") == ()


def test_nothing_is_wrong_with_it(written: Path) -> None:
    assert workspace.check(written / "lifecycle.toml") == ()


def test_one_plugin_of_each_kind_and_each_is_used(written: Path) -> None:
    catalog = workspace.open_workspace(written / "lifecycle.toml").plugins
    kinds = {kind for kind in KINDS if any(plugin.origin != "builtin" for plugin in catalog.all(kind))}
    assert kinds == {"detector", "metric", "source", "notifier", "strategy", "deployer", "command"}
    text = (written / "lifecycle.toml").read_text("utf-8")
    for name in ("tails", "approval_gap", "diary", "rare", "shelf"):
        assert f'"{name}"' in text or f"{name} = {{" in text, name
    assert "data/chargebacks.logfmt" in text, "the source is picked by its suffix"
    for path in (written / "plugins").glob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 50, path.name


def test_importing_the_demo_is_cheap() -> None:
    heavy = "{'numpy', 'pyarrow', 'pandas', 'textual', 'pydantic', 'lifecycle_tui.demo.shop'}"
    code = f"import sys, lifecycle_tui.demo; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout == "[]\n"


def test_its_clock_is_in_order() -> None:
    assert demo.START < demo.NOW < demo.END
    assert 110 <= (demo.NOW - demo.START).days <= 125
    assert (demo.END - demo.NOW).days >= 70

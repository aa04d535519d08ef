"""Workspaces with plugins from the folders beside this file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[..., Path]:
    """`workspace(*files, text={name: source})`: a folder whose `plugins/` holds copies of those files and texts."""

    def make(*files: Path, text: dict[str, str] | None = None) -> Path:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, folder / file.with_suffix(".py").name)
        for name, source in (text or {}).items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, "utf-8")
        return tmp_path

    return make


@pytest.fixture(scope="session")
def plugin_files() -> Callable[[str], list[Path]]:
    """`plugin_files("hostile/call")`: the files of a folder, sorted; `.txt` ones are not Python."""

    def files(folder: str) -> list[Path]:
        return sorted(p for p in (HERE / folder).iterdir() if p.suffix in (".py", ".txt"))

    return files

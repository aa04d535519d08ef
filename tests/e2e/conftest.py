"""Fixtures that make workspaces and end what their processes have left; what they are made of is in `e2e_tools`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_tools import PLUGINS, Run, write_workspace


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace's files, never run; copy them."""
    return write_workspace(tmp_path_factory.mktemp("pristine") / "ws")


@pytest.fixture
def new_run(tmp_path: Path, pristine: Path) -> Iterator[Callable[..., Run]]:
    """Makes runs, each on a fresh copy of the workspace with the named plugin files; ends what is left of them."""
    runs: list[Run] = []

    def make(*plugins: str, env: dict[str, str] | None = None) -> Run:
        root = tmp_path / f"ws{len(runs)}"
        shutil.copytree(pristine, root)
        runs.append(Run(root, env=env or {}))
        for name in plugins:
            drop_in(root, name)
        return runs[-1]

    yield make
    for run in runs:
        run.kill("all")


def drop_in(root: Path, name: str) -> None:
    """Copy one of our plugin files into a workspace; those that do not parse are kept as `.txt`."""
    source = next(path for path in (PLUGINS / f"{name}.py", PLUGINS / f"{name}.txt") if path.exists())
    shutil.copy2(source, root / "plugins" / f"{name}.py")

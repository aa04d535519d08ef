"""An empty migrated state, built once (a migration runs in a child) and copied for every test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lifecycle_tui.state.database import State


@pytest.fixture(scope="session")
def empty_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty")
    State.open(root).close()
    return root


@pytest.fixture
def root(empty_root: Path, tmp_path: Path) -> Path:
    shutil.copytree(empty_root / ".lifecycle", tmp_path / "ws" / ".lifecycle")
    return tmp_path / "ws"


@pytest.fixture
def state(root: Path):
    with State.open(root) as found:
        yield found

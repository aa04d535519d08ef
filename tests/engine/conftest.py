"""One cluster for all tests that do not kill it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import cluster_room


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster_room.Cluster]:
    with cluster_room.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def lake(tmp_path: Path) -> cluster_room.Lake:
    root = tmp_path / "space"
    root.mkdir()
    cluster_room.fill(tmp_path / "data")
    return cluster_room.Lake(root)

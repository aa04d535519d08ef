"""Evaluations on a real Dask cluster of separate processes: the same bytes as here, whatever happens to its workers."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.engine.away import OnCluster
from lifecycle_tui.agent.engine.cluster import Cluster as Connection
from lifecycle_tui.agent.engine.cluster import ClusterError
from lifecycle_tui.agent.workers.context import Cancelled
from lifecycle_tui.profiles import pending, profiler, survey
from tests.engine.cluster_room import LAKE, Cluster, Lake, cluster, end, stopped_at_work, wait_for, watched

pytestmark = pytest.mark.slow


def beside(lake: Lake) -> Lake:
    """Another workspace over the same data."""
    other = Lake(lake.root.parent / "other")
    other.root.mkdir()
    return other


def same(one: Lake, other: Lake) -> None:
    mine, theirs = one.facts(), other.facts()
    for name, rows in mine.items():
        assert len(rows) == len(theirs[name]), name
        for here, there in zip(rows, theirs[name], strict=True):
            assert here == there, name
    assert min(len(mine[name]) for name in ("windows", "profiles", "signals")) > 2


def test_the_same_bytes_as_here(lake: Lake, shared: Cluster) -> None:
    other = beside(lake)
    lake.declare('"local"')
    other.declare(shared.engine)
    lake.check()
    other.check()
    same(lake, other)
    assert any("reading on the Dask cluster" in text for text in other.log())
    assert not [text for text in other.log() if "read here" in text or "tried here" in text]
    assert lake.facts()["reference_windows"] and "torn.parquet" in str(lake.facts()["windows"])


class Running:
    """An evaluation in a thread; how it ended."""

    def __init__(self, lake: Lake) -> None:
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(lake,), daemon=True)
        self._thread.start()

    def _run(self, lake: Lake) -> None:
        try:
            lake.check(stop=self.stop.is_set)
        except BaseException as exc:
            self.error = exc

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def ended(self, seconds: float = 240) -> BaseException | None:
        self._thread.join(seconds)
        assert self.over, "it hangs"
        return self.error


def test_a_command_gives_the_same_bytes_too(lake: Lake, shared: Cluster) -> None:
    """`lifecycle check` as a person runs it: workers of the program's own, each with the cluster."""
    other = beside(lake)
    lake.declare('"local"')
    other.declare(shared.engine)
    started = [
        subprocess.Popen([sys.executable, "-m", "lifecycle_tui", "check"], cwd=one.root, stdout=subprocess.PIPE)
        for one in (lake, other)
    ]
    for one in started:
        one.communicate(timeout=240)
        assert one.returncode in (0, 1)
    same(lake, other)
    assert any("reading on the Dask cluster" in text for text in other.log())


JOINED = LAKE.replace("labels = {{", 'features = {{ path = "../data/features.csv", on = "id" }}\nlabels = {{')


def test_joined_features_and_samples_are_the_same(lake: Lake, shared: Cluster) -> None:
    rows = "\n".join(f"r{i},{i % 11},{'ab'[i % 2]}" for i in range(0, 470, 2))
    (lake.root.parent / "data" / "features.csv").write_text(f"id,visits,kind\n{rows}\n")
    other = beside(lake)
    detectors = '["psi", "mmd", "characters"]'
    lake.declare('"local"', detectors, JOINED)
    other.declare(shared.engine, detectors, JOINED)
    lake.check()
    other.check()
    same(lake, other)
    assert any("one worker reads each window" in text for text in other.log())


def test_a_reference_that_is_too_large_to_keep_is_read_twice(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are threads of this process, so that what is too large can be small here."""
    from distributed import LocalCluster

    monkeypatch.setattr(pending, "MOST_KEPT", 50)
    monkeypatch.setattr(profiler, "MOST_KEPT", 50)
    monkeypatch.setattr(survey, "MOST_CELLS", 20)
    twice, counted = [], OnCluster._counted

    def spied(self: OnCluster, settings: Any, plan: Any, grids: Any, tick: Any) -> Any:
        twice.extend(grids)
        return counted(self, settings, plan, grids, tick)

    monkeypatch.setattr(OnCluster, "_counted", spied)
    other = beside(lake)
    lake.declare('"local"')
    lake.check()
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None
    ) as found:
        other.declare(f'{{ dask = "{found.scheduler_address}" }}')
        other.check()
    same(lake, other)
    assert {"amount", "p"} <= set(twice)


def test_a_worker_that_is_killed_costs_its_shares(lake: Lake, tmp_path: Path) -> None:
    other = beside(lake)
    lake.declare('"local"')
    lake.check()
    (tmp_path / "dask").mkdir()
    with cluster(tmp_path / "dask") as found, watched(found) as tasks:
        other.declare(found.engine)
        victim = found.workers[0]
        with stopped_at_work(victim, "w0") as stopped:
            running = Running(other)
            wait_for(lambda: running.over or stopped.is_set())
            wait_for(lambda: running.over or tasks().get("w0", 0) > 0)
            assert not running.over and len(lake.facts()["windows"]) > len(other.facts()["windows"])
            end(victim)
        assert running.ended() is None
        assert len(tasks()) == 1
    same(lake, other)


def test_a_scheduler_that_is_gone_is_said_and_nothing_is_half_written(lake: Lake, tmp_path: Path) -> None:
    other = beside(lake)
    lake.declare('"local"')
    lake.check()
    (tmp_path / "dask").mkdir()
    with cluster(tmp_path / "dask", workers=1) as found:
        other.declare(found.engine)
        with stopped_at_work(found.workers[0], "w0") as stopped:
            with watched(found) as tasks:
                running = Running(other)
                wait_for(lambda: running.over or stopped.is_set())
                wait_for(lambda: running.over or tasks().get("w0", 0) > 0)
                assert not running.over
            end(found.scheduler)
            error = running.ended()
    assert isinstance(error, ClusterError)
    assert f"the Dask scheduler at {found.address} is gone" in error.message
    assert error.hint is not None and "nothing is half-written" in error.hint
    other.declare('"local"')
    other.check()
    same(lake, other)


def test_a_job_that_is_cancelled_leaves_the_cluster_idle(lake: Lake, shared: Cluster) -> None:
    lake.declare(shared.engine)
    with watched(shared) as tasks, stopped_at_work(shared.workers[0], "w0") as stopped:
        running = Running(lake)
        wait_for(lambda: running.over or stopped.is_set())
        wait_for(lambda: running.over or tasks().get("w0", 0) > 0)
        running.stop.set()
        assert isinstance(running.ended(), Cancelled)
        wait_for(lambda: sum(tasks().values()) == 0)
    assert len(lake.facts()["windows"]) < 3


def test_nobody_answers_and_nobody_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import Client

    waits = Client.wait_for_workers
    monkeypatch.setattr(Client, "wait_for_workers", lambda self, n, timeout: waits(self, n, timeout=0.3))
    with pytest.raises(ClusterError, match=r"the Dask scheduler at tcp://127\.0\.0\.1:9 cannot be reached") as said:
        Connection("tcp://127.0.0.1:9", connect=0.3)
    assert said.value.hint is not None and 'engine = "local"' in said.value.hint
    with pytest.raises(ClusterError, match="cannot be reached"):
        Connection("nonsense://x", connect=0.3)
    with cluster(tmp_path, workers=0) as found, pytest.raises(ClusterError, match="has no worker") as said:
        Connection(found.address)
    assert said.value.hint == f"start one: dask worker {found.address}"


SOURCE = """
from lifecycle_tui.api import hookimpl
from lifecycle_tui.builtin.sources.parquet import ParquetSource

class Lakehouse(ParquetSource):
    name = "lakehouse"
    suffixes = (".parquet", ".lakehouse")

@hookimpl
def register_sources(register):
    register(Lakehouse)
"""


def test_a_source_of_the_teams_is_read_here_and_said(lake: Lake, shared: Cluster) -> None:
    own = LAKE.replace('partition = "dt"', 'partition = "dt", use = "lakehouse"')
    (lake.root / "plugins").mkdir()
    (lake.root / "plugins" / "lakehouse.py").write_text(SOURCE)
    lake.declare(shared.engine, text=own)
    lake.check()
    assert "its predictions is read here: the team's own source lakehouse is not on the workers" in lake.log()
    assert len(lake.facts()["windows"]) > 2


TRAINING = """
[models.lake.training]
estimator = "linear"
strategy = "refit"
"""


def test_the_same_version_is_made(lake: Lake, shared: Cluster) -> None:
    other = beside(lake)
    lake.declare('"local"', text=LAKE + TRAINING)
    other.declare(shared.engine, text=LAKE + TRAINING)
    mine, theirs = lake.train(), other.train()
    assert (mine["verdict"], mine["rows"]) == (theirs["verdict"], theirs["rows"])
    assert lake.versions() == other.versions() and len(lake.versions()) == 1
    assert not [text for text in other.log() if "fitted here" in text or "read here" in text]

"""What is said where a cluster cannot be used, without one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import lifecycle_tui
from lifecycle_tui.agent.engine import opened
from lifecycle_tui.agent.engine.choose import address_of
from lifecycle_tui.agent.engine.cluster import Cluster, ClusterError, mismatch
from lifecycle_tui.agent.engine.opened import NotReachable
from lifecycle_tui.domain.protocols import Fragment

PYTHON = ".".join(map(str, sys.version_info[:3]))


def told(python: str = f"{PYTHON}.final.0", **packages: Any) -> dict[str, Any]:
    here = {"lifecycle_tui": lifecycle_tui.__version__, "pyarrow": "20"}
    return {"host": {"python": python}, "packages": {**here, **packages}}


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match="needs the package distributed") as said:
        Cluster("tcp://127.0.0.1:1")
    assert said.value.hint == "pip install 'lifecycle-tui[dask]'"


def test_workers_that_run_something_else_are_said() -> None:
    assert mismatch(told()) is None
    assert mismatch(told("3.10.1.final.0")) == (
        f"it runs Python 3.10, the workspace {sys.version_info[0]}.{sys.version_info[1]}",
        f"run the workers with Python {sys.version_info[0]}.{sys.version_info[1]}",
    )
    install = f"install it on the workers: pip install 'lifecycle-tui=={lifecycle_tui.__version__}'"
    assert mismatch(told(lifecycle_tui=None)) == ("lifecycle-tui is not installed there", install)
    wrong = mismatch(told(lifecycle_tui="0.0.1"))
    assert wrong is not None and wrong[0].startswith("it has lifecycle-tui 0.0.1, the workspace ")
    assert mismatch(told(pyarrow=None)) == ("pyarrow is not installed there", install)
    assert mismatch(None) == ("it does not answer", "look whether it is still alive")


def test_a_worker_that_does_not_see_the_data_says_so(tmp_path: Path) -> None:
    gone = tmp_path / "lake" / "a.parquet"
    with pytest.raises(NotReachable, match=f"does not see {gone}: No such file") as said:
        opened.check([Fragment("a.parquet", str(gone), 3, 0)])
    assert said.value.hint is not None and "where every worker sees it at this path" in said.value.hint
    gone.parent.mkdir()
    gone.write_bytes(b"1234")
    with pytest.raises(NotReachable, match="4 bytes there, 3 when the workspace listed it"):
        opened.check([Fragment("a.parquet", str(gone), 3, 0)])
    opened.check([Fragment("a.parquet", str(gone), 4, 0), Fragment("t", "postgresql://db/t", 0, 0)])


def test_the_engine_of_the_file() -> None:
    assert address_of("local") is None
    assert address_of({"dask": "tcp://scheduler:8786"}) == "tcp://scheduler:8786"

"""Which engine a job reads with: `[workspace] engine`. Called where a job opens a model's data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.agent.engine.away import OnCluster
    from lifecycle_tui.agent.workers.context import JobContext
    from lifecycle_tui.data.layout import Role
    from lifecycle_tui.domain.protocols import Source
    from lifecycle_tui.domain.specs import ModelSpec


def address_of(engine: str | Mapping[str, str]) -> str | None:
    """The scheduler's address; None for this machine."""
    return None if isinstance(engine, str) else engine["dask"]


@contextlib.contextmanager
def engine_of(job: JobContext, spec: ModelSpec, sources: Mapping[Role, Source]) -> Iterator[OnCluster | None]:
    """What reads for this job, for its length; None: this process.

    Raises:
        ClusterError: the cluster that the file names cannot be used.
    """
    address = address_of(job.workspace.spec.engine)
    if address is None:
        yield None
        return
    from lifecycle_tui.agent.engine.away import OnCluster
    from lifecycle_tui.agent.engine.cluster import Cluster

    job.progress(0, None, "", f"{spec.name}: reaching the Dask cluster at {address}")
    catalog = job.workspace.plugins
    own = {info.name for info in catalog.all("source") if info.origin != "builtin"}
    foreign = {role: source.name for role, source in sources.items() if source.name in own}
    cluster = Cluster(address)
    try:
        job.log("info", f"reading on the Dask cluster at {address} ({cluster.threads} threads)")
        yield OnCluster(job, cluster, spec.data, foreign)
    finally:
        cluster.close()

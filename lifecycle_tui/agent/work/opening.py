"""What every job on a model's data opens first and closes last: plugins' process, file cache, tables, metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle_tui.agent.engine.choose import engine_of
from lifecycle_tui.agent.work.sources import open_tables
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.instruments import Instruments, build
from lifecycle_tui.plugin_host.limits import call_limits
from lifecycle_tui.plugin_host.runner import Codec, Limits, Runner
from lifecycle_tui.profiles import wire
from lifecycle_tui.state.fragments import FragmentCache

if TYPE_CHECKING:
    from lifecycle_tui.agent.engine.away import OnCluster


@dataclass
class LazyRunner:
    """The plugins' process of a job, started when the first team plugin is called for."""

    job: JobContext
    limits: Limits
    stack: contextlib.ExitStack
    runner: Runner | None = None

    def __call__(self) -> Runner:
        if self.runner is None:
            codec = Codec(wire.encode, "lifecycle_tui.profiles.wire:decode")
            self.runner = self.stack.enter_context(self.job.runner(self.limits, codec))
        return self.runner

    def report(self) -> None:
        """Say in the job's log what each team plugin has cost."""
        for use in () if self.runner is None else self.runner.uses():
            self.job.log("info", f"plugin {use.plugin}: {use.calls} calls, {use.seconds:.2f} s, {use.faults} faults")
            if use.printed:
                self.job.log("info", f"plugin {use.plugin} printed: {use.printed[-500:]}")


@dataclass(frozen=True)
class Opened:
    """A model as a job sees it. `engine`: the cluster that reads and fits; None for this machine."""

    spec: ModelSpec
    data: ModelData
    instruments: Instruments
    runner: LazyRunner
    cache: FragmentCache
    engine: OnCluster | None = None


@contextlib.contextmanager
def opened(job: JobContext, spec: ModelSpec, *, limits: Limits | None = None) -> Iterator[Opened]:
    """Open the model's tables and metrics for the length of a job."""
    from lifecycle_tui.monitoring.file_tables import lean_memory

    lean_memory()
    with contextlib.ExitStack() as stack:
        runner = LazyRunner(job, limits or call_limits(), stack)
        cache = stack.enter_context(FragmentCache(job.state))
        catalog = job.workspace.plugins
        job.progress(0, None, "", f"{spec.name}: looking at the data")
        sources = open_tables(spec.data, catalog, runner)
        away = stack.enter_context(engine_of(job, spec, sources))
        data = ModelData(spec, sources, cache=cache, away=away)
        yield Opened(spec, data, build(spec, catalog, runner), runner, cache, away)
        cache.flush()
        runner.report()

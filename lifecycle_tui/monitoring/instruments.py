"""Which detectors and metrics a model is measured with, ready to be called.

Built by the job that evaluates a model. A plugin that is unknown, broken or refuses its options becomes a fault that is
shown where its signals would have been; it never stops the others (DESIGN §6).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec, PluginUse
from lifecycle_tui.plugin_host.discover import source
from lifecycle_tui.plugin_host.secrets import hidden
from lifecycle_tui.workspace import detector_uses, metric_uses

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.plugin_host.runner import Runner


@dataclass(frozen=True)
class Instrument:
    """A detector or metric with the objects to call; one for each distinct set of options.

    Attributes:
        digest: names the plugin, its options and (for a team's) its code; results of another digest are measured anew.
    """

    info: PluginInfo
    objects: Mapping[str, Any]
    per_column: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    @property
    def name(self) -> str:
        """The plugin's name, which begins its signals' names."""
        return self.info.name

    @property
    def source(self) -> str:
        """What `Signal.source` says: the name, and for a team's plugin its file."""
        return self.name if self.info.origin == "builtin" else f"{self.name} ({self.info.place})"

    def for_column(self, column: str | None = None) -> Any:
        """The object with the options that hold for `column`."""
        return self.objects[self.per_column.get(column or "", "")]


@dataclass(frozen=True)
class Instruments:
    """All detectors and metrics of a model, and what is wrong with those that cannot be used.

    Attributes:
        code: the team's files with their times and sizes when they were read.
    """

    detectors: tuple[Instrument, ...]
    metrics: tuple[Instrument, ...]
    faults: tuple[Signal, ...] = ()
    code: tuple[tuple[str, int, int], ...] = ()

    @property
    def outdated(self) -> bool:
        """Whether somebody has saved a plugin since: what is measured now would be measured anew."""
        return any(_times(path) != (at, size) for path, at, size in self.code)

    @property
    def digest(self) -> str:
        """Names everything that a window is measured with."""
        parts = [i.digest for i in (*self.detectors, *self.metrics)] + sorted(s.name for s in self.faults)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]

    @property
    def needs_rows(self) -> bool:
        """Whether a detector asks for all rows themselves, not for profiles or a sample."""
        return any(d.info.takes in ("arrow", "pandas") and d.info.sample is None for d in self.detectors)

    @property
    def text(self) -> bool:
        """Whether a detector is for text columns alone: then their characters and tokens are counted too."""
        return any(d.info.kinds == ("text",) and d.info.takes == "profile" for d in self.detectors)

    @property
    def sample(self) -> int:
        """Rows of each side that the detectors which take a sample ask for at most; 0 where none takes one."""
        return max((d.info.sample for d in self.detectors if d.info.sample is not None), default=0)


def build(spec: ModelSpec, catalog: PluginCatalog, runner: Callable[[], Runner]) -> Instruments:
    """The model's instruments. `runner` starts the plugins' process when the first team plugin is needed."""
    faults: list[Signal] = []
    # Before they are read: what is saved meanwhile is then taken for newer, never for older.
    files = dict.fromkeys(row.file for row in catalog.rows if row.origin == "drop-in" and row.file)
    code = tuple((path, *_times(path)) for path in files)
    detectors = _instruments("detector", detector_uses(spec, catalog), catalog, runner, faults)
    metrics = _instruments("metric", metric_uses(spec, catalog), catalog, runner, faults)
    for metric in list(metrics):
        if spec.task not in metric.info.tasks:
            metrics.remove(metric)
            says = f'metric "{metric.name}" is for {", ".join(metric.info.tasks)} models, not for {spec.task}'
            faults.append(Signal(metric.name, None, state="error", message=says, source=metric.source))
    if not spec.monitor.detectors:
        faults += _broken_files(catalog)
    return Instruments(tuple(detectors), tuple(metrics), tuple(faults), code)


def _times(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _instruments(
    kind: str,
    named: Iterable[PluginUse],
    catalog: PluginCatalog,
    runner: Callable[[], Runner],
    faults: list[Signal],
) -> list[Instrument]:
    made: list[Instrument] = []
    for use in named:
        try:
            info = catalog.find(kind, use.name)
            made.append(_instrument(info, use, catalog, runner))
        except LifecycleError as exc:
            faults.append(fault_signal(use.name, exc))
    return made


def _instrument(info: PluginInfo, use: PluginUse, catalog: PluginCatalog, runner: Callable[[], Runner]) -> Instrument:
    objects: dict[str, Any] = {}
    per_column: dict[str, str] = {}
    wanted: dict[str, Mapping[str, Any]] = {"": use.options}
    for column, options in use.per_column.items():
        merged = {**use.options, **options}
        per_column[column] = json.dumps(merged, sort_keys=True, default=str)
        wanted[per_column[column]] = merged
    for key, options in wanted.items():
        wrong = catalog.check_options(info, options)
        if wrong:
            text = "; ".join(f"{w.message}{f' ({w.hint})' if w.hint else ''}" for w in wrong)
            raise PluginFault(info.name, "options", text, file=info.file, line=info.line)
        objects[key] = catalog.make(info, options, runner=None if info.origin == "builtin" else runner())
    said = json.dumps([info.key, dict(use.options), sorted(per_column.items())], sort_keys=True, default=str)
    found = hashlib.sha256(said.encode())
    if info.origin != "builtin":
        found.update(source(info.file))
    return Instrument(info, objects, per_column, found.hexdigest()[:16])


def _broken_files(catalog: PluginCatalog) -> list[Signal]:
    """Drop-ins that would have taken part by default and cannot."""
    broken = []
    for info in catalog.rows:
        if info.origin == "drop-in" and info.fault is not None and info.kind in ("", "detector", "metric"):
            broken.append(fault_signal(info.name, info.fault.error(info.name)))
    return broken


def fault_signal(name: str, exc: LifecycleError, column: str | None = None) -> Signal:
    """The error as the signal that stands where the plugin's result would have been."""
    detail: dict[str, Any] = {}
    if isinstance(exc, PluginFault):
        detail = {"fault": exc.kind, "plugin": exc.plugin, "file": exc.file, "line": exc.line}
        detail |= {"hint": exc.hint} if exc.hint else {}
        message = f"plugin {exc.plugin}: {exc.message} ({exc.place})" if exc.file else f"plugin {exc.plugin}: {exc}"
    else:
        message = f"{exc.message}{f' ({exc.hint})' if exc.hint else ''}"
    full = f"{name}.{column}" if column else name
    return Signal(full, None, state="error", message=hidden(message), column=column, source=name, detail=detail)

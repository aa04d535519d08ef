"""Names and options of plugins against what is installed: detectors, metrics, strategies, sources and the rest.

A misspelt option is an unknown key as any other. Called by `all`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lifecycle_tui import config
from lifecycle_tui.checking.ground import Ground, broken, plugins_known
from lifecycle_tui.checking.signals import is_estimate
from lifecycle_tui.config.reading import Reading
from lifecycle_tui.config.report import View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import Part
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.nearest import meant
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.specs import NotifierSpec, PluginUse, SecretRef, TableSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo


def model_problems(ground: Ground) -> Iterator[Problem]:
    """Everything wrong with the plugins that a model names."""
    yield from _tables(ground)
    for kind, uses in (("detector", ground.spec.monitor.detectors), ("metric", ground.spec.monitor.metrics)):
        for index, use in enumerate(uses):
            yield from _instrument(ground, kind, index, use)
    training, rollout = ground.spec.training, ground.spec.rollout
    if training is not None and not training.command:
        yield from _single(ground, "strategy", ("training", "strategy"), training.strategy, training.options)
    if rollout is not None:
        yield from _single(ground, "deployer", ("rollout", "deployer"), rollout.deployer, rollout.options)


def notifier_problems(reading: Reading, notifier: NotifierSpec, plugins: PluginCatalog) -> Iterator[Problem]:
    """Everything wrong with a notifier's name and options."""
    view, path = reading.top, ("notifiers", notifier.name)
    try:
        info = plugins.find("notifier", notifier.use)
    except LifecycleError as exc:
        if plugins_known(reading):
            yield view.row("unknown-notifier", (*path, "use"), exc.message, hint=exc.hint)
        return
    yield from option_problems(view, path, info, notifier.options, plugins)


def _instrument(ground: Ground, kind: str, index: int, use: PluginUse) -> Iterator[Problem]:
    """A detector or metric. A broken one is a warning: it costs its own signals only."""
    if kind == "metric" and is_estimate(ground.spec, use, ground.plugins):
        return
    plugins, listed = ground.plugins, isinstance(ground.view.value("monitor", f"{kind}s"), list)
    path: KeyPath = ("monitor", f"{kind}s", index if listed else use.name)
    try:
        info = plugins.find(kind, use.name)
    except LifecycleError as exc:
        torn = broken(plugins, use.name) or plugins.get(kind, use.name) is not None
        part: Part = "value" if listed else "key"
        if torn:
            yield ground.view.row("broken-plugin", path, exc.message, part=part, hint=exc.hint, level="warning")
        elif ground.complete:
            yield ground.view.row(f"unknown-{kind}", path, exc.message, part=part, hint=exc.hint)
        return
    yield from option_problems(ground.view, path, info, use.options, plugins)
    for column, options in use.per_column.items():
        yield from option_problems(ground.view, (*path, "columns", column), info, options, plugins, whole=False)


def _single(ground: Ground, kind: str, path: KeyPath, name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """The strategy or the deployer. A broken one is an error: nothing could be trained, or brought to serve."""
    if ground.view.unsure(*path):
        return
    try:
        info = ground.plugins.find(kind, name)
    except LifecycleError as exc:
        torn = broken(ground.plugins, name)
        if torn or ground.complete:
            where = (*path, "use") if ground.view.written(*path, "use") else path
            yield ground.view.row("broken-plugin" if torn else f"unknown-{kind}", where, exc.message, hint=exc.hint)
        return
    yield from option_problems(ground.view, path, info, options, ground.plugins)


def _tables(ground: Ground) -> Iterator[Problem]:
    """Options of tables that no source takes: a misspelt key of ours would be read as one."""
    data = ground.spec.data
    tables = (
        ("table", data.table),
        ("features", data.features),
        ("predictions", data.predictions),
        ("labels", data.labels.table),
        ("reference", data.reference.table),
    )
    for name, table in tables:
        path: KeyPath = ("data", name)
        if table is None or not (table.options or table.use) or ground.view.unsure(*path):
            continue
        try:
            info = _source(table, ground.plugins)
        except LifecycleError as exc:
            if ground.complete:
                yield ground.view.row("unknown-source", (*path, "use"), exc.message, hint=exc.hint)
            continue
        if info is not None:
            yield from option_problems(ground.view, path, info, table.options, ground.plugins)
            continue
        for option in table.options:
            says = f"{option!r} is no key of a table, and no source is known for this file"
            hint = meant(option, _keys(ground.view, path)) or "name one with use = "
            yield ground.view.row("unknown-key", (*path, option), says, part="key", hint=hint)


def _source(table: TableSpec, plugins: PluginCatalog) -> PluginInfo | None:
    """The source that reads a table: the one it names, else the one for its suffix."""
    if table.use is not None:
        return plugins.find("source", table.use)
    return next((i for i in plugins.all("source") if i.usable and table.location.lower().endswith(i.suffixes)), None)


def _keys(view: View, path: KeyPath) -> tuple[str, ...]:
    """The program's own keys of a table that are still free, all of them if none is."""
    keys = config.known_keys((*view.key, *path))
    return tuple(key for key in keys if not view.written(*path, key)) or keys


def option_problems(
    view: View,
    path: KeyPath,
    info: PluginInfo,
    options: Mapping[str, object],
    plugins: PluginCatalog,
    *,
    whole: bool = True,
) -> Iterator[Problem]:
    """Options that the plugin does not take, each at its own place, with a guess among its keys and ours.

    Args:
        path: of the table below the view.
        whole: these are all its options, so that a required one must be among them.
    """
    # A secret is a text once it is read.
    given = {name: "" if isinstance(value, SecretRef) else value for name, value in options.items()}
    free = [option.name for option in info.options if option.name not in given]
    misspelt: set[str] = set()
    for wrong in plugins.check_options(info, given):
        where: KeyPath = (*path, wrong.option)
        if view.broken(*where):
            continue
        if wrong.code == "unknown-option":
            choices = (*_keys(view, path), *free) if whole else free
            hint = meant(wrong.option, choices) or wrong.hint
            misspelt.update(name for name in free if hint == f'did you mean "{name}"?')
            says = f'"{wrong.option}" is no key here, and no option of the {info.kind} {info.name}'
            yield view.row("unknown-key", where, says, part="key", hint=hint)
        elif wrong.code == "missing-option":
            if not whole or wrong.option in misspelt or view.unsure(*where):
                continue
            if info.kind == "notifier" and wrong.option == "path":
                continue  # the log notifier has a place of its own
            yield view.row(wrong.code, where, wrong.message, part="header", hint=wrong.hint)
        else:
            item = () if wrong.item is None else (wrong.item,)
            yield view.row(wrong.code, (*where, *item), wrong.message, hint=wrong.hint)

"""Has the panels of plugins drawn after an evaluation, and keeps what they return; terminals draw that. See `evaluate`.

A panel that fails is shown with its error, beside what it had returned before; it never fails the evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lifecycle_tui.agent.work.view import model_view
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.views import ModelView
from lifecycle_tui.plugin_host import shown
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult
from lifecycle_tui.plugin_host.runner import Runner
from lifecycle_tui.state import panels

Kept = tuple[Any, str | None]
"""What is stored of a panel: JSON values, and the error."""


def draw_panels(job: JobContext, spec: ModelSpec, runner: Callable[[], Runner]) -> int:
    """Draw every panel that is for this model; returns how many there are.

    Args:
        runner: starts the plugins' process when the first team plugin is needed.
    """
    plugins = job.workspace.plugins
    wanted = [info for info in plugins.all("panel") if not info.tasks or spec.task in info.tasks]
    with job.state.read() as conn:
        before = {row.name: row for row in panels.read(conn, spec.name)}
    drawn: dict[str, Kept] = {info.name: _drawn(job, spec, info, runner) for info in wanted}
    if plugins.whole:
        drawn |= dict(_gone(plugins, set(before) - set(drawn)))
    for name, (data, error) in drawn.items():
        was = before.get(name)
        if was is not None and was.error == error and (error is not None or was.data == data):
            continue  # every viewer reads what is written
        with job.state.write() as tx:
            panels.put(tx, spec.name, name, job.now, data, error)
    return len(wanted)


def _drawn(job: JobContext, spec: ModelSpec, info: PluginInfo, runner: Callable[[], Runner]) -> Kept:
    job.progress(0, None, "", f"{spec.name}: panel {info.name}")
    try:
        with job.state.read() as conn:
            view = model_view(conn, spec.name, info.windows)
        own = info.origin != "builtin"
        made = job.workspace.plugins.make(info, runner=runner() if own else None)
        return (shown.to_json(_called(info, made, view)), None) if view is not None else ([], None)
    except PluginFault as fault:
        error = f"{fault.message} ({fault.place})"
    except LifecycleError as exc:
        error = exc.message
    job.log("error", f"panel {info.name}: {error}")
    return None, error


def _called(info: PluginInfo, made: Any, view: ModelView) -> shown.Drawing:
    try:
        return shown.as_drawing(made.draw(view))
    except LifecycleError:
        raise
    except BadResult as exc:
        raise PluginFault(info.name, "result", f"draw: {exc}", file=info.file, line=info.line) from exc
    except Exception as exc:
        raise PluginFault(info.name, "raised", f"{type(exc).__name__}: {exc}", file=info.file, line=info.line) from exc


def _gone(plugins: PluginCatalog, names: set[str]) -> Iterator[tuple[str, Kept]]:
    """What becomes of panels that nobody draws now: they vanish, unless the file that had them may be a broken one."""
    broken = [row for row in plugins.rows if row.fault is not None and not row.disabled and row.origin != "builtin"]
    for name in sorted(names):
        known = [row for row in plugins.rows if (row.kind, row.name) == ("panel", name)]
        its = [row for row in broken if row in known] or [row for row in broken if row.kind == "" and not known]
        if its and its[0].fault is not None:
            yield name, (None, f"it is not registered now: {its[0].fault.message} ({its[0].place})")
        else:
            yield name, ([], None)

"""Runs a model's strategy: one that ships in this process, a team's in the plugins' process. Called by the retrain job.

Whatever comes back is opened as any artefact is, before it is registered: nothing of it is taken on trust.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lifecycle_tui.domain.delivery import FitRequest, FitResult
from lifecycle_tui.domain.errors import LifecycleError, PluginFault, TrainingError
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.proxies import StrategyProxy
from lifecycle_tui.plugin_host.results import BadResult, as_fit
from lifecycle_tui.plugin_host.runner import Runner

LONGEST = 24 * 3600.0
"""Seconds of a team's strategy where nobody says less; the job has a time limit of its own."""


def fit_with(
    strategy: str,
    options: Mapping[str, Any],
    plugins: PluginCatalog,
    runner: Runner | Callable[[], Runner],
    request: FitRequest,
    *,
    limit: float | None = None,
) -> FitResult:
    """What the strategy makes of the request.

    Args:
        strategy, options: as the file has them.
        runner: of team plugins; or what gives it, asked only if it is needed.
        limit: seconds that a team's strategy may take.

    Raises:
        UsageError: there is no such strategy, or the options do not fit.
        TrainingError: the rows cannot be learned from; the message is for the person who waits.
        PluginFault: a team's strategy failed, with its file and line.
    """
    info = plugins.find("strategy", strategy)
    own = info.origin != "builtin"
    made = plugins.make(info, options, runner=(runner if isinstance(runner, Runner) else runner()) if own else None)
    if isinstance(made, StrategyProxy):
        made.seconds = limit or LONGEST
        return made.fit(request)
    try:
        return as_fit(made.fit(request))
    except LifecycleError:
        raise
    except BadResult as exc:
        raise PluginFault(info.name, "result", f"fit: {exc}", file=info.file, line=info.line) from exc
    except Exception as exc:
        raise TrainingError(f"{strategy} failed: {type(exc).__name__}: {exc}") from exc

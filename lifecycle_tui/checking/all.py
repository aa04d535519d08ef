"""All checks of a workspace together, in one run: what is wrong is said once, at its place. Called by `workspace`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lifecycle_tui.checking import conditions, disarmed, options, timing
from lifecycle_tui.checking.ground import Ground
from lifecycle_tui.checking.signals import signals
from lifecycle_tui.config.reading import Reading
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.plugin_host.catalog import PluginCatalog

_CHECKS: tuple[Callable[[Ground], Iterator[Problem]], ...] = (
    options.model_problems,
    conditions.problems,
    timing.problems,
    disarmed.problems,
)
NAMED = 3
"""So many models are named where something in the defaults is wrong for some."""


def problems(reading: Reading, plugins: PluginCatalog) -> tuple[Problem, ...]:
    """Every problem of a workspace's files, those that its reading found included, in the order of the files."""
    found: dict[tuple[str, str, str], list[list[tuple[str, Problem]]]] = {}
    for spec in reading.spec.models:
        known = signals(spec, spec.columns.kinds, plugins)
        ground = Ground(spec, reading.models[spec.name], reading, plugins, known)
        for check in _CHECKS:
            for problem in check(ground):
                alike = found.setdefault((problem.code, problem.key, problem.message), [])
                same = next((rows for rows in alike if rows[0][1].place == problem.place), None)
                if same is None:
                    alike.append(same := [])
                same.append((spec.name, problem))
    for alike in found.values():
        for rows in alike:
            reading.report.add(_named(rows, len(reading.spec.models)))
    for notifier in reading.spec.notifiers:
        for problem in options.notifier_problems(reading, notifier, plugins):
            reading.report.add(problem)
    return reading.problems


def _named(rows: list[tuple[str, Problem]], models: int) -> Problem:
    """One problem for all models that it is found in; what is wrong in the defaults for some says for which."""
    problem = rows[0][1]
    if not problem.key.startswith("defaults") or len(rows) == models:
        return problem
    names = [name for name, _ in rows]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return replace(problem, message=f"{problem.message} (for {', '.join(names[:NAMED])}{more})")

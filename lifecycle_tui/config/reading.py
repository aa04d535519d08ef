"""A workspace's files as they were read: what is sound of them, every problem so far, and the way back to the places.

Made by `loading.examine`. The checks that need plugins and rules go on from here, with errors in the file or without;
what they find goes to the same report, so that one run says everything once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lifecycle_tui.config.report import Report, View
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.specs import WorkspaceSpec


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        spec: the workspace; for checks alone unless `sound`: something stands in for what was wrong.
        top: the main file's table.
        models: each model's table with the defaults behind it, by name; those too whose file could not be read.
        files: names of all files, as places have them, in the order in which they were read.
    """

    spec: WorkspaceSpec
    top: View
    models: Mapping[str, View]
    files: tuple[str, ...]

    @property
    def report(self) -> Report:
        """Where further checks report to."""
        return self.top.report

    @property
    def sound(self) -> bool:
        """Whether no error has been found so far."""
        return not self.report.failed

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem so far, each once, in the order of the files."""
        order = {name: index for index, name in enumerate(self.files)}
        return tuple(sorted(_unique(self.report.problems), key=lambda problem: _order(problem, order)))


def _unique(problems: list[Problem]) -> list[Problem]:
    """Without repetitions: what is wrong in the defaults is wrong once, whatever the number of models."""
    seen: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.code, problem.place, problem.message), problem)
    return list(seen.values())


def _order(problem: Problem, files: dict[str, int]) -> tuple[int, int, int]:
    if problem.place is None:
        return (len(files), 0, 0)
    return (files.get(problem.place.file, len(files)), problem.place.line, problem.place.column)

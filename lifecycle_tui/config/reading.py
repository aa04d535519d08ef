"""A workspace's files as they were read: what is sound of them, every problem so far, and the way back to the places.

Made by `loading.examine`. The checks that need plugins and rules go on from here, with errors in the file or without;
what they find goes to the same report, so that one run says everything once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lifecycle_tui.config.report import Report, View
from lifecycle_tui.domain.problems import Place, Problem
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
        by_file: dict[str, list[Problem]] = {name: [] for name in (*self.files, "")}
        for problem in each_once(self.report.problems):
            place = problem.place
            by_file[place.file if place is not None and place.file in by_file else ""].append(problem)
        # A place is looked for only where there is something to sort.
        return tuple(row for rows in by_file.values() for row in (sorted(rows, key=_spot) if len(rows) > 1 else rows))


def each_once(problems: Iterable[Problem]) -> list[Problem]:
    """Without repetitions: what is wrong in the defaults is wrong once, whatever the number of models."""
    first: dict[tuple[str, str, str], Place | None] = {}
    more: dict[tuple[str, str, str], set[Place | None]] = {}
    found = []
    for problem in problems:
        place = problem.place
        said = (problem.code, problem.message, "" if place is None else place.file)
        # Where one stands alone its place is not looked for.
        if said in first:
            places = more.setdefault(said, {first[said]})
            if place in places:
                continue
            places.add(place)
        else:
            first[said] = place
        found.append(problem)
    return found


def _spot(problem: Problem) -> tuple[int, int]:
    return (0, 0) if problem.place is None else (problem.place.line, problem.place.column)

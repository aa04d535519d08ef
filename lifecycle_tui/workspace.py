"""Opens a workspace: its file, its plugins and its rules together, and the checks that need all three.

Called by every command that works on a workspace and by the workers. Reads declarations only: no data, no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui import config
from lifecycle_tui.checking import problems
from lifecycle_tui.checking.conditions import against, conditions
from lifecycle_tui.checking.signals import detector_uses, metric_uses, signals
from lifecycle_tui.config.reading import Reading
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.limits import import_limits
from lifecycle_tui.policy.expressions import compile_expression
from lifecycle_tui.policy.rules import compile_rule

if TYPE_CHECKING:
    from lifecycle_tui.policy.facts import CompiledRule

__all__ = ["Examined", "Workspace", "check", "detector_uses", "examine", "metric_uses", "open_workspace", "signals"]


@dataclass(frozen=True)
class Workspace:
    """A workspace whose declarations are free of errors.

    Attributes:
        warnings: problems that do not stop it.
    """

    spec: WorkspaceSpec
    plugins: PluginCatalog
    warnings: tuple[Problem, ...] = field(default=())

    def rules(self, model: ModelSpec, kinds: Mapping[str, ColumnKind]) -> tuple[CompiledRule, ...]:
        """The model's rules, compiled against the signals that its columns and plugins give."""
        known = signals(model, kinds, self.plugins)
        return tuple(compile_rule(model.name, rule, known) for rule in model.rules)

    def rule_problems(self, model: ModelSpec, kinds: Mapping[str, ColumnKind]) -> tuple[Problem, ...]:
        """What is wrong with the model's rules and gates now that the data has shown which columns there are.

        A rule that reads a column which is not there would never fire, a gate never pass: neither must happen silently.
        """
        known = signals(model, kinds, self.plugins)
        found: list[Problem] = []
        places = [rule.place for rule in model.rules]
        places += [gate.place for gate in model.training.gates] if model.training else []
        judged = (condition for condition in conditions(model) if condition.kind != "abort")
        for condition, place in zip(judged, places, strict=True):
            key = dotted(("models", model.name, *condition.path))
            rows = against(condition, compile_expression(condition.text), known)
            found += (row.as_problem(place, key) for row in rows if row.level == "error")
        return tuple(found)


def open_workspace(
    file: Path | None = None,
    *,
    plugins: bool = True,
    given: Mapping[Path, bytes] | None = None,
    over: Mapping[Path, bytes] | None = None,
) -> Workspace:
    """The workspace of `file` (by default of this folder or one above).

    Args:
        given, over: the bytes of its files as they once were, or as an edit would have them: see `config.check`.

    Raises:
        ConfigError: with every problem, if there is an error among them.
    """
    path = file or config.find(Path.cwd())
    examined = _examine(path, plugins, given, over)
    if not examined.reading.sound:
        raise _refused(path, examined.problems)
    return examined.workspace


def check(path: Path, over: Mapping[Path, bytes] | None = None) -> tuple[Problem, ...]:
    """Every problem of the file, its plugins and rules, in one run. For edits and whoever shows what is wrong.

    Raises:
        ConfigError: only if the file itself is not there or cannot be read.
    """
    return examine(path, over).problems


@dataclass(frozen=True)
class Examined:
    """A workspace with everything that is wrong with it.

    Attributes:
        workspace: for further checks alone unless `reading.sound`: something stands in for what was wrong.
    """

    reading: Reading
    workspace: Workspace

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, each once, in the order of the files."""
        return self.reading.problems

    @property
    def doubtful(self) -> frozenset[str]:
        """Models that have errors: what rests on the whole of one is not judged."""
        wrong = [problem.key for problem in self.problems if problem.level == "error"]
        if any(key.startswith(("defaults", "workspace")) or not key for key in wrong):
            return frozenset(self.reading.models)
        starts = {name: dotted(("models", name)) for name in self.reading.models}
        return frozenset(name for name, start in starts.items() if any(f"{k}.".startswith(f"{start}.") for k in wrong))


def examine(path: Path, over: Mapping[Path, bytes] | None = None) -> Examined:
    """What `check` says, with what was read, for `config check`, which looks at the data too.

    Raises:
        ConfigError: only if the file itself is not there or cannot be read.
    """
    return _examine(path, True, None, over)


def _examine(
    path: Path, plugins: bool, given: Mapping[Path, bytes] | None, over: Mapping[Path, bytes] | None
) -> Examined:
    reading = config.examine(path, given, over)
    spec = reading.spec
    catalog = PluginCatalog.open(spec.root, spec.plugins, enabled=plugins, limits=import_limits())
    return Examined(reading, Workspace(spec, catalog, problems(reading, catalog)))


def _refused(path: Path, problems: tuple[Problem, ...]) -> ConfigError:
    errors = sum(p.level == "error" for p in problems)
    many = "1 error" if errors == 1 else f"{errors} errors"
    return ConfigError(f"{path} has {many}", problems, hint="mend them; `lifecycle config check` looks again")

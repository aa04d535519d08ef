"""The conformance suite as items of pytest: one test a check, run in a plugin process as `plugins check` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.base import CheckResult, Trial
    from lifecycle_tui.plugin_host.info import PluginInfo


@dataclass(frozen=True)
class Conformance:
    """One check of one plugin, to be run by a test.

    Attributes:
        name: of the check.
    """

    name: str
    info: PluginInfo
    trial: Trial

    def result(self) -> CheckResult:
        """How it ended. The checks of a plugin are all run when the first is asked for."""
        return _results(self.info, self.trial)[self.name]

    def run(self) -> None:
        """Fail the test, or skip it, as the check does."""
        result = self.result()
        if result.state == "skipped":
            pytest.skip(result.came)
        if result.state == "failed":
            hint = f"\nhint: {result.hint}" if result.hint else ""
            said = f"{result.plugin} {result.says}\nexpected {result.expected}\ngot {result.came}"
            pytest.fail(f"{said}\nat {result.place}{hint}", pytrace=False)


def conformance(
    file: str | os.PathLike[str],
    *,
    options: Mapping[str, Any] | None = None,
    location: str | None = None,
    send: bool = False,
    seconds: float = 20.0,
) -> pytest.MarkDecorator:
    """Run a test, whose parameter is `check`, once for each check of each plugin that the file registers.

    Args:
        file: the plugin's file, or its folder where it is a package.
        options, location, send, seconds: as `lifecycle plugins check` takes them.
    """
    from lifecycle_tui.plugin_host.conformance import suite
    from lifecycle_tui.plugin_host.conformance.base import Trial

    trial = Trial(tuple((options or {}).items()), location, send, seconds)
    rows = _rows(Path(os.path.abspath(file)))
    cases = [
        pytest.param(Conformance(name, row, trial), id=f"{row.name}-{name}")
        for row in rows
        for name in (suite.names(row) if row.fault is None else ("registered",))
    ]
    return pytest.mark.parametrize("check", cases)


def _rows(path: Path) -> tuple[PluginInfo, ...]:
    """What the file registers; a test file that is collected twice does not import it twice."""
    from lifecycle_tui.plugin_host import discover
    from lifecycle_tui.plugin_host.index import index_one

    candidate = discover.drop_in(path / "__init__.py" if path.is_dir() else path)
    key = (candidate.path, discover.stamp(candidate))
    if key not in _indexed:
        _indexed[key] = index_one(candidate).rows
    return _indexed[key]


def _results(info: PluginInfo, trial: Trial) -> Mapping[str, CheckResult]:
    from lifecycle_tui.plugin_host.conformance.suite import Suite

    key = (info, trial)
    known = next((found for one, found in _checked if one == key), None)
    if known is None:
        with Suite(trial) as suite:
            known = {result.check: result for result in suite.run(info)}
        _checked.append((key, known))
    return known


_indexed: dict[tuple[str, str], tuple[PluginInfo, ...]] = {}
_checked: list[tuple[tuple[PluginInfo, Trial], Mapping[str, CheckResult]]] = []

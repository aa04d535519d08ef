"""What a check works with: objects of the plugin, made as the file would have them made. Runs in its process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from lifecycle_tui.plugin_host import options
from lifecycle_tui.plugin_host.conformance.base import Failed, Trial
from lifecycle_tui.plugin_host.conformance.watching import Seen
from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo
from lifecycle_tui.plugin_host.results import BadResult, as_measurement

GROUP = "group"
"""The column that the made outcomes of metrics have as a group."""
CPU_SECONDS = 2.0
"""What measuring 100,000 rows may take, of the processor's time: a machine that is busy otherwise changes nothing."""


class Bench:
    """One plugin on the bench.

    Attributes:
        cls, info: the plugin.
        api: the module `lifecycle_tui.api`.
        scratch: a folder of this check's own, which stands for the workspace; the working folder too.
        trial: how it is tried.
        seen: what it has written so far.
    """

    def __init__(
        self, cls: Any, info: PluginInfo, trial: Trial, api: ModuleType, scratch: str, seen: Seen | None = None
    ) -> None:
        self.cls, self.info, self.trial, self.api, self.scratch = cls, info, trial, api, scratch
        self.seen = seen
        self.location: str | None = None

    # -- objects ----------------------------------------------------------------------------------------------------

    def given(self) -> dict[str, Any]:
        """The options it is tried with, as the constructor gets them: the trial's, its `example`, guesses.

        Raises:
            Failed: where they do not fit what it declares.
        """
        example = getattr(self.cls, "example", {})
        if not isinstance(example, Mapping):
            raise Failed("`example` to be a mapping of options", type(example).__name__)
        found = {**example, **dict(self.trial.options)}
        for option in self.info.options:
            if option.required and option.name not in found:
                found[option.name] = self._guess(option)
        wrong = options.check(self.info.options, found)
        if wrong:
            said = "; ".join(f"{p.option}: {p.message}" for p in wrong)
            raise Failed("options that fit", said, "give them as --option NAME=VALUE, or as `example` of the class")
        return options.complete(self.info.options, found)

    def make(self, **over: Any) -> Any:
        """A new object of it, with `over` in place of some options. What its constructor raises passes through."""
        place = [] if self.location is None else [self.location]
        return self.cls(*place, **{**self.given(), **over})

    def _guess(self, option: OptionInfo) -> Any:
        """A value for an option without a default."""
        if option.choices:
            return option.choices[0]
        if option.type.startswith("list["):
            return [self._guess(OptionInfo(option.name, option.type[5:-1]))]
        if option.type != "str":
            return {"int": 1, "float": 1.0, "bool": False}[option.type]
        if any(word in option.name for word in ("path", "file", "folder", "dir")):
            return os.path.join(self.scratch, "out")
        if "url" in option.name:
            return "http://127.0.0.1:9/"
        return GROUP

    # -- measuring --------------------------------------------------------------------------------------------------

    def checked(self, value: Any, method: str = "measure") -> Any:
        """A detector's or metric's answer as a `Measurement`.

        Raises:
            Failed: for anything the program would refuse.
        """
        try:
            return as_measurement(value)
        except BadResult as exc:
            hint = "return a float, None where there is no number, or Measurement(None, message=…) to say why"
            raise Failed("a finite number, a Measurement or None", str(exc), hint, method=method) from None

    def same(self, one: Any, two: Any, expected: str, hint: str = "") -> None:
        """Refuse two measurements that differ by more than rounding.

        Raises:
            Failed: if they do.
        """
        for name in ("value", "lower", "upper", "n", "p_value", "effect"):
            a, b = getattr(one, name), getattr(two, name)
            if a is None and b is None:
                continue
            if a is None or b is None or abs(a - b) > 1e-9 * max(1.0, abs(a), abs(b)):
                raise Failed(expected, f"{name} {_shown(a)} and {_shown(b)}", hint, method="measure")


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.10g}"

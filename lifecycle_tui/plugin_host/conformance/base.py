"""What a check is and how it ends. Imported by both ends: the program that lists and reports, the process that runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that plugins of a kind must do.

    Attributes:
        name: short, with hyphens; unique within a kind.
        says: what is demanded, one sentence.
        run: does it; returns, or raises `Failed` or `Skipped`. Whatever else it raises is the plugin's failure.
        after: name of a check without which this one would only say the same again.
    """

    name: str
    says: str
    run: Callable[[Bench], None]
    after: str = ""


class Failed(Exception):
    """The plugin does not do what the check demands.

    Args:
        expected, came: the demand and what was found instead, a few words each.
        hint: what to do about it, in one sentence.
        method: of the plugin, to which the failure is charged; its class where it is "".
        place: file and line, where the check knows them better.
    """

    def __init__(
        self, expected: str, came: str, hint: str = "", *, method: str = "", place: tuple[str, int] | None = None
    ) -> None:
        super().__init__(f"expected {expected}, got {came}")
        self.expected, self.came, self.hint, self.method, self.place = expected, came, hint, method, place


class Skipped(Exception):
    """The check does not apply, or cannot be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check of one plugin ended.

    Attributes:
        kind, plugin, check: which.
        says: what the check demands.
        expected, came, hint: as in `Failed`; `came` is the reason of a skipped check.
        file, line: of the plugin, where to look; None where nothing is wrong.
        seconds: wall time.
    """

    kind: str
    plugin: str
    check: str
    says: str
    state: State
    expected: str = ""
    came: str = ""
    hint: str = ""
    file: str | None = None
    line: int | None = None
    seconds: float = 0.0

    @property
    def place(self) -> str:
        """`file:line`, or "" where nothing is wrong."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file or ""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a plugin is tried.

    Attributes:
        options: given for it, in place of its `example` and of guesses.
        location: what a source reads, where it cannot read a table that the suite writes.
        send: whether a notifier may really send one message.
        seconds: wall time of one check.
    """

    options: tuple[tuple[str, Any], ...] = ()
    location: str | None = None
    send: bool = False
    seconds: float = 20.0

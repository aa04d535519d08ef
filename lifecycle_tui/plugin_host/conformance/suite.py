"""Runs the checks of a plugin, each as one guarded request to a plugin process; used by the command and by `testing`.

A check that hangs, dies or eats memory is a failed check with the plugin's file and line; the next goes on in a new
process. Where the process is lost twice by hanging, the rest is skipped: it would only take longer to say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from types import TracebackType
from typing import Any

from lifecycle_tui.plugin_host import blame
from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, CheckResult, Trial
from lifecycle_tui.plugin_host.conformance.inside import checks_of
from lifecycle_tui.plugin_host.info import DEADLY, Candidate, PluginInfo
from lifecycle_tui.plugin_host.process import Lost, Process, Setup

API = "lifecycle_tui.api"
"""What the checks see of the program: no more than a plugin does. It lies above this room, so it goes by name."""
MEMORY = 2 * 1024**3
STRIKES = 2
PLAIN = Trial()


def names(info: PluginInfo) -> tuple[str, ...]:
    """Names of the checks of a plugin, in the order in which they are reported. Starts nothing."""
    return ("registered", *(c.name for c in (*checks_of(info), *common.SEEN)))


class Suite:
    """Holds the plugin process; one for many plugins. A file that has been checked gets no share of another's.

    Args:
        trial: how plugins are tried.
        memory: bytes that a process may grow by.
    """

    def __init__(self, trial: Trial = PLAIN, *, memory: int = MEMORY) -> None:
        self.trial = trial
        self._memory = memory
        self._process: Process | None = None
        self._home = ""

    def __enter__(self) -> Suite:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process. Harmless a second time."""
        if self._process:
            self._process.end()
        self._process = None

    def run(self, info: PluginInfo, only: Iterable[str] | None = None) -> Iterator[CheckResult]:
        """The results of a plugin's checks as they come; of a broken plugin the one that says why it is.

        Args:
            only: names of checks; all by default. Those that a named one is after are run too, and not reported.
        """
        wanted = None if only is None else set(only)
        for result in self._run(info, wanted):
            if wanted is None or result.check in wanted:
                yield result

    def _run(self, info: PluginInfo, wanted: set[str] | None) -> Iterator[CheckResult]:
        registered = _registered(info)
        yield registered
        if registered.state == "failed":
            return
        self._share_with(info)
        states: dict[str, str] = {}
        seen = _Seen(info)
        lost = 0
        checks = list(checks_of(info))
        for check in _needed(checks, wanted):
            if lost >= STRIKES:
                yield _result(info, check, "skipped", came="the process was lost twice in other checks")
                continue
            if states.get(check.after, "passed") != "passed":
                states[check.name] = "skipped"
                yield _result(info, check, "skipped", came=f"{check.after} comes first")
                continue
            result, deadly = self._one(info, check, seen)
            lost += deadly
            states[check.name] = result.state
            yield result
        yield from seen.results()

    def _share_with(self, info: PluginInfo) -> None:
        """Built-ins share a process; each other file gets one of its own."""
        home = "" if info.origin == "builtin" else info.home
        if home != self._home:
            self.close()
        self._home = home

    def _one(self, info: PluginInfo, check: Check, seen: _Seen) -> tuple[CheckResult, bool]:
        """One check's result, and whether it has cost the process."""
        if self._process is None or not self._process.alive:
            warm = () if info.kind in ("notifier", "deployer", "command", "panel", "event") else ("numpy", "pyarrow")
            self._process = Process.start(Setup(self._memory, warm))
        process = self._process
        try:
            reply, _ = process.ask(_request(info, check, self.trial), [], self.trial.seconds)
        except Lost as lost:
            file, line = blame.place_in_dump(lost.dump, info.home)
            file, line = (file, line) if line else (info.file, info.line)
            expected = f"an answer within {self.trial.seconds:g} s" if lost.kind == "timeout" else "no such end"
            return _result(info, check, "failed", expected, str(lost), file=file, line=line), True
        if "fault" in reply:
            fault = reply["fault"]
            file, line = fault["file"] or info.file, fault["line"] or info.line
            deadly = fault["kind"] in DEADLY
            if deadly:
                self.close()
            return _result(info, check, "failed", "no exception", fault["message"], file=file, line=line), deadly
        told = reply["value"]
        seen.add(told, process.printed, process.log_text())
        words = {k: told.get(k) for k in ("expected", "came", "hint", "file", "line") if told.get(k)}
        return replace(_result(info, check, told["state"]), seconds=told["seconds"], **words), False


class _Seen:
    """What was seen over all checks of a plugin, as three results."""

    def __init__(self, info: PluginInfo) -> None:
        self._info = info
        self._printed: tuple[str, Any] | None = None
        self._writes: list[Any] = []
        self._refused: list[Any] = []

    def add(self, told: dict[str, Any], printed: int, log: str) -> None:
        if printed and self._printed is None:
            self._printed = (log, told["printed"])
        self._writes += told["writes"]
        self._refused += told["refused"]

    def results(self) -> Iterator[CheckResult]:
        info = self._info
        if self._printed:
            text, place = self._printed
            file, line = place or (info.file, info.line)
            hint = "say it in a Measurement's message, or raise: output of plugins goes nowhere people look"
            yield _result(info, common.PRINTS, "failed", "silence", repr(text[:80]), hint, file, line)
        else:
            yield _result(info, common.PRINTS, "passed")
        for check, found, expected in (
            (common.WRITES, self._writes, "no file changed"),
            (common.OFFLINE, self._refused, "no connection"),
        ):
            if found:
                what, file, line = found[0]
                yield _result(info, check, "failed", expected, what, file=file, line=line)
            else:
                yield _result(info, check, "passed")


def _needed(checks: list[Check], wanted: set[str] | None) -> list[Check]:
    """Those that are asked for with those they are after; all where the end is judged over all of them."""
    if wanted is None or wanted & {c.name for c in common.SEEN}:
        return checks
    needed = set(wanted)
    for check in reversed(checks):
        if check.name in needed and check.after:
            needed.add(check.after)
    return [c for c in checks if c.name in needed]


def _registered(info: PluginInfo) -> CheckResult:
    """Whether the file registers it as its kind asks: what the index found, as a result."""
    says = "is registered as its kind asks: name, attributes, methods, options"
    base = CheckResult(info.kind or "-", info.name, "registered", says, "passed")
    fault = info.fault
    if fault is None:
        return base
    came = f"{fault.kind}: {fault.message}"
    file, line = fault.file or info.file, fault.line or info.line
    expected = "a file that registers a plugin"
    return replace(base, state="failed", expected=expected, came=came, hint=fault.hint or "", file=file, line=line)


def _request(info: PluginInfo, check: Check, trial: Trial) -> dict[str, Any]:
    candidate = Candidate(info.origin, info.name, info.home, info.module, info.distribution)
    return {
        "op": "check",
        "candidate": asdict(candidate),
        "key": info.key,
        "info": info.to_json(),
        "check": check.name,
        "options": [list(pair) for pair in trial.options],
        "location": trial.location,
        "send": trial.send,
        "api": API,
    }


def _result(
    info: PluginInfo,
    check: Check,
    state: Any,
    expected: str = "",
    came: str = "",
    hint: str = "",
    file: str | None = None,
    line: int | None = None,
) -> CheckResult:
    return CheckResult(info.kind, info.name, check.name, check.says, state, expected, came, hint, file, line)

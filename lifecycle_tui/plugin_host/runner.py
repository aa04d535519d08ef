"""Guarded calls of team plugins in one further process of the job (DESIGN §3.3). Held by a worker while it works.

A call is noted, then made. An exception, a death, a hang, the memory limit or nonsense in return is a `PluginFault` of
that call; the next call goes on, in a new process where the old one is gone or cannot be trusted.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from lifecycle_tui.domain.errors import DataError, LifecycleError, PluginFault, TrainingError
from lifecycle_tui.domain.protocols import Batch
from lifecycle_tui.plugin_host import blame, wire
from lifecycle_tui.plugin_host.info import DEADLY, FaultInfo, PluginInfo
from lifecycle_tui.plugin_host.journal import Call, Journal
from lifecycle_tui.plugin_host.process import Lost, Process
from lifecycle_tui.plugin_host.results import BadResult, as_fit, as_measurement, as_version
from lifecycle_tui.plugin_host.rooms import Rooms
from lifecycle_tui.plugin_host.wire import Codec


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    Attributes:
        seconds: wall time of one call; a source's `read` has it anew for each batch.
        memory: bytes above what the process holds when it starts; of the process and all that it starts.
        strikes: calls that may cost the process before a plugin is not called again by this runner.
        slow: measurements that may take more than half of `seconds`, likewise: many columns, each just within the
            limit, would hold up a check for hours.
    """

    seconds: float = 60.0
    memory: int = 2 * 1024**3
    strikes: int = 3
    slow: int = 10


@dataclass(frozen=True, slots=True)
class PluginUse:
    """What a plugin has cost a runner so far.

    Attributes:
        plugin: `kind:name`.
        seconds: wall time of its calls, with the crossing of values.
        output: bytes written to stdout and stderr; `printed` is the end of them.
    """

    plugin: str
    calls: int = 0
    seconds: float = 0.0
    faults: int = 0
    output: int = 0
    printed: str = ""


_MEANT: dict[str, type[LifecycleError]] = {"DataError": DataError, "TrainingError": TrainingError}
"""Errors that a plugin raises to speak to the user, which come out as they are."""
_CANDIDATE = {"origin": "origin", "name": "name", "path": "home", "module": "module", "distribution": "distribution"}
"""Field of `Candidate` → field of `PluginInfo`: what the child loads."""


class _Doubtful(Exception):
    """Carries a fault that another plugin, or somebody outside, may have caused."""

    def __init__(self, fault: PluginFault, *, outside: bool = False) -> None:
        self.fault = fault
        self.outside = outside


class Runner:
    """Calls team plugins, one at a time; threads may share it.

    Args:
        limits: see `Limits`.
        codec: how profiles cross; without one only numbers, text, Arrow values and `Outcomes` do.
        journal: file to note calls in, e.g. `ROOT/.lifecycle/plugin-calls.jsonl`.
        on_call: told each call before it is made.
        on_end: told each call after it: the plugin, and the fault where it was at fault.
    """

    def __init__(
        self,
        *,
        limits: Limits = Limits(),
        codec: Codec | None = None,
        journal: Path | None = None,
        on_call: Callable[[Call], None] | None = None,
        on_end: Callable[[PluginInfo, PluginFault | None], None] | None = None,
    ) -> None:
        self.limits = limits
        self.subject = ""
        """What the next calls are about, for the journal; set by the caller."""
        self._codec = codec
        self._journal = Journal(journal) if journal else None
        self._on_call, self._on_end = on_call, on_end
        self._lock = threading.RLock()
        self._rooms = Rooms(limits.memory, codec.decode if codec else "")
        self._proven: set[str] = set()
        self._strikes: dict[str, list[PluginFault]] = {}
        self._slow: dict[str, int] = {}
        self._uses: dict[str, PluginUse] = {}
        self._run = os.urandom(6).hex()
        self._number = 0

    def call(
        self,
        info: PluginInfo,
        options: Mapping[str, Any],
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        location: str | None = None,
        seconds: float | None = None,
    ) -> Any:
        """Call a method of the plugin made with these options, which the index has passed.

        Args:
            args, kwargs: JSON values, instants, Arrow values, `Outcomes`, `Message`, `Fragment`, and what the codec
                takes. They cross by copy: nothing a plugin does to them is seen here.
            location: first constructor argument of a source.
            seconds: limit of this call, in place of the runner's.

        Returns:
            `Measurement` for `measure`, `FitResult` for `fit`, fragments for `fragments`, column → Arrow type for
            `schema`, an iterator of `Batch` for `read`, a number or None for `serving`, rows for `run`, `Row` and
            `Series` values for `draw`, a table for `probe`, `Explanation` for `explain`, None for `send`, `deploy` and
            events; else what the plugin returned.

        Raises:
            PluginFault: the plugin failed; charged to this call.
            DataError, TrainingError: the plugin raised it, to say what is wrong with the data.
            LifecycleError: no process could be started.
            Unsendable: an argument has no form on the wire (a mistake of the caller).
        """
        with self._lock:
            self._refuse_repeaters(info)
            self._number += 1
            call = Call(self._run, self._number, info.key, method, self.subject)
            request, parts = self._request(info, options, method, args, kwargs or {}, location)
            if self._journal:
                self._journal.begin(call)
            if self._on_call:
                self._on_call(call)
            begin, outcome, fault = time.perf_counter(), "broken", None
            try:
                value = self._guarded(info, request, parts, seconds or self.limits.seconds)
                outcome = "ok"
                return value
            except PluginFault as exc:
                outcome, fault = exc.kind, exc
                self._strike(info, exc)
                raise
            except LifecycleError:
                outcome = "error"
                raise
            finally:
                if self._journal:
                    self._journal.end(call, outcome)
                spent = time.perf_counter() - begin
                if method == "measure" and spent > (seconds or self.limits.seconds) / 2:
                    self._slow[info.key] = self._slow.get(info.key, 0) + 1
                self._account(info, spent, outcome)
                if self._on_end and outcome != "broken":
                    self._on_end(info, fault)

    @property
    def starts(self) -> int:
        """Processes started so far."""
        return self._rooms.starts

    def gave_up(self, info: PluginInfo) -> bool:
        """Whether the plugin has cost so many processes that it is not called again by this runner."""
        return len(self._strikes.get(info.key, ())) >= self.limits.strikes

    def uses(self) -> tuple[PluginUse, ...]:
        """What each plugin called so far has cost, in order of first call."""
        return tuple(self._uses.values())

    def close(self) -> None:
        """End the process and all that plugins started in it. Harmless a second time; a later call starts anew."""
        with self._lock:
            self._rooms.close()
            if self._journal:
                self._journal.close()
                self._journal = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # -- one call ---------------------------------------------------------------------------------------------------

    def _request(
        self,
        info: PluginInfo,
        options: Mapping[str, Any],
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        location: str | None,
    ) -> tuple[dict[str, Any], list[Any]]:
        packer = wire.Packer(self._codec)
        request = {
            "op": "call",
            "candidate": {f: getattr(info, a) for f, a in _CANDIDATE.items()},
            "key": info.key,
            "options": wire.Packer().pack(dict(options)),
            "location": location,
            "method": method,
            "takes": info.takes,
            "args": [packer.pack(a) for a in args],
            "kwargs": {k: packer.pack(v) for k, v in kwargs.items()},
        }
        return request, packer.parts

    def _guarded(self, info: PluginInfo, request: dict[str, Any], parts: list[Any], seconds: float) -> Any:
        """Make the call; once more in a fresh process where the fault may be somebody else's doing.

        A plugin may leave a ruined process behind (a patched module, a thread that crashes later). So the first fault
        of a plugin in a process that others used before it counts only if it happens again in a process of its own,
        unless the stack of its end lies in its own file. Its later faults are believed at once. A kill that came from
        nowhere is always tried again, as it may have come from outside. No message goes twice.
        """
        process, shared = self._rooms.enter(info)
        try:
            return self._ask(process, info, request, parts, seconds)
        except _Doubtful as doubt:
            others = shared and info.key not in self._proven
            if info.kind in ("notifier", "event") or not (others or doubt.outside):
                self._proven.add(info.key)
                raise doubt.fault from None
        except PluginFault:
            self._proven.add(info.key)
            raise
        self._rooms.leave(info)
        process, _ = self._rooms.enter(info)
        try:
            return self._ask(process, info, request, parts, seconds)
        except _Doubtful as doubt:
            self._proven.add(info.key)
            raise doubt.fault from None

    def _ask(
        self, process: Process, info: PluginInfo, request: dict[str, Any], parts: list[Any], seconds: float
    ) -> Any:
        entries: list[Any] = []
        try:
            reply, sent = process.ask(request, parts, seconds, lambda told: entries.append(told["batch"]))
            if "patched" in reply:  # it has not been called: another file has replaced what this one may use
                self._rooms.part(str(reply["by"]))
                process, _ = self._rooms.enter(info)
                reply, sent = process.ask(request, parts, seconds, lambda told: entries.append(told["batch"]))
        except Lost as lost:
            file, line = blame.place_in_dump(lost.dump, info.home)
            message = f"{request['method']} {lost}"
            fault = PluginFault(info.name, lost.kind, message, file=file or info.file, line=line or info.line)
            raise (fault if line else _Doubtful(fault, outside=lost.maybe_outside)) from None
        try:
            if "error" in reply:
                raise self._meant(reply["error"])
            if "fault" in reply:
                raise self._told(process, info, FaultInfo(**reply["fault"]))
            return self._value(info, request["method"], wire.unpack(reply["value"], sent), entries, process.spool)
        except (LifecycleError, _Doubtful):
            raise
        except BadResult as exc:
            raise _nonsense(info, request["method"], exc) from None
        except Exception as exc:  # whatever a ruined process sent: it is no answer
            process.end()
            message = f"{request['method']} returned something that cannot be read: {blame.describe(exc)}"
            raise _Doubtful(PluginFault(info.name, "result", message, file=info.file, line=info.line)) from None

    @staticmethod
    def _told(process: Process, info: PluginInfo, told: FaultInfo) -> Exception:
        """A fault that the process itself has reported."""
        if told.kind == "memory":
            process.end()
        fault = replace(told, file=told.file or info.file, line=told.line or info.line).error(info.name)
        return _Doubtful(fault) if told.kind in ("raised", "memory", "import") else fault

    @staticmethod
    def _meant(error: Mapping[str, Any]) -> LifecycleError:
        kind = _MEANT.get(str(error["type"]), LifecycleError)
        return kind(str(error["message"]), hint=error["hint"])

    def _value(self, info: PluginInfo, method: str, value: Any, entries: list[Any], folder: str) -> Any:
        """The reply as its caller gets it, checked again: nothing from the other process is taken on trust."""
        if method == "measure":
            measurement = as_measurement(value)
            _refuse_out_of_range(info, measurement.value)
            return measurement
        if method == "fit":
            return as_fit(value)
        if method in ("run", "draw"):
            from lifecycle_tui.plugin_host import shown

            return shown.as_rows(value) if method == "run" else shown.as_drawing(value)
        if method == "fragments":
            from lifecycle_tui.plugin_host.tables import as_fragments

            return as_fragments(value)
        if method == "serving":
            return as_version(value)
        if method == "schema":
            return {field.name: field.type for field in value}
        if method == "read":
            from lifecycle_tui.plugin_host import spool

            batches = spool.read(value, folder, [wire.unpack(e, []) for e in entries])
            return self._charged(info, batches)
        return value

    def _charged(self, info: PluginInfo, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches, with what is found wrong while they are read charged to the plugin."""
        with self.charged(info, "read"):
            yield from batches

    @contextmanager
    def charged(self, info: PluginInfo, method: str) -> Iterator[None]:
        """What is found wrong in here with an answer, after its call has ended, is charged to the plugin.

        Raises:
            PluginFault: in place of `BadResult`.
        """
        try:
            yield
        except BadResult as exc:
            fault = _nonsense(info, method, exc)
            if self._on_end:
                self._on_end(info, fault)
            raise fault from None

    # -- accounts ---------------------------------------------------------------------------------------------------

    def _refuse_repeaters(self, info: PluginInfo) -> None:
        if self.gave_up(info):
            faults = self._strikes[info.key]
            last = faults[-1]
            message = f"{last.message}; not called again, as this happened {len(faults)} times in this run"
            raise PluginFault(info.name, last.kind, message, file=last.file, line=last.line)
        if (slow := self._slow.get(info.key, 0)) >= self.limits.slow:
            each = f"{self.limits.seconds / 2:g} s"
            message = f"{slow} of its calls in this run have taken more than {each} each; not called again"
            fault = PluginFault(info.name, "timeout", message, file=info.file, line=info.line)
            if self._on_end:
                self._on_end(info, fault)
            raise fault

    def _strike(self, info: PluginInfo, fault: PluginFault) -> None:
        if fault.kind in DEADLY:
            self._strikes.setdefault(info.key, []).append(fault)

    def _account(self, info: PluginInfo, seconds: float, outcome: str) -> None:
        use = self._uses.get(info.key, PluginUse(info.key))
        process = self._rooms.last
        printed = process.printed if process else 0
        self._uses[info.key] = PluginUse(
            use.plugin,
            use.calls + 1,
            use.seconds + seconds,
            use.faults + (outcome not in ("ok", "error")),
            use.output + printed,
            process.log_text() if process and printed else use.printed,
        )


def _nonsense(info: PluginInfo, method: str, exc: BadResult) -> PluginFault:
    return PluginFault(info.name, "result", f"{method}: {exc}", file=info.file, line=info.line)


def _refuse_out_of_range(info: PluginInfo, value: float | None) -> None:
    low, high = info.range
    if value is None or info.kind != "metric":
        return
    slack = 1e-9 * max(1.0, abs(value))
    if (low is not None and value < low - slack) or (high is not None and value > high + slack):
        raise BadResult(f"{json.dumps(value)} is outside the range {low} to {high} that it declares")

"""The process in which team plugins are imported and called: `python -P -m lifecycle_tui.plugin_host.child JSON`.

Started by `process`; speaks `frames` on two pipes. It answers each request with one frame: a value, a fault of the
plugin, or an error that the plugin meant for the user (`DataError`). A source's batches are told one frame each before.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.hookspecs import EVENTS
from lifecycle_tui.plugin_host import api_version, blame, cell, frames, guardian, hooks, load, wire
from lifecycle_tui.plugin_host.guardian import CHANNEL_LOST
from lifecycle_tui.plugin_host.info import Candidate, FaultInfo
from lifecycle_tui.plugin_host.patches import Patches
from lifecycle_tui.plugin_host.results import BadResult, as_fit, as_measurement, as_version
from lifecycle_tui.plugin_host.surroundings import Surroundings

Json = dict[str, Any]
# Bound here, before a plugin is imported: see `Service.serve`.
_getpid, _leave = os.getpid, os._exit


def main(words: str) -> None:
    """Serve requests until the program closes its end."""
    setup = json.loads(words)
    guardian.split(setup["lifeline"], setup["status"], setup["spool"])
    channel = (cell.lift(setup["request"]), cell.lift(setup["reply"]))
    trace, log = cell.lift(setup["trace"]), cell.lift(os.dup(1))
    cell.leave_traced(trace)
    streams = cell.Streams(log, trace)
    for module in setup["warm"]:
        importlib.import_module(module)
    service = Service(channel, streams, setup)
    cell.limit_memory(setup["memory"])
    frames.write(channel[1], {"ready": os.getpid(), "resident": cell.resident(), "number": 0})
    service.serve()


class Service:
    """Answers requests. Holds what was loaded and made, so that a plugin is imported and constructed once."""

    def __init__(self, channel: tuple[int, int], streams: cell.Streams, setup: Mapping[str, Any]) -> None:
        self._channel = channel
        self._streams = streams
        self._spool: str = setup["spool"]
        self._limit: int = setup["reply_limit"]
        self._decode = _resolve(setup["decode"]) if setup["decode"] else None
        self._patches, self._surroundings = Patches(), Surroundings()
        self._last: Candidate | None = None
        self._number = 0
        self._classes: dict[str, dict[str, Any]] = {}
        self._objects: dict[str, Any] = {}

    def serve(self) -> None:
        """One request after the other; returns when the program has closed the channel.

        A copy that a plugin forks must not answer too: it loses the channel, and ends where it would answer.
        """
        me = _getpid()
        os.register_at_fork(after_in_child=self._lose_channel)
        try:
            while (frame := frames.read(self._channel[0])) is not None:
                self._number = frame[0].pop("number", 0)
                self._streams.reset()
                reply, sent = self._answer(*frame)
                del frame
                if _getpid() != me:
                    _leave(0)
                self._streams.flush()
                frames.write(self._channel[1], {**reply, "resident": cell.resident(), "number": self._number}, sent)
        except (OSError, frames.BrokenFrame):
            os._exit(CHANNEL_LOST)  # a plugin has closed or spoilt the channel: nothing more can be said on it

    def _lose_channel(self) -> None:
        for fd in self._channel:
            os.close(fd)

    def _answer(self, request: Json, parts: list[bytes]) -> tuple[Json, list[Any]]:
        home = request["candidate"]["path"]
        try:
            if request["op"] == "index":
                candidate = Candidate(**request["candidate"])
                home = home or load.home(candidate)
                return self._index(replace(candidate, path=home)), []
            if request["op"] == "check":
                return self._conform(request), []
            return self._handed_on(request) or self._call(request, parts)
        except _Guilty as guilty:
            return {"fault": asdict(guilty.fault)}, []
        except BaseException as exc:
            return {"fault": asdict(blame.from_exception(exc, home, importing=False))}, []

    # -- index ------------------------------------------------------------------------------------------------------

    def _index(self, candidate: Candidate) -> Json:
        from lifecycle_tui.plugin_host.introspect import describe

        if (refused := api_version.refusal(candidate.path)) is not None:
            raise _Guilty(refused)
        before = set(sys.modules)
        begin = time.perf_counter()
        module = self._import(candidate)
        spent = (time.perf_counter() - begin) * 1000
        try:
            rows = describe(candidate, module)
        except hooks.BadHook as exc:
            file = exc.file or candidate.path
            raise _Guilty(FaultInfo("unknown-hook", str(exc), file, exc.line, hint=exc.hint)) from None
        except BaseException as exc:
            raise _Guilty(blame.from_exception(exc, candidate.path, importing=False)) from None
        home = rows[0].home
        return {"rows": [r.to_json() for r in rows], "import_ms": round(spent, 2), "files": _files(home, before)}

    def _import(self, candidate: Candidate) -> Any:
        try:
            return load.load(candidate)
        except BaseException as exc:
            raise _Guilty(blame.from_exception(exc, candidate.path, importing=True)) from None

    # -- conformance ------------------------------------------------------------------------------------------------

    def _conform(self, request: Json) -> Json:
        from lifecycle_tui.plugin_host.conformance import inside

        candidate, key = Candidate(**request["candidate"]), request["key"]
        tried = self._listener(candidate) if key.startswith("event:") else self._class(candidate, key)
        return {"value": inside.run(tried, request, self._spool)}

    def _handed_on(self, request: Json) -> tuple[Json, list[Any]] | None:
        """Before a call: give this file its surroundings; refuse where the one before has changed what others use."""
        last, here = self._last, Candidate(**request["candidate"])
        handed = last is not None and last.path != here.path
        if last is not None and handed and (found := self._patches.found(last.module)) is not None:
            return {"patched": found, "by": last.path}, []
        self._last = here
        self._surroundings.enter(here.path)
        return None

    # -- calls ------------------------------------------------------------------------------------------------------

    def _call(self, request: Json, parts: list[bytes]) -> tuple[Json, list[Any]]:
        method, line = request["method"], None
        try:
            function = getattr(self._object(request), method)
            line = _line(function)
            args = wire.unpack(request["args"], parts, self._decode, check=False)
            kwargs = wire.unpack(request["kwargs"], parts, self._decode, check=False)
            if request["takes"] == "pandas":
                args = [_series(a) for a in args]
            asked = args[0] if method in ("probe", "explain") else None
            result = function(*args, **kwargs)
            del args, kwargs
            packer = wire.Packer()
            value = self._check(method, result, packer, asked)
            size = sum(len(memoryview(p)) for p in packer.parts)
            if size > self._limit:
                raise BadResult(f"returned {size:,} bytes; {self._limit:,} are allowed")
            return {"value": packer.pack(value)}, packer.parts
        except (BadResult, wire.Unsendable) as exc:
            said = str(exc) if isinstance(exc, BadResult) else f"returned {exc}, which cannot be sent"
            raise _Guilty(FaultInfo("result", f"{method}: {said}", request["candidate"]["path"], line)) from None
        except _Guilty:
            raise
        except LifecycleError as exc:
            return {"error": {"type": type(exc).__name__, "message": blame.text(exc.message), "hint": _hint(exc)}}, []
        except BaseException as exc:
            fault = blame.from_exception(exc, request["candidate"]["path"], importing=False, line=line)
            raise _Guilty(fault) from None

    def _object(self, request: Json) -> Any:
        """The plugin's instance for these options, made once; of a file with event hooks what calls them."""
        candidate = Candidate(**request["candidate"])
        if request["key"].startswith("event:"):
            return self._listener(candidate)
        key = json.dumps([request["key"], request["location"], request["options"]], sort_keys=True)
        if key not in self._objects:
            cls = self._class(candidate, request["key"])
            location = [request["location"]] if request["location"] is not None else []
            options = wire.unpack(request["options"], [])
            try:
                self._objects[key] = cls(*location, **options)
            except LifecycleError:
                raise
            except BaseException as exc:
                line = _line(getattr(cls, "__init__", None))
                raise _Guilty(blame.from_exception(exc, candidate.path, importing=False, line=line)) from None
        return self._objects[key]

    def _class(self, candidate: Candidate, key: str) -> Any:
        if candidate.key not in self._classes:
            found = load.registrations(self._import(candidate))
            classes: dict[str, Any] = {}
            for one in found:
                classes.setdefault(f"{one.kind}:{getattr(one.cls, 'name', '')}", one.cls)
            self._classes[candidate.key] = classes
        try:
            return self._classes[candidate.key][key]
        except KeyError:
            message = f"no longer registers {key.replace(':', ' ')}: it changed since it was indexed"
            raise _Guilty(FaultInfo("import", message, candidate.path, 1)) from None

    def _listener(self, candidate: Candidate) -> Listener:
        key = f"events of {candidate.key}"
        if key not in self._objects:
            self._objects[key] = Listener(hooks.managed(self._import(candidate)))
        return self._objects[key]

    def _check(self, method: str, result: Any, packer: wire.Packer, asked: Any) -> Any:
        """The result as it is sent; the packer gets its binary parts."""
        if method == "measure":
            return as_measurement(result)
        if method == "fit":
            return as_fit(result)
        if method == "fragments":
            from lifecycle_tui.plugin_host.tables import as_fragments

            return list(as_fragments(result))
        if method == "schema":
            from lifecycle_tui.plugin_host.tables import as_schema

            return as_schema(result)
        if method == "read":
            return self._spooled(result)
        if asked is not None:
            from lifecycle_tui.plugin_host import explained

            return (explained.as_probe if method == "probe" else explained.as_explanation)(result, asked)
        if method in ("run", "draw"):
            from lifecycle_tui.plugin_host import shown

            return shown.as_rows(result) if method == "run" else shown.as_drawing(result)
        if method in ("send", "deploy", *EVENTS):
            return None
        if method == "serving":
            return as_version(result)
        return result

    def _spooled(self, batches: Any) -> Any:
        """Write the batches, telling each: a slow source that goes on is not taken for one that hangs."""
        from lifecycle_tui.plugin_host import spool

        file = None
        for path, entry in spool.write(batches, self._spool):
            frames.write(self._channel[1], {"batch": wire.Packer().pack(entry), "number": self._number})
            file = path
        return file


class Listener:
    """The event hooks of one file, by name: `listener.on_alert(event)` calls each implementation that it has."""

    def __init__(self, calls: Mapping[str, list[hooks.Call]]) -> None:
        self._calls = calls

    def __getattr__(self, hook: str) -> Callable[[Any], None]:
        return lambda event: self._tell(hook, event)

    def _tell(self, hook: str, event: Any) -> None:
        """Call all of them, whatever one does; then raise the first one's exception."""
        failed: list[BaseException] = []
        for call in self._calls.get(hook, ()):
            try:
                call(event)
            except BaseException as exc:
                failed.append(exc)
        if failed:
            raise failed[0]


def _hint(exc: LifecycleError) -> str | None:
    return None if exc.hint is None else blame.text(exc.hint)


class _Guilty(Exception):
    """Carries a fault up to the reply."""

    def __init__(self, fault: FaultInfo) -> None:
        self.fault = fault


def _resolve(path: str) -> Callable[[bytes], Any]:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _series(value: Any) -> Any:
    """Arrow arrays as pandas Series, tables as frames; other arguments as they are."""
    import pyarrow as pa

    return value.to_pandas() if isinstance(value, pa.Array | pa.ChunkedArray | pa.Table) else value


def _line(function: Any) -> int | None:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else None


def _files(home: str, before: set[str]) -> list[str]:
    """Files of the plugin's own package that its import loaded: the index is stale when one of them changes."""
    loaded = {getattr(m, "__file__", None) for n, m in list(sys.modules.items()) if n not in before}
    return sorted(f for f in loaded if isinstance(f, str) and blame.owns(home, f))


if __name__ == "__main__":
    main(sys.argv[1])

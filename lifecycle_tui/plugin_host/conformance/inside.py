"""One check, run beside the plugin in its process: what `child` answers to a request of `suite`."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from lifecycle_tui.plugin_host import blame
from lifecycle_tui.plugin_host.conformance.base import Check, Failed, Skipped, Trial
from lifecycle_tui.plugin_host.conformance.bench import Bench
from lifecycle_tui.plugin_host.conformance.watching import watching
from lifecycle_tui.plugin_host.info import PluginInfo

WRITERS = frozenset({"source", "notifier", "deployer", "command", "event"})
"""Kinds that may write in the folder that stands for the workspace; for sources the suite writes tables there."""


def checks_of(info: PluginInfo) -> Iterator[Check]:
    """The checks of a plugin's kind, in order."""
    module = import_module(f"lifecycle_tui.plugin_host.conformance.{info.kind}")
    found: Iterator[Check] = module.checks(info)
    return found


def run(cls: Any, request: Mapping[str, Any], spool: str) -> dict[str, Any]:
    """How the check that the request names ended, and what was seen meanwhile; JSON values."""
    info = PluginInfo.from_json(request["info"])
    trial = Trial(tuple((k, v) for k, v in request["options"]), request["location"], request["send"])
    check = next(c for c in checks_of(info) if c.name == request["check"])
    scratch = tempfile.mkdtemp(prefix="check-", dir=spool)
    os.chdir(scratch)
    begin = time.perf_counter()
    with watching(info.home, scratch, inside=info.kind in WRITERS, online=trial.send) as seen:
        bench = Bench(cls, info, trial, import_module(request["api"]), scratch, seen)
        answer = _run(check, bench)
    os.chdir(spool)
    shutil.rmtree(scratch, ignore_errors=True)
    answer["seconds"] = round(time.perf_counter() - begin, 4)
    answer["writes"], answer["refused"] = seen.writes[:1], seen.refused[:1]
    answer["printed"] = list(seen.printed) if seen.printed else None
    return answer


def _run(check: Check, bench: Bench) -> dict[str, Any]:
    try:
        check.run(bench)
    except Skipped as exc:
        return {"state": "skipped", "came": str(exc)}
    except Failed as exc:
        return _failed(exc.expected, exc.came, exc.hint, *(exc.place or _place(bench, exc.method)))
    except BaseException as exc:
        fault = blame.from_exception(exc, bench.info.home, importing=False)
        place = (fault.file, fault.line) if fault.line else _place(bench, "")
        return _failed("no exception", fault.message, "", *place)
    return {"state": "passed"}


def _failed(expected: str, came: str, hint: str, file: str | None, line: int | None) -> dict[str, Any]:
    came = blame.text(came)
    return {"state": "failed", "expected": expected, "came": came, "hint": hint, "file": file, "line": line}


def _place(bench: Bench, method: str) -> tuple[str, int | None]:
    """Where the plugin's method begins, or its class."""
    code = getattr(inspect.unwrap(getattr(bench.cls, method, None) or object), "__code__", None)
    if code is not None and blame.owns(bench.info.home, code.co_filename):
        return code.co_filename, code.co_firstlineno
    return bench.info.file, bench.info.line

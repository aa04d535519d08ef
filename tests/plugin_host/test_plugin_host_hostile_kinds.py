"""Each kind of plugin in each way of breaking: the fault is its own, with file, line and hint; the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hostile_room import FILE, Room, signals

from lifecycle_tui import testing
from lifecycle_tui.domain.errors import FAULT_HINTS, PluginFault
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.index import IndexLimits
from lifecycle_tui.plugin_host.runner import Limits, Runner

WAYS: dict[str, tuple[str, str]] = {
    "raises": ("raise RuntimeError('not today')", "raised"),
    "hangs": ("while True: pass", "timeout"),
    "dies": ("import ctypes; ctypes.string_at(8)", "died"),
    "exits": ("import os; os._exit(0)", "exited"),
    "lies": ("return object()", "result"),
}
"""Way → the line that does it, and the kind of its fault."""
SILENT = ("notifier", "deployer", "on_alert", "on_version", "on_rollout")
"""What these return is not looked at."""

METHOD = """\
    def {method}(self, {args}):
        {line}
"""
KINDS: dict[str, tuple[str, str, str]] = {
    "detector": ("kinds, takes = ('numeric',), 'arrow'", "measure", "reference, window"),
    "metric": ("tasks = ('regression',)", "measure", "outcomes"),
    "source": ("suffixes = ()", "fragments", ""),
    "notifier": ("", "send", "message"),
    "strategy": ("", "fit", "request"),
    "deployer": ("", "deploy", "release"),
    "command": ("", "run", "view"),
    "panel": ("", "draw", "view"),
}
"""Kind → its class attributes, the method that breaks and its parameters."""
EVENTS = ("on_alert", "on_version", "on_rollout")
REST = {
    "source": "    def __init__(self, location): ...\n    def schema(self): ...\n    def read(self, *args): ...\n",
    "deployer": "    def serving(self, folder): return None\n",
}
CASES = [(kind, way) for kind in (*KINDS, *EVENTS) for way in WAYS if not (way == "lies" and kind in SILENT)]


def source_of(kind: str, way: str) -> str:
    """A file whose one plugin breaks in that way."""
    line = WAYS[way][0]
    if kind in EVENTS:
        return f"from lifecycle_tui.api import hookimpl\n\n\n@hookimpl\ndef {kind}(event):\n    {line}\n"
    attributes, method, args = KINDS[kind]
    return (
        "from lifecycle_tui.api import hookimpl\n\n\nclass Hostile:\n    '''Hostile.'''\n\n"
        f"    name = '{kind}_{way}'\n    {attributes}\n\n{METHOD.format(method=method, args=args, line=line)}"
        f"{REST.get(kind, '')}\n\n@hookimpl\ndef register_{kind}s(register):\n    register(Hostile)\n"
    ).replace("register_strategys", "register_strategies")


def line_of(kind: str, way: str) -> set[int]:
    """Where it breaks; the method where it is the result that is wrong."""
    lines = source_of(kind, way).splitlines()
    at = next(n for n, line in enumerate(lines, 1) if line.strip() == WAYS[way][0])
    return {at - 1} if way == "lies" else {at}


def called(catalog: PluginCatalog, runner: Runner, kind: str, way: str, folder: Path) -> Any:
    """One call of it, as a job makes it."""
    if kind in EVENTS:
        proxy = catalog.make(catalog.find("event", f"{kind}_{way}"), runner=runner)
        event = {
            "on_alert": testing.alert_event,
            "on_version": testing.version_event,
            "on_rollout": testing.rollout_event,
        }
        return proxy.hear(kind, event[kind]())
    location = str(folder) if kind == "source" else None
    proxy = catalog.make(catalog.find(kind, f"{kind}_{way}"), runner=runner, location=location)
    given: Mapping[str, Any] = {
        "detector": lambda: proxy.measure(pa.array([1.0]), pa.array([2.0])),
        "metric": lambda: proxy.measure(testing.outcomes("regression", [1.0, 2.0], prediction=[1.0, 2.0])),
        "source": proxy.fragments if kind == "source" else None,
        "notifier": lambda: proxy.send(testing.message()),
        "strategy": lambda: proxy.fit(testing.fit_request("regression", {"x": [1.0, 2.0]}, [1.0, 2.0])),
        "deployer": lambda: proxy.deploy(testing.release(folder, 2, b"artefact")),
        "command": lambda: proxy.run(testing.view()),
        "panel": lambda: proxy.draw(testing.view().model("toy")),
    }
    return given[kind]()


@pytest.mark.slow
def test_each_kind_in_each_way_is_charged_to_its_call(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    for kind, way in CASES:
        (tmp_path / "plugins" / f"{kind}_{way}.py").write_text(source_of(kind, way))
    limits = IndexLimits(seconds=60.0, memory=400 * 1024**2)
    catalog = PluginCatalog.open(tmp_path, [tmp_path / "plugins"], limits=limits)
    assert not catalog.faults
    wrong = []
    with Runner(limits=Limits(memory=400 * 1024**2)) as runner:
        most = {"hangs": replace(runner.limits, seconds=4.0)}  # no machine is too slow for the others
        for kind, way in CASES:
            runner.limits = most.get(way, Limits(seconds=120.0, memory=400 * 1024**2))
            try:
                wrong.append(f"{kind} {way} returned {called(catalog, runner, kind, way, tmp_path)!r}")
            except PluginFault as fault:
                code, file = WAYS[way][1], f"{kind}_{way}.py"
                placed = Path(fault.file or "").name == file and fault.line in line_of(kind, way)
                if not (fault.kind == code and placed and fault.hint == FAULT_HINTS[code]):
                    wrong.append(f"{kind} {way}: {fault.kind} {fault.message} ({fault.place})")
    print(f"\n{len(CASES) - len(wrong)} of {len(CASES)} survived, attributed, reported")
    assert not wrong, "\n".join(wrong)


NOTIFY = '\n[notifiers.{name}]\nuse = "{name}"\n'
BROKEN = ("raises", "hangs", "dies")


@pytest.mark.slow
def test_a_check_that_acts_is_complete_beside_them(tmp_path: Path) -> None:
    file = FILE + "".join(NOTIFY.format(name=f"notifier_{way}") for way in BROKEN) + '\n[notifiers.good]\nuse = "log"\n'
    plain = Room.make(tmp_path / "plain", FILE + '\n[notifiers.good]\nuse = "log"\n')
    _, said, _ = plain.check()
    room = Room.make(tmp_path / "room", file)
    names = [f"{kind}_{way}" for kind in ("metric", "panel", "notifier", "on_alert") for way in BROKEN]
    for name in names:
        kind, _, way = name.rpartition("_")
        room.put(name, source_of(kind, way))
    room.end_after(5)
    code, out, err = room.run("check", "--act", "--format", "json")
    after = json.loads(out)
    assert code == 3, "messages could not be sent"
    mine = {key: s for key, s in signals(after).items() if not key.split()[-1].startswith("metric_")}
    assert mine == signals(said)
    failed = {key.split()[-1]: s["detail"]["fault"] for key, s in signals(after).items() if s["state"] == "error"}
    assert failed == {"metric_raises": "raised", "metric_hangs": "timeout", "metric_dies": "died"}
    assert b"\x1b" not in out + err
    sent = after["sent"]
    assert sent["sent"] == 1 and sent["failed"] == 3
    listed = {row["name"]: row for row in _listed(room)}
    for name in names:
        kind, _, way = name.rpartition("_")
        row = listed[name]
        assert row["state"].startswith("failed"), row
        assert WAYS[way][1] == "timeout" or f"{name}.py" in json.dumps(row)
    assert not room.left()


def _listed(room: Room) -> Iterator[dict[str, Any]]:
    code, out, _ = room.run("plugins", "list", "--format", "json", "--no-builtins")
    assert code == 0, "none is broken"
    yield from json.loads(out)


@pytest.mark.slow
def test_a_command_and_a_source_fail_with_place_and_hint(tmp_path: Path) -> None:
    other = FILE.replace("models.m", "models.other").replace(
        'table = "rows.csv"', 'table = { path = "rows.csv", use = "NAME" }'
    )
    for way in BROKEN:
        room = Room.make(tmp_path / way, FILE + other.replace("NAME", f"source_{way}"))
        room.put(f"source_{way}", source_of("source", way))
        room.put(f"command_{way}", source_of("command", way))
        room.end_after(5)
        code, out, err = room.run("check", "--format", "json")
        said = json.loads(out)
        assert code == 3 and said["models"]["m"]["health"] == "critical"
        assert f"source_{way}.py:{min(line_of('source', way))}" in json.dumps(said["models"]["other"]) + err.decode()
        code, out, err = room.run("plugins", "run", f"command_{way}")
        assert code == 3 and not out
        text = err.decode()
        assert f"command_{way}.py:{min(line_of('command', way))}" in text, text
        assert "`lifecycle plugins show" in text, text
        assert not room.left()

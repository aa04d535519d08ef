"""Checks that plugins of all kinds have in common. No heavy imports: the program lists them too."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

LINE = 110
"""Characters of a docstring's first line that listings have room for."""
IMPORT_MS = 3_000.0
"""What importing a plugin's file may take: it is paid again in each new process."""

PRINTS = Check("prints-nothing", "writes nothing to stdout or stderr, by print or otherwise", lambda bench: None)
WRITES = Check("writes-nothing", "changes no file but where its kind has to", lambda bench: None)
OFFLINE = Check("stays-home", "connects to no other machine while it is checked", lambda bench: None)
"""Judged at the end, over all that was seen while the other checks ran."""
SEEN = (PRINTS, WRITES, OFFLINE)


def checks(info: PluginInfo) -> Iterator[Check]:
    """What is asked of every kind."""
    yield Check("docstring", "has a docstring whose first line tells people what it does", docstring)
    if info.import_ms is not None:  # not of what is built in
        yield Check("import-time", f"is imported within {IMPORT_MS / 1000:g} s", import_time)
    yield Check("made", "can be made with its defaults, or with its `example` where options are required", made)
    if info.options:
        yield Check("options", "treats an option written out as its default like one left out", defaults, "made")


def docstring(bench: Bench) -> None:
    first = (inspect.getdoc(bench.cls) or "").strip().partition("\n")[0].strip()
    if not first or bench.cls.__doc__ is None:
        raise Failed("a docstring", "none", "its first line is what lists, forms and the policy screen show")
    if len(first) > LINE:
        raise Failed(f"a first line of at most {LINE} characters", f"{len(first)}", "put the rest below an empty line")


def import_time(bench: Bench) -> None:
    took = bench.info.import_ms or 0.0
    if took > IMPORT_MS:
        hint = "import heavy libraries inside the methods that need them"
        raise Failed(f"at most {IMPORT_MS:g} ms", f"{took:.0f} ms", hint)


def made(bench: Bench) -> None:
    place(bench)
    one, two = bench.make(), bench.make()
    if one is two:
        raise Failed("a new object each time", "the same one twice", "models with other options would share it")


def defaults(bench: Bench) -> None:
    """Defaults written out make the same object, as far as its attributes show, and change nothing in the class."""
    place(bench)
    written = {o.name: o.default for o in bench.info.options if not o.required and not _secret(o.name)}
    plain, full = bench.make(), bench.make(**written)
    for name, value in vars(plain).items() if hasattr(plain, "__dict__") else ():
        other = vars(full).get(name)
        if type(value) in (str, int, float, bool, tuple, list) and _listed(value) != _listed(other):
            raise Failed(f"{name} = {value!r} as without options", f"{other!r}", method="__init__")


def _secret(name: str) -> bool:
    return name in ("token", "password", "secret")


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple | list) else value


def place(bench: Bench) -> None:
    """A source is made with a location: one that need not exist."""
    if bench.info.kind == "source" and bench.location is None:
        bench.location = bench.trial.location or f"{bench.scratch}/nothing{(*bench.info.suffixes, '')[0]}"

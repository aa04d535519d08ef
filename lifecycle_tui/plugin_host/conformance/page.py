"""docs/plugin-checks.md, made from the checks.

python -m lifecycle_tui.plugin_host.conformance.page docs/plugin-checks.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.inside import checks_of
from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

KINDS = ("detector", "metric", "source", "notifier", "strategy", "deployer", "explainer", "command", "panel", "event")
HEAD = """\
# What `plugins check` asks of a plugin

Made from the code. Each check is one call in the plugins' process: one that hangs or crashes is a failed check with the
plugin's file and line, and the rest goes on. A check that would only repeat what another one said is skipped. See
[plugin-tutorial.md](plugin-tutorial.md) for the way there.

A plugin is tried with its defaults. Where options are required, `--option NAME=VALUE` gives them, or a class attribute
`example = {"column": "sex"}`; else they are guessed from type and name. Nothing leaves the machine: connections to
others are refused, and `send` reaches a server, file or program of the check's own (`--send` sends one real message).
"""


def text() -> str:
    """The page."""
    return "\n".join([HEAD, *_every(), *(line for kind in KINDS for line in _kind(kind))]).rstrip() + "\n"


def _whole(kind: str) -> PluginInfo:
    """A plugin to which every check of its kind applies."""
    return PluginInfo(
        kind,
        "x",
        "drop-in",
        "x.py",
        kinds=("numeric", "categorical", "text", "time"),
        takes="profile",
        tasks=("binary", "multiclass", "regression", "ranking"),
        needs="score",
        greater_is_better=True,
        options=(OptionInfo("x", "int", 1),),
        import_ms=1.0,
    )


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    yield "| check | the plugin |"
    yield "|---|---|"
    yield from (f"| `{name}` | {says} |" for name, says in rows)
    yield ""


def _every() -> Iterator[str]:
    yield "## Every kind\n"
    shared = [("registered", "is registered as its kind asks: name, attributes, methods, options")]
    checks = [*common.checks(_whole("detector")), *common.SEEN]
    yield from _table([*shared, *((c.name, c.says) for c in checks)])


def _kind(kind: str) -> Iterator[str]:
    shared = {c.name for c in common.checks(_whole(kind))} - ({"docstring"} if kind == "event" else set())
    own = [(c.name, c.says) for c in checks_of(_whole(kind)) if c.name not in shared]
    if kind == "detector":
        own.append(("chunks", "gives the same however the column is cut into chunks (in place of `mergeable`)"))
    if kind == "metric":
        own = [(n, s.replace(" (needs = 'score')", "")) for n, s in own]
    yield f"## {kind}\n"
    yield from _table(own)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), "utf-8")

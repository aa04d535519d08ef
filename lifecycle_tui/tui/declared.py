"""What `lifecycle.toml` says of a model, as far as the screens draw it: rules, who approves, schedule and cooldown.

Read with the standard library's parser alone: checking a file properly costs pydantic, and nothing is decided here.
What the agent goes by counts; so where the file on disk is no TOML, what it last accepted is read. Anything that is
not as it should be is left out. Called by the overview and the performance pane.
"""

from __future__ import annotations

import glob
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.config.overlays import laid_over
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import folder
from lifecycle_tui.tui.stamps import Stamp, stamp

LARGE = 50_000
"""Characters from which on a file is cut to the tables that matter before it is parsed: a thousand models take long."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is written; `windows` is its `for`."""

    name: str
    when: str
    severity: str = "warning"
    windows: int = 1


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of one model, its defaults included.

    Attributes:
        approvers: who may approve a promotion; empty where nobody has to. others: not who asked for it.
        schedule, cooldown: of its training, as written.
    """

    rules: tuple[Rule, ...] = ()
    approvers: tuple[str, ...] = ()
    others: bool = False
    schedule: str = ""
    cooldown: str = ""


_read: dict[tuple[Path, str], tuple[tuple[tuple[Path, Stamp], ...], Declared]] = {}
KEPT = 50


def declared(root: Path, model: str) -> Declared:
    """What is declared of a model now; files that have not changed are not read again.

    Never raises: what cannot be read says nothing.
    """
    kept = _read.get((root, model))
    if kept is not None and all(stamp(path) == found for path, found in kept[0]):
        return kept[1]
    files: dict[Path, Stamp] = {}
    found = _of(*_tables(root, model, files))
    if len(_read) >= KEPT:
        _read.clear()
    _read[root, model] = (tuple(files.items()), found)
    return found


def _tables(root: Path, model: str, files: dict[Path, Stamp]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The model's table and the defaults', as the environment has them; into `files` goes what was looked at."""
    accepted: dict[Path, bytes] | None = None
    main = root.absolute() / FILE
    files[main] = stamp(main)
    values = _parsed(_bytes(main), model)
    over = _environment(main, model, files)
    if values is None or over is None:
        accepted = folder.accepted(main.parent)
        values = _parsed(accepted.get(main, b""), model) or {}
        kept = next((data for path, data in accepted.items() if environment.named_by(main, path)), b"")
        over = _parsed(kept, model) or {}
    defaults = laid_over(_table(values, "defaults"), _table(over, "defaults"))
    mine, above = (_table(_table(one, "models"), model) for one in (values, over))
    if not mine:
        for path in _included(main.parent, values, model):
            files[path] = stamp(path)
            found = _parsed(_bytes(path) if accepted is None else accepted.get(path, b""), model)
            if found is None:
                found = _parsed(folder.accepted(main.parent).get(path, b""), model)
            return laid_over(found or {}, above), defaults
    return laid_over(mine, above), defaults


def _environment(main: Path, model: str, files: dict[Path, Stamp]) -> dict[str, Any] | None:
    """What the file of the environment says that may concern the model; None where it cannot be read."""
    try:
        name = environment.current()
    except ConfigError:
        return None
    if name is None:
        return {}
    path = environment.overlay(main, name)
    files[path] = stamp(path)
    data = _bytes(path)
    return _parsed(data, model) if data or path.is_file() else None


def _included(root: Path, values: Mapping[str, Any], model: str) -> Iterator[Path]:
    """The included file that is named for the model."""
    patterns = values.get("include")
    for pattern in patterns if isinstance(patterns, list) else ():
        if isinstance(pattern, str):
            where = os.path.join(glob.escape(str(root)), os.path.expanduser(pattern))
            paths = (Path(os.path.normpath(path)) for path in glob.iglob(where, recursive=True))
            yield from (path for path in sorted(paths) if path.stem == model)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parsed(data: bytes, model: str) -> dict[str, Any] | None:
    """The tables of a file that may concern the model; None where it is no TOML."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    for given in (_cut(text, model), text) if len(text) > LARGE else (text,):
        try:
            return tomllib.loads(given)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return None


_HEADER = re.compile(r"""\[\[?\s*models\s*\.\s*(?:([A-Za-z0-9_-]+)|"([^"\\]*)"|'([^']*)')\s*[.\]]""")


def _cut(text: str, model: str) -> str:
    """The lines of a file without the tables of other models; in strings of several lines it may cut too much, and then
    the rest is no TOML and the whole is parsed."""
    kept: list[str] = []
    other = False
    for line in text.split("\n"):
        if line.lstrip().startswith("["):
            named = _HEADER.match(line.lstrip())
            other = named is not None and model not in named.groups()
        if not other:
            kept.append(line)
    return "\n".join(kept)


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _of(mine: Mapping[str, Any], defaults: Mapping[str, Any]) -> Declared:
    """As `config.merge` has it: rules meet by name and are filled key by key, other keys are the model's own first."""
    rules = {**_table(defaults, "rules")}
    for name, rule in _table(mine, "rules").items():
        if isinstance(rule, dict):
            rules[name] = {**_table(rules, name), **rule}
    training = {**_table(defaults, "training"), **_table(mine, "training")}
    approve = _table({**_table(defaults, "rollout"), **_table(mine, "rollout")}, "approve")
    by = approve.get("by")
    return Declared(
        tuple(rule for name, table in rules.items() if (rule := _rule(name, table)) is not None),
        tuple(person for person in by if isinstance(person, str)) if isinstance(by, list) else (),
        approve.get("not") == "requester",
        _word(training.get("schedule")),
        _word(training.get("cooldown")),
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _rule(name: str, table: object) -> Rule | None:
    if not isinstance(table, dict) or not isinstance(table.get("when"), str):
        return None
    severity, windows = table.get("severity"), table.get("for")
    return Rule(
        name, table["when"], severity if isinstance(severity, str) else "warning",
        windows if isinstance(windows, int) and windows > 0 else 1,
    )  # fmt: skip

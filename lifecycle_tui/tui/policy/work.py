"""What the child of the policy screens does with a request: edit, read, explain, check, replay, save.

Runs in `child` alone: everything heavy is imported here, by the functions that need it, in the order of the answers, so
that the lines are on the screen before pydantic is there to say what is wrong with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.tui.policy.asked import (
    Answer,
    Checked,
    Flaw,
    Lines,
    Look,
    Op,
    Outlook,
    Past,
    Save,
    Spot,
    Texts,
)
from lifecycle_tui.tui.policy.draft import on_disk
from lifecycle_tui.tui.reads.policy_file import Files

if TYPE_CHECKING:
    from lifecycle_tui.agent.accepted import Watched
    from lifecycle_tui.config.edit import Change
    from lifecycle_tui.domain.problems import Place, Problem
    from lifecycle_tui.workspace import Workspace

PAST = 400
"""Windows of a signal's history."""
MOST_SIGNALS = 4


def answers(request: Look | Save) -> Iterator[Answer]:
    """What there is to say, the quickest first."""
    if isinstance(request, Save):
        from lifecycle_tui.tui.policy import saving

        yield saving.save(request)
        return
    began: dict[Path, bytes] = {}
    kept, refused = _with(request, request.over, request.ops, began)
    over, why = _with(request, kept, request.trial, {})
    files = Files(request.root, request.model, over)
    found = files.read()
    lines = Lines(kept, found, began, changed(request, over), None, refused or why, files.stamps)
    yield lines
    when = _when(request, files)
    if when:
        yield _past(request, when)
    if request.table is not None:
        from lifecycle_tui.tui.policy import explaining

        # What is being typed is no value yet.
        own = Files(request.root, request.model, kept)
        own.read()
        yield replace(lines, fields=tuple(explaining.fields(request.root, request.table, own)))
    workspace, checked = _checked(request.root, over)
    yield checked
    if request.simulate and (over or request.always):
        yield _outlook(request, workspace)


# ── the edit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _with(request: Look, over: Texts, ops: tuple[Op, ...], began: dict[Path, bytes]) -> tuple[Texts, str | None]:
    """The texts after these; and why something could not be done.

    Args:
        began: gets what files were that these are the first to touch.
    """
    refused = None
    for op in ops:
        try:
            change = _change(request, op, over)
            path = Path(os.path.normpath(change.file.absolute()))
            if path not in over:
                began[path] = change.before
            over = {**over, path: change.after}
        except LifecycleError as exc:
            refused = f"{exc.message}{f': {exc.hint}' if exc.hint else ''}"
        except ValueError as exc:
            refused = str(exc)
    return over, refused


def _change(request: Look, op: Op, over: Texts) -> Change:
    from lifecycle_tui.config import edit
    from lifecycle_tui.tui.policy import explaining

    file = Path(os.path.normpath((request.root / FILE).absolute()))
    if len(op.key) > 4:
        files = Files(request.root, request.model, over)
        files.read()
        op = explaining.through(op, files)
    if op.value is None:
        return edit.plan_unset(file, op.key, over=over)
    return edit.plan_set(file, op.key, edit.Toml(op.value), over=over)


def changed(request: Look, over: Texts) -> frozenset[tuple[Path, int]]:
    """The lines that the edit has changed."""
    from lifecycle_tui.tui.policy.merge import changed_lines

    found: set[tuple[Path, int]] = set()
    for path, text in over.items():
        base = request.base[path] if path in request.base else on_disk(path)
        found |= {(path, number) for number in changed_lines(base or b"", text)}
    return frozenset(found)


# ── what is wrong with it ─────────────────────────────────────────────────────────────────────────────────────────────


def _checked(root: Path, over: Texts) -> tuple[Workspace | None, Checked]:
    from lifecycle_tui.workspace import open_workspace

    try:
        found = open_workspace(root / FILE, over=over)
    except ConfigError as exc:
        if not exc.problems:
            return None, Checked((Flaw("error", "unreadable", exc.message, hint=exc.hint),))
        return None, Checked(tuple(map(flaw, exc.problems)))
    return found, Checked(tuple(map(flaw, found.warnings)))


def flaw(problem: Problem) -> Flaw:
    """A problem as the screens take it."""
    spot = None if problem.place is None else _spot(problem.place)
    related = tuple(map(_spot, problem.related))
    return Flaw(problem.level, problem.code, problem.message, problem.key, spot, problem.hint, related)


def _spot(place: Place) -> Spot:
    # Places are relative to the folder that the terminal was started in, which is this process's too.
    return Spot(Path(os.path.abspath(place.file)), place.line, place.column, place.width)


# ── the past ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _when(request: Look, files: Files) -> str:
    """The condition of the rule whose fields are asked for; "" for none."""
    table = request.table
    if table is None or len(table) < 4 or table[2] != "rules":
        return ""
    for values in (files.own, files.defaults):
        rule = values.get("rules", {}).get(table[3], {})
        if isinstance(rule, Mapping) and isinstance(rule.get("when"), str):
            return rule["when"]
    return ""


def _past(request: Look, when: str) -> Past:
    """Histories of the signals that a condition reads."""
    import sqlite3

    from lifecycle_tui.policy.expressions import ExpressionError, compile_expression
    from lifecycle_tui.state.database import State
    from lifecycle_tui.tui.reads.performance import one

    files = Files(request.root, request.model)
    files.read()
    before = _when(request, files)
    try:
        refs = compile_expression(when).signals
        names = tuple(dict.fromkeys(ref.name for ref in refs))[:MOST_SIGNALS]
        with State.view(request.root) as state, state.read() as conn:
            found = [one(conn, request.model, name, PAST) for name in names]
    except (ExpressionError, LifecycleError, sqlite3.Error):
        return Past((), when, before)
    return Past(tuple(series for series in found if series is not None), when, before)


_WATCHED: dict[Path, Watched] = {}


def _in_force(root: Path) -> Workspace:
    """The policy in force: the file on disk, or what the agent last accepted where that has errors."""
    from lifecycle_tui.agent.accepted import Watched

    kept = _WATCHED.get(root)
    if kept is None:
        kept = _WATCHED[root] = Watched(root / FILE, fall_back=True)
    else:
        kept.look()
    return kept.workspace


def _outlook(request: Look, edited: Workspace | None) -> Outlook:
    """What the edited policy would have done with the windows of the past."""
    if edited is None:
        return Outlook(said="the edit has errors: mend them to see what it would have done")
    import sqlite3

    try:
        from lifecycle_tui.tui.policy import replaying

        before = _in_force(request.root)
        return replaying.outlook(request.root, before, edited, request.model)
    except (LifecycleError, sqlite3.Error) as exc:
        return Outlook(said=getattr(exc, "message", str(exc)))

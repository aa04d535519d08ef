"""The actions `config set` and `config unset`, and `edit_files` for whole texts from an editor: edits of the policy.

Every one is checked as a whole before it is written, refused where it would make the files worse, and recorded: who,
which key, from what to what, in which file. Where a folder has no state yet there is no audit log, and it says so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions import kept
from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Moved, Parameter, Refused
from lifecycle_tui.actions.looking import command, root_of
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import audit

if TYPE_CHECKING:
    from lifecycle_tui.config.saving import Change
    from lifecycle_tui.domain.problems import Problem
    from lifecycle_tui.workspace import Workspace

UNRECORDED = "there is no state here yet, and so no audit log: it is not recorded"
MOST_CHANGES = 100
"""Keys that one row of the audit log tells of."""


# What would be done


def _prepare(ask: Ask, workspace: Workspace | None) -> Mapping[str, Any]:
    """The edit, with what is wrong with the files that it would give."""
    from lifecycle_tui.config import find
    from lifecycle_tui.config.edit import plan_set, plan_unset
    from lifecycle_tui.config.homes import main_of
    from lifecycle_tui.config.keypath import parse_key
    from lifecycle_tui.config.typed import typed

    told, value = ask.text("file"), ask.text("value")
    try:
        main, into = main_of(Path(told) if told else find(Path.cwd()))
        key = parse_key(ask.text("key") or "")
        change = plan_unset(main, key, into=into) if value is None else plan_set(
            main, key, typed(key, value), into=into
        )  # fmt: skip
    except LifecycleError as exc:
        raise Refused(exc.message, exc.hint) from exc
    return {"changes": (change,), "warnings": _examined(main, (change,))}


def _examined(main: Path, changes: tuple[Change, ...], *, whole: bool = False) -> tuple[Problem, ...]:
    """Warnings that the edit brings.

    Raises:
        Refused: it brings errors; or it leaves as many as there were, and with `whole` if it leaves any.
    """
    from lifecycle_tui.config.sources import shown
    from lifecycle_tui.workspace import check

    if all(change.empty for change in changes):
        return ()
    after = check(main, over={change.file: change.after for change in changes})
    if not after:
        return ()
    before = check(main, over={change.file: change.before for change in changes})
    known = {(p.code, p.key, p.message) for p in before}
    fresh = tuple(p for p in after if (p.code, p.key, p.message) not in known)
    errors = tuple(p for p in after if p.level == "error")
    fewer = len(errors) < sum(p.level == "error" for p in before)
    if errors and (whole or not fewer or any(p.level == "error" for p in fresh)):
        many = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
        texts = {shown(change.file): change.after.decode("utf-8", "replace") for change in changes}
        says = f"{shown(main)} would have {many}"
        raise Refused(says, "nothing was saved", problems=errors, texts=texts)
    return fresh if not errors else (*fresh, *errors)


def _draft(ask: Ask, commit: Callable[[sqlite3.Connection, datetime], Done]) -> Draft:
    """The plan of one key's edit."""
    from lifecycle_tui.config.sources import dotted, shown

    assert ask.prepared is not None
    (change,) = ask.prepared["changes"]
    key, name = dotted(change.key), shown(change.file)
    same = _command(key, change.new, ask.text("value"), ask.text("file"), ask.note)
    settled = f"{key} is {change.new} already, in {name}" if change.empty else None
    head = f"unset {key} in {name}" if change.new is None else f"set {key} = {change.new} in {name}"
    lines = [head, f"it was {change.old}" if change.old is not None else "it was not set there"]
    lines += [f"warning: {p.message}{f' ({p.place})' if p.place else ''}" for p in ask.prepared["warnings"]]
    return Draft(
        key, tuple(lines), _seen((change,)), same, commit, _model(change.key), _command(key, change.old, change.old,
        ask.text("file")), settled, diff=tuple(change.diff.split("\n")) if change.diff else (),
    )  # fmt: skip


def _command(key: str, new: str | None, value: str | None, file: str | None, note: str | None = None) -> str:
    words = ("config unset", key) if new is None else ("config set", key, value or new)
    return command(*words, file=file, note=note)


def _model(key: tuple[str | int, ...]) -> str | None:
    return str(key[1]) if key[:1] == ("models",) and len(key) > 1 else None


def _seen(changes: tuple[Change, ...]) -> dict[str, str]:
    """The files on disk as they are now: what a plan rests on."""
    from lifecycle_tui.config.sources import shown

    found = {}
    for change in changes:
        try:
            found[shown(change.file)] = hashlib.sha256(change.file.read_bytes()).hexdigest()
        except OSError as exc:
            raise Refused(f"{shown(change.file)} cannot be read: {exc.strerror}", "nothing was saved") from exc
    return found


# What is done


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        assert ask.prepared is not None
        for change in ask.prepared["changes"]:
            kept.keep(root_of(tx), change.before, change.file)
            _record(tx, change, ask, now)
        return _saved(ask)

    return _draft(ask, commit) if "key" in ask.values else _whole(ask, commit)


def _alone(ask: Ask) -> tuple[Draft, Callable[[], Done]]:
    def do() -> Done:
        done = _saved(ask)
        return Done(f"{done.text}; {UNRECORDED}", facts=done.facts)

    draft = _draft(ask, _nothing) if "key" in ask.values else _whole(ask, _nothing)
    return replace(draft, lines=(*draft.lines, UNRECORDED), recorded=False), do


def _nothing(tx: sqlite3.Connection, now: datetime) -> Done:
    raise AssertionError("without state there is no transaction")


def _saved(ask: Ask) -> Done:
    """Write the files: the last thing that is done, so that what cannot be written is not recorded either."""
    from lifecycle_tui.config.saving import EditConflict, save
    from lifecycle_tui.config.sources import dotted, shown

    assert ask.prepared is not None
    changes: tuple[Change, ...] = ask.prepared["changes"]
    try:
        save(changes)
    except EditConflict as exc:
        raise Moved(exc.message, hint=exc.hint) from exc
    names = ", ".join(shown(change.file) for change in changes)
    if "key" not in ask.values:
        return Done(f"saved {names}")
    (change,) = changes
    new = "not set any more" if change.new is None else change.new
    facts = {"file": names, "old": change.old, "new": change.new}
    return Done(f"{dotted(change.key)} is {new}, in {names}", facts=facts)


def _record(tx: sqlite3.Connection, change: Change, ask: Ask, now: datetime) -> None:
    """The row of the audit log: which key, from what to what; of a whole text, which keys."""
    from lifecycle_tui.config.sources import dotted, shown

    detail: dict[str, Any] = {"file": str(change.file), "note": ask.note}
    detail |= {"before": kept.digest(change.before), "after": kept.digest(change.after)}
    if change.key:
        subject, model = dotted(change.key), _model(change.key)
        detail |= {"key": subject, "old": _told(change.key, change.old), "new": _told(change.key, change.new)}
    else:
        from lifecycle_tui.config.compare import text_differences

        found = text_differences(change.before, change.after, ask.values["prefixes"].get(change.file, ()))
        subject, models = shown(change.file), {_model(d.key) for d in found}
        model = models.pop() if len(models) == 1 else None
        detail |= {
            "changes": [
                {"key": d.name, "old": _told(d.key, d.was), "new": _told(d.key, d.now)} for d in found[:MOST_CHANGES]
            ],
            "keys": len(found),
        }
    audit.append(tx, "configure", subject, now, model=model, detail=detail, who=ask.who, behind=ask.behind)


def _told(key: tuple[str | int, ...], text: str | None) -> str | None:
    """A value as the audit log has it: a secret that somebody has written as text is not kept."""
    from lifecycle_tui.config import redact
    from lifecycle_tui.config.toml_text import literal, parsed

    if text is None:
        return None
    value = parsed(text)
    name = next(part for part in reversed(key) if isinstance(part, str))
    told = redact.shown(value, name, web=key[0] == "notifiers")
    return text if told == value else literal(told)


# Whole texts


def edit_files(
    root: Path, before: Mapping[Path, bytes | None], after: Mapping[Path, bytes], *, note: str | None = None
) -> str:
    """Save texts that were edited as a whole, if the workspace is then valid, with their rows in the audit log.

    Args:
        before: what each edit began from, by absolute path.
        after: what each file is to be.

    Returns:
        What was done, in a sentence.

    Raises:
        ConfigError: the files would have errors, with all of them; nothing is saved.
        Moved: a file has changed meanwhile; nothing is saved.
        LifecycleError: they cannot be written.
    """
    from lifecycle_tui.actions.doing import Doer

    with Doer(root, look=True) as doer:
        return doer.apply(doer.plan(EDIT, whole_values(root, before, after), note)).text


def whole_values(root: Path, before: Mapping[Path, bytes | None], after: Mapping[Path, bytes]) -> dict[str, Any]:
    """What `EDIT` is given: `before` and `after` as for `edit_files`."""
    return {"root": root, "before": before, "after": after, "prefixes": _prefixes(root, after)}


def _prefixes(root: Path, texts: Mapping[Path, bytes]) -> dict[Path, tuple[str, ...]]:
    """What stands before the keys of files that hold one model."""
    from lifecycle_tui.config.compare import absolute
    from lifecycle_tui.domain import environment
    from lifecycle_tui.domain.folder import FILE

    main = absolute(root / FILE)
    single = [path for path in texts if path != main and environment.named_by(main, path) is None]
    return {path: ("models", path.stem) for path in single}


def _prepare_whole(ask: Ask, workspace: Workspace | None) -> Mapping[str, Any]:
    from lifecycle_tui.config.compare import absolute
    from lifecycle_tui.config.edit import edit_file
    from lifecycle_tui.config.sources import shown
    from lifecycle_tui.domain.folder import FILE

    changes = []
    for path, text in ask.values["after"].items():
        began = ask.values["before"].get(path)
        if began is None:
            raise Refused(f"there is no {shown(path)}", "nothing was saved; make the file first")
        changes.append(edit_file(path, began, text))
    found = tuple(change for change in changes if not change.empty)
    main = absolute(ask.values["root"] / FILE)
    return {"changes": found, "warnings": _examined(main, found, whole=True)}


def _whole(ask: Ask, commit: Callable[[sqlite3.Connection, datetime], Done]) -> Draft:
    from lifecycle_tui.config.sources import shown

    assert ask.prepared is not None
    changes: tuple[Change, ...] = ask.prepared["changes"]
    names = ", ".join(shown(change.file) for change in changes)
    diff = "\n".join(change.diff for change in changes)
    return Draft(
        names, (f"save {names}",), _seen(changes), "lifecycle config check", commit,
        settled=None if changes else "nothing has changed", diff=tuple(diff.split("\n")),
    )  # fmt: skip


_KEY = Parameter("key", "key", "The key, e.g. models.churn.rules.psi.when; odd names need quotes.")
_FILE = Parameter(
    "file", "file", "The file to edit: another lifecycle.toml, or one of its includes and overlays.",
    required=False, option=True,
)  # fmt: skip
_ABOUT = (
    "Comments stay, and every byte outside of the value. The files are checked as they would be, and nothing is saved "
    "if that brings an error. A model that has a file of its own is edited there; with an environment, a key that its "
    "file has is edited in that."
)

SET = Action(
    "config set",
    "Set a key of the policy",
    "Set a key of lifecycle.toml.",
    "VALUE is TOML, or text without its quotes where the key takes text. " + _ABOUT,
    (_KEY, Parameter("value", "text", "The value."), _FILE),
    "low",
    (
        "lifecycle config set models.churn.rules.auc-low.when 'auc.upper < 0.9'",
        "lifecycle config set workspace.jobs 2 --dry-run",
        "lifecycle config set models.churn.training.gates '[\"gain(auc) > 0\"]'",
    ),
    _plan,
    prepare=_prepare,
    file=False,
    alone=_alone,
)
UNSET = Action(
    "config unset",
    "Take a key out of the policy",
    "Take a key, or a whole table, out of lifecycle.toml.",
    "Its line goes, with the comment behind it; comments above it stay. " + _ABOUT,
    (_KEY, _FILE),
    "low",
    (
        "lifecycle config unset models.churn.rules.auc-low",
        "lifecycle config unset defaults.training.cooldown --dry-run",
    ),
    _plan,
    prepare=_prepare,
    file=False,
    alone=_alone,
)
EDIT = Action(
    "config edit", "Save an edit", "Save files that were edited as a whole.", "", (), "low", (), _plan,
    prepare=_prepare_whole, file=False, alone=_alone,
)  # fmt: skip
"""Has no command: a terminal's editor asks for it."""

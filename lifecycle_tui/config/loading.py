"""Finds, reads and checks a workspace's files; what `lifecycle_tui.config` offers to the rest of the program.

`load` is for whoever needs a workspace, `check` for whoever shows what is wrong with one, `locate` for later checks
(plugin options, expressions) that want to point into a file that was sound in form.
"""

from __future__ import annotations

import gc
import glob
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lifecycle_tui.config import layering, plain_secrets
from lifecycle_tui.config.build import Declared, build, check_matches
from lifecycle_tui.config.build_keys import check_keys
from lifecycle_tui.config.layering import Laid
from lifecycle_tui.config.reading import Reading
from lifecycle_tui.config.report import Layer, Report, View
from lifecycle_tui.config.salvage import note
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.shape import keys_at
from lifecycle_tui.config.sources import Part, dotted, holds, shown
from lifecycle_tui.config.syntax import read
from lifecycle_tui.config.words import validate
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.folder import FILE, find_root
from lifecycle_tui.domain.problems import Place, Problem
from lifecycle_tui.domain.specs import WorkspaceSpec

_INIT = "run `lifecycle init DATA` to write one from data files, or go to the workspace's folder"


def find(start: Path) -> Path:
    """The `lifecycle.toml` of a folder, or of the nearest folder above it; a file is taken as it is.

    Raises:
        ConfigError: if there is none.
    """
    start = start.absolute()
    if os.path.isfile(start):
        return start
    return find_root(start) / FILE


def load(path: Path) -> WorkspaceSpec:
    """The workspace that a `lifecycle.toml` (or the folder that holds it) declares.

    Raises:
        ConfigError: with all problems, warnings included, if there is any error.
    """
    spec, problems = check(path)
    if spec is None:
        errors = sum(problem.level == "error" for problem in problems)
        name = shown(_file(path))
        raise ConfigError(f"{name} has {errors} problem{'' if errors == 1 else 's'}", problems)
    return spec


def check(
    path: Path, given: Mapping[Path, bytes] | None = None, over: Mapping[Path, bytes] | None = None
) -> tuple[WorkspaceSpec | None, tuple[Problem, ...]]:
    """The workspace, or None if there is an error; and every problem of all its files, in file order.

    Args:
        given: the bytes of all its files as they once were, by absolute path; the disk is not asked then.
        over: bytes that stand in for what the disk has of these files, by absolute path: an edit that is not saved.

    Raises:
        ConfigError: only if the file itself is not there or cannot be read.
    """
    reading = examine(path, given, over)
    return (reading.spec if reading.sound else None), reading.problems


def examine(path: Path, given: Mapping[Path, bytes] | None = None, over: Mapping[Path, bytes] | None = None) -> Reading:
    """All that `check` knows, for checks that go on with what is sound of a file that has errors.

    Raises:
        ConfigError: only if the file itself is not there or cannot be read.
    """
    with _collector_paused():
        return _examine(_file(path), given, over or {})


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No collection of cycles while a thousand models are built, none of which is garbage: a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _examine(path: Path, given: Mapping[Path, bytes] | None, over: Mapping[Path, bytes]) -> Reading:
    report = Report()
    data = {path: _bytes(path, over) if given is None else given[path]}
    name = layering.which(path, given)
    below = note(*read(path, data[path]), report)
    laid = layering.lay(below, name, given, over, data, report)
    main = laid.main
    file = validate(main, FileTable, report)
    declared = [Declared(name, Layer(main, ("models", name)), table) for name, table in file.models.items()]
    if given is None:
        declared += _included(laid, file, report, data, over)
    else:
        declared += [_model(laid, name, text, report, data) for name, text in given.items() if name not in data]
    declared += _alone(laid, declared, report)
    declared = _each_once(declared, report)
    spec = replace(build(main, file, declared, report, data), environment=name)
    check_matches(main, file, declared, report)
    check_keys(main, file, report)
    if not declared and not report.failed:
        report.add(
            Problem(
                "no-models",
                "no model is declared",
                "models",
                Place(main.name, 1, 1),
                "add [models.NAME], or run `lifecycle init DATA`",
                level="warning",
            )
        )
    views = {model.name: model.view(main, report) for model in declared}
    plain_secrets.check(spec, View((), (Layer(main),), report), views)
    return Reading(spec, View((), (Layer(main),), report), views, tuple(shown(name) for name in data))


def locate(workspace: WorkspaceSpec, key: KeyPath, part: Part = "value") -> Place | None:
    """Where a key path is written, e.g. `("models", "churn", "data", "table", "delimiter")`; None if nowhere.

    Looks in the model's own file, then in the defaults. Reads files anew: for messages, not for hot paths.
    """
    mains = [workspace.file]
    if workspace.environment is not None:
        mains.insert(0, environment.overlay(workspace.file, workspace.environment))
    wanted: list[tuple[Path, KeyPath]] = [(file, key) for file in mains]
    if key[:1] == ("models",) and len(key) > 1:
        wanted += [(f, key[2:]) for f in workspace.files if f not in mains and f.stem == key[1]]
        wanted += [(file, ("defaults", *key[2:])) for file in mains]
    for file, path in wanted:
        try:
            source, _ = read(file, file.read_bytes())
        except OSError:
            continue
        if path and holds(source.values, path):
            return source.place(path, part)
    return None


def known_keys(key: KeyPath) -> tuple[str, ...]:
    """The program's own keys of the table at a key path, e.g. `("models", "churn", "data", "labels")`.

    Where a table also takes a plugin's options, a check of these can then say which key was meant.
    """
    return keys_at(FileTable, key)


def _file(path: Path) -> Path:
    path = Path(os.path.normpath(path.absolute()))
    return path / FILE if path.is_dir() else path


def _bytes(path: Path, over: Mapping[Path, bytes]) -> bytes:
    try:
        return over[path] if path in over else path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no {shown(path)}", hint=_INIT) from None
    except OSError as exc:
        raise ConfigError(f"{shown(path)} cannot be read: {exc.strerror}") from None


def _included(
    laid: Laid, file: FileTable, report: Report, data: dict[Path, bytes], over: Mapping[Path, bytes]
) -> list[Declared]:
    """The models of the included files, and their bytes into `data`."""
    found = []
    main = laid.main
    root = main.path.parent
    for index, pattern in enumerate(file.include):
        where = os.path.join(glob.escape(str(root)), os.path.expanduser(pattern))
        paths = [Path(os.path.normpath(p)) for p in sorted(glob.glob(where, recursive=True)) if os.path.isfile(p)]
        if not paths:
            place = main.place(("include", index))
            report.add(Problem("no-file", f'no file matches "{pattern}"', f"include[{index}]", place))
        for path in paths:
            if path in data or environment.named_by(main.path, path):
                continue
            try:
                data[path] = over[path] if path in over else path.read_bytes()
            except OSError as exc:
                place = main.place(("include", index))
                message = f"{shown(path)} cannot be read: {exc.strerror}"
                report.add(Problem("no-file", message, f"include[{index}]", place))
                continue
            found.append(_model(laid, path, data[path], report, data))
    return found


def _model(laid: Laid, path: Path, text: bytes, report: Report, data: dict[Path, bytes]) -> Declared:
    """The model of an included file, as the environment has it."""
    data[path] = text
    source, problem = read(path, text, ("models", path.stem))
    source = note(source, problem, report)
    source = laid.over(source, path.stem)
    table = validate(source, ModelTable, report)
    return Declared(path.stem, Layer(source), table, readable=not report.is_broken(("models", path.stem)))


def _alone(laid: Laid, declared: list[Declared], report: Report) -> list[Declared]:
    """Models that only the environment's file declares."""
    known = [model.name for model in declared]
    names = [name for name in laid.models if name not in set(known)]
    sources = {name: laid.alone(name) for name in names if layering.declares(laid, name, known, report)}
    return [Declared(name, Layer(source), validate(source, ModelTable, report)) for name, source in sources.items()]


def _each_once(declared: list[Declared], report: Report) -> list[Declared]:
    """The models with every name once, the first; the others are reported with both places."""
    if max(Counter(model.name for model in declared).values(), default=1) == 1:
        return declared
    first: dict[str, Declared] = {}
    for model in declared:
        if (other := first.setdefault(model.name, model)) is not model:
            report.add(
                Problem(
                    "duplicate-model",
                    f'there are two models called "{model.name}"',
                    dotted(("models", model.name)),
                    model.layer.source.place(model.layer.base, "header"),
                    "an included file's model has the file's name",
                    (other.layer.source.place(other.layer.base, "header"),),
                )
            )
    return list(first.values())

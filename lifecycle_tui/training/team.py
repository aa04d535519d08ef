"""A team's own code in the workspace's folder: importing it, calling it, and naming its line when it fails.

Only the process that trains or scores imports it. The folder goes to the end of `sys.path`, so that nothing in it
can take the place of the standard library or of an installed package.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from lifecycle_tui.domain.errors import LifecycleError, TrainingError

_seen: dict[str, tuple[int, int]] = {}
"""File of the team's that this process has imported → its time and size then."""


def is_own(estimator: str) -> bool:
    """Whether an estimator's name is a team's "module:function"."""
    return ":" in estimator


def build(estimator: str, folder: str | Path) -> Any:
    """What the team's function returns: an object with `fit` and `predict`.

    Raises:
        TrainingError: with file and line of the team's code where there is one.
    """
    function = find(estimator, folder)
    with blaming(f"{estimator} cannot build an estimator"):
        made = function()
    lacks = [name for name in ("fit", "predict") if not callable(getattr(made, name, None))]
    if lacks or isinstance(made, type):
        what = f"the class {made.__name__}" if isinstance(made, type) else f"a {type(made).__name__}"
        code = getattr(function, "__code__", None)
        place = f"{_short(code.co_filename)}:{code.co_firstlineno}: " if code else ""
        raise TrainingError(
            f"{place}{estimator} returned {what}, which is no estimator",
            hint="return an object with fit(X, y) and predict(X), e.g. a scikit-learn pipeline",
        )
    return made


def find(estimator: str, folder: str | Path) -> Callable[[], Any]:
    """The team's function, imported.

    Raises:
        TrainingError: module or function missing, or the module cannot be imported.
    """
    module_name, _, function_name = estimator.partition(":")
    on_path(folder)
    _forget_changed(folder)
    file = module_file(folder, module_name)
    try:
        with blaming(f"{module_name} cannot be imported"):
            module = importlib.import_module(module_name)
    except TrainingError as exc:
        if isinstance(exc.__cause__, ModuleNotFoundError) and file is None:
            name = exc.__cause__.name or ""
            if module_name == name or module_name.startswith(f"{name}."):
                raise TrainingError(
                    f"there is no module {module_name} for estimator {estimator}",
                    hint=f"put {module_name.split('.')[0]}.py beside lifecycle.toml, or install it",
                ) from None
        raise
    found = getattr(module, "__file__", None)
    if file is not None and (found is None or os.path.realpath(found) != os.path.realpath(file)):
        raise TrainingError(
            f"{_short(str(file))} is not imported: {module_name} is the name of another module ({found or 'built in'})",
            hint="rename your file",
        )
    function = getattr(module, function_name, None)
    if not callable(function):
        import difflib

        near = difflib.get_close_matches(function_name, [n for n, v in vars(module).items() if callable(v)], 1)
        hint = f'did you mean "{module_name}:{near[0]}"?' if near else f"define it in {_short(found or module_name)}"
        raise TrainingError(f"{_short(found or module_name)}:1: there is no function {function_name}", hint=hint)
    _remember(folder)
    return function


def on_path(folder: str | Path) -> None:
    """Let the folder's modules be imported, after everything else."""
    place = str(folder)
    if place and place not in sys.path:
        sys.path.append(place)
        importlib.invalidate_caches()


def module_file(folder: str | Path, module: str) -> Path | None:
    """The file of a module of the folder, by its name alone: nothing is imported."""
    base = Path(folder, *module.split("."))
    for path in (base / "__init__.py", base.with_name(base.name + ".py")):
        if path.is_file():
            return path
    return None


@contextmanager
def blaming(what: str) -> Iterator[None]:
    """Turn whatever the team's code raises into a `TrainingError` that names its file and line."""
    try:
        yield
    except (LifecycleError, KeyboardInterrupt):
        raise
    except BaseException as exc:
        if isinstance(exc, SyntaxError) and exc.filename:
            place = f"{_short(exc.filename)}:{exc.lineno}: "
        else:
            place = _place(exc.__traceback__)
        said = traceback.format_exception_only(exc)[-1].strip()
        if isinstance(exc, SystemExit):
            said = f"it ends the program (exit {exc.code})"
        hint = "install what it imports" if isinstance(exc, ModuleNotFoundError) else None
        raise TrainingError(f"{place}{what}: {said[:2000]}", hint=hint) from exc


def _place(tb: TracebackType | None) -> str:
    """`file:line: ` of the innermost frame that is the team's."""
    frames = [f for f in traceback.extract_tb(tb) if _is_teams(f.filename)]
    return f"{_short(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""


_OURS = str(Path(__file__).parents[1])
_STDLIB = os.path.dirname(os.__file__)


def _is_teams(file: str) -> bool:
    inside = any(part in file for part in ("site-packages", "dist-packages"))
    return not (inside or file.startswith((_OURS, _STDLIB, "<")))


def _short(file: str) -> str:
    """Relative to a folder that is on the path, as people know it."""
    for folder in reversed(sys.path):
        if folder and os.path.isabs(folder) and file.startswith(folder + os.sep):
            return os.path.relpath(file, folder)
    return file


def _own_modules(folder: str | Path) -> dict[str, str]:
    """Imported modules that the folder's place on the path has given: name → file."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name.split(".")[0] == "lifecycle_tui":
            continue
        expected = module_file(folder, name)
        if expected is not None and os.path.realpath(file) == os.path.realpath(expected):
            found[name] = file
    return found


def _stamp(file: str) -> tuple[int, int]:
    try:
        told = os.stat(file)
    except OSError:
        return (0, 0)
    return (told.st_mtime_ns, told.st_size)


def _remember(folder: str | Path) -> None:
    for file in _own_modules(folder).values():
        _seen.setdefault(file, _stamp(file))


def _forget_changed(folder: str | Path) -> None:
    """Import the team's modules anew when one of those that `find` imported has changed since: workers live long."""
    own = {name: file for name, file in _own_modules(folder).items() if file in _seen}
    if any(_stamp(file) != _seen[file] for file in own.values()):
        for name, file in own.items():
            sys.modules.pop(name, None)
            _seen.pop(file, None)
        importlib.invalidate_caches()

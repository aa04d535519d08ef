"""What a version's record says of how it was made: libraries, the team's code, the columns. For who registers it."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.team import module_file

if TYPE_CHECKING:
    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import ModelSpec

LIBRARIES = ("lifecycle-tui", "scikit-learn", "skops", "numpy", "pandas", "pyarrow", "scipy")
"""Those that a fitted version depends on; Python's own version is told beside them."""


def libraries() -> dict[str, str]:
    """Name → version of what is installed now."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def schema(spec: ModelSpec, kinds: Mapping[str, ColumnKind]) -> dict[str, Any]:
    """The columns that a version was fitted on: `{"task": …, "target": name, "features": {name: kind}}`."""
    return {"task": spec.task, "target": spec.columns.target, "features": {name: kinds[name] for name in sorted(kinds)}}


def code_digest(folder: str | Path, estimator: str) -> str:
    """SHA-256 of the team's module and of every module of the folder that it imports, directly or not.

    Imports are read from the source, those inside functions too; nothing is imported. For an installed module it is the
    digest of that module's own file.

    Args:
        estimator: "module:function".

    Raises:
        TrainingError: there is no such module.
    """
    module = estimator.partition(":")[0]
    if module_file(folder, module) is not None:
        return _digest(folder, [module])
    file = _installed(module)
    if file is None:
        raise TrainingError(
            f"there is no module {module}", hint=f"put {module}.py beside lifecycle.toml, or install it"
        )
    return _sum([(module, file.read_bytes())])


def command_digest(folder: str | Path, command: Sequence[str]) -> str:
    """SHA-256 of a program's words, of the files among them, and of what a Python file imports from the folder."""
    parts: list[tuple[str, bytes]] = [("words", "\0".join(command).encode())]
    for word in command:
        path = Path(folder, word)
        if path.is_file() and path.stat().st_size <= 64 * 1024**2:
            parts.append((word, path.read_bytes()))
            if path.suffix == ".py":
                parts.append((f"{word} imports", _digest(path.parent, [path.stem]).encode()))
    return _sum(parts)


def _digest(folder: str | Path, modules: list[str]) -> str:
    """Of modules and all of the folder that they lead to, in the order of their names."""
    found: dict[str, bytes] = {}
    left = list(modules)
    while left:
        name = left.pop()
        file = module_file(folder, name)
        if name in found or file is None:
            continue
        found[name] = file.read_bytes()
        left += _imports(found[name], name, file.name == "__init__.py")
    return _sum(sorted(found.items()))


def _imports(source: bytes, module: str, package: bool) -> Iterator[str]:
    """Every module that a source may import, with the packages around it; names that are none cost nothing."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    here = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            names = [start, *(f"{start}.{alias.name}" if start else alias.name for alias in node.names)]
        for name in names:
            words = name.split(".")
            yield from (".".join(words[: i + 1]) for i in range(len(words)))


def _installed(module: str) -> Path | None:
    from importlib.machinery import PathFinder

    words = module.split(".")
    try:
        found = PathFinder.find_spec(words[0])
    except (ImportError, ValueError):
        return None
    if found is None:
        return None
    if len(words) > 1:
        return next(
            (p for place in found.submodule_search_locations or () if (p := module_file(place, ".".join(words[1:])))),
            None,
        )
    return Path(found.origin) if found.origin and os.path.isfile(found.origin) else None


def _sum(parts: Sequence[tuple[str, bytes]]) -> str:
    whole = hashlib.sha256()
    for name, content in parts:
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()

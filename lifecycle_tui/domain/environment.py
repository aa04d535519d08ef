"""Which environment counts: `lifecycle --env prod` lays `lifecycle.prod.toml` over `lifecycle.toml`.

The name travels in a variable of the process's environment, so that the agent, its workers and the terminal inherit it.
Standard library alone: `status` and the terminal's first paint need it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from lifecycle_tui.domain.errors import ConfigError

VARIABLE = "LIFECYCLE_ENV"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def current(environ: Mapping[str, str] = os.environ) -> str | None:
    """The environment that counts in this process; None where there is none.

    Raises:
        ConfigError: what the variable holds cannot be a part of a file's name.
    """
    name = environ.get(VARIABLE, "")
    return checked(name) if name else None


def checked(name: str) -> str:
    """The name, if it is one.

    Raises:
        ConfigError: it is none. Dots and slashes would lead to another file.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f'"{name[:60]}" is no name for an environment',
            hint=f'letters, digits, "-" and "_" only, as in --env prod (or {VARIABLE}=prod)',
        )
    return name


def overlay(file: Path, name: str) -> Path:
    """The file that is laid over `file` in an environment: `lifecycle.prod.toml` for `lifecycle.toml`."""
    return file.with_name(f"{file.stem}.{name}{file.suffix}")


def named_by(file: Path, path: Path) -> str | None:
    """The environment whose overlay `path` is; None where it is no overlay of `file`. Neither is read."""
    if path.parent != file.parent or path == file or path.suffix != file.suffix:
        return None
    start, dot, name = path.stem.partition(f"{file.stem}.")
    return name if dot and not start and _NAME.fullmatch(name) else None


def shown(name: str | None) -> str:
    """An environment in a sentence: `the environment prod`, or `no environment`."""
    return f"the environment {name}" if name else "no environment"

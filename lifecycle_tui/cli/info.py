"""`lifecycle info`: what is installed and where everything lies; works with a broken file and without a workspace."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

import click

from lifecycle_tui import __version__, output
from lifecycle_tui.domain.errors import LifecycleError

PARTS = (
    "textual", "pluggy", "pandas", "scipy", "scikit-learn", "pyarrow", "pydantic", "click", "sqlite-utils", "skops",
)  # fmt: skip


@click.command(name="info")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
def command(fmt: str) -> None:
    """Show versions, paths and limits of this installation.

    \b
    Example:
      lifecycle info --format json
    """
    facts = _program() | _workspace()
    if fmt == "json":
        output.json_out(facts)
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            value = " · ".join(f"{k} {v}" for k, v in value.items())
        output.say(f"{key:<12} {output.plain(str(value)) if value is not None else '-'}")


def _program() -> dict[str, Any]:
    import sqlite3
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in PARTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return {
        "version": __version__,
        "package": str(Path(__file__).resolve().parents[1]),
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "libraries": found,
    }


def _environment(file: Path) -> str | None:
    """The environment, and its file; what is wrong with either is said, never raised."""
    from lifecycle_tui.domain import environment

    try:
        name = environment.current()
    except LifecycleError as exc:
        return exc.message
    if name is None:
        return None
    path = environment.overlay(file, name)
    return f"{name} ({path}{'' if path.exists() else ', which is not there'})"


def _workspace() -> dict[str, Any]:
    """The workspace's paths; a file that cannot be read is said, never raised."""
    from lifecycle_tui.config import find

    try:
        file = find(Path.cwd())
    except LifecycleError as exc:
        return {"workspace": None, "problem": exc.message}
    state = file.parent / ".lifecycle" / "state.db"
    return {
        "workspace": str(file.parent),
        "config": str(file),
        "environment": _environment(file),
        "state": f"{state} ({state.stat().st_size:,} bytes)" if state.exists() else f"{state} (not made yet)",
        "plugins": str(file.parent / "plugins"),
    }

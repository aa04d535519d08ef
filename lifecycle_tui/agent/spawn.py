"""Starts an agent that outlives the terminal: in a session of its own, with its words in `.lifecycle/agent.log`.

Called by the terminal, once it has painted, and by `lifecycle agent --detach`. Standard library alone: the terminal
does not read `lifecycle.toml` with all its checks for this.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle_tui.domain import environment, read_only
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import folder

SWITCH = "LIFECYCLE_AGENT"
"""Environment variable; "off" keeps the terminal from starting an agent."""

LOG_SIZE = 2_000_000
"""Bytes of the log from which on it is put aside, as `agent.log.1`, before another agent writes to it."""


def wanted(root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """The mode of the agent that the terminal is to start here: "auto" or "stay"; None for none.

    None also where this process or this user may only look, or the file cannot be read: then an agent could not work.
    """
    if environ.get(SWITCH) == "off" or not may(root, environ):
        return None
    mode, _ = declared(root, environ)
    return mode if mode in ("auto", "stay") else None


def may(root: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process and this user may do more here than look."""
    state = folder.database(root)
    return not read_only.on(environ) and os.access(state, os.W_OK) and os.access(state.parent, os.W_OK)


def declared(root: Path, environ: Mapping[str, str] = os.environ) -> tuple[str | None, str]:
    """(`[workspace] agent` as the files have it, "auto" where they do not say; why they cannot be read, else "").

    Asked every second by each terminal: files that have not changed are not read again (those of ten thousand models
    take more than a second).
    """
    try:
        name = environment.current(environ)
        files = (root / FILE,) if name is None else (root / FILE, environment.overlay(root / FILE, name))
        stamps = tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in map(os.stat, files))
    except (OSError, ValueError, ConfigError) as exc:
        return None, str(exc)
    kept = _declared.get(files)
    if kept is None or kept[0] != stamps:
        kept = _declared[files] = (stamps, _read(files))
    return kept[1]


_declared: dict[tuple[Path, ...], tuple[tuple[tuple[int, int, int], ...], tuple[str | None, str]]] = {}


def _read(files: Sequence[Path]) -> tuple[str | None, str]:
    try:
        tables = [tomllib.loads(file.read_text(encoding="utf-8-sig")).get("workspace", {}) for file in files]
    except (OSError, ValueError, RecursionError) as exc:
        return None, str(exc)
    mode: object = "auto"
    for table in tables:
        mode = table.get("agent", mode) if isinstance(table, dict) else None
    return (mode if isinstance(mode, str) else None), ""


def log_file(root: Path) -> Path:
    """Where a detached agent writes what it says."""
    return folder.folder(root) / "agent.log"


def start(file: Path, mode: str, *more: str) -> subprocess.Popen[bytes]:
    """Start an agent that does not end with this process, its terminal or its session.

    Args:
        more: further words for `lifecycle agent`.
    """
    log = log_file(file.parent)
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_SIZE:
            os.replace(log, log.with_suffix(".log.1"))
    words = [sys.executable, "-P", "-m", "lifecycle_tui", "agent", "--mode", mode, "--file", str(file), *more]
    with open(log, "ab") as out:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=file.parent, start_new_session=True
        )

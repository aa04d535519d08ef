"""What a person last looked at, and how: kept per workspace outside of it, so that the next start is where they were.

`$XDG_STATE_HOME/lifecycle-tui/` (by default `~/.local/state/lifecycle-tui/`) holds one small JSON file a workspace, and
`hints.json`, the first-run hints that this person has seen. It is a convenience: what cannot be read is as nothing, a
failure to write is a sentence for the workspace screen, and neither stops anything. Written by `keeper`, read by
`start`. Files come into being beside their place and are renamed onto it: of two terminals the last one wins, whole.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
LARGEST = 64 * 1024
"""Bytes of a file that is read or written; ours take about one kilobyte."""
LONGEST = 500
"""Characters of one text in it: more is nobody's filter or key."""
PARTS, ENTRIES = 60, 30
"""Screens and panes, and settings of one, that are kept."""
WORKSPACES = 200
"""Workspaces that are remembered; the ones that were left the longest ago are forgotten first."""
ABANDONED = 60.0
"""Seconds after which a file that is not yet in its place is nobody's."""
HINTS = "hints.json"

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the program.

    Attributes:
        screen: name of a screen in `places.PLACES`, "model" or "job".
        model, pane: of the model screen; job: number of a job.
        key: of the row that the cursor stands on, as its grid knows it.
        filter: the words of the filter there.
        rows: the same of the other grids there, by their ids; focus: id of the one that has the keys.
    """

    screen: str = "fleet"
    model: str | None = None
    pane: str | None = None
    job: int | None = None
    key: str | None = None
    filter: str = ""
    rows: Settings = field(default_factory=dict)
    focus: str | None = None


SIMPLE = tuple(name for name in Spot.__slots__ if name != "rows")


@dataclass(frozen=True, slots=True)
class Remembered:
    """All that is kept of one workspace: where somebody was, and how each screen and pane looked.

    Attributes:
        settings: name of a screen ("fleet") or of a pane ("model.drift") → what its `Part.settings()` said.
    """

    spot: Spot = Spot()
    settings: Mapping[str, Settings] = field(default_factory=dict)


NOTHING = Remembered()


def folder() -> Path | None:
    """Where it is kept; None where this account has no home; as XDG has it, a relative path does not count."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return Path(given) / "lifecycle-tui"
    home = os.path.expanduser("~")
    return Path(home) / ".local" / "state" / "lifecycle-tui" if os.path.isabs(home) else None


def path_of(root: Path) -> Path | None:
    """The file of a workspace, named for its folder and told apart by the whole path."""
    beside, whole = folder(), os.path.realpath(root)
    if beside is None:
        return None
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in os.path.basename(whole))[:40].strip("-")
    return beside / f"{name or 'workspace'}-{zlib.crc32(whole.encode(errors='surrogateescape')):08x}.json"


def load(root: Path) -> Remembered:
    """What is remembered of a workspace; nothing where there is none, and where it cannot be understood."""
    found = _read(path_of(root))
    if found is None or found.get("root") != _said(root):
        return NOTHING
    settings = found.get("settings")
    kept = {
        name: _texts(values)
        for name, values in (settings.items() if isinstance(settings, dict) else ())
        if isinstance(values, dict) and len(name) <= LONGEST
    }
    return Remembered(_spot(found.get("place")), dict(list(kept.items())[:PARTS]))


def store(root: Path, remembered: Remembered) -> str:
    """Write what is to be remembered of a workspace.

    Returns:
        "", or why it could not be written, in a sentence.
    """
    spot = {name: value for name in SIMPLE if (value := _short(getattr(remembered.spot, name)))}
    if rows := _texts(remembered.spot.rows):
        spot["rows"] = rows
    settings = {name: _texts(values) for name, values in list(remembered.settings.items())[:PARTS] if values}
    path = path_of(root)
    fresh = path is not None and not path.exists()
    said = _write(path, {"format": FORMAT, "root": _said(root), "place": spot, "settings": settings})
    if fresh and path is not None and not said:
        _forget_oldest(path.parent)
    return said


def hints_seen() -> frozenset[str]:
    """Names of the screens whose first-run hint this person has seen."""
    found = (_read(_hints()) or {}).get("seen")
    return frozenset(name for name in found if isinstance(name, str)) if isinstance(found, list) else frozenset()


def add_hints_seen(names: Iterable[str]) -> str:
    """Keep that these were seen too, besides those that another terminal may have added; "" or why that failed."""
    seen = sorted({*hints_seen(), *names})
    return _write(_hints(), {"format": FORMAT, "seen": seen[: PARTS * 2]})


def write_text(name: str, text: str) -> Path:
    """Put a text that may be private into a file beside (mode 0600), e.g. what did not fit the terminal's clipboard.

    Raises:
        OSError: it cannot be written, or this account has no home.
    """
    beside = folder()
    if beside is None:
        raise OSError("this account has no home folder")
    _replace(beside / name, text)
    return beside / name


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _hints() -> Path | None:
    beside = folder()
    return None if beside is None else beside / HINTS


def _said(root: Path) -> str:
    """The workspace's path as JSON can hold it, whatever bytes it is made of."""
    return os.path.realpath(root).encode(errors="surrogateescape").decode(errors="replace")


def _read(path: Path | None) -> dict[str, Any] | None:
    """A file's object; None where there is none, it is too large, no JSON, or of another format."""
    if path is None:
        return None
    try:
        # A pipe or a device in its place would be waited for.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            text = file.read(LARGEST + 1)
        found = json.loads(text) if text and len(text) <= LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def _write(path: Path | None, value: dict[str, Any]) -> str:
    if path is None:
        return "this account has no home folder to remember it in"
    text = json.dumps(value, indent=1)
    if len(text) > LARGEST:
        return f"it would take more than {LARGEST:,} bytes"
    try:
        _replace(path, text)
    except OSError as exc:
        return f"{path.parent}: {exc.strerror or exc}"
    return ""


def _replace(path: Path, text: str) -> None:
    """Write a file for its owner alone, in one piece: a reader sees the old one or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _forget_oldest(beside: Path) -> None:
    with suppress(OSError):
        found = [entry for entry in os.scandir(beside) if entry.name.endswith(".json") and entry.name != HINTS]
        left = [entry for entry in os.scandir(beside) if entry.name.endswith(".new")]  # by writers that were killed
        for entry in left:
            if time.time() - entry.stat().st_mtime > ABANDONED:
                os.unlink(entry)
        for entry in sorted(found, key=lambda entry: entry.stat().st_mtime)[:-WORKSPACES]:
            os.unlink(entry)


# ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _short(value: object) -> object:
    """A text that is not too long, or a number; else nothing."""
    if isinstance(value, str):
        # JSON holds lone surrogates, files in UTF-8 do not.
        return value if len(value) <= LONGEST and value.isprintable() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    """The settings of one part that are what settings are."""
    kept = [(k, v) for k, v in values.items() if isinstance(k, str) and isinstance(v, str)]
    return {key: text for key, text in kept[:ENTRIES] if _short(key) and _short(text) is not None}


def _spot(value: object) -> Spot:
    if not isinstance(value, dict):
        return Spot()
    kinds = {"job": int}
    known: dict[str, Any] = {
        name: found
        for name in SIMPLE
        if isinstance(found := _short(value.get(name)), kinds.get(name, str)) and found != ""
    }
    rows = value.get("rows")
    return Spot(**known, rows=_texts(rows) if isinstance(rows, dict) else {})

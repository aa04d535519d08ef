"""Turns what a plugin did into a fault with a place: the last frame of a traceback, or of a native dump, in its files.

Used in the plugin's process (exceptions) and in the program (dumps that faulthandler left).
"""

from __future__ import annotations

import os
import re
from types import TracebackType

from lifecycle_tui.plugin_host.info import FaultInfo

MESSAGE_LIMIT = 500
_DUMP_LINE = re.compile(r'File "(?P<file>.*)", line (?P<line>\d+) in ')


def root_of(home: str) -> str:
    """The file of a single-file plugin, the folder (with a separator at its end) of a package."""
    return os.path.dirname(home) + os.sep if os.path.basename(home) == "__init__.py" else home


def owns(home: str, path: str) -> bool:
    """Whether `path` is one of the files of the plugin whose main file is `home`."""
    if not home:
        return False
    root = root_of(home)
    return path.startswith(root) if root.endswith(os.sep) else path == root


def place(tb: TracebackType | None, home: str) -> tuple[str | None, int | None]:
    """File and line of the last frame inside the plugin's own files; (None, None) where there is none."""
    found: tuple[str | None, int | None] = (None, None)
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        if owns(home, name):
            found = (name, tb.tb_lineno)
        tb = tb.tb_next
    return found


def place_in_dump(dump: str, home: str) -> tuple[str | None, int | None]:
    """The same from faulthandler's text, which lists the most recent call first."""
    for match in _DUMP_LINE.finditer(dump):
        if owns(home, match["file"]):
            return match["file"], int(match["line"])
    return None, None


def from_exception(exc: BaseException, home: str, *, importing: bool, line: int | None = None) -> FaultInfo:
    """The fault for an exception that left the plugin.

    Args:
        home: the plugin's main file.
        importing: it happened while the plugin was imported, not in a call.
        line: where to point if no frame is the plugin's.
    """
    file, at = place(exc.__traceback__, home)
    if isinstance(exc, SyntaxError) and importing and owns(home, exc.filename or home):
        return FaultInfo("syntax", f"syntax error: {text(exc.msg)}", exc.filename or home, exc.lineno)
    kind = "import" if importing and isinstance(exc, ImportError | SyntaxError) else "raised"
    message = describe(exc)
    if isinstance(exc, MemoryError):
        kind, message = "memory", "ran out of the memory it may use"
    elif isinstance(exc, SystemExit):
        kind, message = "exited", f"called exit ({text(exc.code)})"
    elif importing and isinstance(exc, OSError) and getattr(exc, "filename", None) == home:
        kind = "import"
    return FaultInfo(kind, message, file or home or None, at or line)


def describe(exc: BaseException) -> str:
    """`Type: message`, short, whatever its `__str__` does."""
    said, name = text(exc), type.__dict__["__name__"].__get__(type(exc))  # past a metaclass that has a name of its own
    return f"{name}: {said}" if said else name


def text(value: object) -> str:
    """`str(value)` cut to a length that fits a report; the plugin's `__str__` may itself be broken."""
    try:
        said = str(value)
    except BaseException as exc:
        return f"(its text cannot be shown: {type(exc).__name__})"
    said = said.encode("utf-8", "backslashreplace").decode()
    return said if len(said) <= MESSAGE_LIMIT else said[: MESSAGE_LIMIT - 1] + "…"

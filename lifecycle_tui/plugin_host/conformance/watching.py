"""What a plugin writes, prints and connects to while a check runs, with the plugin's line. Runs in its process.

An audit hook cannot be taken away again, so there is one, which does nothing unless a check is on.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lifecycle_tui.plugin_host import blame

_CHANGING = {
    "os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.truncate": 0, "os.chmod": 0, "os.rename": 1, "os.link": 1,
    "os.symlink": 1, "shutil.rmtree": 0,
}  # fmt: skip
"""Event → which of its arguments is the path that changes."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Seen:
    """What was noted.

    Attributes:
        writes: (what, file, line) of each file that was opened for writing, made, moved or removed.
        refused: connections that were not let through.
        printed: file and line of the first print, None where there was none through `sys.stdout` or `sys.stderr`.
    """

    home: str
    scratch: str
    temporary: str
    inside: bool
    online: bool
    writes: list[tuple[str, str, int]] = field(default_factory=list)
    refused: list[tuple[str, str, int]] = field(default_factory=list)
    printed: tuple[str, int] | None = None


_seen: Seen | None = None
_installed = False


class Refused(ConnectionRefusedError):
    """Nothing leaves this machine while a plugin is checked."""


@contextlib.contextmanager
def watching(home: str, scratch: str, *, inside: bool, online: bool) -> Iterator[Seen]:
    """Watch the plugin whose main file is `home`.

    Args:
        scratch: the folder that stands for the workspace.
        inside: whether it may write there.
        online: whether it may connect to other machines.
    """
    global _seen, _installed
    if not _installed:
        sys.addaudithook(_hear)
        _installed = True
    # Asked for here: finding it writes a file the first time, which the hook would hear.
    temporary = os.path.realpath(tempfile.gettempdir())
    seen = Seen(home, os.path.realpath(scratch), temporary, inside, online)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Told(stream, seen) for stream in streams)
    _seen = seen
    try:
        yield seen
    finally:
        _seen = None
        sys.stdout, sys.stderr = streams
        sys.dont_write_bytecode = bytecode


class _Told:
    """A stream that notes where the first words came from, and passes them on."""

    def __init__(self, stream: Any, seen: Seen) -> None:
        self._stream, self._seen = stream, seen

    def write(self, text: str) -> int:
        if text and self._seen.printed is None:
            self._seen.printed = _line(self._seen.home)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    seen = _seen
    if seen is None:
        return
    if event == "open":
        path, _, flags = args
        if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int) and flags & _WRITES:
            _note(seen, "opens for writing", path)
    elif event in _CHANGING:
        _note(seen, event.partition(".")[2], args[_CHANGING[event]])
    elif event == "socket.connect" and not seen.online and _far(args[1]):
        seen.refused.append((str(args[1][0]), *(_line(seen.home) or (seen.home, 1))))
        raise Refused("connections to other machines are refused while a plugin is checked")


def _note(seen: Seen, what: str, path: Any) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return
    name = os.path.abspath(os.fsdecode(path))
    real = os.path.realpath(os.path.dirname(name))
    if f"{os.sep}__pycache__" in name or name.startswith("/dev/"):
        return
    if f"{real}{os.sep}".startswith(f"{seen.scratch}{os.sep}"):
        if seen.inside:
            return
        name = os.path.relpath(name, seen.scratch)
    elif name == seen.temporary or f"{real}{os.sep}".startswith(f"{seen.temporary}{os.sep}"):
        return
    seen.writes.append((f"{what} {name}", *(_line(seen.home) or (seen.home, 1))))


def _far(address: Any) -> bool:
    host = address[0] if isinstance(address, tuple) and address else ""
    return bool(host) and host not in ("127.0.0.1", "::1", "localhost")


def _line(home: str) -> tuple[str, int] | None:
    """The innermost line of the plugin on the stack."""
    frame = sys._getframe(1)
    while frame is not None:
        if blame.owns(home, frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None

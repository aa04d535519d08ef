"""Whether anybody looks: every open terminal shares a lock on `.lifecycle/viewers.lock`, which the kernel frees.

Held by the terminal; asked by an agent that is to end when nobody looks.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from lifecycle_tui.state import folder

NAME = "viewers.lock"


class Viewer:
    """One open terminal, from the moment that it is made until `close` or the end of its process.

    Who may not write to the workspace counts as well, as long as somebody who may was there before.
    """

    def __init__(self, root: Path) -> None:
        import fcntl

        path = folder.folder(root) / NAME
        self._handle: int | None = None
        for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
            with contextlib.suppress(OSError):
                self._handle = os.open(path, flags | os.O_CLOEXEC, 0o644)
                break
        if self._handle is not None:
            # An agent asks for it whole for an instant, so this waits an instant at most.
            with contextlib.suppress(OSError):
                fcntl.flock(self._handle, fcntl.LOCK_SH)

    def close(self) -> None:
        """Look no more."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def anybody(root: Path) -> bool:
    """Whether a terminal is open on the workspace."""
    import fcntl

    try:
        handle = os.open(folder.folder(root) / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)

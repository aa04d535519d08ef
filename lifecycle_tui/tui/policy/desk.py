"""The terminal's end of the child that checks an edit: requests go out, answers come back into the event loop.

    desk = Desk(app)
    desk.ask(Look(root, model, over), self.heard)      # heard(answer), several times; then a newer request wins
    desk.close()

Called by the policy screens, from the event loop alone. Nothing here waits: writing and reading are two threads', and
of requests that wait only the newest look is kept; one to save is never dropped.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from lifecycle_tui.tui.policy.asked import Answer, Broken, Look, Save

if TYPE_CHECKING:
    from textual.app import App

Heard = Callable[[Answer], None]


class Desk:
    """One child; it is started with the first request, and anew where it has died."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._child: subprocess.Popen[bytes] | None = None
        self._out: SimpleQueue[bytes | None] = SimpleQueue()
        self._ticket = 0
        self._listeners: dict[int, Heard] = {}
        self._newest = 0
        self.closed = False

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._listeners)

    def ask(self, request: Look | Save, heard: Heard) -> None:
        """Have this answered; the answers to looks that were asked for before are not heard any more."""
        if self.closed:
            return
        self._ticket += 1
        if isinstance(request, Look):
            self._listeners.pop(self._newest, None)
            self._newest = self._ticket
        self._listeners[self._ticket] = heard
        self._start()
        self._out.put(pickle.dumps((self._ticket, request)))

    def forget(self) -> None:
        """Nobody wants to hear the answer to the last look any more."""
        self._listeners.pop(self._newest, None)

    def close(self) -> None:
        """End the child; what it was about to save, it saves."""
        self.closed = True
        self._out.put(None)

    def _start(self) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "lifecycle_tui.tui.policy.child"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            self._app.call_later(self._lost, f"no process could be started: {exc.strerror}")
            return
        self._out = SimpleQueue()
        for work in (self._write, self._read):
            threading.Thread(target=work, args=(self._child, self._out), daemon=True, name="desk").start()

    # ── the two threads ───────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def _write(child: subprocess.Popen[bytes], out: SimpleQueue[bytes | None]) -> None:
        assert child.stdin is not None
        with contextlib.suppress(OSError), child.stdin as stream:
            while (data := out.get()) is not None:
                stream.write(data)
                stream.flush()

    def _read(self, child: subprocess.Popen[bytes], out: SimpleQueue[bytes | None]) -> None:
        assert child.stdout is not None
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError), child.stdout as stream:
            while True:
                ticket, answer, last = pickle.load(stream)
                self._back(self._came, ticket, answer, last)
        out.put(None)
        child.wait()
        self._back(self._ended, child)

    def _back(self, call: Callable[..., None], *args: Any) -> None:
        # The app may have ended meanwhile.
        with contextlib.suppress(RuntimeError, CancelledError):
            if self._app.is_running:
                self._app.call_from_thread(call, *args)

    # ── in the event loop ─────────────────────────────────────────────────────────────────────────────────────────

    def _came(self, ticket: int, answer: Answer | None, last: bool) -> None:
        heard = self._listeners.get(ticket)
        if last:
            self._listeners.pop(ticket, None)
        if heard is not None and answer is not None and not self.closed:
            heard(answer)

    def _ended(self, child: subprocess.Popen[bytes]) -> None:
        if child is self._child and self._listeners and not self.closed:
            self._lost("the process that checks the edit has died; the next change starts another one")

    def _lost(self, text: str) -> None:
        listeners, self._listeners = list(self._listeners.values()), {}
        for heard in listeners:
            heard(Broken(text))

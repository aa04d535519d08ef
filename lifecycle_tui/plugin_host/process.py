"""One plugin process as the program holds it: started, asked one thing at a time within limits, ended.

Used by `index` (a fresh one a file) and by `runner` (one kept between calls). It knows nothing of plugins: it answers
with the child's frame, or raises `Lost` when there will be none.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.plugin_host import cell, frames, guardian

START_ATTEMPTS = 5
START_SECONDS = 60.0
"""For a new interpreter to come up, on a machine that is very busy."""
REPLY_LIMIT = 64 * 1024 * 1024
"""Bytes of one reply; tables go through the spool instead."""
LOG_LIMIT = 16 * 1024
"""Bytes kept of what was printed in one call: the end of it."""
_LOOK = 0.05
"""Seconds between two looks at the process's memory."""
_STACK, _PIECE = 3.0, 0.3
"""Seconds until the stack that was asked for begins, and between two pieces of it: a busy machine has to get to it."""
_TOLD = 10.0
"""Seconds within which the guardian says how a process ended whose channel has closed."""
_GONE = 20.0
"""Seconds for the guardian to tidy up; killed before, it leaves behind what a plugin has moved to another session."""


class Lost(Exception):
    """The process gave no answer and is gone now.

    Attributes:
        kind: "timeout", "memory", "exited" or "died".
        dump: faulthandler's stack, "" where there is none.
        maybe_outside: somebody else may have killed it, or the machine for want of memory.
    """

    def __init__(self, kind: str, message: str, dump: str = "", *, maybe_outside: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.dump = dump
        self.maybe_outside = maybe_outside


@dataclass(frozen=True, slots=True)
class Setup:
    """How a process is started.

    Attributes:
        memory: bytes it may grow by.
        warm: modules to import before the limit counts.
        decode: a codec's import path, "" for none.
    """

    memory: int
    warm: tuple[str, ...] = ()
    decode: str = ""
    reply_limit: int = REPLY_LIMIT


class Process:
    """A running plugin process, made by `start`. Not for use by several threads at once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._assembler = frames.Assembler(setup.reply_limit + 1024 * 1024)
        self.log = bytearray()
        """The end of what was printed since `ask` began."""
        self.printed = 0
        """Bytes printed since `ask` began."""
        self.pid = 0
        """The process that runs the plugins (its parent is the guardian)."""
        self._asked = 0
        """Questions so far: an answer repeats the number of its own, so that no late one is taken for it."""
        self.spool = tempfile.mkdtemp(prefix="lifecycle-plugin-")
        """Folder for its batches; the guardian removes it."""
        self._start()

    # -- start and end ----------------------------------------------------------------------------------------------

    @classmethod
    def start(cls, setup: Setup) -> Process:
        """A process that is up; tried again when somebody kills it while it comes up.

        Raises:
            LifecycleError: if it cannot be started.
        """
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                return cls(setup)
            except OSError as exc:
                raise LifecycleError(f"no process for plugins could be started: {exc}") from None
            except Lost as lost:
                if attempt == START_ATTEMPTS:
                    raise LifecycleError(f"no process for plugins could be started: {lost}") from None
        raise AssertionError("unreachable")

    def _start(self) -> None:
        theirs: list[int] = []
        ours: list[int] = []
        for write_to_them in (True, False, True, False, False, False):
            read, write = os.pipe()
            theirs.append(read if write_to_them else write)
            ours.append(write if write_to_them else read)
        words = dict(zip(("request", "reply", "lifeline", "status", "trace"), theirs, strict=False))
        setup = {
            **words,
            "spool": self.spool,
            "memory": self._setup.memory,
            "warm": self._setup.warm,
            "decode": self._setup.decode,
            "reply_limit": self._setup.reply_limit,
        }
        self._request, self._reply, self._lifeline, self._status, self._trace, self._log = ours
        for fd in ours:
            os.set_blocking(fd, False)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "lifecycle_tui.plugin_host.child", json.dumps(setup)],
                stdin=subprocess.DEVNULL,
                stdout=theirs[5],
                stderr=theirs[5],
                pass_fds=theirs[:5],
                start_new_session=True,
            )
        except OSError:
            self._close_ours()
            os.rmdir(self.spool)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self._open = True
        try:
            hello = self._wait_for_frame([], START_SECONDS, None)[0]
        except BaseException:
            self.end()
            raise
        self.pid = int(hello["ready"])
        self.base = self.resident = int(hello["resident"])

    @property
    def reply_limit(self) -> int:
        """Bytes of one reply that it may send."""
        return self._setup.reply_limit

    @property
    def alive(self) -> bool:
        """Whether it can be asked; collects it if it ended between calls."""
        if self._open and select.select([self._status], [], [], 0)[0]:
            self.end()
        return self._open

    def end(self) -> None:
        """Kill whatever is left of it and all it started, and wait for that. Harmless a second time."""
        if not self._open:
            return
        self._open = False
        self._close_ours()  # the lifeline's end tells the guardian
        try:
            self._popen.wait(_GONE)
        except subprocess.TimeoutExpired:
            self._kill_group()
            self._popen.wait()
        if self._popen.returncode != 0:
            self._kill_group()  # the guardian itself was killed, and has not tidied up
        if os.path.exists(self.spool):
            from shutil import rmtree

            rmtree(self.spool, ignore_errors=True)

    def _kill_group(self) -> None:
        # The session's number stays taken while any member lives, so this hits nobody else's processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _close_ours(self) -> None:
        for fd in (self._request, self._reply, self._lifeline, self._status, self._trace, self._log):
            with contextlib.suppress(OSError):
                os.close(fd)

    # -- one question -----------------------------------------------------------------------------------------------

    def ask(
        self,
        head: dict[str, Any],
        parts: Sequence[Any],
        seconds: float,
        told: Callable[[dict[str, Any]], None] | None = None,
    ) -> frames.Frame:
        """Send a request and wait for its answer.

        Args:
            seconds: until the answer, or until the next frame that `told` takes.
            told: is given frames that come before the answer (those with a key "batch").

        Raises:
            Lost: if there is no answer; the process is ended then.
        """
        self.log.clear()
        self.printed = 0
        self._asked += 1
        try:
            frame = self._wait_for_frame(frames.pack({**head, "number": self._asked}, parts), seconds, told)
        except BaseException:
            self.end()  # also on Ctrl-C: an unfinished answer must never be taken for the next one's
            raise
        self._drain_log()
        held = frame[0].get("resident", 0)
        self.resident = held if isinstance(held, int) else 0
        return frame

    def log_text(self) -> str:
        """What was printed, as text."""
        return self.log.decode("utf-8", "replace")

    def _wait_for_frame(
        self, out: list[Any], seconds: float, told: Callable[[dict[str, Any]], None] | None
    ) -> frames.Frame:
        pending = [memoryview(piece) for piece in out]
        deadline = time.monotonic() + seconds
        look = time.monotonic() + _LOOK
        poll = select.poll()
        for fd in (self._reply, self._status, self._log):
            poll.register(fd, select.POLLIN)
        if pending:
            poll.register(self._request, select.POLLOUT)
        logging = True
        while True:
            now = time.monotonic()
            if now >= look:
                self._check_memory()
                look = now + _LOOK
            ready = dict(poll.poll(max(0.0, min(deadline, look) - now) * 1000))
            if self._log in ready and logging and not self._drain_log():
                poll.unregister(self._log)
                logging = False
            if self._request in ready and not self._send(pending):
                poll.unregister(self._request)
            if self._reply in ready:
                for frame in self._receive():
                    if frame[0].get("number") != self._asked:
                        raise self._lost("died", "wrote to the channel that carries results")
                    if "batch" not in frame[0]:
                        return frame
                    if told is not None:
                        told(frame[0])
                    deadline = time.monotonic() + seconds
            elif self._status in ready:
                raise self._ending()
            if now >= deadline:  # after the look: an answer that is there is none that is late, whoever was held up
                raise self._lost("timeout", f"gave no answer within {seconds:g} s")

    def _send(self, pending: list[memoryview]) -> bool:
        """Write what goes in without blocking; whether more is left."""
        try:
            while pending:
                pending[0] = pending[0][os.write(self._request, pending[0]) :]
                if not pending[0]:
                    pending.pop(0)
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False  # it is ending: its status says how
        return False

    def _receive(self) -> list[frames.Frame]:
        try:
            data = os.read(self._reply, 1 << 20)
        except BlockingIOError:
            return []
        if not data:
            raise self._ending(closed=True)
        try:
            return list(self._assembler.feed(data))
        except frames.BrokenFrame as exc:
            raise self._lost("died", str(exc)) from None

    def _drain_log(self) -> bool:
        """Take what was printed; False at its end."""
        for _ in range(64):
            try:
                data = os.read(self._log, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.printed += len(data)
            self.log += data
            del self.log[:-LOG_LIMIT]
        return True

    # -- what went wrong --------------------------------------------------------------------------------------------

    def _check_memory(self) -> None:
        """Of the process and all it started; shared memory has no other limit than this."""
        if not self.pid:
            return
        used = sum(cell.resident_of(p) for p in (self.pid, *guardian.descendants(self.pid)))
        if used > self.base + self._setup.memory:
            limit = self._setup.memory // 1024**2
            raise self._lost("memory", f"used more than the {limit:,} MiB of memory it may use")

    def _lost(self, kind: str, message: str) -> Lost:
        """Ask for a stack, then end the process."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGUSR2)
        dump, wait = b"", _STACK
        while self.pid and select.select([self._trace], [], [], wait)[0]:
            piece = self._read_all(self._trace)  # a stack comes in many small writes
            if not piece:
                break
            dump, wait = dump + piece, _PIECE
        self._drain_log()
        self.end()
        return Lost(kind, message, dump.decode("utf-8", "replace"))

    def _ending(self, *, closed: bool = False) -> Lost:
        """The process has ended, or has closed the channel: how."""
        if not select.select([self._status], [], [], _TOLD if closed else 0)[0]:
            return self._lost("died", "closed the channel that carries results")
        told = self._read_all(self._status)
        dump = self._read_all(self._trace).decode("utf-8", "replace")
        self._drain_log()
        self.end()
        ending = json.loads(told) if told else {"signal": int(signal.SIGKILL)}
        if ending.get("code") == guardian.CHANNEL_LOST:
            return Lost("died", "closed the channel that carries results", dump)
        if "code" in ending:
            return Lost("exited", f"ended its process (exit code {ending['code']})", dump)
        killed = ending["signal"] == signal.SIGKILL and not dump
        return Lost("died", f"its process died by {_signal_name(ending['signal'])}", dump, maybe_outside=killed)

    @staticmethod
    def _read_all(fd: int) -> bytes:
        data = b""
        while len(data) < 1 << 18:
            try:
                piece = os.read(fd, 1 << 16)
            except OSError as exc:
                if exc.errno != errno.EAGAIN:
                    raise
                break
            if not piece:
                break
            data += piece
        return data


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"

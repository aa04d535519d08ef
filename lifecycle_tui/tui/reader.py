"""One thread in which everything is read that screens show, so that no query, file or full disk holds up a key.

    found = await reader.ask(work)          # in the event loop; `work()` runs in the thread

And `Reading`, the reads of one screen or pane that are under way: one at a time for each purpose, the newest wins.
Called by `source` and `part`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lifecycle_tui.domain.errors import StateError

T = TypeVar("T")
Job = Callable[[], Awaitable[None]]


class _Uncollected:
    """While somebody is in it nothing collects cycles. For threads that read large files: the collector stops all
    threads, 0.1 s at a time, over what is read, and that is gone by itself when the work ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside, self._was = 0, False

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._was = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was:
                gc.enable()


UNCOLLECTED = _Uncollected()


class _Asked:
    """Work for the thread, and where its answer is waited for; None where nobody waits."""

    __slots__ = ("answer", "loop", "work")

    def __init__(self, work: Callable[[], Any], answer: asyncio.Future[Any] | None = None) -> None:
        self.work, self.answer = work, answer
        self.loop = None if answer is None else answer.get_loop()

    def do(self) -> None:
        """In the thread."""
        if self.answer is not None and self.answer.cancelled():
            return  # the screen that wanted to know has closed
        found, failed = None, None
        try:
            with UNCOLLECTED:
                found = self.work()
        except BaseException as exc:
            failed = exc
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.loop.call_soon_threadsafe(self.tell, found, failed)

    def tell(self, found: Any, failed: BaseException | None) -> None:
        """In the event loop."""
        if self.answer is None or self.answer.done():
            return
        if failed is not None:
            self.answer.set_exception(failed)
        else:
            self.answer.set_result(found)


class Reader:
    """The thread; a daemon: one that hangs in a file system that is gone does not keep the program from ending."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def ask(self, work: Callable[[], T]) -> T:
        """What `work` gives, from the thread; what it raises is raised here.

        Raises:
            StateError: it was closed.
        """
        if self._closed:
            raise StateError("the workspace's state was closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Asked(work, answer))
        return await answer

    def close(self, last: Callable[[], None]) -> None:
        """Have the thread do this after what it was asked for, and end; nobody waits for it."""
        self._closed = True
        self._put(_Asked(last))
        self._asked.put(None)

    def _put(self, asked: _Asked) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True, name="reader")
            self._thread.start()
        self._asked.put(asked)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            asked.do()


UNDER_WAY: set[asyncio.Task[None]] = set()
"""Every read that somebody waits for. Tests wait until there is none instead of sleeping."""


class Reading:
    """The reads of one part: for each purpose ("slot") one at a time; asked again meanwhile, it is done once more.

    Args:
        failed: hears what a read raised.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Job] = {}
        self._left = False

    def begin(self, slot: str, job: Job) -> None:
        """Begin a read, or have it done after the one that is under way. Called from the event loop."""
        if self._left:
            return
        if slot in self._tasks:
            self._again[slot] = job
            return
        task = asyncio.get_running_loop().create_task(self._run(slot, job), name=f"read {slot}")
        self._tasks[slot] = task
        UNDER_WAY.add(task)
        task.add_done_callback(UNDER_WAY.discard)

    async def _run(self, slot: str, job: Job | None) -> None:
        try:
            while job is not None:
                try:
                    await job()
                except Exception as exc:
                    if not self._left:
                        self._failed(exc)
                job = self._again.pop(slot, None)
        finally:
            self._tasks.pop(slot, None)

    def leave(self) -> None:
        """Its part goes: nobody wants to know any more."""
        self._left = True
        self._again.clear()
        for task in list(self._tasks.values()):
            task.cancel()

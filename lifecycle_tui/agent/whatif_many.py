"""Answers for many models: in this process where they are few, else in a process for each core.

Called by `lifecycle policy simulate`. The processes are spawned, read state by themselves and end with this one,
however it ends: each waits at one end of a pipe, and finds the other one closed. Ctrl+C is for this process alone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from collections.abc import Iterator, Sequence
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from lifecycle_tui.agent.whatif import Asked, WhatIf, answer
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state.database import State

FEW = 60
"""Models up to which this process alone is faster than starting others."""

BATCH = 25
"""Models that a process is given at once."""


def answers(root: Path, asked: Sequence[Asked], processes: int | None = None) -> Iterator[WhatIf]:
    """The answers, in the order of the questions, each as soon as it is there.

    Args:
        processes: how many; by default one for each core of this machine, or this one alone for a few models.

    Raises:
        StateError: if state cannot be read.
        LifecycleError: a process was killed.
    """
    count = processes or (1 if len(asked) <= FEW else min(len(os.sched_getaffinity(0)), 8))
    batches = [asked[first : first + BATCH] for first in range(0, len(asked), BATCH)]
    if count == 1:
        for batch in batches:
            yield from _batch(root, batch)
        return
    children = _start(root, min(count, len(batches)))
    try:
        yield from _ordered(children, batches)
    finally:
        for child, pipe in children:
            pipe.close()
            child.terminate()
        for child, _ in children:
            child.join()


def _start(root: Path, count: int) -> list[tuple[BaseProcess, Connection]]:
    context = get_context("spawn")
    found: list[tuple[BaseProcess, Connection]] = []
    # They inherit what is blocked, so that Ctrl+C reaches them at no moment of their lives, imports included. The
    # tracker, which comes with the first process, would let it through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            child = context.Process(target=_serve, args=(theirs, root), daemon=True)
            child.start()
            theirs.close()
            found.append((child, ours))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return found


def _ordered(
    children: Sequence[tuple[BaseProcess, Connection]], batches: Sequence[Sequence[Asked]]
) -> Iterator[WhatIf]:
    """Give out batches as processes are free, and the answers in the order of the questions."""
    owners = {pipe: child for child, pipe in children}
    waiting = list(enumerate(batches))[::-1]
    under_way: dict[Connection, int] = {}
    done: dict[int, list[WhatIf]] = {}
    for pipe in owners:
        _give(pipe, owners[pipe], waiting, under_way)
    for number in range(len(batches)):
        while number not in done:
            for pipe in (p for p in wait(list(under_way)) if isinstance(p, Connection)):
                try:
                    found = pipe.recv()
                except (EOFError, OSError):
                    raise _died(owners[pipe]) from None
                if isinstance(found, BaseException):
                    raise found
                done[under_way.pop(pipe)] = found
                _give(pipe, owners[pipe], waiting, under_way)
        yield from done.pop(number)


def _give(
    pipe: Connection, child: BaseProcess, waiting: list[tuple[int, Sequence[Asked]]], under_way: dict[Connection, int]
) -> None:  # fmt: skip
    if waiting:
        number, batch = waiting.pop()
        try:
            pipe.send(batch)
        except OSError:
            raise _died(child) from None
        under_way[pipe] = number


def _died(child: BaseProcess) -> LifecycleError:
    child.join(1.0)
    code = child.exitcode
    how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
    return LifecycleError(
        f"a process that replayed models has ended {how} before it had answered",
        hint="was there too little memory? ask for some of the models: lifecycle policy simulate MODEL …",
    )


def _serve(pipe: Connection, root: Path) -> None:
    """The life of a process: answer batches until there is nobody who asks."""
    gc.freeze()
    with contextlib.suppress(EOFError, OSError):
        while True:
            batch = pipe.recv()
            try:
                found: object = _batch(root, batch)
            except Exception as exc:
                found = exc
            pipe.send(found)


def _batch(root: Path, asked: Sequence[Asked]) -> list[WhatIf]:
    with State.view(root) as state, state.read() as conn:
        return [answer(conn, question) for question in asked]

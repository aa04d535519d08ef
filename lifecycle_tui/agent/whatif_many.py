"""Answers for many models: in this process where they are few, else in a process for each core.

Called by `lifecycle policy simulate`. The processes are spawned and end with the answers; each reads state by itself.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle_tui.agent.whatif import Asked, WhatIf, answer
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
    """
    count = processes or (1 if len(asked) <= FEW else min(len(os.sched_getaffinity(0)), 8))
    batches = [asked[first : first + BATCH] for first in range(0, len(asked), BATCH)]
    if count == 1:
        for batch in batches:
            yield from _batch(root, batch)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_batch, root, batch) for batch in batches]
        try:
            for future in waiting:
                yield from future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _batch(root: Path, asked: Sequence[Asked]) -> list[WhatIf]:
    with State.view(root) as state, state.read() as conn:
        return [_one(conn, question) for question in asked]


def _one(conn: sqlite3.Connection, question: Asked) -> WhatIf:
    return answer(conn, question)

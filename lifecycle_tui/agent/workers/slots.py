"""How many jobs may run at once: the rule, as a pure function. Asked by the supervisor at every look.

A workspace has as many slots as `[workspace] jobs` says, else as the machine has cores, up to 4. Trainings get at most
half of them, and at least one: a training that takes hours must not stop the watch over the others. Evaluations,
judgements and notifications share warm workers in the slots that are left, at least one. A deployment waits for nobody,
nor does an explanation, which a person waits for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TRAINING = "retrain"
AT_ONCE = frozenset({"deploy", "explain"})
MOST = 4


@dataclass(frozen=True, slots=True)
class Starts:
    """What to start now: so many shared workers, and a worker of its own for each of these jobs."""

    shared: int = 0
    jobs: tuple[int, ...] = ()


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slots(declared: int | None = None) -> int:
    """How many jobs may run at once."""
    return declared or max(1, min(cores(), MOST))


def plan(
    queued: Sequence[tuple[int, str]], running: Sequence[tuple[int, str]], under_way: Mapping[int, str], shared: int,
    slots: int, *, own: frozenset[str],
) -> Starts:  # fmt: skip
    """What to start.

    Args:
        queued, running: (id, kind) of jobs, oldest first.
        under_way: jobs for which a worker of their own is there, by id: their kinds.
        shared: shared workers that are there, at work or waiting, the agent's and others'.
        own: kinds that get a worker of their own.
    """
    busy = {id_: kind for id_, kind in running if kind in own} | dict(under_way)
    trainings = sum(kind == TRAINING for kind in busy.values())
    free = max(1, slots // 2) - trainings
    alone = []
    for id_, kind in queued:
        if kind not in own or id_ in under_way:
            continue
        if kind not in AT_ONCE:
            if free <= 0:
                continue
            free, trainings = free - 1, trainings + 1
        alone.append(id_)
    wanted = sum(kind not in own for _, kind in (*queued, *running))
    return Starts(max(0, min(wanted, max(1, slots - trainings)) - shared), tuple(alone))

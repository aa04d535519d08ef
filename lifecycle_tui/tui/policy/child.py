"""The child of the policy screens: reads requests from its input, writes answers, ends with its input.

    python -m lifecycle_tui.tui.policy.child

Checking a thousand models takes half a second of pure computing, which would hold up the keys of a terminal that did it
itself, in a thread too; and what is imported for it stays out of the terminal's memory. Started by `desk`.
"""

from __future__ import annotations

import os
import pickle
import select
import sys
from typing import BinaryIO

from lifecycle_tui.tui.policy.asked import Broken, Look, Save


def main() -> None:
    """Answer until nobody asks any more. A request that comes meanwhile makes what is left of the last one moot."""
    asked, told = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    # What plugins' files or libraries print is no answer.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    while True:
        try:
            ticket, request = pickle.load(asked)
        except EOFError:
            return
        _answer(ticket, request, asked, told)


def _answer(ticket: int, request: Look | Save, asked: BinaryIO, told: BinaryIO) -> None:
    from lifecycle_tui.tui.policy import work

    moot = isinstance(request, Look) and _more(asked)
    try:
        for answer in () if moot else work.answers(request):
            pickle.dump((ticket, answer, False), told)
            told.flush()
            if isinstance(request, Look) and _more(asked):
                break
    except BrokenPipeError:
        sys.exit(0)
    except Exception as exc:
        pickle.dump((ticket, Broken(f"{type(exc).__name__}: {exc}"), False), told)
    pickle.dump((ticket, None, True), told)
    told.flush()


def _more(asked: BinaryIO) -> bool:
    """Whether another request waits."""
    return bool(select.select([asked], [], [], 0)[0])


if __name__ == "__main__":
    main()

"""A writer beside the agent: asks for jobs, a transaction each, and says the id of each once it is committed.

python writer.py WORKSPACE NAME SEED COUNT
"""

from __future__ import annotations

import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import audit, jobs
from lifecycle_tui.state.database import State

KINDS = (("evaluate", "shop"), ("evaluate", "rides"), ("evaluate", "trips"), ("retrain", "trips"), ("notify", None))


def main() -> None:
    root, name, seed, count = sys.argv[1:]
    chance, pause = random.Random(seed), threading.Event()
    with State.open(Path(root)) as state:
        for _ in range(int(count)):
            kind, model = chance.choice(KINDS)
            now = datetime.now(UTC)
            try:
                with state.write() as tx:
                    id_ = jobs.enqueue(tx, kind, model, {}, now, by=name)
                    audit.append(tx, "ask", f"job {id_}", now, model=model, who=name)
            except StateError:
                continue  # the disk is full just now: then it was not asked for either
            print(id_, flush=True)
            pause.wait(chance.uniform(0.0, 0.2))


if __name__ == "__main__":
    main()

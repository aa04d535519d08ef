"""What simulating a policy costs: a year of daily windows of one model, and of a fleet.

    python benchmarks/simulate.py [--models 1000] [--days 365] [--rounds 3] [--check]

The fleet's rules are edited for every model, so that every model is replayed twice. CPU time of one model is given
beside reading its rows with plain queries; the fleet's wall time is that of `answers` with a process for each core,
their start included. `--check` ends with 1 where a model takes over 50 ms of CPU or a thousand take over 5 s for each
core that two would have. The state is written by plain inserts into a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.agent.history import read_history
from lifecycle_tui.agent.replay import Policy
from lifecycle_tui.agent.whatif import Asked, Side, answer, signals_of
from lifecycle_tui.agent.whatif_many import answers
from lifecycle_tui.domain.specs import RuleSpec
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, model_catalog
from lifecycle_tui.policy.loop import LoopPlan
from lifecycle_tui.policy.rules import compile_rule
from lifecycle_tui.state.database import State
from lifecycle_tui.state.text import instant

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, FLEET = 0.050, 5.0
"""Budgets: seconds of CPU for one model's year; seconds of wall for a thousand on two cores."""

KNOWN = model_catalog(
    {"income": "numeric"}, [DetectorInfo("psi", ("numeric",), None)], [MetricInfo("auc", (0, 1), True)]
)
RULES = (
    RuleSpec("drifted", "psi.income > 0.25", for_windows=2, then=("notify", "retrain")),
    RuleSpec("wide", "drift.share >= 0.3", severity="info"),
    RuleSpec("decay", "auc.upper < 0.72", for_windows=3, severity="critical", then=("notify", "retrain")),
)
EDITED = (
    RuleSpec("drifted", "psi.income > 0.2", for_windows=2, then=("notify", "retrain")),
    RuleSpec("wide", "drift.share >= 0.3", severity="info"),
    RuleSpec("decay", "auc.upper < 0.75", for_windows=2, severity="critical", then=("notify", "retrain")),
)


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--days", type=int, default=365)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = [f"model-{n:04d}" for n in range(chosen.models)]
        with State.open(root) as state:
            _fill(state, names, chosen.days)
        asked = [_asked(name) for name in names]
        one = _one(root, asked[: min(20, len(asked))])
        walls, cpus, gained = [], [], 0
        for _ in range(chosen.rounds):
            used, begin = _cpu(), time.perf_counter()
            found = list(answers(root, asked))
            walls.append(time.perf_counter() - begin)
            cpus.append(_cpu() - used)
            gained = sum(len(answered.differences) for answered in found)
    fleet = statistics.median(walls)
    cores = len(os.sched_getaffinity(0))
    print(
        f"one model, {chosen.days} daily windows: {1000 * one[1]:.1f} ms CPU ({one[1] / one[0]:.1f} x reading its rows)"
    )
    print(
        f"{chosen.models} models: {fleet:.2f} s wall, {statistics.median(cpus):.2f} s CPU, {cores} cores, "
        f"{gained} differences"
    )
    over = one[1] > ONE or fleet * min(cores, 2) / 2 > FLEET * chosen.models / 1000
    print(
        "OVER" if over else "within", f"50 ms a model, {FLEET * chosen.models / 1000:.1f} s for the fleet on two cores"
    )
    return 1 if over and chosen.check else 0


def _cpu() -> float:
    """Seconds of CPU that this process and those that it has started and that have ended have used."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _asked(name: str) -> Asked:
    def side(rules: tuple[RuleSpec, ...]) -> Side:
        policy = Policy(tuple(compile_rule(name, rule, KNOWN) for rule in rules), LoopPlan(cooldown=7 * DAY))
        return Side(policy, {rule.name: 1 for rule in rules}, {})

    return Asked(name, side(RULES), side(EDITED), delay=14 * DAY)


def _one(root: Path, asked: list[Asked]) -> tuple[float, float]:
    """CPU seconds of reading a model's rows, and of the whole answer."""
    reading, whole = [], []
    with State.open(root) as state, state.read() as conn:
        for question in asked:
            begin = time.process_time()
            read_history(conn, question.model, signals_of(question.in_force.policy, question.edited.policy))
            reading.append(time.process_time() - begin)
            begin = time.process_time()
            answer(conn, replace(question))
            whole.append(time.process_time() - begin)
    return statistics.median(reading), statistics.median(whole)


def _fill(state: State, names: list[str], days: int) -> None:
    """A year of each model: two rows a window, the labels of a day known two weeks later, three signals that rules read
    among nine; calm but for two fortnights in which something happens, more in
    one half of the models than in the other."""
    chance = random.Random(1)
    with state.write() as tx:
        number = 0
        for name in names:
            tx.execute("INSERT INTO models (name, task) VALUES (?, 'binary')", (name,))
            tx.execute(
                "INSERT INTO versions (model, number, origin, created_at) VALUES (?, 1, 'trained', ?)",
                (name, instant(START)),
            )
            tx.execute(
                "INSERT INTO alias_history (model, alias, version, at, by) VALUES (?, 'champion', 1, ?, 'ana')",
                (name, instant(START)),
            )
            windows, signals = [], []
            begins = chance.randrange(180)
            mild = chance.random() < 0.5
            for day in range(days):
                begin, odd = START + day * DAY, (day + begins) % 180 in range(14)
                key = f"{begin:%Y-%m-%d}"
                for version, revision, later in (("", 1, 1), ("1", 1, 1), ("1", 2, 15)):
                    number += 1
                    current = int(version == "" or revision == 2)
                    windows.append(
                        (number, name, key, version, revision, current, day, instant(begin), instant(begin + DAY), 1000,
                         0 if later == 1 else 1000, int(version == "" or later > 1), 1, instant(begin + later * DAY))
                    )  # fmt: skip
                    if version == "":
                        bad = 0.19 if mild else 0.3
                        numbers = {
                            "psi.income": chance.uniform(0.2, 0.4) * bad / 0.3 if odd else chance.uniform(0, 0.12)
                        }
                        numbers["drift.share"] = 0.4 if odd and not mild else 0.0
                        numbers |= {f"psi.other{n}": chance.random() for n in range(6)}
                    else:
                        numbers = {"auc": 0.78 if mild or not odd else 0.7} if revision == 2 else {}
                    signals += [(number, s, v, v - 0.01, v + 0.01, 1000) for s, v in numbers.items()]
            tx.executemany(
                'INSERT INTO windows (id, model, key, version, revision, current, position, start, "end", rows, '
                "labels, mature, complete, as_of, recorded_at, digest) "
                f"VALUES ({', '.join('?' * 14)}, '', '')",
                windows,
            )
            tx.executemany(
                "INSERT INTO signals (window_id, name, value, lower, upper, n, state) VALUES (?, ?, ?, ?, ?, ?, 'ok')",
                signals,
            )


if __name__ == "__main__":
    sys.exit(main())

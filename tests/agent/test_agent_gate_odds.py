"""How often the gate errs: the judge itself on many simulated pairs of versions, once and look after look."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.agent.work import answering, judging
from lifecycle_tui.agent.work.opening import opened
from lifecycle_tui.agent.work.rows import Gathered, part
from lifecycle_tui.agent.work.sides import Side
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.zones import DAY
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.training.fit import Prediction, TrainingRows
from lifecycle_tui.workspace import open_workspace
from tests.agent.loop_story import END, Story
from tests.agent.test_agent_first_version import empty_state

PER_DAY = 8
LOOKS = 10

Judge = Callable[[Gathered, np.ndarray, np.ndarray, int], judging.Judged]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """`judging.judge` in a workspace whose model has the default gate, gain(mae) > 0."""
    root: Path = tmp_path_factory.mktemp("odds")
    Story(root).write(more="[models.riders.training]\nmin_samples = 100\n")
    shutil.copytree(empty_state(), root / ".lifecycle")
    workspace = open_workspace(root / "lifecycle.toml")
    spec = workspace.spec.model("riders")
    with State.open(root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("riders", "regression", None)])
            jobs.enqueue(tx, "judge", "riders", {}, END)
            job = jobs.claim(tx, processes.this(), END)
        assert job is not None
        context = JobContext(state, workspace, job.id, FixedClock(END), root / "calls.jsonl")
        with opened(context, spec) as model:

            def judged(rows: Gathered, new: np.ndarray, old: np.ndarray, looks: int) -> judging.Judged:
                sides = [
                    Side(n, f"version {n}", answering.given(Prediction(said, None, ())))
                    for n, said in ((2, new), (1, old))
                ]
                return judging.judge(context, spec, model.instruments, rows, sides[0], sides[1], looks)

            yield judged


@dataclass(frozen=True)
class Pair:
    """Rows of many days and what two versions say of them."""

    rows: Gathered
    new: np.ndarray
    old: np.ndarray

    def first(self, n: int) -> Pair:
        return Pair(part(self.rows, np.arange(n)), self.new[:n], self.old[:n])


def pair(seed: int, days: int, better: float = 0.0, alike: float = 0.0) -> Pair:
    """Errors of the same size, but for the share by which the challenger's are smaller. Each version has good and bad
    days, and a day is like the one before by `alike`."""
    rng = np.random.default_rng(seed)
    n = days * PER_DAY
    day = np.arange(n) // PER_DAY
    target = rng.normal(size=n)

    def errors() -> np.ndarray:
        size = rng.normal(size=days)
        for at in range(1, days):
            size[at] = alike * size[at - 1] + np.sqrt(1 - alike**2) * size[at]
        return rng.normal(size=n) * np.exp(0.3 * size[day])

    rows = TrainingRows(pa.table({"warmth": target}), target, day * DAY + np.arange(n) % PER_DAY)
    return Pair(Gathered(rows, day), target + (1 - better) * errors(), target + errors())


@pytest.mark.slow
@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_a_challenger_no_better_passes_in_one_case_of_forty(judge: Judge, alike: float) -> None:
    many = 400
    verdicts = []
    for seed in range(many):
        one = pair(seed, 40, alike=alike)
        verdicts.append(judge(one.rows, one.new, one.old, 0).verdict.verdict)
    # 2.5 %, and three standard errors. Days that are alike cost a little more: runs of them are nearly independent.
    allowed = 0.025 + (0.015 if alike else 0) + 3 * np.sqrt(0.025 * 0.975 / many)
    assert verdicts.count("passed") / many <= allowed and verdicts.count("failed") / many <= allowed
    assert verdicts.count("unknown") / many >= 0.88


@pytest.mark.slow
def test_one_that_is_clearly_better_passes(judge: Judge) -> None:
    found = [judge(p.rows, p.new, p.old, 0).verdict.verdict for p in (pair(seed, 40, 0.4, 0.3) for seed in range(100))]
    assert found.count("passed") >= 95 and found.count("failed") == 0


def looked(judge: Judge, whole: Pair, start: int) -> str:
    """The last verdict of a loop that looks again whenever the step would."""
    n, verdict = start, "unknown"
    for look in range(LOOKS):
        if n > len(whole.new) or verdict != "unknown":
            break
        now = whole.first(n)
        found = judge(now.rows, now.new, now.old, look).verdict
        verdict, n = found.verdict, max(n + n // 2, min(found.wanted or 0, 5 * n))
    return verdict


@pytest.mark.slow
def test_looking_again_whenever_the_step_does_promotes_one_in_twenty_at_most(judge: Judge) -> None:
    many = 300
    ends = [looked(judge, pair(seed, 20 * LOOKS), 20 * PER_DAY) for seed in range(many)]
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / many)
    assert ends.count("passed") / many <= allowed and ends.count("failed") / many <= allowed

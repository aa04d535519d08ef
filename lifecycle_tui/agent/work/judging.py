"""A challenger against what serves, on later rows that neither was trained on: the numbers that gates are judged on.

`retrain` judges what it has just made, `judge` does it again when more labels are known. Who answers for the rows is
`sides`, what is measured `numbers`, the verdict `policy.gates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from lifecycle_tui.agent.work.numbers import all_metrics, key_metric, numbers_of
from lifecycle_tui.agent.work.reading import coding
from lifecycle_tui.agent.work.rows import Gathered
from lifecycle_tui.agent.work.sides import Pair, Side
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.instruments import Instruments
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.policy import gates
from lifecycle_tui.policy.gates import Verdict
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.reference import get_reference

UNITS = 20
"""Days or stretches that a judgement usually has, at the least."""


@dataclass(frozen=True)
class Judged:
    """A judgement with what it rests on.

    Attributes:
        metrics: of the challenger on these rows, by metric: value, lower, upper, n.
    """

    verdict: Verdict
    rows: int
    metrics: Mapping[str, Mapping[str, Any]]

    def judgement(
        self, spec: ModelSpec, challenger: int, champion: int | None, span: tuple, job: JobContext
    ) -> Judgement:
        """The row for state."""
        verdict = self.verdict
        return Judgement(
            spec.name, challenger, champion, verdict.verdict, self.rows, verdict.text, job.now,
            wanted=verdict.wanted, start=span[0], end=span[1], gates=tuple(_plain(g) for g in verdict.gates),
            job_id=job.job_id,
        )  # fmt: skip


def _plain(gate: gates.GateOutcome) -> dict[str, Any]:
    numbers = {name: asdict(number) for name, number in gate.numbers.items()}
    for number in numbers.values():
        del number["final"]
    return {**asdict(gate), "numbers": numbers}


def told(judgement: Judgement) -> str:
    """The outcome of a job that judged: one sentence."""
    passed = " passed" if judgement.verdict == "passed" else ""
    return f"version {judgement.version}{passed}: {judgement.text}"


def unknown_until(challenger: Version) -> datetime | None:
    """Of a file that was registered without a word on what it was trained on: nothing older than that can judge it.

    A champion of that kind may have seen the rows that judge: that is to its own advantage only.
    """
    facts = challenger.facts
    return challenger.created_at if facts.origin == "registered" and facts.data_end is None else None


def judge(
    job: JobContext,
    spec: ModelSpec,
    instruments: Instruments,
    rows: Gathered,
    challenger: Side,
    champion: Side | None,
    looks: int = 0,
    remark: str = "",
) -> Judged:
    """Measure and judge. A version that cannot answer for these rows leaves the gates that ask it unknown, and says
    why; a champion stays champion then.

    Args:
        looks: how often these two were compared before: intervals are wider for it.
        remark: what else is to be said of the rows.
    """
    from lifecycle_tui.stats.looks import level, widening

    code = coding_of(job, spec, rows)
    found = Pair.of(code, rows, challenger, champion)
    job.check()  # a program that was stopped is no version that cannot answer
    metric = key_metric(instruments, found.outcomes)
    training = spec.training
    declared = tuple(g.when for g in training.gates) if training else ()
    written = declared or (gates.default_gates(metric.name) if metric is not None else ())
    job.progress(0, None, "", f"{spec.name}: judging {challenger.label} on {found.rows:,} rows")
    verdict = gates.judge(
        written,
        numbers_of(job, spec, instruments, written, found, looks),
        found.rows,
        min_samples=training.min_samples if training else 1,
        has_champion=champion is not None,
        challenger=challenger.label,
        champion=champion.label if champion is not None else "",
        wider=widening(looks + 1, UNITS) / widening(looks, UNITS),
    )
    looked = f"look {looks + 1}: {100 * level(looks):.5g} % intervals" if looks else ""
    notes = "; ".join([*found.notes(rows, code), *filter(None, (remark, looked))])
    if notes:
        verdict = replace(verdict, text=f"{verdict.text} ({notes})")
    return Judged(verdict, found.rows, all_metrics(instruments, found.own))


def coding_of(job: JobContext, spec: ModelSpec, rows: Gathered) -> Coding:
    """How the labels of these rows are read: as those of every window are, by what the reference knows.

    A stretch with one class only, or with a label that is neither, must not change what the others mean. Labels of
    several classes that came later are classes of their own.
    """
    if spec.task not in ("binary", "multiclass"):
        return coding(spec, set())
    seen = set(map(str, rows.rows.target.tolist()))
    with job.state.read() as conn:
        stored = get_reference(conn, spec.name, profiles=False)
    told = {} if stored is None else stored.facts.get("coding", {})
    classes = [str(c) for c in told.get("classes", ())] if told.get("task") == spec.task else []
    found = coding(spec, seen | set(classes))
    if spec.task == "binary" and classes and classes[1] == found.classes[1]:
        return replace(found, classes=(classes[0], classes[1]))
    return found

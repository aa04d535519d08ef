"""Durations that disarm each other: cooldown and schedule, label delay and rules on performance, steps of a rollout.

Each shows both places. What is certain never to come is an error; what comes otherwise than it reads is a warning.
Called by `all`, once a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from lifecycle_tui.checking.ground import Ground
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.defaults import LOOK_BACK
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.specs import DataSpec, RuleSpec
from lifecycle_tui.domain.windows import CountWindow, TimeUnit, TimeWindow
from lifecycle_tui.policy.expressions import ExpressionError, compile_expression

_SCHEDULE: KeyPath = ("training", "schedule")
_DELAY: KeyPath = ("data", "labels", "delay")
_DAYS: dict[TimeUnit, float] = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30.4, "quarter": 91.3,
                                "year": 365.2}  # fmt: skip
_OCCURRENCES = 60
"""So many times of a schedule show its shortest and its longest gap."""


def problems(ground: Ground) -> Iterator[Problem]:
    """Everything about time in one model that cannot work as it reads."""
    yield from _cooldown(ground)
    yield from _rules(ground)
    yield from _steps(ground)
    yield from _thin(ground)


@lru_cache(maxsize=256)
def gaps(schedule: str) -> tuple[timedelta, timedelta]:
    """The shortest and the longest time between two instants of a cron schedule, near enough (clocks do not change)."""
    from cronsim import CronSim

    times = list(islice(CronSim(schedule, datetime(2024, 1, 1, tzinfo=UTC)), _OCCURRENCES))
    between = [later - earlier for earlier, later in pairwise(times)]
    return (min(between), max(between)) if between else (timedelta.max, timedelta.max)


def length(window: TimeWindow) -> timedelta:
    """How long a window by the calendar is, about."""
    return timedelta(days=window.count * _DAYS[window.unit])


def shown(span: timedelta) -> str:
    """A span in one or two units: "3d", "1h 30m"."""
    seconds = round(span.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def _cooldown(ground: Ground) -> Iterator[Problem]:
    training = ground.spec.training
    if training is None or training.cooldown is None or training.schedule is None:
        return
    shortest, _ = gaps(training.schedule)
    if training.cooldown > shortest:
        yield ground.view.row(
            "cooldown",
            ("training", "cooldown"),
            f"a cooldown of {shown(training.cooldown)} is longer than the {shown(shortest)} between two times of the "
            "schedule: trainings by schedule wait for it, and fall together",
            hint="shorten the cooldown, or let the schedule come less often",
            related=(_SCHEDULE,),
            level="warning",
        )


def _rules(ground: Ground) -> Iterator[Problem]:
    if not ground.spec.rules:
        return
    performance: frozenset[str] | None = None
    for rule in ground.spec.rules:
        if rule.for_windows > LOOK_BACK:
            yield ground.view.row(
                "never-true",
                ("rules", rule.name, "for"),
                f"rules look back on {LOOK_BACK} windows: they never hold in {rule.for_windows} in a row",
                hint="use a longer window, or a signal that changes more slowly",
            )
            continue
        if performance is None:
            performance = frozenset(name for name, info in ground.known.signals.items() if info.performance)
        if performance and _reads(rule, performance):
            yield from _immature(ground, rule)


def _reads(rule: RuleSpec, names: frozenset[str]) -> bool:
    if not any(name in rule.when for name in names):
        return False
    try:
        return any(ref.name in names for ref in compile_expression(rule.when).signals)
    except ExpressionError:
        return False


def _immature(ground: Ground, rule: RuleSpec) -> Iterator[Problem]:
    """A rule on performance that waits for labels longer than there is something to wait for."""
    data, training = ground.spec.data, ground.spec.training
    if not isinstance(data.window, TimeWindow) or ground.view.unsure("data"):
        return
    one, wait = length(data.window), _wait(data)
    if wait / one + rule.for_windows > LOOK_BACK:
        yield ground.view.row(
            "never-true",
            ("rules", rule.name, "when"),
            f"labels are {shown(wait)} late, {wait / one:.0f} windows: rules look back on {LOOK_BACK}, "
            "and never see one whose labels are all in",
            hint="use a longer window",
            related=ground.written(_DELAY, ("data", "window")),
        )
        return
    if training is None or ground.view.unsure("training"):
        return
    needed = wait + one * rule.for_windows
    reasons: list[tuple[timedelta, KeyPath, str]] = []
    if training.schedule is not None:
        reasons.append((gaps(training.schedule)[1], _SCHEDULE, "the schedule trains a new version every"))
    if training.on_update:
        reasons.append((one, ("training", "on_update"), "a new version is trained with each window, every"))
    for lives, path, says in reasons:
        if needed > lives:
            yield ground.view.row(
                "never-mature",
                ("rules", rule.name, "when"),
                f"the rule reads {_windows(rule.for_windows)} with all labels of one champion, {shown(needed)} after "
                f"it began to serve; {says} {shown(lives)}: while each is promoted, the rule stays unknown",
                hint="train less often, use shorter windows, or a rule on drift beside it",
                related=ground.written(path, _DELAY),
                level="warning",
            )
            return


def _windows(count: int) -> str:
    return "a window" if count == 1 else f"{count} windows"


def _wait(data: DataSpec) -> timedelta:
    """How long after its end a window's labels are all in."""
    grace = data.window.grace if isinstance(data.window, TimeWindow) else timedelta(0)
    return (data.labels.delay or timedelta(0)) + grace


def _steps(ground: Ground) -> Iterator[Problem]:
    """Steps that never end, end at once, or are overtaken by the next version."""
    rollout, training = ground.spec.rollout, ground.spec.training
    if rollout is None or not rollout.steps or ground.view.unsure("rollout", "steps"):
        return
    last = len(rollout.steps) - 1
    for index, step in enumerate(rollout.steps):
        path: KeyPath = ("rollout", "steps", index)
        if index == last and step.weight == 100 and step.hold:
            says = "nothing comes after the last step: its hold ends nothing"
            yield ground.view.row("no-effect", (*path, "hold"), says, hint="take it out", level="warning")
        elif index < last and not step.hold:
            says = f"no hold: traffic goes on from {step.weight:g} % at once, and nothing is seen there"
            hint = 'add hold = "1h", or take the step out'
            where = (*path, "hold") if ground.view.written(*path, "hold") else path
            yield ground.view.row("no-effect", where, says, hint=hint, level="warning")
    whole = sum((step.hold for step in rollout.steps[:last] if step.hold), timedelta(0))
    if training is not None and training.schedule is not None and whole > gaps(training.schedule)[0]:
        longest = max(range(last), key=lambda i: rollout.steps[i].hold or timedelta(0))
        yield ground.view.row(
            "never-ends",
            ("rollout", "steps", longest, "hold"),
            f"the steps take {shown(whole)} together, and the schedule brings a new version every "
            f"{shown(gaps(training.schedule)[0])}: a rollout is overtaken before it ends",
            hint="shorten the holds, or let the schedule come less often",
            related=(_SCHEDULE,),
            level="warning",
        )


def _thin(ground: Ground) -> Iterator[Problem]:
    """Windows by count that are smaller than what is judged at all."""
    window, least = ground.spec.data.window, ground.spec.monitor.min_rows
    if not isinstance(window, CountWindow) or window.rows >= least or ground.view.unsure("monitor", "min_rows"):
        return
    written = ground.view.written("monitor", "min_rows")
    yield ground.view.row(
        "never-judged",
        ("monitor", "min_rows") if written else ("data", "window"),
        f"windows have {window.rows} rows, and none with fewer than {least} is judged: drift is never seen",
        hint="use larger windows, or a smaller min_rows in [monitor]",
        related=ground.written(("data", "window")) if written else (),
        level="warning",
    )

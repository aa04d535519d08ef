"""What the loop knows, remembers and wants: the values of `step`.

`agent.facts` reads facts from state, `agent.loop` stores the memory and carries intents out, `replay` makes facts from
history. All are frozen; the memory is stored as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

JobEnd = Literal["done", "failed", "cancelled"]
Kind = Literal["promote", "rollback", "restore"]
"""Why a version is deployed; "restore" brings the deployer back to what the record says."""


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """What the file declares for the loop of one model.

    Attributes:
        trains: there is a `[training]`.
        schedule, zone: cron expression and its time zone.
        cooldown: least time between the starts of two trainings.
        after_rows, on_update: retrain for so many further labels; for a new complete window.
        enough: labels that must have come in before a refused challenger's trigger acts again.
        approval: a promotion waits for a person's word.
    """

    trains: bool = True
    schedule: str | None = None
    zone: str = "UTC"
    cooldown: timedelta | None = None
    after_rows: int | None = None
    on_update: bool = False
    enough: int = 200
    approval: bool = False


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An open alert: what it sets off, and the last window that it has gone on to."""

    id: int
    rule: str
    then: tuple[str, ...]
    window: str


@dataclass(frozen=True, slots=True)
class JobFact:
    """The newest job of a kind; `end` is None while it is queued or running.

    Attributes:
        created: when it was asked for.
        version: of a deploy job, what it deploys.
        verdict: of a retrain job that is done: "none" where it made no version.
        by: of a job that was cancelled, who did.
    """

    id: int
    created: datetime
    end: JobEnd | None = None
    version: int | None = None
    verdict: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class JudgementFact:
    """The newest judgement: a challenger against a champion (None: there was none)."""

    id: int
    version: int
    champion: int | None
    verdict: Literal["passed", "failed", "unknown"]
    rows: int
    wanted: int | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalFact:
    """The newest approval."""

    id: int
    version: int
    state: Literal["pending", "approved", "declined", "withdrawn"]


@dataclass(frozen=True, slots=True)
class PauseFact:
    """The newest pause of the model: until some time, or (None) until somebody resumes it. `said` is it in words."""

    until: datetime | None = None
    said: str = "paused"

    def holds(self, now: datetime) -> bool:
        """Whether nothing is set off now."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a step looks at, read in one transaction.

    Attributes:
        alerts: the open ones, by id.
        champion, previous: what serves, and what a rollback goes back to.
        challenger: what the alias names.
        rows: labels known in windows, all in all.
        window: key of the newest complete window.
        training, judging, deploying: the newest job of each kind.
        pause: the newest pause, whether it holds or has ended.
    """

    alerts: tuple[AlertFact, ...] = ()
    champion: int | None = None
    previous: int | None = None
    challenger: int | None = None
    rows: int = 0
    window: str | None = None
    training: JobFact | None = None
    judging: JobFact | None = None
    deploying: JobFact | None = None
    judgement: JudgementFact | None = None
    approval: ApprovalFact | None = None
    pause: PauseFact | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """An alert that has been served: it acts again once it has gone on past `window` and `rows` labels are known."""

    alert: int
    window: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A version that is to serve in place of `champion`; after a failure it is tried again `at`."""

    version: int
    champion: int | None
    kind: Kind
    why: str
    tries: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoopState:
    """What the loop remembers of a model between two steps.

    Attributes:
        began: the first step; what a schedule owed before it is not owed.
        champion: what served at the last step.
        scheduled: the newest instant of the schedule that was served.
        trained, rows, window: when the last training was asked for, and what was known then.
        causes: what set off the training under way; `alerts` are those among them.
        owed, tries, retry_at: causes of a training that failed, to be tried again.
        noted, ended: newest retrain job that was seen, and whose end was.
        judging_ended, deploy_ended, judged, approved: newest judge job, deploy job, judgement, approval acted upon.
        waits: alerts that were served.
        rolled: alerts that have set off a rollback.
        move: what is to serve as soon as a deploy job can run.
        rejudge_rows, rejudge_at: when the challenger is worth another judgement.
        last: one sentence about what was decided last.
    """

    began: datetime | None = None
    champion: int | None = None
    scheduled: datetime | None = None
    trained: datetime | None = None
    rows: int = 0
    window: str | None = None
    causes: tuple[str, ...] = ()
    alerts: tuple[int, ...] = ()
    owed: tuple[str, ...] = ()
    tries: int = 0
    retry_at: datetime | None = None
    noted: int = 0
    ended: int = 0
    judging_ended: int = 0
    deploy_ended: int = 0
    judged: int = 0
    approved: int = 0
    waits: tuple[Wait, ...] = ()
    rolled: tuple[int, ...] = ()
    move: Move | None = None
    rejudge_rows: int | None = None
    rejudge_at: datetime | None = None
    last: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` is the inverse."""
        found = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return {name: _plain(value) for name, value in found if value not in (None, (), "", 0)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LoopState:
        """The memory that `to_json` wrote; keys of a newer program are left out."""
        found = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        for name in ("began", "scheduled", "trained", "retry_at", "rejudge_at"):
            if found.get(name):
                found[name] = datetime.fromisoformat(found[name])
        for name in ("causes", "alerts", "owed", "rolled"):
            found[name] = tuple(found.get(name, ()))
        found["waits"] = tuple(Wait(**w) for w in found.get("waits", ()))
        if found.get("move"):
            move = dict(found["move"])
            move["at"] = datetime.fromisoformat(move["at"]) if move.get("at") else None
            found["move"] = Move(**move)
        return cls(**found)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Wait | Move):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Train:
    """Start a training; `why` is a sentence for people."""

    causes: tuple[str, ...]

    @property
    def why(self) -> str:
        return "; ".join(self.causes)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge the challenger again."""

    version: int
    why: str


@dataclass(frozen=True, slots=True)
class Deploy:
    """Let a version serve in place of `champion`."""

    version: int
    champion: int | None
    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask the people who may approve."""

    version: int
    why: str


@dataclass(frozen=True, slots=True)
class DropChallenger:
    """The challenger is out of the running; its version stays in the registry."""

    version: int
    why: str


Intent = Train | Judge | Deploy | AskApproval | DropChallenger


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gave.

    Attributes:
        intents: at most one of them starts a job.
        next: one sentence: what happens next.
        due: when something can happen by the clock alone.
    """

    state: LoopState
    intents: tuple[Intent, ...] = ()
    next: str = ""
    due: datetime | None = None

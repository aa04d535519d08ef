"""What the fleet shows of a model beside its row: its job under way, what happens to it next, who stands beside the
champion.

Five SELECTs, whatever the number of models; `fleet_page` says of which. The rows are named tuples: equal ones are not
drawn again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from lifecycle_tui.state import fleet, pauses
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.state.pauses import PauseRow
from lifecycle_tui.state.text import dumps, maybe_moment
from lifecycle_tui.tui import ages

FEW = 20
"""Steps up to which progress is told as `3/5`, not in percent."""

_TOLD = "progress_done, progress_total, substr(progress_text, 1, 500)"
_SOME = "IN (SELECT value FROM json_each(?))"
_OF = "(:some IS NULL OR model IN (SELECT value FROM json_each(:some)))"
_LIVE = f"SELECT model, kind, state, cancel, {_TOLD}, id FROM jobs WHERE {_OF} AND"
# Two reads of partial indexes, so that ended jobs cost nothing; what runs comes first.
_JOBS = f"{_LIVE} state = 'running' UNION ALL {_LIVE} state = 'queued' ORDER BY 3 DESC, 8"
_NEXT = "SELECT model, next, due_at, next IS json_extract(state, '$.last') FROM loop WHERE next IS NOT NULL"
_CHALLENGERS = (
    f"SELECT model, version FROM aliases WHERE model {_SOME} AND alias = 'challenger' "
    "AND version IS NOT (SELECT champion FROM models WHERE name = model)"
)
_WAITING = f"SELECT model, version FROM approvals WHERE model {_SOME} AND state = 'pending'"
_STAMP = re.compile(r" at (\d{4}-\d\d-\d\d \d\d:\d\d)")


class JobNow(NamedTuple):
    """A model's job that runs or waits; of several the first that runs.

    Attributes:
        short: kind and progress, `retrain 40%`, `judge 3/5`, `evaluate queued`.
        doing: what its worker says that it is at, without the model's name.
    """

    id: int
    running: bool
    short: str
    doing: str


class Following(NamedTuple):
    """What happens to a model next, as the loop remembers it.

    Attributes:
        when: `in 3 h`, `due 2 h ago`; "" where it waits for something else than the clock.
        text: what, without the instant.
        past: nothing is waited for: the text says what happened last.
        due: the instant at which the clock brings something; the one that the text names may be later.
    """

    when: str
    text: str
    past: bool
    due: datetime | None


class Beside(NamedTuple):
    """Who stands beside the champion. Nothing in state says how traffic is shared: this is who is judged or waits.

    Attributes:
        challenger: number of the version that the alias `challenger` names, another one than the champion.
        waits: number of the version whose promotion waits for a person's word.
    """

    challenger: int | None = None
    waits: int | None = None


class FleetLine(NamedTuple):
    """A model as the fleet screen shows it.

    Attributes:
        group: the tag under which it stands, where one model may stand under several.
    """

    model: FleetRow
    job: JobNow | None
    following: Following | None
    beside: Beside = Beside()
    group: str | None = None

    @property
    def name(self) -> str:
        """Its model's."""
        return self.model.name


def lines(conn: sqlite3.Connection, now: datetime, names: Sequence[str]) -> tuple[FleetLine, ...]:
    """The models of these names, in this order.

    Args:
        now: the workspace's clock: what comes next is told relative to it.
    """
    some = dumps(list(names))
    working, coming, beside = jobs_now(conn, some), _following(conn, now, some), _beside(conn, some)
    nobody = Beside()
    return tuple(
        FleetLine(model, working.get(model.name), coming.get(model.name), beside.get(model.name, nobody))
        for model in fleet.rows(conn, names)
    )


def jobs_now(conn: sqlite3.Connection, some: str | None = None) -> dict[str, JobNow]:
    """The job of each model that has one under way.

    Args:
        some: only of these models, a JSON list.
    """
    found: dict[str, JobNow] = {}
    for model, kind, state, cancel, done, total, text, id_ in conn.execute(_JOBS, {"some": some}):
        if model is not None and model not in found:
            runs = state == "running"
            short = f"{kind} {_progress(runs, cancel, done, total)}".rstrip()
            found[model] = JobNow(id_, runs, short, (text or "").removeprefix(f"{model}: ") if runs else "")
    return found


def _beside(conn: sqlite3.Connection, some: str) -> dict[str, Beside]:
    found = {model: Beside(number) for model, number in conn.execute(_CHALLENGERS, (some,))}
    for model, number in conn.execute(_WAITING, (some,)):
        found[model] = found.get(model, Beside())._replace(waits=number)
    return found


def _progress(runs: bool, cancel: int, done: float | None, total: float | None) -> str:
    if not runs:
        return "queued"
    if cancel:
        return "stops"
    if done is None or total is None or total < 2:
        return ""
    if total <= FEW:
        return f"{done:.0f}/{total:.0f}"
    # 100 % is said by the result.
    return f"{max(0, min(99, int(100 * done / total)))}%"


def _following(conn: sqlite3.Connection, now: datetime, some: str) -> dict[str, Following]:
    found = conn.execute(f"{_NEXT} AND model {_SOME}", (some,))
    told = {model: _told(text, maybe_moment(due), bool(past), now) for model, text, due, past in found}
    return told | {name: _paused(pause) for name, pause in pauses.holding(conn, now, some).items()}


def following(conn: sqlite3.Connection, model: str, now: datetime) -> Following | None:
    """What happens to one model next; None where the loop has nothing to say of it."""
    pause = pauses.pause_of(conn, model)
    if pause is not None and pause.holds(now):
        return _paused(pause)
    found = conn.execute(f"{_NEXT} AND model = ?", (model,)).fetchone()
    return None if found is None else _told(found[1], maybe_moment(found[2]), bool(found[3]), now)


def _paused(pause: PauseRow) -> Following:
    return Following("", pause.said(), False, pause.until)


def _told(text: str, due: datetime | None, past: bool, now: datetime) -> Following:
    """The loop's sentence and instant, relative to `now`.

    The instant is when the clock alone can change something. Only where the sentence names one itself they belong
    together: a version may wait for approval while the next training is due by schedule.
    """
    stamp = None if past else _STAMP.search(text)
    at = None if stamp is None else _instant(stamp[1])
    if stamp is not None and at is not None:
        return Following(_when(at, now), text[: stamp.start()] + text[stamp.end() :], False, due or at)
    if past and due is not None:
        return Following(_when(due, now), "the loop looks again", False, due)
    return Following("", text, past, due)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{text}:00+00:00")
    except ValueError:
        return None  # a rule's name may look like one


def _when(at: datetime, now: datetime) -> str:
    said = ages.ago(at, now)
    return said if at >= now or said == "now" else f"due {said}"


def any_retired(conn: sqlite3.Connection) -> bool:
    """Whether there are models that are no longer declared."""
    return conn.execute("SELECT 1 FROM models WHERE declared = 0 LIMIT 1").fetchone() is not None


def names(conn: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """(name, health) of every declared model, worst first: what the palette offers."""
    return fleet.names(conn)

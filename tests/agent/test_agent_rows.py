"""Rows to learn from and be judged on: labels that have arrived, rows older than the delay, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from lifecycle_tui.agent.work.rows import Gathered, gather, learnable
from lifecycle_tui.agent.work.sources import open_tables
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.zones import DAY, to_micros
from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import LABELS, PREDICTIONS, Space, scored_rows


def gathered(space: Space, *keys: str, model: str = "shop", **asked: Any) -> Gathered:
    """What `gather` gives of the reference and the windows of these keys, as of the clock."""
    workspace = open_workspace(space.root / "lifecycle.toml")
    spec, now = workspace.spec.model(model), space.clock.now()
    with State.open(space.root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared(model, spec.task, spec.owner)])
            jobs.enqueue(tx, "retrain", model, {}, now)
            job = jobs.claim(tx, processes.this(), now, ("retrain",))
        assert job is not None
        context = JobContext(state, workspace, job.id, space.clock, space.root / "calls.jsonl")
        data = ModelData(spec, open_tables(spec.data, workspace.plugins, lambda: None))  # type: ignore[arg-type, return-value]
        survey = data.survey({}, now)
        windows = [w for w in (survey.reference, *(s.window for s in survey.windows)) if not keys or w.key in keys]
        found = gather(context, spec, data, windows, now, **{"columns": learnable(data), **asked})
        with state.write() as tx:
            jobs.finish(tx, job.id, "done", now, outcome={})
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_only_rows_older_than_the_delay_are_gathered(shop: Callable[..., Space]) -> None:
    space = shop(days=range(20, 58))
    space.clock.instant = at("2025-02-20 12:00")
    found = gathered(space)
    # 10 days of delay: rows until February 10, 12:00, that instant included; rows without a label are "0" by `absent`.
    assert found.span == (at("2025-01-21"), at("2025-02-10 12:00:00.000001"))
    assert len(found) == 20 * 60 + 31 and found.unlabelled == 0
    assert set(found.rows.target.tolist()) == {"0", "1"}
    assert found.rows.time is not None and (np.diff(found.rows.time) >= 0).all()
    assert found.day is not None and found.day[-1] - found.day[0] == 20
    early = gathered(space, until=at("2025-02-08"), since=at("2025-02-04"))
    assert early.span == (at("2025-02-04"), at("2025-02-07 23:36:00.000001")) and len(early) == 4 * 60
    beyond = gathered(space, until=at("2025-03-01"))
    assert beyond.span == found.span, "an instant that asks for younger rows does not get them"


def test_rows_that_never_got_a_label_are_counted(shop: Callable[..., Space]) -> None:
    space = shop(days=range(20, 58))
    text = (space.root / "lifecycle.toml").read_text()
    space.write("lifecycle.toml", text.replace(", absent = 0", ""))
    space.clock.instant = at("2025-02-20 12:00")
    found = gathered(space)
    assert found.unlabelled > 600 and len(found) + found.unlabelled == 1231
    assert set(found.rows.target.tolist()) == {"1"}


def test_what_the_data_says_of_its_rows_stays_beside_them(shop: Callable[..., Space]) -> None:
    space = shop(days=range(20, 45), files=3)
    plain = gathered(space, "2025-02-03")
    found = gathered(space, "2025-02-03", outputs=True)
    assert plain.recorded is None and found.recorded is not None
    said = {line.split(",")[0]: line.split(",") for line in scored_rows(range(20, 45))[0]}
    ids = found.recorded.id
    assert ids is not None and len(ids) == len(found) == 7 * 60
    ages = found.rows.table.column("age").to_pylist()
    assert found.recorded.version is not None and found.recorded.score is not None
    got = zip(ids, found.recorded.version, ages, found.recorded.score, strict=True)
    assert [f"{i},{v},{a:.2f},{s:.4f}" for i, v, a, s in got] == [
        f"{i},{said[i][2]},{said[i][3]},{said[i][5]}" for i in ids
    ]
    assert found.recorded.prediction is None
    # Each label with its arrival, which forward validation goes by; "0" was known when the delay was over.
    known = {line.split(",")[0]: line.split(",")[2] for line in scored_rows(range(20, 45))[1]}
    assert found.rows.arrived is not None and found.rows.time is not None
    for i, time, arrived in zip(ids, found.rows.time.tolist(), found.rows.arrived.tolist(), strict=True):
        assert arrived == (to_micros(at(known[i])) if i in known else time + 10 * DAY)
    other = gathered(shop(days=range(20, 45), files=1), "2025-02-03", outputs=True)
    assert other.rows.table.equals(found.rows.table) and (other.rows.target == found.rows.target).all()


@pytest.mark.thorough
@pytest.mark.parametrize("since", [None, at("2025-03-01")])
def test_no_row_is_no_error(shop: Callable[..., Space], since: datetime | None) -> None:
    space = shop(days=range(20, 58))
    space.clock.instant = at("2025-01-25")
    found = gathered(space, since=since)
    assert len(found) == 0 and found.span == (None, None) and found.rows.table.column_names == ["age", "city"]


def test_a_target_that_is_no_number_teaches_nothing(space: Space) -> None:
    space.write(
        "lifecycle.toml",
        '[models.shop]\ntask = "regression"\n[models.shop.data]\ntable = "rows.csv"\nreference = { rows = 4 }\n'
        'window = "4 rows"\nlabels = { delay = "1h" }\n[models.shop.columns]\ntimestamp = "ts"\ntarget = "y"\n'
        'numeric = ["x"]\n',
    )
    targets = ["1", "inf", "nan", "2", "-inf", "3", "", "4"]
    rows = [f"2025-01-0{i + 1},{i},{y}" for i, y in enumerate(targets)]
    space.write("rows.csv", "\n".join(["ts,x,y", *rows]) + "\n")
    found = gathered(space)
    assert found.rows.target.tolist() == [1, 2, 3, 4] and found.rows.table.column("x").to_pylist() == [0, 3, 5, 7]
    assert found.unlabelled == 2, "empty and nan"


def test_planted_labels_are_not_gathered(shop: Callable[..., Space]) -> None:
    space = shop(days=range(20, 58))
    space.clock.instant = at("2025-02-20 12:00")
    before = gathered(space)
    planted = [f"{line.split(',')[0]},7,2025-02-21 00:00:00" for line in scored_rows(range(20, 58))[0]]
    space.write("labels/planted.csv", "\n".join([LABELS, *planted]) + "\n")
    assert PREDICTIONS.startswith("id")
    after = gathered(space)
    assert (after.rows.target == before.rows.target).all() and len(after) == len(before)

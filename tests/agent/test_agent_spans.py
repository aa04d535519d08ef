"""Where training ends and judging begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.agent.work.rows import Gathered
from lifecycle_tui.agent.work.spans import Seen, cut, history_begin
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.specs import ColumnsSpec, DataSpec, LabelSpec, ModelSpec, ReferenceSpec, TrainingSpec
from lifecycle_tui.domain.windows import TimeWindow, Window
from lifecycle_tui.training.fit import TrainingRows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def gathered(hours: int, *, timed: bool = True) -> Gathered:
    time = np.array([to_micros(T0 + i * HOUR) for i in range(hours)], np.int64)
    table = pa.table({"x": np.arange(hours, dtype=float)})
    rows = TrainingRows(table, np.arange(hours, dtype=float), time if timed else None)
    return Gathered(rows, (np.arange(hours) // 24) if timed else None, unlabelled=7)


@pytest.mark.parametrize(
    ("share", "unseen", "train", "holdout"),
    [
        (0.2, None, 192, 48),
        (0.25, None, 168, 72),  # row 180 is at noon: the cut is at the begin of its day
        (0.5, None, 120, 120),
        (0.3, T0 + 8 * DAY, 168, 48),  # the champion has seen the first of the later days
        (0.3, T0 + 99 * DAY, 168, 0),
        (0.9, None, 24, 216),
    ],
)
def test_the_newest_share_from_the_begin_of_a_day_judges(share, unseen, train, holdout):
    found = cut(gathered(240), share, Seen(unseen))
    assert (len(found.train), len(found.holdout)) == (train, holdout)
    assert found.unlabelled == 7 and "never labelled" in str(found)
    if holdout:
        assert found.train.span[1] <= found.at <= found.holdout.span[0]
        assert float(found.train.rows.target.max()) < float(found.holdout.rows.target.min())


def test_one_day_is_cut_within():
    found = cut(gathered(20), 0.2, Seen())
    assert (len(found.train), len(found.holdout)) == (16, 4)


@pytest.mark.parametrize("hours", [0, 1, 2])
def test_hardly_any_rows(hours):
    found = cut(gathered(hours), 0.2, Seen())
    assert len(found.train) + len(found.holdout) == hours


@pytest.mark.parametrize(
    ("share", "unseen", "train", "holdout"),
    [
        (0.2, None, 90, 30),  # of windows of 60 (the reference), 30 and 30 rows
        (0.3, "", 60, 60),
        (0.3, "w1", 60, 30),  # the champion has learned from the first of the two
        (0.3, "w9", 60, 0),
        (0.9, None, 0, 120),
        (0.9, "", 0, 60),
    ],
)
def test_without_times_the_newest_windows_judge(share, unseen, train, holdout):
    rows = replace(gathered(120, timed=False), window=np.repeat([0, 1, 2], [60, 30, 30]), keys=("", "w1", "w2"))
    found = cut(rows, share, Seen(window=unseen))
    assert (len(found.train), len(found.holdout), found.at) == (train, holdout, None)
    assert found.holdout.last_key == ("w2" if holdout else None)


def spec(delay: timedelta | None = None) -> ModelSpec:
    data = DataSpec(ReferenceSpec(), TimeWindow(1, "day"), labels=LabelSpec(delay=delay))
    return ModelSpec("m", "regression", data, ColumnsSpec())


@pytest.mark.parametrize(
    ("history", "delay", "now", "begin"),
    [
        (None, None, T0 + 50 * DAY, None),
        (T0, None, T0 + 50 * DAY, T0),
        (10 * DAY, None, T0 + 30 * DAY, T0 + 20 * DAY),
        (10 * DAY, 5 * DAY, T0 + 30 * DAY, T0 + 15 * DAY),
        (10 * DAY, None, T0 + 900 * DAY, T0 + 20 * DAY),  # the data ends long before the clock
    ],
)
def test_history_slides_back_from_the_newest_row_that_can_have_a_label(history, delay, now, begin):
    windows = (Window("w", 0, T0, T0 + 30 * DAY, 100),)
    assert history_begin(TrainingSpec(history=history), spec(delay), windows, now) == begin

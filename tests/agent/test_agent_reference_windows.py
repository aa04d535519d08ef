"""The reference window by window: against the rest of it, once, by whoever is to do it; and what is expected then."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from lifecycle_tui.agent import expected
from lifecycle_tui.agent.work import calibrate, reference_windows
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import jobs, processes, reference_signals
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import Space

TOML = """\
{notifiers}
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
reference = {{ until = 2025-03-31 }}
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "y"
numeric = ["x"]
categorical = ["c"]
{columns}
[models.shop.rules.moved]
when = "drift.max >= 0.05"
[models.shop.rules.large]
when = "psi.x > 0.05"
then = ["notify", "retrain"]
[models.shop.rules.poor]
when = "mae > 0.27"
{more}
"""
LOG = '[notifiers.log]\nuse = "log"\n'


def save(space: Space, *, columns: str = "", more: str = "", notifiers: str = LOG, predicted: bool = True) -> Space:
    """Thirteen calm weeks of reference and four of production, 20 rows a day."""
    rng = random.Random(4)
    lines = ["ts,x,c,y,p"]
    for n in range(118 * 20):
        at = datetime(2025, 1, 1) + timedelta(minutes=72 * n)
        x = rng.gauss(0, 1)
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{x:.4f},{rng.choice('ab')},{x + rng.gauss(0, 0.3):.4f},{x:.4f}")
    space.write("rows.csv", "\n".join(lines) + "\n")
    columns += '\nprediction = "p"' if predicted else '\nignore = ["p"]'
    space.write("lifecycle.toml", TOML.format(columns=columns, more=more, notifiers=notifiers))
    # Labels without a date of their own are known once their file was first seen: not before today.
    space.clock.instant = datetime.now(UTC) + timedelta(hours=1)
    return space


def stored(space: Space) -> dict[str, dict[str, Signal]]:
    with State.open(space.root) as state, state.read() as conn:
        found = reference_signals.read(conn, "shop")
    return {key: {s.name: s for s in signals} for key, signals in found.items()}


def queued(space: Space) -> list[jobs.Job]:
    with State.open(space.root) as state, state.read() as conn:
        return [job for job in jobs.jobs(conn) if job.kind == calibrate.KIND]


def run_queued(space: Space) -> dict[str, Any]:
    workspace = open_workspace(space.root / "lifecycle.toml")
    with State.open(space.root) as state:
        with state.write() as tx:
            job = jobs.claim(tx, processes.this(), space.clock.now(), (calibrate.KIND,))
        assert job is not None
        context = JobContext(state, workspace, job.id, space.clock, space.root / ".lifecycle" / "calls.jsonl")
        outcome = calibrate.calibrate(context, workspace.spec.model("shop"), job)
        with state.write() as tx:
            jobs.finish(tx, job.id, "done", space.clock.now(), outcome=outcome)
        return outcome


def run_again(space: Space) -> str:
    """What the job says when it is asked for anew."""
    with State.open(space.root) as state, state.write() as tx:
        jobs.enqueue(tx, calibrate.KIND, "shop", {}, space.clock.now())
    return str(run_queued(space)["text"])


def outlook(space: Space) -> expected.Outlook:
    with State.open(space.root) as state, state.read() as conn:
        return expected.outlook(open_workspace(space.root / "lifecycle.toml"), conn)


def log(space: Space) -> list[str]:
    with State.open(space.root) as state, state.read() as conn:
        return [text for (text,) in conn.execute("SELECT text FROM job_events ORDER BY id")]


def test_each_window_is_compared_with_the_others_and_that_is_done_once(space: Space) -> None:
    save(space).run()
    windows = stored(space)
    mondays = [datetime(2025, 1, 6) + timedelta(weeks=n) for n in range(12)]
    assert list(windows) == [f"{monday:%Y-%m-%d}" for monday in mondays]
    rows = np.genfromtxt(space.root / "rows.csv", delimiter=",", skip_header=1, usecols=(1, 3, 4))
    first = slice(5 * 20, 12 * 20)
    window, rest = rows[first, 0], np.delete(rows[: 90 * 20, 0], np.r_[first])
    signals = windows["2025-01-06"]
    grid = np.sort(rows[: 90 * 20, 0])
    ours, others = (np.searchsorted(np.sort(v), grid, "right") / len(v) for v in (window, rest))
    distance = np.abs(ours - others).max()
    assert signals["ks.x"].value == pytest.approx(distance, abs=1e-12)
    assert signals["mae"].value == pytest.approx(np.abs(rows[first, 1] - rows[first, 2]).mean())
    assert signals["rows"].value == signals["labels"].value == 140
    before = log(space)
    space.run()
    assert stored(space) == windows and sum("windows of the reference" in text for text in log(space)) == 1
    assert len(before) and not queued(space)


@pytest.mark.slow
def test_other_detectors_measure_it_anew(space: Space) -> None:
    save(space).run()
    save(space, more='[models.shop.monitor]\ndetectors = ["ks", "psi"]').run()
    assert not any(name.startswith("chi2") for signals in stored(space).values() for name in signals)
    assert sum("windows of the reference" in text for text in log(space)) == 2


def test_a_large_reference_is_left_to_a_job_of_its_own(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "AT_ONCE", 0)
    save(space).run()
    assert not stored(space) and [job.state for job in queued(space)] == ["queued"]
    row = outlook(space).rules[1]
    assert row.a_year is None and row.message == expected.UNMEASURED
    assert run_queued(space) == {"windows": 12, "text": "shop: measured 12 windows of the reference"}
    assert len(stored(space)) == 12 and outlook(space).rules[1].a_year is not None
    assert run_again(space) == "shop: the windows of the reference are measured already"
    space.run()
    assert all(job.ended for job in queued(space)), "it is not asked for again"


def test_what_it_cannot_do_costs_no_evaluation_and_is_not_tried_again(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise DataError("the disk is gone")

    monkeypatch.setattr(reference_windows.ReferenceMeasurer, "measure", fail)
    assert save(space).run()["new"] > 0
    found = outlook(space)
    assert found.notes == (("shop", "they cannot be measured: the disk is gone"),)
    space.run()
    assert sum("the disk is gone" in text for text in log(space)) == 1


@pytest.mark.slow
def test_the_bounds_take_the_newest_windows_and_say_so(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_windows, "MOST_WINDOWS", 5)
    save(space)
    space.run()
    assert list(stored(space)) == ["2025-02-24", "2025-03-03", "2025-03-10", "2025-03-17", "2025-03-24"]
    assert outlook(space).notes == (("shop", "the newest 5 of its 12 windows"),)


@pytest.mark.slow
def test_detectors_that_take_rows_get_the_rows_of_the_other_windows(space: Space) -> None:
    save(space, more='[models.shop.monitor]\ndetectors = ["psi", "counts"]')
    space.write("plugins/counts.py", '''\
from lifecycle_tui.api import hookimpl


class Counts:
    """Rows of both sides."""

    name, kinds, takes = "counts", ("numeric",), "arrow"

    def measure(self, reference, window):
        return len(reference) + len(window) / 1000


@hookimpl
def register_detectors(register):
    register(Counts)
''')  # fmt: skip
    text = (space.root / "lifecycle.toml").read_text()
    space.write("lifecycle.toml", '[workspace]\nplugins = ["plugins"]\n' + text)
    space.run()
    run_queued(space)
    assert {s["counts.x"].value for s in stored(space).values()} == {11 * 140 + 0.14}


@pytest.mark.slow
def test_performance_comes_from_forward_validation_where_the_data_has_no_predictions(space: Space) -> None:
    outcome = save(space, predicted=False).run()
    windows = stored(space)
    measured = {key: s["mae"].value for key, s in windows.items() if "mae" in s}
    assert list(windows)[:2] == ["2025-01-06", "2025-01-13"] and "2025-01-06" not in measured
    assert len(measured) == 10 and all("ks.prediction" in windows[key] for key in measured)
    whole = next(row["value"] for row in outcome["reference"] if row["name"] == "mae")
    assert np.mean(list(measured.values())) == pytest.approx(whole, rel=0.1)


def test_what_is_expected_of_each_rule_and_of_the_file(space: Space) -> None:
    save(space).run()
    found = outlook(space)
    moved, large, poor = found.rules
    windows = stored(space).values()
    drifted = sum(signals["drift.max"].value >= 0.05 for signals in windows)
    assert (moved.basis, moved.held, moved.pages) == ("budget", drifted, ("log",))
    assert moved.a_year.value == pytest.approx(0.05 * 365.25 / 7), "a window spends no more than 5 %"
    assert large.basis == "reference"
    assert large.held == sum(signals["psi.x"].value > 0.05 for signals in windows) > 0
    assert poor.judged == 12
    assert found.pages.a_year.value == pytest.approx(sum(row.a_year.value for row in found.rules))
    with State.open(space.root) as state, state.read() as conn:
        workspace = open_workspace(space.root / "lifecycle.toml")
        assert expected.expected(workspace, conn) == found.rules
        assert expected.expected(workspace, conn, ["other"]) == ()


@pytest.mark.slow
def test_other_windows_than_the_files_are_not_taken_for_its_own(space: Space) -> None:
    save(space).run()
    text = (space.root / "lifecycle.toml").read_text()
    space.write("lifecycle.toml", text.replace('window = "1 week"', 'window = "1d"'))
    assert {row.message for row in outlook(space).rules} == {
        expected.OTHERWISE, f"by the alarm budget alone: {expected.OTHERWISE}",
    }  # fmt: skip
    space.run()
    assert len(stored(space)) == 90 and outlook(space).rules[1].windows == 90


def test_a_model_that_was_never_checked(space: Space) -> None:
    save(space)
    found = outlook(space)
    assert [row.basis for row in found.rules] == ["budget", "unknown", "unknown"]
    assert len(found.pages.unknown) == 2

"""How many jobs run at once, and when a worker is given up: pure rules, by table."""

from __future__ import annotations

import pytest

from lifecycle_tui.agent.workers.context import Pace
from lifecycle_tui.agent.workers.slots import Starts, cores, plan, slots
from lifecycle_tui.agent.workers.supervisor import OWN
from lifecycle_tui.agent.workers.watch import AGAIN, DEAF, OVER, STEP, STILL, STOPPED, Sign, Watch

Q = {"e": "evaluate", "j": "judge", "n": "notify", "r": "retrain", "d": "deploy", "x": "explain"}


def jobs_of(text: str, first: int = 1) -> list[tuple[int, str]]:
    return [(first + n, Q[letter]) for n, letter in enumerate(text)]


@pytest.mark.parametrize(
    ("queued", "running", "under_way", "shared", "size", "starts"),
    [
        ("", "", {}, 0, 4, Starts()),
        ("e", "", {}, 0, 4, Starts(1)),
        ("eeeeee", "", {}, 0, 4, Starts(4)),
        ("eeeeee", "ee", {}, 2, 4, Starts(2)),
        ("ejn", "", {}, 3, 4, Starts()),  # warm ones wait already
        ("ee", "", {}, 0, 1, Starts(1)),
        ("rrr", "", {}, 0, 4, Starts(0, (1, 2))),
        ("rrr", "", {}, 0, 1, Starts(0, (1,))),
        ("r", "r", {}, 0, 1, Starts()),
        ("rr", "", {1: "retrain"}, 0, 2, Starts()),  # its worker is on its way
        ("rr", "", {1: "retrain"}, 0, 4, Starts(0, (2,))),
        ("eeeee", "rr", {}, 0, 4, Starts(2)),  # what trainings leave
        ("ee", "r", {}, 0, 1, Starts(1)),  # one at least: a training must not stop the watch
        ("rre", "", {}, 0, 4, Starts(1, (1, 2))),
        ("ddd", "rr", {}, 0, 1, Starts(0, (1, 2, 3))),  # a deployment waits for nobody
        ("xr", "rr", {}, 0, 2, Starts(0, (1,))),  # nor does what a person waits for
        ("dr", "", {1: "deploy"}, 0, 2, Starts(0, (2,))),
    ],
)
def test_what_is_started(
    queued: str, running: str, under_way: dict[int, str], shared: int, size: int, starts: Starts
) -> None:
    found = plan(jobs_of(queued), jobs_of(running, 100), under_way, shared, size, own=OWN)
    assert found == starts


def test_slots_follow_the_file_else_the_machine() -> None:
    assert slots(7) == 7
    assert slots(None) == max(1, min(cores(), 4))


def looks(watch: Watch, signs: list[Sign], elapsed: float = 1.0, *, cancel: bool = False) -> Watch:
    for sign in signs:
        watch = watch.look(sign, elapsed, cancel=cancel)
    return watch


MOVING = [Sign(str(n), n, False) for n in range(100)]
SAME = Sign("a", 5, False)


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        (MOVING, "fine"),
        ([SAME] * STILL, "fine"),
        ([SAME] * (STILL + 1), "silent"),
        ([Sign("a", n, False) for n in range(100)], "fine"),  # no heartbeat, but it computes
        ([Sign(str(n), 5, False) for n in range(100)], "fine"),  # it waits, and its heart beats
        ([Sign("a", None, False)] * (STILL + 1), "silent"),
        ([SAME] * STILL + [Sign("b", 5, False)] + [SAME] * STILL, "fine"),
        ([Sign("a", 5, True)] * (STOPPED - 1), "fine"),
        ([Sign("a", 5, True)] * STOPPED, "stopped"),
        ([Sign("a", 5, True)] * (STOPPED - 1) + [SAME], "fine"),
    ],
)
def test_a_worker_that_shows_no_life_is_given_up(signs: list[Sign], verdict: str) -> None:
    assert looks(Watch(1), signs).verdict(None) == verdict


def test_silence_counts_once_it_was_shown_that_state_takes_writes() -> None:
    silent = looks(Watch(1), [SAME] * (STILL + 1))
    proven = silent.wait(proven=True)
    assert proven.verdict(None) == looks(proven, [SAME] * (AGAIN - 1)).verdict(None) == "fine"
    assert looks(proven, [SAME] * AGAIN).verdict(None) == "still"
    assert looks(proven, [MOVING[0]] + [SAME] * (STILL + 1)).verdict(None) == "silent"
    assert looks(silent.wait(proven=False), [SAME] * (STILL - 1)).verdict(None) == "fine"


def test_a_job_that_does_not_stop_is_killed_after_a_grace() -> None:
    asked = looks(Watch(1), MOVING[: int(DEAF)], cancel=True)
    assert asked.verdict(None) == "fine"
    assert looks(asked, MOVING[:2], cancel=True).verdict(None) == "deaf"


def test_a_job_far_beyond_its_limit_is_killed_though_its_watchdog_fails() -> None:
    assert looks(Watch(1), MOVING[: int(OVER) + 5]).verdict(5.0) == "fine"
    assert looks(Watch(1), MOVING[: int(OVER) + 7]).verdict(5.0) == "over"
    assert looks(Watch(1), MOVING).verdict(None) == "fine"


@pytest.mark.parametrize("elapsed", [3600.0, 1e9])
def test_a_watcher_that_was_stopped_itself_blames_nobody(elapsed: float) -> None:
    watch = looks(Watch(1), MOVING[:3])
    watch = watch.look(MOVING[2], elapsed, cancel=True)
    assert watch.age <= 2 + STEP and watch.asked <= STEP and watch.verdict(10.0) == "fine"


def test_time_left_follows_the_rate_of_the_phase() -> None:
    pace = Pace()
    assert pace.left(0, 100, "rows", 10.0) is None
    assert pace.left(10, 100, "rows", 10.5) is None, "too early to say"
    assert pace.left(20, 100, "rows", 12.0) == pytest.approx(8.0)
    assert pace.left(100, 100, "rows", 20.0) == 0.0
    assert pace.left(0, 5, "windows", 21.0) is None, "another phase begins anew"
    assert pace.left(1, 5, "windows", 31.0) == pytest.approx(40.0)
    assert pace.left(0, 5, "windows", 32.0) is None, "begun again"
    assert pace.left(3, None, "rows", 40.0) is None

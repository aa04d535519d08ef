"""What another policy would have done: alerts and trainings gained, lost and moved; what cannot be known is said."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path

import pytest

from lifecycle_tui.agent import whatif_many
from lifecycle_tui.agent.whatif import Asked, WhatIf, ask
from lifecycle_tui.agent.whatif_many import answers
from lifecycle_tui.domain.errors import LifecycleError, StateError
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.whatif_room import DAY, START, asked, fill, promoted, trained, write


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, empty_root: Path) -> None:
    """Every test begins with an empty state; migrating one takes a process."""
    shutil.copytree(empty_root / ".lifecycle", tmp_path / ".lifecycle")


CALM = [0.1] * 10
BURST = [0.1, 0.1, 0.6, 0.7, 0.1, 0.1, 0.4, 0.4, 0.1, 0.1]


def said(found: WhatIf) -> list[tuple[str, str, int, str]]:
    """(kind, what, day on which it happens, subject) of each difference."""
    return [(d.kind, d.what, (d.at - START).days - 1, d.subject) for d in found.differences]


def test_the_same_policy_differs_in_nothing(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST)
    found = asked(file)
    assert found.differences == () and found.in_force is found.edited
    assert [(e.rule, e.since, e.windows) for e in found.in_force.alerts] == [
        ("drifted", "2026-01-03", ("2026-01-03", "2026-01-04"))
    ]
    assert (found.windows, found.since, found.until) == (10, START + DAY, START + 10 * DAY)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("psi.x > 0.5", "psi.x > 0.3"), [("gained", "alert", 6, "drifted"), ("gained", "retrain", 6, "")]),
        (("psi.x > 0.5", "psi.x > 0.9"), [("lost", "alert", 2, "drifted"), ("lost", "retrain", 2, "")]),
        (("psi.x > 0.5", "psi.x > 0.65"), [("moved", "alert", 3, "drifted"), ("gained", "retrain", 3, ""),
                                          ("lost", "retrain", 2, "")]),
        (('then = ["notify", "retrain"]', 'then = ["notify"]'), [("moved", "alert", 2, "drifted"),
                                                                 ("lost", "retrain", 2, "")]),
        (('then = ["notify", "retrain"]', 'severity = "info"\nthen = ["notify", "retrain"]'),
         [("moved", "alert", 2, "drifted")]),
    ],
)  # fmt: skip
def test_alerts_and_trainings_are_gained_lost_and_moved(
    tmp_path: Path, change: tuple[str, str], expected: list[tuple[str, str, int, str]]
) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST)
    trained(tmp_path, 2, 2)
    found = asked(file, change)
    assert sorted(said(found)) == sorted(expected)


def test_a_training_that_never_happened_is_known_by_nobody(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, [*BURST, *BURST], [5.0] * 12 + [20.0] * 8)
    trained(tmp_path, 2, 2)
    trained(tmp_path, 12, 3)
    found = asked(file, ("psi.x > 0.5", "psi.x > 0.3"), ("mae.lower > 10", "mae.lower > 15"), ("for = 2", "for = 3"))
    assert found.in_force.unsure is None and found.edited.unsure == START + 7 * DAY
    first, *later = [d for d in found.edited.decisions if not d.known]
    assert first.sure and not any(d.sure for d in later)
    # The drift does not depend on who serves; what the champion scored does.
    assert {(d.kind, d.what, d.subject) for d in found.differences if d.at > START + 8 * DAY} >= {
        ("gained", "alert", "drifted"), ("unknown", "retrain", ""),
    }  # fmt: skip
    assert any("never happened" in note and "edited" in note for note in found.notes)


def test_windows_that_were_evaluated_afterwards_come_at_their_ends(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST, [5.0, 5.0, 20.0, 20.0, *[5.0] * 6], together=START + 40 * DAY)
    found = asked(file, ("psi.x > 0.5", "psi.x > 0.3"))
    opened = {e.rule: (e.opened - START).days - 1 for e in found.in_force.alerts}
    assert opened == {"drifted": 2, "wrong": 3}
    assert ("gained", "alert", 6, "drifted") in said(found)
    assert "evaluated afterwards" in found.notes[0]


def test_what_no_window_was_measured_for_is_said(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST)
    found = asked(file, ("psi.x > 0.5", "ks.x > 0.5"))
    assert "rule drifted reads ks.x, which no stored window has" in found.notes[0]
    assert ("lost", "alert", 2, "drifted") in said(found)


def test_what_is_no_policy_is_said_to_stay_as_it_was(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST)
    found = asked(file, ('cooldown = "3d"', 'cooldown = "3d"\nestimator = "linear"\ngates = ["gain(mae) > 1"]'))
    assert any("training.estimator, training.gates differ" in note for note in found.notes)


def test_a_version_that_would_still_have_served_scored_nothing(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, CALM, [5.0] * 3 + [20.0] * 7, served={0: 1})
    promoted(tmp_path, 4, 2)
    eager = ('severity = "critical"', 'severity = "critical"\nthen = ["notify", "retrain"]')
    file.write_text(file.read_text("utf-8").replace(*eager), "utf-8")
    found = asked(file, ("mae.lower > 10", "mae.lower > 100"))
    assert [(d.kind, d.what) for d in found.differences] == [
        ("lost", "alert"),
        ("lost", "promote"),
        ("lost", "retrain"),
    ]
    assert any("version 1 would still have served in place of version 2" in note for note in found.notes)


def test_only_the_span_is_told_and_what_was_open_in_it(tmp_path: Path) -> None:
    file = write(tmp_path)
    fill(tmp_path, BURST)
    trained(tmp_path, 2, 2)
    later = asked(file, ("psi.x > 0.5", "psi.x > 0.3"), since=START + 6 * DAY)
    assert said(later) == [("gained", "alert", 6, "drifted"), ("gained", "retrain", 6, "")]
    earlier = asked(file, ("psi.x > 0.5", "psi.x > 0.3"), until=START + 5 * DAY)
    assert earlier.differences == () and earlier.windows == 5
    for span in ({"since": START + 99 * DAY}, {"until": START - DAY}):
        nothing = asked(file, ("psi.x > 0.5", "psi.x > 0.3"), **span)
        assert (nothing.windows, nothing.since, nothing.months, nothing.differences) == (0, None, 0.0, ())
        assert nothing.in_force.alerts == () and "2026-01-02 to 2026-01-11: nothing of that" in nothing.notes[0]
    whole = asked(file, since=START - 999 * DAY, until=START + 999 * DAY)
    assert (whole.since, whole.until) == (START + DAY, START + 10 * DAY)


def test_a_model_of_which_nothing_is_known(tmp_path: Path) -> None:
    file = write(tmp_path)
    State.open(tmp_path).close()
    found = asked(file, ("psi.x > 0.5", "psi.x > 0.3"))
    assert (found.windows, found.since, found.months, found.differences) == (0, None, 0.0, ())
    assert "holds no window" in found.notes[0]


def fleet(root: Path) -> tuple[Path, list[Asked]]:
    """Sixty models with an edited rule each."""
    names = [f"m{n:02d}" for n in range(62)]
    file = write(root, names)
    for n, name in enumerate(names):
        fill(root, [*BURST[n % 7 :], *BURST], name=name)
    text = file.read_text("utf-8").replace("psi.x > 0.5", "psi.x > 0.3").encode()
    before, after = open_workspace(file), open_workspace(file, over={file: text})
    return file, [ask(before, after, name) for name in names]


@pytest.mark.slow
def test_many_models_in_processes_say_the_same_as_one_alone(tmp_path: Path) -> None:
    _, questions = fleet(tmp_path)
    assert list(answers(tmp_path, questions, 2)) == list(answers(tmp_path, questions, 1))
    assert timedelta() < questions[0].in_force.policy.plan.cooldown  # type: ignore[operator]
    assert active_children() == []


@pytest.mark.slow
def test_a_process_that_is_killed_and_state_that_is_gone_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed out one by one: whatever they have answered before they are killed, much is left to ask."""
    monkeypatch.setattr(whatif_many, "BATCH", 1)
    _, questions = fleet(tmp_path)
    found = answers(tmp_path, questions, 1 + 1)
    next(found)  # what the others have answered by now waits in their pipes; they have no more to do than one batch
    for child in active_children():
        child.kill()
        child.join()
    with pytest.raises(LifecycleError, match="ended by signal 9"):
        list(found)
    shutil.rmtree(tmp_path / ".lifecycle")
    with pytest.raises(StateError, match="no state"):
        list(answers(tmp_path, questions, 2))
    assert active_children() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_simulation_ends_no_process_stays(tmp_path: Path, how: signal.Signals) -> None:
    """The terminal's Ctrl+C goes to all processes of the group; other signals to the command alone."""
    file, _ = fleet(tmp_path)
    edited = tmp_path / "edited.toml"
    edited.write_text(file.read_text("utf-8").replace("psi.x > 0.5", "psi.x > 0.3"), "utf-8")
    command = [sys.executable, "-m", "lifecycle_tui", "policy", "simulate", "--config", str(edited)]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as ran:
        children = Path(f"/proc/{ran.pid}/task/{ran.pid}/children")
        while len(found := children.read_text("ascii").split()) < 2:  # the tracker, and the first that replays
            assert ran.poll() is None
        ends = [os.pidfd_open(int(pid)) for pid in found]
        if how == signal.SIGINT:
            os.killpg(ran.pid, how)
        else:
            ran.send_signal(how)
        out, err = ran.communicate(timeout=300)
    assert (ran.returncode, out) == (130 if how == signal.SIGINT else -how, "")
    assert how != signal.SIGINT or err.strip() == "interrupted"
    for end in ends:
        assert select.select([end], [], [], 120.0)[0] == [end]
        os.close(end)

"""Stories of the loop, replayed with their own policy: the same alerts, word for word; the same decisions by job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_tui.agent.work.deploy import serving_folder
from tests.agent.lived_story import PRODUCTION, TRAINING, TURN, WEEK, Lived, decided, given, set_off, told

APPROVAL = TRAINING + "[models.riders.rollout]\napprove = { by = ['ana'] }\n"
BAD = "[models.riders.rules.bad]\nwhen = 'mae > 30'\nthen = ['rollback']\n"
DRIFT = "[models.riders.rules.warm]\nwhen = 'psi.warmth > 0.2 or drift.share > 0.5'\nthen = ['retrain']\nfor = 2\n"
DELAY = "labels = { delay = '16d' }"


def plain(s: Lived) -> None:
    s.write().live()


def delayed_labels(s: Lived) -> None:
    s.write(TRAINING + "schedule = '30 3 * * 3'\n" + BAD, data=DELAY).live()


def schedule_in_a_zone(s: Lived) -> None:
    zone = "timezone = 'America/New_York'"
    s.write(TRAINING + "schedule = '30 2 */5 * *'\ncooldown = '6d'\n" + DRIFT, data=zone).live()


def after_rows(s: Lived) -> None:
    s.write(TRAINING + "after_rows = 400\n", data=DELAY).live()


def on_update(s: Lived) -> None:
    s.write(TRAINING + "on_update = true\ncooldown = '10d'\n").live()


def unsettled(s: Lived) -> None:
    s.write(TRAINING.replace("min_samples = 100", "min_samples = 300")).live()


def approved(s: Lived) -> None:
    s.write(APPROVAL).live({3: lambda s: s.say("approved"), 4: lambda s: s.say("approved")})


def declined(s: Lived) -> None:
    s.write(APPROVAL).live(dict.fromkeys(range(10), lambda s: s.say("declined")))


def nobody_answers(s: Lived) -> None:
    s.write(APPROVAL.replace("[models.riders.rollout]", "on_update = true\n[models.riders.rollout]")).live()


def withdrawn(s: Lived) -> None:
    s.write(APPROVAL).live(dict.fromkeys((3, 5), lambda s: s.say("withdrawn")))


def rolled_back_by_a_rule(s: Lived) -> None:
    s.write(TRAINING + BAD + DRIFT).live({1: lambda s: s.ask("retrain", why="ana")})


def people(s: Lived) -> None:
    def back(s: Lived) -> None:
        s.serve(1)

    def forth(s: Lived) -> None:
        s.ask("retrain", why="ana")
        s.serve(max(v.number for v in s.versions()))

    s.write(TRAINING + BAD).live({1: lambda s: s.ask("retrain", why="ana"), 4: back, 6: forth, 7: back})


def trainings_that_fail(s: Lived) -> None:
    def breaks(s: Lived) -> None:
        s.edit('estimator = "linear"', 'estimator = "nowhere:build"')

    def mends(s: Lived) -> None:
        s.edit('estimator = "nowhere:build"', 'estimator = "linear"')

    s.write().live({1: breaks, 5: mends})


def deployers_that_fail(s: Lived) -> None:
    folder = serving_folder(s.root, s.model)

    def breaks(s: Lived) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("in the way", "utf-8")

    s.write().live({1: breaks, 5: lambda s: folder.unlink()})
    assert any(job.kind == "deploy" and job.state == "failed" for job in s.ran)


def late_rows(s: Lived) -> None:
    kept: list[str] = []

    def hold(s: Lived) -> None:
        def without(lines: list[str]) -> list[str]:
            kept.extend(line for line in lines if line.startswith(f"{TURN:%Y-%m-%d}"))
            return [line for line in lines if line not in kept]

        s.rewrite(without)

    def give(s: Lived) -> None:
        s.rewrite(lambda lines: [*lines, *kept])

    def correct(s: Lived) -> None:
        day = f"{TURN + WEEK:%Y-%m-%d}"
        s.rewrite(lambda lines: [f"{line[:-2]}99" if line.startswith(day) else line for line in lines])

    s.write(TRAINING + DRIFT, data=DELAY).live({1: hold, 4: give, 6: correct})


def the_agent_was_away(s: Lived) -> None:
    s.write(TRAINING + DRIFT).live(weeks=1)
    s.clock.advance(4 * WEEK)
    s.live()


def checks_by_hand_while_it_was_away(s: Lived) -> None:
    s.write(TRAINING).live(weeks=2)
    s.clock.advance(WEEK)
    s.look()
    s.clock.advance(3 * WEEK)
    s.live()


def by_count(s: Lived) -> None:
    s.write()
    s.edit('window = "1 week"', 'window = "150 rows"')
    s.live()


def named_by_data(s: Lived) -> None:
    def name(lines: list[str]) -> list[str]:
        found = [f"{lines[0]},guess,ver"]
        for line in lines[1:]:
            at, *_, riders = line.split(",")
            ver = "b" if "2025-03-10" <= at < "2025-03-26" else "a"
            found.append(f"{line},{float(riders) + (20 if ver == 'b' else 2):.2f},{ver}")
        return found

    s.write(TRAINING + "[models.riders.rules.bad]\nwhen = 'mae > 15'\nthen = ['rollback']\n").rewrite(name)
    s.edit('target = "riders"', 'target = "riders"\nprediction = "guess"\nversion = "ver"')
    s.live()


def corrected_versions(s: Lived) -> None:
    """The rows of a window turn out to have been scored by another version: what the first had scored is withdrawn."""

    def name(lines: list[str]) -> list[str]:
        found = [f"{lines[0]},guess,ver"]
        for line in lines[1:]:
            at, *_, riders = line.split(",")
            guess = float(riders) + (20 if at >= "2025-03-10" else 2)
            found.append(f"{line},{guess:.2f},{'b' if at[:10] == '2025-03-12' else 'a'}")
        return found

    def correct(s: Lived) -> None:
        s.rewrite(lambda lines: [line.replace(",b", ",a") for line in lines])

    s.write("").rewrite(name)
    s.edit('target = "riders"', 'target = "riders"\nprediction = "guess"\nversion = "ver"')
    s.live({5: correct})


STORIES = [
    plain, delayed_labels, schedule_in_a_zone, after_rows, on_update, unsettled, approved, declined, nobody_answers,
    withdrawn, rolled_back_by_a_rule, people, trainings_that_fail, deployers_that_fail, late_rows, the_agent_was_away,
    by_count, named_by_data, corrected_versions,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("tell", STORIES, ids=lambda f: f.__name__)
def test_replayed_with_its_own_policy_a_story_is_the_same(tmp_path: Path, tell: Callable[[Lived], None]) -> None:
    story = Lived(tmp_path)
    tell(story)
    history, course = story.replayed()
    assert given(course) == told(story)
    assert decided(course) == set_off(history)
    assert course.unsure is None and course.doubts == ()
    assert story.asked().notes == ()


@pytest.mark.slow
def test_an_agent_that_comes_to_an_old_table_goes_on_from_there(tmp_path: Path) -> None:
    """Windows before it are replayed at their ends, and what its first step then sets off is answered by history."""
    story = Lived(tmp_path).write(TRAINING + DRIFT)
    story.clock.advance(5 * WEEK)
    story.live()
    history, course = story.replayed()
    assert history.afterwards and decided(course) == set_off(history) and course.unsure is None
    assert given(course)[-1] == told(story)[-1]
    assert [note.partition(",")[0] for note in story.asked().notes] == [
        f"windows up to {history.afterwards} were evaluated afterwards"
    ]


@pytest.mark.slow
def test_what_a_loop_would_have_done_before_it_was_there_is_unsure_until_it_was(tmp_path: Path) -> None:
    story = Lived(tmp_path).write(TRAINING + "on_update = true\ncooldown = '10d'\n")
    for weeks in (4, 1):
        story.clock.advance(weeks * WEEK)
        story.look()
    story.clock.advance(WEEK)
    story.live()
    history, course = story.replayed()
    began = PRODUCTION + 6 * WEEK
    before = [d for d in course.decisions if d.at < began]
    assert before and not any(d.known for d in before) and history.began == began
    assert [d.job for d in course.decisions if d.at >= began] == set_off(history)
    assert all(d.sure for d in course.decisions if d.at >= began)
    assert course.doubts == ((before[0].at, began),)
    assert any("as the loop began" in note for note in story.asked().notes)


@pytest.mark.slow
def test_a_policy_that_was_another_then_is_said(tmp_path: Path) -> None:
    story = Lived(tmp_path).write()

    def change(s: Lived) -> None:
        s.edit("mae > 10", "mae > 3.5")

    story.live({4: change})
    notes = story.asked().notes
    assert notes[0].startswith("state remembers alerts that the policy in force does not give: stale (2025-03-03)")
    assert notes[1].startswith("the policy in force gives alerts that state does not remember: stale (2025-02-17)")


@pytest.mark.slow
def test_a_signal_that_was_measured_later_is_said_to_give_more(tmp_path: Path) -> None:
    story = Lived(tmp_path).write()
    story.edit('metrics = ["mae", "r2"]', 'metrics = ["mae", "r2"]\ndetectors = ["ks"]')
    story.live(weeks=4)
    rule = "[models.riders.rules.warm]\nwhen = 'psi.warmth > 0.05'\n[models.riders.training]"
    story.edit('detectors = ["ks"]', 'detectors = ["ks", "psi"]')
    story.edit("[models.riders.training]", rule)
    story.live()
    assert "the policy in force gives alerts that state does not remember: warm (2025-02-17)" in story.asked().notes[0]

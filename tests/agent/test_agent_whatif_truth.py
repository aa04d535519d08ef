"""What an edited policy is said to have done, held against what it does when the same story is lived again with it.

Where nothing is trained otherwise, all of it is the same. Where something is, all is the same up to the instant from
which on the answer says that it is unsure, and nothing that is told as known after that turns out otherwise.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_tui.agent.differences import compare
from lifecycle_tui.agent.replay import Course
from lifecycle_tui.agent.whatif import WhatIf
from tests.agent.lived_story import TRAINING, Lived, decided, given, set_off, told

RULES = """
[models.riders.rules.warm]
when = "psi.warmth > 0.07"
[models.riders.rules.odd]
when = "psi.prediction > 2 or drift.share > 0.5"
severity = "info"
[models.riders.rules.bad]
when = "mae > 45"
then = ["notify", "rollback"]
"""
STALE = 'when = "mae > 10"\nthen = ["notify", "retrain"]'

HARMLESS = [
    ("psi.warmth > 0.07", "psi.warmth > 0.08"),
    ("psi.warmth > 0.07", "psi.warmth > 0.03 and psi.sky < 0.01"),
    ('when = "psi.warmth > 0.07"', 'when = "psi.warmth > 0.05"\nfor = 3'),
    ('when = "psi.warmth > 0.07"', 'when = "psi.warmth > 0.07"\nseverity = "critical"\nthen = []'),
    (
        "[models.riders.rules.bad]",
        '[models.riders.rules.new]\nwhen = "rows > 100 and mae < 4"\n[models.riders.rules.bad]',
    ),
    ('severity = "info"', 'severity = "warning"\nfor = 2'),
    ("psi.prediction > 2 or drift.share > 0.5", "mae.upper > 4"),
]
"""Edits that change nothing that is trained."""

TELLING = [
    (STALE, STALE.replace("10", "46")),
    (STALE, STALE + "\nfor = 2"),
    (STALE, STALE.replace(', "retrain"', "")),
    ('when = "psi.warmth > 0.07"', 'when = "psi.warmth > 0.07"\nthen = ["notify", "retrain"]'),
    ('severity = "info"', 'then = ["retrain"]'),
    ("min_samples = 100", 'min_samples = 100\ncooldown = "20d"'),
    ("min_samples = 100", 'min_samples = 100\nschedule = "0 4 1 * *"'),
    ("min_samples = 100", "min_samples = 100\non_update = true"),
    ('then = ["notify", "rollback"]', 'then = ["notify"]'),
    ("mae > 45", "mae > 20"),
]
"""Edits that change what is trained, or who serves."""


def base(root: Path, more: str = TRAINING, **how: int) -> Lived:
    root.mkdir(parents=True, exist_ok=True)
    return Lived(root).write(more + RULES, **how)


def lived_with(root: Path, edit: tuple[str, str], story: Lived, weeks: int = 9) -> tuple[WhatIf, Course]:
    """(what is said of the edited policy, what it does)."""
    text = (story.root / "lifecycle.toml").read_text("utf-8")
    assert edit[0] in text
    said = story.asked(text.replace(*edit))
    again = Lived(root)
    for name in ("riders.csv", "lifecycle.toml"):
        shutil.copy(story.root / name, root / name)
    again.edit(*edit)
    again.live(weeks=weeks)
    history, course = again.replayed()
    assert (given(course), decided(course)) == (told(again), set_off(history)), "the replay is what happened"
    return said, course


def why(course: Course, *, numbers: bool = True) -> list[tuple[object, ...]]:
    """What was decided. Versions are numbered as they are made: after one training fewer the same one has another."""
    plain = re.compile(r" \(alert \d+\)" if numbers else r" \(alert \d+\)|version \d+")
    return [(d.at, d.kind, d.version if numbers else None, plain.sub("", d.why)) for d in course.decisions]


def unnumbered(course: Course) -> Course:
    return replace(course, decisions=tuple(replace(d, job=None, version=None) for d in course.decisions))


def alike(said: Course, truth: Course) -> int:
    """Everything is the same; how many things were compared."""
    assert said.unsure is None
    assert given(said) == given(truth) and why(said) == why(truth)
    assert [(e.severity, e.then, e.windows) for e in said.alerts] == [
        (e.severity, e.then, e.windows) for e in truth.alerts
    ]
    return len(said.alerts) + len(said.decisions)


def as_far_as_it_is_sure(said: WhatIf, truth: Course) -> int:
    """What is told as known is true; how many things were compared."""
    edited, count = said.edited, 0
    until = edited.unsure or said.until
    assert until is not None
    for mine, real in ((edited, truth), (truth, edited)):
        opened = {(e.rule, e.since, e.opened, e.message, e.severity) for e in real.alerts}
        for e in mine.alerts:
            if not edited.doubtful(e.opened) or not e.performance:
                assert (e.rule, e.since, e.opened, e.message, e.severity) in opened
                count += 1
        # What comes of the first decision without an outcome follows, in truth, at the very same instant.
        sure = [row for row in why(mine, numbers=False) if row[0] < until]
        assert sure == [row for row in why(real, numbers=False) if row[0] < until]
        count += len(sure)
    real = {(d.kind, d.at, d.what) for d in compare(unnumbered(said.in_force), unnumbered(truth))}
    for d in compare(unnumbered(said.in_force), unnumbered(edited)):
        if d.kind != "unknown" and d.at <= until:
            assert (d.kind, d.at, d.what) in real, d
            count += 1
    return count


@pytest.mark.slow
def test_a_drift_rule_edited_is_what_it_would_have_been(tmp_path: Path) -> None:
    story = base(tmp_path / "a", "", per_day=4).live(weeks=2)
    (tmp_path / "b").mkdir()
    edit = ('when = "psi.warmth > 0.07"', 'when = "psi.warmth > 0.06"\nfor = 2')
    said, truth = lived_with(tmp_path / "b", edit, story, weeks=2)
    assert alike(said.edited, truth) and said.differences


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return base(tmp_path_factory.mktemp("truth") / "a").live()


@pytest.mark.slow
@pytest.mark.parametrize("edit", HARMLESS, ids=str)
def test_what_is_said_where_nothing_is_trained_otherwise_is_what_happens(
    story: Lived, tmp_path: Path, edit: tuple[str, str]
) -> None:
    said, truth = lived_with(tmp_path, edit, story)
    print(f"{alike(said.edited, truth)} alerts and decisions compared")
    assert said.edited is not said.in_force or not said.differences


@pytest.mark.slow
@pytest.mark.parametrize("edit", TELLING, ids=str)
def test_what_is_said_where_trainings_differ_is_true_as_far_as_it_is_sure(
    story: Lived, tmp_path: Path, edit: tuple[str, str]
) -> None:
    said, truth = lived_with(tmp_path, edit, story)
    print(f"{as_far_as_it_is_sure(said, truth)} alerts, decisions and differences compared")

"""A team's metric over groups of rows: the same number however a window was reached, and gates that read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.state.jobs import Job

from tests.agent.conftest import LABELS, PREDICTIONS, SCORED, Space, scored_rows  # isort: skip
from tests.agent.loop_story import Story
from tests.agent.test_agent_judging import Row, loans, trained

__all__ = ["loans"]  # a fixture

GAP = '''\
from lifecycle_tui.api import Measurement, hookimpl


class Gap:
    """How far the share of approved rows of one group is from another's."""

    name, tasks, needs, greater_is_better, range = "gap", ("binary",), "prediction", False, (0, 1)

    def __init__(self, *, column: str = "city"):
        self.column = column

    def measure(self, outcomes):
        group = outcomes.groups[self.column]
        assert group.shape == outcomes.target.shape
        shares = [float(outcomes.prediction[group == name].mean()) for name in sorted(set(group.tolist()) - {""})]
        says = " ".join(sorted(set(group.tolist())))
        return Measurement(max(shares) - min(shares), message=says)


@hookimpl
def register_metrics(register):
    register(Gap)
'''
COLUMNS = 'cutoff = 0.3\nprotected = ["city"]\nsegments = ["version"]\n[models.shop.monitor]'
WITH = SCORED.replace("[models.shop.monitor]", COLUMNS).replace('"recall"]', '"recall", "gap"]')
WITHOUT = SCORED.replace("[models.shop.monitor]", "cutoff = 0.3\n[models.shop.monitor]")

PRODUCTION = datetime(2025, 1, 31, tzinfo=UTC)
PLACES = {"table": "", "beside": 'features = { path = "people/*.csv", on = "id" }\n'}


def shop(space: Space, toml: str = WITH, days: range = range(58), place: str = "table") -> tuple[list[str], list[str]]:
    """The shop of 58 days; every tenth city is missing. `place`: whether people are in the table or beside it."""
    lines, labels = scored_rows(days)
    cells = [line.split(",") for line in lines]
    for i, row in enumerate(cells):
        row[4] = "" if i % 10 == 0 else row[4]
    header = PREDICTIONS.split(",")
    if place == "beside":
        people = [",".join((row[0], row[3], row[4])) for row in cells]
        space.write("people/all.csv", "\n".join(["id,age,city", *people]) + "\n")
        cells = [[*row[:3], row[5]] for row in cells]
        header = [*header[:3], header[5]]
    toml = toml.replace("labels = {", PLACES[place] + "labels = {")
    space.write("lifecycle.toml", toml)
    space.write("plugins/gap.py", GAP)
    space.write("scored/0.csv", "\n".join([",".join(header), *map(",".join, cells)]) + "\n")
    space.write("labels/all.csv", "\n".join([LABELS, *labels]) + "\n")
    return lines, labels


def expected(version: str, first: datetime, last: datetime) -> float:
    """The gap in the rows as written, every one of which has a label in the end."""
    shares: dict[str, list[bool]] = {}
    for i, line in enumerate(scored_rows(range(58))[0]):
        _, at, by, _, city, p = line.split(",")
        if by == version and first <= datetime.fromisoformat(at).replace(tzinfo=UTC) < last and i % 10:
            shares.setdefault(city, []).append(float(p) >= 0.3)
    means = [sum(found) / len(found) for found in shares.values()]
    assert len(means) == 3
    return max(means) - min(means)


@pytest.mark.thorough
@pytest.mark.parametrize("place", PLACES)
def test_a_metric_sees_the_groups_of_its_rows(space: Space, place: str) -> None:
    shop(space, place=place)
    outcome = space.run()
    assert not outcome["problems"]
    for version in "ab":
        windows = space.history(version=version)
        assert len(windows) == 5
        for entry in windows:
            signal = entry.signals["gap"]
            assert signal.state == "ok" and signal.message.endswith(" Gent Lyon Ulm"), signal
            assert entry.window.start is not None and entry.window.end is not None
            begin = max(entry.window.start, PRODUCTION)  # the first window shares its week with the reference
            assert signal.value == pytest.approx(expected(version, begin, entry.window.end))
    reference = {s["name"]: s for s in outcome["reference"]}
    assert reference["gap"]["value"] == pytest.approx(expected("a", datetime(2025, 1, 1, tzinfo=UTC), PRODUCTION))


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_numbers_are_the_same_whatever_was_read_for_them(
    space: Space, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    once = Space(tmp_path_factory.mktemp("once"), space.clock)
    shop(once, place=place)
    space.clock.instant = datetime(2025, 2, 12, tzinfo=UTC)
    shop(space, place=place)
    space.run()
    early = space.history(version="a")
    assert not all(e.window.mature for e in early)
    space.clock.instant = datetime(2025, 6, 1, tzinfo=UTC)
    assert space.run()["relabelled"] > 0
    late = ["late-" + line for line in scored_rows(range(33, 35), per_day=30, seed=99)[0]]
    for root in (space, once):
        if place == "beside":
            people = [",".join(line.split(",")[i] for i in (0, 3, 4)) for line in late]
            whole = (root.root / "people" / "all.csv").read_text("utf-8")
            root.write("people/all.csv", whole + "\n".join(people) + "\n")
            root.write("scored/1.csv", "\n".join(
                ["id,ts,version,p", *(",".join(line.split(",")[i] for i in (0, 1, 2, 5)) for line in late)]) + "\n"
            )  # fmt: skip
        else:
            root.write("scored/1.csv", "\n".join([PREDICTIONS, *late]) + "\n")
    outcome = space.run()
    assert outcome["changed" if place == "beside" else "grown"] == 1
    once.run()
    assert [f[:6] for f in space.facts()] == [f[:6] for f in once.facts()]
    assert any(name == "gap" and value is not None for fact in once.facts() for name, value, *_ in fact[5])


@pytest.mark.slow
def test_what_does_not_ask_for_groups_says_the_same_without_them(
    space: Space, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop(space)
    space.run()
    plain = Space(tmp_path_factory.mktemp("plain"), space.clock)
    shop(plain, WITHOUT)
    plain.run()
    without_gap = [(*f[:5], tuple(s for s in f[5] if s[0] != "gap" and "=" not in s[0]), f[6]) for f in space.facts()]
    assert without_gap == plain.facts()


@pytest.mark.slow
def test_a_state_of_before_is_measured_anew_once(space: Space) -> None:
    shop(space, WITHOUT)
    space.run()
    assert not any(space.run()[kind] for kind in ("new", "grown", "changed", "relabelled"))
    windows = len({e.window.key for e in space.history()})
    space.write("lifecycle.toml", WITHOUT.replace("cutoff = 0.3", 'cutoff = 0.3\nsegments = ["city"]'))
    assert space.run()["changed"] == windows
    assert not any(space.run()[kind] for kind in ("new", "grown", "changed", "relabelled"))


def test_a_group_that_no_table_has_is_a_problem(space: Space) -> None:
    shop(space, WITH.replace('protected = ["city"]', 'protected = ["citty"]'))
    outcome = space.run()
    assert any("no table of shop has a column 'citty'" in problem for problem in outcome["problems"])
    signal = space.history(version="a")[0].signals["gap"]
    assert signal.state == "error" and "KeyError" in (signal.message or "")


# -- versions of ours, and gates ---------------------------------------------------------------------------------------


def _of_two_towns(row: Row) -> None:
    """Where nothing is known of the place, neither of the two."""
    hour = row["ts"].hour
    row["town"] = "" if hour == 0 else "east" if row["income"] > 0 else "west"


def judged(story: Story) -> tuple[Job, dict[str, dict]]:
    job = trained(story)
    gates = story.judgements()[-1].gates
    return job, {name: number for gate in gates for name, number in gate["numbers"].items()}


@pytest.mark.slow
@pytest.mark.parametrize("scored", [True, False])
def test_gates_read_it_of_both_versions_with_an_interval(loans: Callable[..., Story], scored: bool) -> None:
    outside = 'score = "p"\n' if scored else ""
    columns = f'positive = 1\n{outside}protected = ["town"]\n'
    training = 'gates = ["gain(gap) > -0.99", "challenger.gap < 0.99", "champion.gap > 0"]'
    story = loans(
        change=_of_two_towns, columns=columns, names="p town" if scored else "town", metrics=["auc", "gap"],
        training=training,
    )  # fmt: skip
    (story.root / "plugins").mkdir(exist_ok=True)
    (story.root / "plugins" / "gap.py").write_text(GAP.replace('"city"', '"town"'), "utf-8")
    job, numbers = judged(story)
    assert job.outcome["verdict"] == "passed", job.outcome["text"]
    for name in ("gain(gap)", "challenger.gap", "champion.gap"):
        number = numbers[name]
        assert number["value"] is not None and number["lower"] <= number["value"] <= number["upper"], (name, number)
    assert numbers["challenger.gap"]["lower"] < numbers["challenger.gap"]["upper"]
    gain = numbers["champion.gap"]["value"] - numbers["challenger.gap"]["value"]
    assert numbers["gain(gap)"]["value"] == pytest.approx(gain)
    if scored:  # the outside model approves who has an income above the mean, and east is where they live
        assert numbers["champion.gap"]["value"] == 1.0 > numbers["challenger.gap"]["value"]
    again = story.ask("judge", version=story.versions()[-1].number)
    assert again.state == "done", again.error
    recorded = story.versions()[-1].facts.metrics or {}
    assert recorded["gap"]["value"] == pytest.approx(numbers["challenger.gap"]["value"])


def test_versions_of_ours_are_measured_by_group_in_windows(loans: Callable[..., Story]) -> None:
    story = loans(change=_of_two_towns, columns='positive = 1\nsegments = ["town"]', names="town", metrics=["gap"])
    (story.root / "plugins").mkdir(exist_ok=True)
    (story.root / "plugins" / "gap.py").write_text(GAP.replace('"city"', '"town"'), "utf-8")
    story.clock = FixedClock(story.clock.now() - timedelta(days=40))
    story.instant()
    space = Space(story.root, story.clock)
    found = [e.signals["gap"] for e in space.history("loans", version="1")]
    assert found and all(s.state == "ok" and s.value is not None and s.value > 0.1 for s in found), found
    first = story.versions()[0].facts.metrics or {}
    assert first["gap"]["value"] > 0.1

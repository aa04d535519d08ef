"""The loop closes: decay opens an alert, a training follows, its challenger is judged, promoted or refused in words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_tui.agent.history import History, read_history
from lifecycle_tui.agent.loop import AGENT
from lifecycle_tui.agent.replay import Course, replay, unanswered
from lifecycle_tui.agent.whatif import policy_of, signals_of
from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.loop_story import END, PRODUCTION, TRAINING, TURN, WEEK, Story


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The story once, unattended, to its end. Tests look and do not touch."""
    return Story(tmp_path_factory.mktemp("riders")).write().run()


@pytest.fixture
def story(told: Story, tmp_path: Path) -> Story:
    """The same to go on with."""
    shutil.copytree(told.root, tmp_path / "riders", symlinks=True)
    return Story(tmp_path / "riders", clock=type(told.clock)(told.clock.now()))


def test_decay_is_found_answered_and_mended(told: Story) -> None:
    errors = told.errors()
    stale = [key for key, (version, error) in errors.items() if version == "1" and error > 10]
    assert f"{TURN:%Y-%m-%d}" in stale
    promoted = [line for line in told.said if "promoting version" in line]
    assert promoted and "rule stale" in promoted[0] and "gain(mae)" in promoted[0]
    last = told.champion()
    assert last is not None and last.number > 1 and last.facts.by == AGENT
    assert errors[max(errors)] == (last.label, pytest.approx(errors[max(errors)][1]))
    assert errors[max(errors)][1] < 6 < 20 < errors[f"{TURN:%Y-%m-%d}"][1]
    assert [a.alert.state for a in told.alerts()][-1] == "resolved"


def test_old_windows_keep_the_version_of_their_time(told: Story) -> None:
    found = [version for _, (version, _) in sorted(told.errors().items())]
    assert found == sorted(found) and found[:3] == ["1", "1", "1"]


def test_the_fleet_keeps_the_past_of_the_key_metric_over_promotions(story: Story) -> None:
    shown = [round(error, 3) for _, (_, error) in sorted(story.errors().items())]
    story.ask("deploy", version=1, champion=story.champion().number, kind="rollback", why="to see")  # type: ignore[union-attr]
    story.ask("evaluate")
    with State.open(story.root) as state, state.read() as conn:
        (row,) = models.fleet(conn)
    assert [None if v is None else round(v, 3) for v in row.metric_history] == shown
    first = [error for _, (version, error) in sorted(story.errors().items()) if version == "1"]
    assert row.metric == "mae" and row.metric_value == pytest.approx(first[-1]), "the value is the champion's own"


def test_every_version_says_where_it_comes_from(told: Story) -> None:
    for version in told.versions()[1:]:
        facts = version.facts
        assert facts.artifact and facts.data_digest and len(facts.data_digest) == 64
        assert facts.strategy == "refit" and facts.why and "rule stale" in facts.why and facts.parent is not None
        assert set(facts.metrics or {}) == {"mae", "r2"} and (facts.metrics or {})["mae"]["lower"] is not None
        assert set(facts.importance or {}) == {"hour", "warmth", "sky"}
        assert max(facts.importance or {}, key=(facts.importance or {}).__getitem__) == "warmth"
        assert (facts.libraries or {})["scikit-learn"] and (facts.schema or {})["features"]["sky"] == "categorical"
        assert facts.data_end is not None and facts.data_end <= version.created_at


def test_judged_on_rows_that_neither_was_trained_on(told: Story) -> None:
    by_number = {v.number: v for v in told.versions()}
    assert told.judgements()
    for judgement in told.judgements():
        challenger = by_number[judgement.version]
        assert judgement.champion is not None and judgement.start is not None and judgement.end is not None
        for version in (challenger, by_number[judgement.champion]):
            assert version.facts.data_end is not None and version.facts.data_end <= judgement.start
        assert judgement.end <= judgement.at


def replayed(told: Story, **changes: object) -> tuple[History, Course]:
    """The story once more, by its own policy or with another plan."""
    space = open_workspace(told.root / "lifecycle.toml")
    policy = policy_of(space, space.spec.model("riders"))
    with State.open(told.root) as state, state.read() as conn:
        history = read_history(conn, "riders", signals_of(policy), recorded=True)
    return history, replay(history, replace(policy, plan=replace(policy.plan, **changes)))


def test_deciding_again_on_what_state_remembers_decides_the_same(told: Story) -> None:
    history, course = replayed(told)
    did = [j for j in history.jobs if j.created_by == AGENT]
    assert [d.job for d in course.decisions if d.job is not None] == [j.id for j in did] and did
    assert all(d.known and d.sure for d in course.decisions) and unanswered(history, course.decisions) == ()
    stored = [row.alert for row in told.alerts()]
    assert [(e.rule, e.since, e.opened, e.resolved, e.message) for e in course.alerts] == [
        (a.rule, a.since, a.opened, a.resolved, a.message) for a in stored
    ]


def test_what_never_happened_is_marked_as_unknown(told: Story) -> None:
    history, eager = replayed(told, on_update=True)
    _, lazy = replayed(told, trains=False)
    first = next(d for d in eager.decisions if not d.known)
    assert first.kind == "retrain" and first.sure and eager.unsure == first.at
    assert not any(d.sure for d in eager.decisions if d.at > first.at)
    assert lazy.decisions == () and lazy.unsure is None
    assert len(unanswered(history, lazy.decisions)) == len([j for j in history.jobs if j.created_by == AGENT])


@pytest.mark.slow
def test_the_same_story_twice_is_the_same(told: Story, tmp_path: Path) -> None:
    again = Story(tmp_path).write().run(TURN + 2 * WEEK)
    assert again.said == [line for line in told.said if line in again.said]
    for one, other in zip(again.versions(), told.versions(), strict=False):
        assert (one.facts.artifact, one.facts.data_digest, one.facts.metrics) == (
            other.facts.artifact, other.facts.data_digest, other.facts.metrics,
        )  # fmt: skip


def test_a_training_that_brings_nothing_is_refused_in_words(story: Story) -> None:
    before = story.champion()
    job = story.ask("retrain", why="ana wants to see")
    assert job.state == "done" and job.outcome["verdict"] in ("failed", "unknown")
    assert ("not worth it" in job.outcome["text"]) or ("cannot tell yet" in job.outcome["text"])
    story.instant()
    assert story.champion() == before


def test_going_back_needs_no_training(story: Story) -> None:
    champion = story.champion()
    assert champion is not None
    number = max(v.number for v in story.versions() if v.number < champion.number)
    job = story.ask("deploy", version=number, champion=champion.number, kind="rollback", why="ana", by="ana")
    assert job.state == "done", job.error
    back = story.champion()
    assert back is not None and back.number == number
    assert len(story.versions()) == len(story.versions())


def test_a_job_that_runs_again_after_it_was_killed_makes_no_second_version(story: Story) -> None:
    job = story.ask("retrain", why="once")
    count = len(story.versions())
    with State.open(story.root) as state:
        with state.write() as tx:
            tx.execute("UPDATE jobs SET state = 'queued', process = NULL WHERE id = ?", (job.id,))
        again = story.one(state, job.id)
    assert again.outcome == job.outcome and len(story.versions()) == count


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ("history = '1h'", "each side needs 30"),
        ("estimator = 'nowhere:build'", "nowhere"),
        ("command = ['false']", "false"),
        ("strategy = 'incremental'\nestimator = 'random-forest'", "partial_fit"),
    ],
)
def test_a_training_that_cannot_be_says_so_and_leaves_the_champion(story: Story, training: str, says: str) -> None:
    before = story.champion()
    story.write(f"[models.riders.training]\n{training}\n")
    job = story.ask("retrain")
    assert says in (job.error or job.outcome["text"])
    assert story.champion() == before and (job.state == "failed") != ("verdict" in job.outcome)


@pytest.mark.thorough
@pytest.mark.parametrize("strategy", ["warm-start", "incremental"])
def test_strategies_that_go_on_from_the_champion(tmp_path: Path, strategy: str) -> None:
    more = TRAINING.replace('"linear"', '"sgd"') + f'strategy = "{strategy}"\n'
    story = Story(tmp_path).write(more).run(TURN + WEEK)
    version = story.versions()[-1]
    assert version.number > 1 and version.facts.strategy == strategy
    assert "champion" in (version.facts.note or ""), version.facts.note


@pytest.mark.slow
def test_once_the_gates_have_passed_refit_takes_all_rows(tmp_path: Path) -> None:
    story = Story(tmp_path).write(TRAINING + "refit = true\n").run(TURN + 2 * WEEK)
    judgement = next(j for j in story.judgements() if j.verdict == "passed")
    version = next(v for v in story.versions() if v.number == judgement.version)
    assert judgement.end == version.facts.data_end
    judged = (version.facts.lineage or {})["judged"]
    assert judged["rows"] < (version.facts.data_rows or 0) and judged["until"] <= judgement.start.isoformat()


@pytest.mark.slow
def test_an_unknown_verdict_is_settled_when_more_labels_are_known(tmp_path: Path) -> None:
    more = TRAINING.replace("min_samples = 100", "min_samples = 300")
    story = Story(tmp_path).write(more).run(TURN + 3 * WEEK)
    second = next(j for j in story.judgements() if j.verdict == "passed")
    first = next(j for j in story.judgements() if j.version == second.version)
    assert first.verdict == "unknown" and "300" in first.text and second.rows >= 300 > first.rows
    kinds = {j.id: j.kind for j in story.ran}
    assert (kinds[first.job_id or 0], kinds[second.job_id or 0]) == ("retrain", "judge")
    champion = story.champion()
    assert champion is not None and champion.number == second.version
    assert story.ran[-1].kind in ("deploy", "evaluate"), (
        "the promotion has answered the alert: no training follows at once"
    )


@pytest.mark.slow
def test_monitored_only(tmp_path: Path) -> None:
    story = Story(tmp_path).write("").run(PRODUCTION + 4 * WEEK)
    assert [j.kind for j in story.ran] == ["evaluate"] * len(story.ran)
    assert story.ask("retrain").error is not None
    assert END > PRODUCTION


def test_a_rule_that_fires_is_taken_as_the_file_says_now(tmp_path: Path) -> None:
    """Somebody is told of an alert and then has the rule retrain: the open alert does."""
    story = Story(tmp_path).write()
    file = tmp_path / "lifecycle.toml"
    asks = file.read_text("utf-8")
    assert 'then = ["notify", "retrain"]' in asks
    file.write_text(asks.replace('then = ["notify", "retrain"]', 'then = ["notify"]'), "utf-8")
    story.run(TURN + WEEK)
    assert [a.alert.state for a in story.alerts()] == ["open"] and not any("retraining" in line for line in story.said)
    file.write_text(asks, "utf-8")
    story.run(TURN + 2 * WEEK)
    assert any("retraining: rule stale" in line for line in story.said)

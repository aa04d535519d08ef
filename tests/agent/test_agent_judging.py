"""Judging for every task and whoever answers: outside predictions, versions that the data names, files of ours."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from tests.agent.loop_story import Story
from tests.agent.test_agent_first_version import empty_state

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
NOW = BEGIN + timedelta(days=84)
DAYS = 84
TURN = BEGIN + timedelta(days=63)

TOML = """\
[models.loans]
task = "{task}"
[models.loans.data]
table = "loans.csv"
reference = {{ until = 2025-02-02 }}
window = "1 week"
{data}
[models.loans.columns]
timestamp = "ts"
target = "y"
numeric = ["income", "debt"]
{columns}
[models.loans.monitor]
metrics = {metrics}
[models.loans.training]
estimator = "linear"
min_samples = {enough}
{training}
{more}
"""
METRICS = {
    "binary": ["auc", "accuracy"],
    "multiclass": ["accuracy", "log_loss"],
    "regression": ["mae"],
    "ranking": ["mean_target"],
}
Row = dict[str, Any]


def rows(task: str = "binary", per_day: int = 8) -> list[Row]:
    """Loans. The outside model's score `p` (and label `said`) knows the income alone; `who` scored, "a" or now and then
    "b"."""
    rng, found = random.Random(11), []
    for day in range(DAYS):
        for i in range(per_day):
            income, debt, luck = rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 0.7)
            worth = income - 1.5 * debt + luck
            y: Any = {
                "binary": int(worth > 0),
                "multiclass": "low" if worth < -1 else "mid" if worth < 1 else "high",
            }.get(task, round(worth, 4))
            weak = min(0.99, max(0.01, 0.5 + income / 5))
            found.append({
                "ts": BEGIN + timedelta(days=day, hours=24 / per_day * i), "income": round(income, 4),
                "debt": round(debt, 4), "y": y, "p": round(weak, 4), "who": "b" if i == 3 else "a",
            })  # fmt: skip
    return found


@pytest.fixture
def loans(tmp_path: Path) -> Callable[..., Story]:
    """Writes the workspace; a clock at the end of the data."""

    def make(
        task: str = "binary", change: Callable[[Row], Any] = lambda row: None, *, columns: str = "", data: str = "",
        training: str = "", enough: int = 50, metrics: list[str] | None = None, more: str = "", names: str = "",
    ) -> Story:  # fmt: skip
        found = rows(task)
        for row in found:
            change(row)
        kept = ["ts", "income", "debt", "y", *names.split()]
        lines = [",".join(f"{r[k]:%Y-%m-%d %H:%M:%S}" if k == "ts" else str(r[k]) for k in kept) for r in found]
        (tmp_path / "loans.csv").write_text("\n".join([",".join(kept), *lines]) + "\n", "utf-8")
        text = TOML.format(
            task=task, columns=columns, data=data, training=training, enough=enough, more=more,
            metrics=METRICS[task] if metrics is None else metrics,
        )  # fmt: skip
        (tmp_path / "lifecycle.toml").write_text(text, "utf-8")
        if not (tmp_path / ".lifecycle").exists():
            shutil.copytree(empty_state(), tmp_path / ".lifecycle")
        return Story(tmp_path, FixedClock(NOW), model="loans")

    return make


def trained(story: Story) -> Job:
    """A check, then a training that somebody asks for."""
    story.instant()
    job = story.ask("retrain", why="ana")
    assert job.state == "done", job.error
    return job


def verdict(job: Job) -> tuple[str, str]:
    return job.outcome["verdict"], job.outcome["text"]


SCORED = 'positive = 1\nscore = "p"'
NAMED = SCORED + '\nversion = "who"'


# -- what serves now ---------------------------------------------------------------------------------------------------


def test_an_outside_model_is_what_serves_now(loans: Callable[..., Story]) -> None:
    story = loans(columns=SCORED, names="p")
    job = trained(story)
    said, text = verdict(job)
    assert said == "passed" and "the new version against what serves now" in text and "gain(auc) 0." in text
    assert story.champion() is None and story.judgements()[0].champion is None
    story.instant()
    champion = story.champion()
    assert champion is not None and champion.label == "1"
    again = story.ask("retrain")
    assert verdict(again)[0] != "passed" and "against version 1" in again.outcome["text"]


def test_where_the_data_names_versions_the_champion_s_rows_count(loans: Callable[..., Story]) -> None:
    story = loans(columns=NAMED, names="p who")
    job = trained(story)
    said, text = verdict(job)
    judgement = story.judgements()[-1]
    assert said == "passed" and "against a" in text
    assert judgement.start is not None and judgement.end is not None
    held = [r for r in rows() if judgement.start <= r["ts"] < judgement.end]
    assert judgement.rows == sum(r["who"] == "a" for r in held) < len(held) == 8 * len(held) // 8
    gate = judgement.gates[0]["numbers"]["gain(auc)"]
    assert gate["n"] == judgement.rows
    # Both of a pair are measured on the same rows, also where a gate reads them one by one.
    story = loans(columns=NAMED, names="p who", training='gates = ["challenger.auc > champion.auc"]')
    numbers = {k: v["n"] for k, v in _judged(story, story.ask("retrain")).gates[0]["numbers"].items()}
    assert numbers == {"challenger.auc": judgement.rows, "champion.auc": judgement.rows}


def _judged(story: Story, job: Job) -> Any:
    return next(j for j in story.judgements() if j.job_id == job.id)


# -- tasks and labels --------------------------------------------------------------------------------------------------


def _no_high_later(row: Row) -> None:
    row["y"] = "mid" if row["y"] == "high" and row["ts"] >= TURN else row["y"]


def _high_only_later(row: Row) -> None:
    row["y"] = "mid" if row["y"] == "high" and row["ts"] < TURN else row["y"]


def _stray(row: Row) -> None:
    if row["ts"] >= TURN and row["ts"].hour == 0:
        row["y"] = -1


def _spread(row: Row) -> None:
    row["pl"], row["pm"] = round((1 - row["p"]) / 2, 4), 0.5
    row["ph"] = round(1 - row["pl"] - 0.5, 4)


def test_multiclass_whatever_classes_a_stretch_holds(loans: Callable[..., Story]) -> None:
    for change in (_no_high_later, _high_only_later):
        story = loans("multiclass", change, training='gates = ["gain(accuracy) > 0", "gain(log_loss) > 0"]')
        job = trained(story)
        numbers = [n for gate in _judged(story, job).gates for n in gate["numbers"].values()]
        assert len(numbers) == 2 and all(n["value"] is not None and n["lower"] is not None for n in numbers)
        shutil.rmtree(story.root / ".lifecycle")


def test_multiclass_scores_in_the_order_of_the_mapping(loans: Callable[..., Story]) -> None:
    mapping = 'score = { low = "pl", mid = "pm", high = "ph" }'
    story = loans("multiclass", _spread, columns=mapping, names="pl pm ph")
    job = trained(story)
    assert verdict(job)[0] == "passed" and "what serves now" in job.outcome["text"]


def test_labels_that_are_neither_class_teach_nothing_and_are_counted(loans: Callable[..., Story]) -> None:
    story = loans(change=_stray, columns=SCORED, names="p")
    job = trained(story)
    strange = sum(r["ts"] >= TURN and r["ts"].hour == 0 for r in rows())
    assert verdict(job)[0] == "passed" and strange > 20
    story.clock.advance(timedelta(days=1))
    number = story.versions()[-1].number
    again = story.ask("judge", version=number)
    assert "label is neither 0 nor 1" in again.outcome["text"], again.outcome["text"]


def test_a_stretch_with_one_class_is_read_as_any_other(loans: Callable[..., Story]) -> None:
    """Without `positive` the classes are those of the reference: a holdout of zeros does not make 0 the event."""

    def none_later(row: Row) -> None:
        row["y"] = 0 if row["ts"] >= TURN else row["y"]

    story = loans(change=none_later, columns='score = "p"', names="p", metrics=["auc", "recall", "accuracy"])
    job = trained(story)
    said, text = verdict(job)
    assert said == "unknown" and "gain(auc)" in text, text
    metrics = story.versions()[-1].facts.metrics or {}
    assert metrics["recall"]["value"] is None and 0 <= metrics["accuracy"]["value"] <= 1


def test_ranking_has_no_metric_to_be_better_by(loans: Callable[..., Story]) -> None:
    story = loans("ranking")
    job = trained(story)
    assert verdict(job)[0] == "unknown" and "no gate and no metric says" in job.outcome["text"]
    before = story.champion()
    story.instant()
    assert story.champion() == before


@pytest.mark.slow
def test_without_timestamps_the_newest_windows_judge_and_none_that_a_version_has_seen(
    loans: Callable[..., Story],
) -> None:
    story = loans("regression", training="refit = true")
    file = story.root / "lifecycle.toml"
    text = file.read_text("utf-8").replace('timestamp = "ts"', 'ignore = ["ts"]').replace('"1 week"', '"60 rows"')
    file.write_text(text.replace("until = 2025-02-02", "rows = 220"), "utf-8")
    whole = (story.root / "loans.csv").read_text("utf-8").splitlines()
    (story.root / "loans.csv").write_text("\n".join(whole[:581]) + "\n", "utf-8")  # the reference and six windows
    # Labels that nothing dates are known once their file was first seen: not before today.
    story.clock.instant = datetime.now(UTC) + timedelta(hours=1)
    job = trained(story)
    first, second = story.versions()
    # A fifth of 580 rows is 116: the newest two windows. The first version has seen the reference alone.
    assert job.outcome["rows"] == 120 and second.facts.data_rows == 460
    assert first.facts.data_rows == 220 and second.facts.lineage["window"] == "rows-000000180"  # type: ignore[index]
    assert verdict(job)[0] == "unknown", "a version no better than one that had seen the rows would look worse"
    assert story.ask("judge", version=2).outcome["rows"] == 120
    # Seven windows, and one that is not complete.
    (story.root / "loans.csv").write_text("\n".join(whole) + "\n", "utf-8")
    assert story.ask("judge", version=2).outcome["rows"] == 180


# -- who cannot answer -------------------------------------------------------------------------------------------------


def _opaque(story: Story) -> None:
    artifact = Artifacts(story.root).put(b"nobody reads this")
    with State.open(story.root) as state, state.write() as tx:
        new = versions.NewVersion("loans", "registered", artifact=artifact, size=17, format="opaque")
        version = versions.register(tx, new, NOW)
        aliases.set_alias(tx, "loans", aliases.CHAMPION, version.number, "ana", "it was there", NOW)


def _path(story: Story) -> Path:
    champion = story.champion()
    assert champion is not None and champion.facts.artifact is not None
    return Artifacts(story.root).check(champion.facts.artifact)


def _damaged(story: Story) -> None:
    path = _path(story)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9] + b"different")


def _removed(story: Story) -> None:
    _path(story).unlink()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("spoil", "says"),
    [(_opaque, "only a program"), (_damaged, "is not what was stored"), (_removed, "missing|gone|no artefact")],
)
def test_a_champion_that_cannot_answer_stays_and_says_why(
    loans: Callable[..., Story], spoil: Callable[[Story], None], says: str
) -> None:
    import re

    story = loans("regression")
    story.instant()
    spoil(story)
    before = story.champion()
    job = story.ask("retrain")
    assert job.state == "done", job.error
    said, text = verdict(job)
    assert said == "unknown" and "cannot answer for these rows" in text and re.search(says, text), text
    assert story.champion() == before
    story.clock.advance(timedelta(hours=1))
    job = story.ask("judge", version=job.outcome["version"])
    assert job.state == "done" and verdict(job)[0] == "unknown" and "cannot answer" in job.outcome["text"]


@pytest.mark.slow
def test_a_challenger_that_cannot_answer_is_not_settled(loans: Callable[..., Story]) -> None:
    story = loans("regression")
    story.instant()
    artifact = Artifacts(story.root).put(b"nobody reads this")
    with State.open(story.root) as state, state.write() as tx:
        new = versions.NewVersion("loans", "registered", artifact=artifact, size=17, format="opaque")
        number = versions.register(tx, new, NOW).number
    job = story.ask("judge", version=number)
    assert job.state == "done" and verdict(job)[0] == "unknown"
    assert f"version {number} cannot answer" in job.outcome["text"] and job.outcome["rows"] == 0


def _registered(story: Story, until: datetime | None) -> int:
    """The champion's own bytes, as a file that came from elsewhere."""
    champion = story.champion()
    assert champion is not None
    facts = champion.facts
    with State.open(story.root) as state, state.write() as tx:
        new = versions.NewVersion(
            "loans", "registered", artifact=facts.artifact, size=1, format=facts.format, data_end=until
        )
        return versions.register(tx, new, story.clock.now()).number


def test_a_file_that_says_nothing_of_its_training_is_judged_by_later_rows_alone(loans: Callable[..., Story]) -> None:
    story = loans("regression")
    story.instant()
    number = _registered(story, None)
    job = story.ask("judge", version=number)
    assert job.state == "done", job.error
    assert verdict(job)[0] == "unknown" and job.outcome["rows"] == 0
    assert f"nothing says what version {number} was trained on" in job.outcome["text"]
    assert "--until" in job.outcome["text"]
    champion = story.champion()
    assert champion is not None and champion.facts.data_end is not None
    with State.open(story.root) as state, state.write() as tx:
        versions.trained_until(tx, "loans", number, champion.facts.data_end)
        versions.trained_until(tx, "loans", number, NOW)  # what the record says stays
    job = story.ask("judge", version=number)
    assert job.outcome["rows"] > 100 and "nothing says" not in job.outcome["text"]


@pytest.mark.slow
def test_a_metric_of_the_team_that_raises_leaves_its_gate_open(loans: Callable[..., Story]) -> None:
    story = loans("regression", metrics=["mae", "moody"], training='gates = ["gain(moody) > 0", "gain(mae) > -9"]')
    (story.root / "plugins").mkdir()
    (story.root / "plugins" / "moody.py").write_text(
        "from lifecycle_tui.api import Measurement, hookimpl\n\n"
        "class Moody:\n    name = 'moody'\n    tasks = ('regression',)\n    needs = 'prediction'\n"
        "    greater_is_better = True\n    range = (None, None)\n"
        "    def measure(self, outcomes):\n        raise ValueError('not today')\n\n"
        "@hookimpl\ndef register_metrics(register):\n    register(Moody)\n",
        "utf-8",
    )
    job = trained(story)
    said, text = verdict(job)
    assert said == "unknown" and "not today" in text and "moody" in text, text
    gates = _judged(story, job).gates
    assert [g["verdict"] for g in gates] == ["unknown", "passed"]
    assert story.versions()[-1].facts.metrics["moody"]["value"] is None  # type: ignore[index]


# -- gates -------------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("gate", "expected", "says"),
    [
        ("gain(mae) > -0.2", "passed", "gain(mae)"),
        ("gain(mae) > 5", "failed", "not worth it"),
        pytest.param("champion.mae.n >= 100", "passed", "champion.mae.n", marks=pytest.mark.slow),
        pytest.param("challenger.mae.n > 100000", "failed", "challenger.mae.n", marks=pytest.mark.slow),
        ("missing.income < 50%", "passed", "missing.income 0"),
        pytest.param("missing.income > 0.9", "failed", "missing.income 0", marks=pytest.mark.slow),
        ("drift.share < 50%", "passed", "drift.share 0"),  # thin by itself, judged with the weeks before it
        pytest.param("gain(mae) > -0.2 and missing.income < 0.9", "passed", "missing.income", marks=pytest.mark.slow),
    ],
)
def test_gates_read_gains_margins_counts_and_signals(
    loans: Callable[..., Story], gate: str, expected: str, says: str
) -> None:
    job = trained(loans("regression", training=f'gates = ["{gate}"]'))
    assert verdict(job)[0] == expected and says in job.outcome["text"], job.outcome["text"]


def test_too_few_rows_decide_nothing(loans: Callable[..., Story]) -> None:
    story = loans("regression", enough=5000, training='gates = ["gain(mae) > -0.2"]')
    job = trained(story)
    assert verdict(job)[0] == "unknown" and "5,000" in job.outcome["text"]
    assert _judged(story, job).wanted == 5000


def test_nothing_to_beat_is_said(loans: Callable[..., Story]) -> None:
    story = loans("regression")
    job = story.ask("retrain")  # before any check has made a first version
    assert job.state == "done" and verdict(job)[0] == "passed"
    assert "there is no champion to beat: gain(mae) > 0 is passed over" in job.outcome["text"]
    story.instant()  # it makes a first version from the reference; what was judged before that is judged anew
    judged = story.judgements()[-1]
    assert (judged.version, judged.champion) == (1, 2) and judged.verdict != "passed"


def test_rows_that_were_never_labelled_are_counted_and_named(loans: Callable[..., Story]) -> None:
    def declined(row: Row) -> None:
        row["y"] = "" if row["p"] < 0.4 else row["y"]

    story = loans(change=declined, columns=SCORED, names="p", data='labels = { delay = "1d" }')
    job = trained(story)
    judgement = _judged(story, job)
    assert judgement.start is not None and judgement.end is not None
    missing = sum(judgement.start <= r["ts"] <= judgement.end and r["p"] < 0.4 for r in rows())
    found = [int(w) for w in job.outcome["text"].replace("(", " ").split() if w.isdigit()]
    assert "rows of that time were never labelled" in job.outcome["text"]
    assert any(abs(n - missing) <= 4 for n in found), (missing, job.outcome["text"])
    assert (story.versions()[-1].facts.lineage or {})["unlabelled"] > missing


# -- the data names who scored -----------------------------------------------------------------------------------------

WEAK = '[models.loans.rules.weak]\nwhen = "auc < 0.9"\nthen = ["retrain"]'


def weekly(story: Story, until: datetime) -> list[str | None]:
    """The champion's label after each week, from the end of the sixth on."""
    story.clock.instant = BEGIN + timedelta(weeks=6)
    found = []
    while story.clock.now() <= until:
        story.instant()
        champion = story.champion()
        found.append(None if champion is None else champion.label)
        story.clock.advance(timedelta(weeks=1))
    return found


def test_a_promotion_that_the_rows_do_not_show_stays_and_sets_nothing_off(loans: Callable[..., Story]) -> None:
    story = loans(columns=NAMED, names="p who", more=WEAK)
    assert weekly(story, NOW) == ["3"] * 7
    kinds = [j.kind for j in story.ran if j.kind != "evaluate"]
    assert kinds == ["retrain", "deploy"], story.said
    with State.open(story.root) as state, state.read() as conn:
        moves = [(m.version, m.by) for m in aliases.moves(conn, "loans", "champion")][::-1]
        (message,) = conn.execute("SELECT message FROM models WHERE name = 'loans'").fetchone()
    assert moves == [(1, "data"), (3, "agent")]
    checks = [j.outcome["notes"] for j in story.ran if j.kind == "evaluate"]
    assert checks[0] == [] and all(len(notes) == 1 for notes in checks[1:])
    assert "version 3 is champion since 2025-02-17" in checks[-1][0] and "most were scored by a" in checks[-1][0]
    assert message


def test_the_champion_follows_the_rows_once_they_say_something_new(loans: Callable[..., Story]) -> None:
    def who(row: Row) -> None:
        week = (row["ts"] - BEGIN).days // 7
        row["who"] = {8: "2", 9: "2", 11: "c"}.get(week, "a")

    story = loans(change=who, columns=NAMED, names="p who")
    story.clock.instant = BEGIN + timedelta(weeks=6)
    story.instant()
    assert story.ask("retrain").outcome["version"] == 2
    found = weekly(story, NOW)
    # Promoted at once; weeks 6 and 7 still name a; 8 and 9 show the promotion; then somebody goes back, and on to c.
    assert found == ["2", "2", "2", "2", "2", "a", "c"]
    with State.open(story.root) as state, state.read() as conn:
        moves = [(m.version, m.previous, m.by) for m in aliases.moves(conn, "loans", "champion")][::-1]
    assert moves == [(1, None, "data"), (2, 1, "agent"), (2, 2, "data"), (1, 2, "data"), (3, 1, "data")]

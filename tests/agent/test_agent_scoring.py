"""Which version scores which row, what several of them say put together, and what one that fails costs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.agent.work.scoring import Scorer, Versions, aligned, assembled, champions
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.batches import ScanBatch
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state.database import State
from lifecycle_tui.training.artefact import dump
from lifecycle_tui.training.fit import FittedModel, Prediction, TrainingRows, fit
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import Space
from tests.agent.test_agent_first_version import Row, baseline, champion, empty_state, made, save

KINDS: dict[str, ColumnKind] = {"x": "numeric", "c": "categorical"}
NUMBER, LABELS = Coding("regression"), Coding("multiclass", ("a", "b", "c"))


@pytest.fixture(autouse=True)
def ready(space: Space) -> None:
    shutil.copytree(empty_state(), space.root / ".lifecycle")
    space.clock.instant = datetime.now(UTC) + timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def features(rows: Sequence[Row]) -> pa.Table:
    return pa.table({"x": [round(r[1], 4) for r in rows], "c": pa.array([r[2] for r in rows]).dictionary_encode()})


def fitted(rows: Sequence[Row], task: Any = "regression") -> FittedModel:
    target = np.array([r[3] for r in rows])
    return fit(TrainingRows(features(rows), target.astype(float) if task == "regression" else target), task, KINDS)


def register(
    space: Space, model: FittedModel | bytes | None, since: datetime | None, origin: Any = "trained", **facts: Any
) -> versions.Version:
    """A version of the shop with this artefact, made champion at an instant."""
    data = dump(model) if isinstance(model, FittedModel) else model
    digest = None if data is None else Artifacts(space.root).put(data)
    with State.open(space.root) as state, state.write() as tx:
        tx.execute("INSERT OR IGNORE INTO models (name, task) VALUES ('shop', 'regression')")
        new = versions.NewVersion("shop", origin, artifact=digest, format="skops", **facts)
        version = versions.register(tx, new, space.clock.now())
        if since is not None:
            aliases.set_alias(tx, "shop", "champion", version.number, "ana", "test", since)
    return version


def move(space: Space, number: int | None, since: datetime) -> None:
    with State.open(space.root) as state, state.write() as tx:
        if number is None:
            aliases.remove_alias(tx, "shop", "champion", "ana", "test", since)
        else:
            aliases.set_alias(tx, "shop", "champion", number, "ana", "test", since)


NEWS = ("new", "grown", "changed", "relabelled")


def test_a_promotion_inside_a_window_gives_each_row_its_champion(space: Space) -> None:
    rows = made("regression", days=170)
    old, new = rows[: 4 * 140], rows[4 * 140 :]
    before = save(space, old).run()
    kept = space.facts()
    second = fitted(old[4 * 60 :])
    since = at("2025-06-05")
    register(space, second, since)
    outcome = save(space, [*old, *new]).run()
    assert outcome["reference_digest"] == before["reference_digest"], "the reference is the first version's"
    assert baseline(outcome) == baseline(before)
    assert (outcome["new"], outcome["changed"]) == (1, 1), "June, and the rest of May"
    assert [f for f in space.facts() if f[0] == "2025-04"] == [f for f in kept if f[0] == "2025-04"]
    whole, *own = (e for e in space.history() if e.window.key == "2025-06")
    assert [(e.window.version, e.window.rows, e.window.labels) for e in own] == [("1", 16, 16), ("2", 60, 60)]
    assert whole.window.rows == 76 and whole.signals["ks.prediction"].n == 76
    june = [r for r in rows if at("2025-06-05") <= r[0].replace(tzinfo=UTC)]
    error = np.abs(second.predict(features(june)).prediction - [float(r[3]) for r in june]).mean()
    assert own[1].signals["mae"].value == pytest.approx(error)
    facts, row = space.facts(), space.row()
    assert not any(space.run()[kind] for kind in NEWS)
    assert space.facts() == facts and space.row().champion == row.champion == 2


def test_a_promotion_touches_no_old_window(space: Space) -> None:
    rows = made("regression")
    save(space, rows).run()
    before = space.facts()
    # As of an instant in the past: what was recorded then was recorded with what served then.
    register(space, fitted(rows[300:]), at("2025-04-15"))
    for _ in range(2):
        outcome = space.run()
        assert not any(outcome[kind] for kind in NEWS) and space.facts() == before


@pytest.mark.slow
def test_a_version_that_fails_costs_its_own_rows(space: Space) -> None:
    rows = made("regression", days=180)
    save(space, rows[: 4 * 151]).run()
    other = fit(
        TrainingRows(pa.table({"z": np.arange(60.0)}), np.arange(60.0)), "regression", {"z": "numeric"}
    )  # a version of some other features: it opens and cannot score
    register(space, other, at("2025-06-11"))
    register(space, b"what is this", at("2025-06-21"))
    outcome = save(space, rows).run()
    whole, *own = (e for e in space.history() if e.window.key == "2025-06")
    assert [(e.window.version, e.window.rows) for e in own] == [("1", 40), ("2", 40), ("3", 36)]
    assert [own[0].signals["mae"].state, own[1].signals["mae"].state, own[2].signals["mae"].state] == [
        "ok", "unknown", "unknown",
    ]  # fmt: skip
    found = {f.code: f for f in whole.window.findings}
    assert (found["unscored-row"].count, found["unopened-version"].count) == (40, 36)
    assert "version 2 cannot score them" in found["unscored-row"].message
    assert "40 rows without a prediction" in str(own[1].signals["mae"].message)
    assert whole.signals["ks.prediction"].n == 40
    assert len(outcome["problems"]) == 1 and "version 3 cannot be opened" in outcome["problems"][0]
    assert not any(space.run()[kind] for kind in NEWS)


@pytest.mark.slow
def test_a_first_champion_that_came_as_a_file_is_not_fitted_again(space: Space) -> None:
    rows = made("regression")
    save(space, rows)
    file = fitted(rows[:200])
    register(space, file, at("2025-05-01"), "registered", name="shop-2024")
    outcome = space.run()
    assert champion(space).number == 1 and outcome["new"] == 2
    base = baseline(outcome)["mae"]
    reference = [r for r in rows if r[0] < datetime(2025, 4, 1)]
    error = np.abs(file.predict(features(reference)).prediction - [float(r[3]) for r in reference]).mean()
    assert base["value"] == pytest.approx(error) and base["n"] == 360
    assert "version shop-2024 came as a file and may have been trained on these rows" in base["message"]
    assert {e.window.version for e in space.history()} == {"", "shop-2024"}
    assert all(e.signals["ks.prediction"].value is not None for e in space.history(version=""))
    assert not any(space.run()[kind] for kind in NEWS)


def test_a_file_that_opens_later_is_the_baseline_then(space: Space) -> None:
    rows = made("regression")
    save(space, rows)
    data = dump(fitted(rows[:200]))
    digest = str(register(space, data, at("2025-05-01"), "registered").facts.artifact)
    path = Artifacts(space.root).path(digest)
    path.unlink()
    outcome = space.run()
    assert outcome["new"] == 2 and "cannot be opened" in outcome["problems"][0]
    assert baseline(outcome)["mae"]["value"] is None and "is missing" in baseline(outcome)["mae"]["message"]
    path.write_bytes(data)
    outcome = space.run()
    assert outcome["changed"] == 2 and not outcome["problems"] and baseline(outcome)["mae"]["value"] is not None
    assert all(e.signals["mae"].value is not None for e in space.history(version="1"))
    assert not any(space.run()[kind] for kind in NEWS)


def scorer(space: Space, state: State, now: datetime) -> Scorer:
    workspace = open_workspace(space.root / "lifecycle.toml")
    space.clock.instant = now
    job = JobContext(state, workspace, 1, space.clock, space.root / "calls.jsonl")
    with state.read() as conn:
        return Scorer(Versions(job, workspace.spec.model("shop"), space.root / "scratch"), champions(conn, "shop"), now)


def batch(rows: Sequence[Row], times: Sequence[datetime | None] | None) -> ScanBatch:
    micros = None if times is None else np.array([MISSING if t is None else to_micros(t) for t in times])
    known = np.zeros(len(rows), bool)
    return ScanBatch(features(rows), len(rows), micros, None, None, None, None, None, None, known)


def test_rows_fall_to_the_champion_of_their_time(space: Space) -> None:
    rows = made("regression")
    save(space, rows)
    models = [fitted(rows[:200]), fitted(rows[200:400])]
    register(space, models[0], at("2025-02-01"))
    register(space, models[1], at("2025-03-01"))
    register(space, None, at("2025-03-05"), "named", name="elsewhere")
    move(space, None, at("2025-03-06"))
    move(space, 1, at("2025-03-07"))
    asked: list[tuple[datetime | None, str]] = [
        (at("2024-01-01"), "1"),  # before there was any: the first one
        (at("2025-02-28 23:59:59.999999"), "1"),
        (at("2025-03-01"), "2"),
        (at("2025-03-05 12:00"), "2"),  # one that is only named scores nothing here
        (at("2025-03-06 12:00"), "2"),  # nothing was champion
        (at("2025-03-07"), "1"),  # rolled back
        (None, "2"),  # no time: the champion of the clock
    ]
    with State.open(space.root) as state:
        found = scorer(space, state, at("2025-03-02"))
        some = rows[: len(asked)]
        parts = found.score(batch(some, [t for t, _ in asked]), NUMBER)
        said, score = assembled(parts, len(asked), NUMBER)
        labels = np.full(len(asked), "", object)
        for part in parts:
            assert part.at is not None
            labels[part.at] = part.label
        assert labels.tolist() == [label for _, label in asked] and score is None
        by_hand = [
            models[int(label) - 1].predict(features([row])).prediction[0]
            for row, (_, label) in zip(some, asked, strict=True)
        ]
        assert said.tolist() == by_hand
        (alone,) = found.score(batch(some, None), NUMBER)
        assert (alone.label, alone.at) == ("2", None)
        assert [o.label for o in found.between(at("2025-02-10"), at("2025-03-01"))] == ["1"]
        assert [o.label for o in found.between(at("2025-02-10"), at("2025-03-02"))] == ["1", "2"]
        assert [o.label for o in found.between(None, None)] == ["2"]
        (one,) = found.only(1).score(batch(some, [t for t, _ in asked]), NUMBER)
        assert (one.label, one.rows) == ("1", len(asked))


def test_scores_line_up_by_the_name_of_the_class(space: Space) -> None:
    rows = made("multiclass")
    save(space, rows, "multiclass")
    code = Coding("multiclass", ("high", "low", "mid", "huge"))
    few = fitted([r for r in rows if r[3] != "high"], "multiclass")
    register(space, fitted(rows, "multiclass"), at("2025-02-01"))
    register(space, few, at("2025-03-01"))
    some = rows[:6]
    with State.open(space.root) as state:
        found = scorer(space, state, at("2025-03-02"))
        parts = found.score(batch(some, [at("2025-02-10"), at("2025-03-10")] * 3), code)
    said, score = assembled(parts, 6, code)
    assert score is not None and score.shape == (6, 4)
    assert (score[:, 3] == 0).all() and (score[1::2, 0] == 0).all() and (score[::2, 0] > 0).all()
    assert np.allclose(score.sum(axis=1), 1)
    theirs = few.predict(features(some[1::2]))
    assert said[1::2].tolist() == theirs.prediction.tolist()
    assert theirs.score is not None and np.allclose(score[1::2, 1:3], theirs.score)


@pytest.mark.parametrize(
    ("prediction", "coding", "says"),
    [
        (Prediction(np.zeros(2)), NUMBER, "2 predictions for 3 rows"),
        (Prediction(np.array(["a"] * 3), np.zeros((3, 2)), ("a", "b", "c")), LABELS, r"shape \(3, 2\) for 3 classes"),
        (Prediction(np.array(["a"] * 3), np.zeros((2, 3)), ("a", "b", "c")), LABELS, "for 3 rows"),
        (Prediction(np.array(["x"] * 3)), NUMBER, "no numbers"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(prediction: Prediction, coding: Coding, says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        aligned(prediction, 3, coding)


def test_a_version_without_scores_stands_beside_one_with_them() -> None:
    from lifecycle_tui.agent.work.reading import output_values
    from lifecycle_tui.agent.work.scoring import Part

    code = Coding("binary", ("no", "yes"))
    hard, none = aligned(Prediction(np.array(["yes", "no"])), 2, code)
    soft, score = aligned(Prediction(np.array(["no"]), np.array([[0.3, 0.7]]), ("yes", "no")), 1, code)
    assert none is None and score is not None and score.tolist() == [0.3], "the positive class's column"
    parts = [Part("1", 2, np.array([0, 3]), hard), Part("2", 1, np.array([1]), soft, score)]
    parts.append(Part("3", 1, np.array([2]), why="it is broken"))
    said, scores = assembled(parts, 4, code)
    assert said.tolist() == ["yes", "no", None, "no"] and scores is not None
    watched = output_values(said, scores, "numeric", code)
    assert watched.to_pylist()[:2] == [1.0, 0.3] and np.isnan(watched[2].as_py()) and watched[3].as_py() == 0.0

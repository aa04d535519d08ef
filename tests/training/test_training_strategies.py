"""Strategies: refit, going on, learning on; as plugins of a team's in a process of their own, and hostile ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.delivery import FitRequest, FitResult
from lifecycle_tui.domain.errors import LifecycleError, PluginFault, TrainingError, UsageError
from lifecycle_tui.plugin_host import discover
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.runner import Limits, Runner
from lifecycle_tui.training import artefact
from lifecycle_tui.training.fit import FittedModel, TrainingRows, fit
from lifecycle_tui.training.requests import dump_model, fit_model, rows_of
from lifecycle_tui.training.strategies import fit_with
from tests.training.rows import KINDS, TASKS, make, write

BUILTIN = PluginCatalog.open(None, enabled=False)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def request(task: str = "regression", rows: TrainingRows | None = None, **more: Any) -> FitRequest:
    rows = rows or make(task)
    time = None if rows.time is None else pa.array(rows.time)
    return FitRequest("demand", task, rows.table, pa.array(rows.target), time, KINDS, **more)  # type: ignore[arg-type]


def nobody() -> Runner:
    raise AssertionError("a built-in needs no process")


def run(strategy: str, asked: FitRequest, **options: Any) -> FitResult:
    return fit_with(strategy, options, BUILTIN, nobody, asked)


def model_of(result: FitResult) -> FittedModel:
    return artefact.load(result.artifact)


def error(model: FittedModel, rows: TrainingRows) -> float:
    said = model.predict(rows.table)
    if model.task in ("regression", "ranking"):
        return float(np.abs(said.prediction - rows.target).mean())
    return float((said.prediction != rows.target).mean())


@pytest.mark.parametrize("estimator", [None, "linear"])
def test_refit_is_a_plain_fit(estimator: str | None) -> None:
    asked = request("binary", estimator=estimator)
    found = run("refit", asked)
    assert found.artifact == dump_model(fit_model(asked), asked)
    assert (found.rows, found.note, found.from_parent) == (300, "", False) and found.parameters["random_state"] == 0


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("estimator", "task"),
    [("hist-gradient-boosting", "regression"), ("hist-gradient-boosting", "multiclass"), ("random-forest", "binary")]
    + [("sgd", task) for task in TASKS],
)
def test_warm_start_goes_on_from_the_champion(estimator: str, task: str) -> None:
    """On rows that lie elsewhere than the champion's, so that bins and categories are others."""
    old, new = make(task), make(task, seed=1, shift=1.0)
    if estimator.startswith("hist"):
        # The new rows have one category only: numbered anew it would be taken for another one.
        only = pa.array(["b"] * 300).dictionary_encode()
        new = replace(new, table=new.table.set_column(2, "c", only))
    champion = dump_model(fit(old, task, KINDS, estimator=estimator), request())  # type: ignore[arg-type]
    asked = request(task, new, estimator=estimator, parent=champion)
    found = run("warm-start", asked, iterations=20)
    assert found.from_parent and found.note == "went on from the champion"
    before, after = artefact.load(champion), model_of(found)
    assert error(after, new) <= error(before, new)
    assert found.artifact == run("warm-start", asked, iterations=20).artifact
    counts = {"hist-gradient-boosting": "n_iter_", "random-forest": "n_estimators"}
    if estimator in counts:
        had, has = (getattr(m.estimator, counts[estimator]) for m in (before, after))
        assert has == had + 20 == found.parameters[{"n_iter_": "max_iter"}.get(counts[estimator], "n_estimators")]
    assert after.estimator.get_params().get("warm_start", False) is False


@pytest.mark.slow
def test_more_rounds_leave_the_old_ones_as_they_were() -> None:
    """The champion's own rounds still say the same of every row, and the further ones make up for the rest."""
    champion = fit(make(), "regression", KINDS)
    new = make(seed=1, shift=3.0)
    asked = request(rows=new, parent=dump_model(champion, request()))
    after = model_of(run("warm-start", asked, iterations=30))
    x = after.encoder.encode(new.table)
    stages = list(after.estimator.staged_predict(x))
    assert (stages[99] == champion.predict(new.table).prediction).all() and len(stages) == 130
    losses = [float(((stage - new.target) ** 2).mean()) for stage in stages[99:]]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0] / 2


CANNOT = {
    "none": ({}, "there is no champion"),
    "linear": ({"estimator": "linear"}, "linear cannot go on from a fitted state"),
    "another estimator": ({"estimator": "sgd", "of": "linear"}, "the champion is a linear for regression, and sgd"),
    "other features": ({"drop": "z"}, "the features have changed since the champion was fitted: z"),
    "no artefact of ours": ({"parent": b"PK\x03\x04nonsense"}, "the artefact cannot be read"),
    "too many": ({"most": 120}, "the champion has 100 rounds, and 50 more would be over 120"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", CANNOT)
def test_warm_start_fits_anew_where_it_cannot_go_on_and_says_why(name: str) -> None:
    more, says = CANNOT[name]
    more = dict(more)
    options = {"most": more.pop("most")} if "most" in more else {}
    rows, drop, of = make(), more.pop("drop", None), more.pop("of", more.get("estimator"))
    if name not in ("none", "no artefact of ours"):
        more["parent"] = dump_model(fit(rows, "regression", KINDS, estimator=of), request())
    if drop:
        rows = replace(rows, table=rows.table.drop_columns([drop]))
    asked = request(rows=rows, **more)
    found = run("warm-start", asked, **options)
    assert found.note.startswith(f"fitted anew: {says}") and not found.from_parent
    assert found.artifact == run("refit", asked).artifact


@pytest.mark.thorough
@pytest.mark.parametrize("estimator", ["hist-gradient-boosting", "random-forest", "sgd"])
def test_a_new_label_is_no_way_to_go_on(estimator: str) -> None:
    two, three = make("binary"), make("multiclass")
    two = replace(two, target=np.where(two.target == "yes", "p", "q"))
    champion = dump_model(fit(two, "multiclass", KINDS, estimator=estimator), request())
    found = run("warm-start", request("multiclass", three, estimator=estimator, parent=champion))
    assert "the label r is new" in found.note and model_of(found).classes == ("p", "q", "r")


@pytest.mark.parametrize("task", TASKS)
def test_incremental_learns_the_newer_rows_alone(task: str) -> None:
    rows = make(task)
    first = run("incremental", request(task, rows, estimator="sgd"))
    assert first.note.startswith("fitted anew: there is no champion") and first.rows == 300
    end = EPOCH + timedelta(seconds=199)
    asked = request(task, rows, estimator="sgd", parent=first.artifact, parent_end=end)
    found = run("incremental", asked)
    assert (found.rows, found.from_parent, found.note) == (100, True, "the champion learned 100 newer rows")
    spoilt = rows.target.copy()
    spoilt[:200] = spoilt[::-1][:200]
    same = run("incremental", replace(asked, target=pa.array(spoilt)))
    assert same.artifact == found.artifact != first.artifact, "rows that it knows already teach nothing"
    assert run("incremental", replace(asked, time=None)).rows == 300
    with pytest.raises(TrainingError, match="no labelled row is newer"):
        run("incremental", replace(asked, parent_end=EPOCH + timedelta(seconds=299)))


def test_incremental_follows_a_drift() -> None:
    before, after = make(n=600), make(n=600, seed=2)
    after = replace(after, target=-after.target, time=after.time + 600_000_000)
    first = run("incremental", request(rows=before, estimator="sgd"))
    end = EPOCH + timedelta(seconds=599)
    found = run("incremental", request(rows=after, estimator="sgd", parent=first.artifact, parent_end=end))
    assert error(model_of(found), after) < 0.8 * error(model_of(first), after)


@pytest.mark.parametrize("estimator", [None, "linear", "random-forest"])
def test_incremental_names_an_estimator_that_can(estimator: str | None) -> None:
    with pytest.raises(TrainingError, match="has no partial_fit") as caught:
        run("incremental", request(estimator=estimator))
    assert "sgd" in (caught.value.hint or "")


def test_incremental_begins_anew_when_the_estimator_changes() -> None:
    champion = dump_model(fit_model(request()), request())
    found = run("incremental", request(estimator="sgd", parent=champion, parent_end=EPOCH))
    assert found.note.startswith("fitted anew: the champion is a hist-gradient-boosting") and not found.from_parent


def test_a_teams_own_estimator_learns_on(tmp_path: Path) -> None:
    source = """
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import SGDRegressor
class Own(SGDRegressor):
    def partial_fit(self, X, y): return super().partial_fit(X[["x"]].fillna(0), y)
    def fit(self, X, y): return super().fit(X[["x"]].fillna(0), y)
    def predict(self, X): return super().predict(X[["x"]].fillna(0))
def build(): return Own(random_state=0)
"""
    write(tmp_path, "own_sgd.py", source)
    asked = request(estimator="own_sgd:build", folder=str(tmp_path), trust=("own_sgd.Own",))
    first = run("incremental", asked)
    found = run("incremental", replace(asked, parent=first.artifact, parent_end=EPOCH + timedelta(seconds=199)))
    assert (found.rows, found.from_parent) == (100, True)


def test_names_and_options_are_checked() -> None:
    with pytest.raises(UsageError, match="no strategy is called 'refti'") as caught:
        run("refti", request())
    assert 'did you mean "refit"?' in (caught.value.hint or "")
    with pytest.raises(UsageError, match="options of strategy 'warm-start'"):
        run("warm-start", request(), iteration=3)
    with pytest.raises(LifecycleError, match="iterations is at least 1"):
        run("warm-start", request(), iterations=0)


def test_requests_come_back_as_rows() -> None:
    rows = make("multiclass")
    again = rows_of(request("multiclass", rows))
    assert (again.target == rows.target).all() and again.target.dtype.kind == "U"
    assert again.time is not None and rows.time is not None and (again.time == rows.time).all()


# --- as a team's plugins -----------------------------------------------------------------------------------------

FILES = sorted(p for p in (discover.BUILTIN / "strategies").glob("*.py") if not p.name.startswith("_"))
HEAD = """
from lifecycle_tui import api

class Mine:
    \"\"\"A strategy.\"\"\"
    name = "{name}"
    def fit(self, request):
        {body}

@api.hookimpl
def register_strategies(register):
    register(Mine)
"""
GOOD = "return api.FitResult(api.dump_model(api.fit_model(request), request), 300)"
HOSTILE = {
    "raises": ("raise RuntimeError('not today')", "raised", "not today"),
    "exits": ("import os; os._exit(3)", "exited", "exit code 3"),
    "leaves": ("raise SystemExit(2)", "exited", "called exit"),
    "hangs": ("while True: pass", "timeout", "no answer within"),
    "returns_none": ("return None", "result", "must return a FitResult, not NoneType"),
    "returns_text": ("return api.FitResult('x', 1)", "result", "artifact must be the bytes"),
    "returns_nothing": ("return api.FitResult(b'', 1)", "result", "artifact must be the bytes"),
    "counts_wrongly": ("return api.FitResult(b'x', -1)", "result", "n must be a count of rows"),
    "tells_no_json": ("return api.FitResult(b'x', 1, {'a': object})", "result", "parameters must hold JSON"),
    "tells_nan": ("return api.FitResult(b'x', 1, {'a': float('nan')})", "result", "parameters must hold JSON"),
}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PluginCatalog, Runner]]:
    root = tmp_path_factory.mktemp("team")
    for file in FILES:
        name = f'"{file.stem.replace("_", "-")}"'
        source = file.read_text("utf-8")
        assert name in source
        write(root, f"plugins/my_{file.stem}.py", source.replace(name, f'"my-{name[1:]}'))
    for name, (body, _, _) in HOSTILE.items():
        write(root, f"plugins/{name}.py", HEAD.format(name=name, body=body))
    write(root, "plugins/refuses.py", HEAD.format(name="refuses", body="raise api.TrainingError('no', hint='why')"))
    large = "return api.FitResult(b'x' * 70_000_000, 1)"
    write(root, "plugins/large.py", HEAD.format(name="large", body=large))
    write(root, "plugins/good.py", HEAD.format(name="good", body=GOOD))
    catalog = PluginCatalog.open(root, [root / "plugins"])
    assert [f"{row.place} {fault.message}" for row, fault in catalog.faults] == []
    with Runner(limits=Limits(seconds=120)) as runner:
        yield catalog, runner


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_built_ins_work_as_drop_ins_under_another_name(team: tuple[PluginCatalog, Runner], file: Path) -> None:
    """In the plugins' process they give the same bytes as here: the request crosses whole."""
    catalog, runner = team
    name = file.stem.replace("_", "-")
    parent = run("refit", request("binary", estimator="sgd")).artifact
    asked = request("binary", make("binary", seed=1), estimator="sgd", parent=parent, parent_end=EPOCH, positive="yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fit_with(f"my-{name}", {}, catalog, lambda: runner, asked, limit=300)
    assert found == run(name, asked)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in ("exits", "hangs") else ()) for n in HOSTILE]
)
def test_hostile_strategies_are_charged_and_cost_nothing_else(team: tuple[PluginCatalog, Runner], name: str) -> None:
    catalog, runner = team
    _, kind, says = HOSTILE[name]
    asked = request(rows=make(n=40))
    with pytest.raises(TrainingError, match=r"^no$"):  # a process is up: one that hangs has all its time to get there
        fit_with("refuses", {}, catalog, runner, asked, limit=120)
    with pytest.raises(PluginFault) as caught:
        fit_with(name, {}, catalog, runner, asked, limit=5.0 if name == "hangs" else 120)
    fault = caught.value
    assert (fault.kind, fault.plugin, Path(fault.file or "").name) == (kind, name, f"{name}.py")
    assert says in fault.message and fault.line in (7, 8)


@pytest.mark.slow
def test_a_teams_strategy_may_take_its_time_and_may_say_no(team: tuple[PluginCatalog, Runner]) -> None:
    catalog, runner = team
    with pytest.raises(TrainingError, match=r"^no$") as caught:
        fit_with("refuses", {}, catalog, runner, request(rows=make(n=40)))
    assert caught.value.hint == "why"
    assert len(fit_with("large", {}, catalog, runner, request(rows=make(n=40))).artifact) == 70_000_000
    found = fit_with("good", {}, catalog, runner, request())
    assert found.artifact == run("refit", request()).artifact

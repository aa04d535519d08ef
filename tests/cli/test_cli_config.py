"""`lifecycle config check`: every problem at its place, from the file, its plugins, its rules and its tables."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli import cli_spaces
from tests.cli.conftest import Here, Ran

DATA = "[models.steady.data]"
ROW = {
    "level", "code", "key", "message", "file", "line", "column", "width", "hint", "related", "related_places", "see",
}  # fmt: skip


def problems(done: Ran) -> list[dict]:
    return json.loads(done.out)["problems"]


def files(root: Path) -> dict[str, int]:
    """Every file below `root` with the time of its last change; caches of the index apart."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if ".lifecycle" not in path.parts:
                found[str(path)] = path.stat().st_mtime_ns
    return found


def test_a_sound_file(space: Path, here: Here) -> None:
    before = files(space)
    done = here(space, "config", "check")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Rules on the reference") and done.out.endswith(f"{space / 'lifecycle.toml'}: fine\n")
    assert files(space) == before and not (space / ".lifecycle" / "state.db").exists()


def test_as_json(space: Path, here: Here) -> None:
    done = here(space / "data", "config", "check", "--format", "json")
    assert done.code == 0
    found = json.loads(done.out)
    assert (found["file"], found["problems"]) == (str(space / "lifecycle.toml"), [])
    assert set(found) == {"file", "problems", "rules", "pages"}


def test_every_problem_of_the_file(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text()
    lines = text.splitlines()
    text = text.replace('task = "regression"', 'task = "regresion"', 1).replace("severity =", "severty =", 1)
    text = text.replace('window = "1 month"', 'window = "1 mnth"', 1)
    (space / "lifecycle.toml").write_text(text)
    done = here(space, "config", "check", "--format", "json")
    assert done.code == 2
    rows = problems(done)
    assert all(set(row) == ROW for row in rows)
    at = {row["key"]: row for row in rows if row["level"] == "error"}
    assert set(at) == {"models.steady.task", "models.steady.data.window", "models.steady.rules.moved.severty"}
    assert at["models.steady.task"]["line"] == 1 + lines.index('task = "regression"')
    assert "severity" in at["models.steady.rules.moved.severty"]["hint"]
    said = here(space, "config", "check")
    assert said.code == 2 and said.err == ""
    assert said.out.count("error[") == 3 and "| severty = " in said.out and "  | ^^^^^^^" in said.out
    assert said.out.rstrip().endswith("3 errors, 0 warnings")


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('when = "drift.max >= 0.2"', 'when = "drift.mx >= 0.2"', "unknown-signal", "drift.max"),
        ('when = "mae.lower > 1e9"', 'when = "mae.lower >"', None, ""),
        ('when = "drift.max >= 0.2"', 'when = "psi.zzz >= 0.2"', "unknown-signal", "psi.x"),
        ('target = "y"', 'target = "yy"', "missing-column", 'did you mean "y"'),
        ('timestamp = "day"', 'timestamp = "dya"', "missing-column", '"day"'),
        ('table = "data/steady.csv"', 'table = "data/staedy.csv"', "no-data", ""),
        ('table = "data/steady.csv"', 'table = { path = "data/steady.csv", separatr = 1 }', "unknown-key", "separator"),
        (DATA, f'[models.steady.monitor]\nmetrics = ["aucc"]\n{DATA}', "unknown-metric", ""),
        (DATA, f'[notifiers.x]\nuse = "webhok"\n{DATA}', "unknown-notifier", "webhook"),
        (DATA, f'[notifiers.x]\nuse = "webhook"\nurll = "http://a"\n{DATA}', "unknown-key", "url"),
        (DATA, f'[models.steady.rollout]\ndeployer = "locl"\n{DATA}', "unknown-deployer", "local"),
        (DATA, f'[models.steady.rollout]\ndeployer = {{ use = "locl" }}\n{DATA}', "unknown-deployer", "local"),
        (DATA, f'[models.steady.rollout.deployer]\nuse = "local"\nkep = 2\n{DATA}', "unknown-key", "keep"),
        (DATA, f'[models.steady.rollout]\ndeployer = {{ use = "local", keep = "2" }}\n{DATA}', None, "must be int"),
    ],
)  # fmt: skip
def test_each_problem_is_found_at_its_line(
    space: Path, here: Here, old: str, new: str, code: str | None, says: str
) -> None:
    text = (space / "lifecycle.toml").read_text()
    assert old in text
    (space / "lifecycle.toml").write_text(text.replace(old, new, 1))
    done = here(space, "config", "check", "--format", "json")
    assert done.code == 2, done.out
    errors = [row for row in problems(done) if row["level"] == "error"]
    assert errors and (code is None or code in {row["code"] for row in errors})
    assert any(says in f"{row['message']} {row['hint']}" for row in errors), errors
    changed = [n for n, line in enumerate(text.replace(old, new, 1).splitlines(), 1) if line in new.splitlines()]
    assert all(row["line"] is not None for row in errors)
    assert any(row["line"] in changed for row in errors), (errors, changed)


@pytest.mark.parametrize(
    ("gate", "code", "under", "says"),
    [
        ("gain(maee) > 0", "unknown-signal", "gain(maee)", "did you mean mae?"),
        ("gain(mae) > 0 and challenger.rsme < 9", "unknown-signal", "challenger.rsme", "challenger.rmse"),
        ("gain(drift.max) > 0", "unknown-signal", "gain(drift.max)", "is none"),
        ("gain(mean_target) > 0", "no-direction", "gain(mean_target)", "challenger.mean_target > champion"),
        ("challenger.mae < 0", "never-true", "challenger.mae < 0", "0 or more"),
        ("gain(mae)", "expression", "gain(mae)", "> 0.5"),
        ("psi.zzz < 0.2", "unknown-signal", "psi.zzz", "psi.x"),  # only the data can tell
        ("psi.x < 0.2 and gain(mae) > -0.5 and champion.mae.n >= 100", None, "", ""),
    ],
)
def test_gates_are_checked_where_they_stand(
    space: Path, here: Here, gate: str, code: str | None, under: str, says: str
) -> None:
    file = space / "lifecycle.toml"
    training = '[models.steady.training]\ngates = [\n  "gain(rmse) > 0",\n  "GATE",\n]\n'.replace("GATE", gate)
    metrics = '[models.steady.monitor]\nmetrics = ["mae", "rmse", "mean_target"]\n'
    text = file.read_text().replace(DATA, f"{training}{metrics}{DATA}", 1)
    file.write_text(text)
    done = here(space, "config", "check", "--format", "json")
    rows = problems(done)
    if code is None:
        assert (done.code, rows) == (0, [])
        return
    (row,) = rows
    line = text.splitlines()[row["line"] - 1]
    assert done.code == 2 and (row["code"], row["key"]) == (code, "models.steady.training.gates[1]")
    assert line[row["column"] - 1 :].startswith(under) and gate in line
    assert says in f"{row['message']} {row['hint']}"
    # What needs no data stops the workspace from opening; what does is found by the next check of the model.
    opened = here(space, "check", "steady")
    said = opened.out + opened.err
    assert opened.code == 2 and row["message"] in " ".join(said.split()), opened


def test_a_model_that_nothing_can_judge_is_warned_of(space: Path, here: Here) -> None:
    file = space / "lifecycle.toml"
    extra = '[models.steady.training]\n[models.steady.monitor]\nmetrics = ["mean_target"]\n'
    sound = file.read_text().replace("mae.lower", "mean_target", 1)
    file.write_text(sound.replace(DATA, f"{extra}{DATA}", 1))
    done = here(space, "config", "check")
    assert done.code == 0 and "warning[no-gate]" in done.out and "no challenger will be promoted" in done.out
    gated = extra.replace("training]", 'training]\ngates = "challenger.mean_target > champion.mean_target"')
    file.write_text(sound.replace(DATA, f"{gated}{DATA}", 1))
    assert here(space, "config", "check").out.endswith(": fine\n")


def test_data_is_not_looked_at_when_not_asked(space: Path, here: Here) -> None:
    (space / "data" / "steady.csv").unlink()
    assert here(space, "config", "check").code == 2
    assert here(space, "config", "check", "--no-data").code == 0


def test_a_named_file(space: Path, here: Here, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = here(elsewhere, "config", "check", str(space / "lifecycle.toml"))
    assert done.code == 0 and list(elsewhere.iterdir()) == []
    done = here(elsewhere, "config", "check", "nowhere.toml")
    assert done.code == 2 and "nowhere.toml" in done.out + done.err and "Traceback" not in done.out + done.err
    assert here(elsewhere, "config", "check").code == 2


def test_includes_are_checked_at_their_own_lines(tmp_path: Path, here: Here) -> None:
    (tmp_path / "models").mkdir()
    cli_spaces.save(tmp_path / "data" / "steady.csv", cli_spaces.rows())
    (tmp_path / "lifecycle.toml").write_text('include = ["models/*.toml"]\n')
    (tmp_path / "models" / "steady.toml").write_text('task = "regresion"\n')
    done = here(tmp_path, "config", "check", "--format", "json")
    assert done.code == 2
    assert any(row["file"].endswith("models/steady.toml") and row["line"] == 1 for row in problems(done))


def test_hostile_text_in_a_file_is_made_visible(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text('"bad\\u001b[2Jkey" = 1\n[models."m\\u0007"]\ntask = "x\\u001b[31m"\n')
    for fmt in ("text", "json"):
        done = here(tmp_path, "config", "check", "--format", fmt)
        assert done.code == 2
        assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err


def test_a_warning_alone_is_no_error(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text()
    (space / "lifecycle.toml").write_text(text.replace('prediction = "p"', 'prediction = "p"\nignore = ["gone"]', 1))
    done = here(space, "config", "check")
    assert done.code == 0 and "warning[missing-column]" in done.out and "0 errors, 1 warning\n" in done.out

"""`lifecycle plugins list` and `lifecycle info`: both work where everything else is broken."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from pathlib import Path

import pytest

import lifecycle_tui
from lifecycle_tui import __version__
from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from tests.cli.conftest import Here


def shipped(folder: str) -> set[str]:
    """Names of what lies in a folder of built-ins; each file is called what it registers."""
    return {file.stem for file in (Path(lifecycle_tui.__file__).parent / "builtin" / folder).glob("[a-z]*.py")}


BUILT_IN = {
    "detector": {"psi", "ks", "chi2", "missing", "unseen", *shipped("detectors")},
    "metric": {"accuracy", "auc", "rmse", *shipped("metrics")},
    "notifier": {"command", "log", "webhook"},
    "source": {"csv", "jsonl", "parquet", "sql", "sqlite"},
    "deployer": {"local"},
    "command": {"signals"},
    "explainer": {"additive", "occlusion"},
    "strategy": {"refit", "warm-start", "incremental"},
}  # fmt: skip


def test_built_in_plugins_are_listed_anywhere(tmp_path: Path, here: Here) -> None:
    done = here(tmp_path, "plugins", "list", "--format", "json")
    assert done.code == 0 and done.err == "" and list(tmp_path.iterdir()) == []
    found: dict[str, set[str]] = {}
    for row in json.loads(done.out):
        assert row["state"] == "ok" and row["origin"] == "builtin"
        found.setdefault(row["kind"], set()).add(row["name"])
    assert found == BUILT_IN


@pytest.mark.parametrize("kind", sorted(BUILT_IN))
def test_of_one_kind(tmp_path: Path, here: Here, kind: str) -> None:
    rows = list(csv.DictReader(io.StringIO(here(tmp_path, "plugins", "list", "--kind", kind, "--format", "csv").out)))
    assert {row["name"] for row in rows} == BUILT_IN[kind] and {row["kind"] for row in rows} == {kind}
    assert all(row["about"] for row in rows), "each says what it is"


def test_a_broken_one_is_listed_with_its_line(space: Path, here: Here) -> None:
    (space / "plugins").mkdir()
    (space / "plugins" / "torn.py").write_text("x = 1\nimport nowhere_at_all\n")
    (space / "plugins" / "typo.py").write_text("def (:\n")
    done = here(space / "data", "plugins", "list", "--no-builtins")
    assert done.code == 1
    assert "torn" in done.out and "plugins/torn.py" in done.out and "broken" in done.out
    assert "nowhere_at_all" in done.err and "torn.py:2" in done.err and "typo.py:1" in done.err
    rows = json.loads(here(space, "plugins", "list", "--no-builtins", "--format", "json").out)
    assert {row["name"] for row in rows} == {"torn", "typo"}
    assert here(space, "config", "check").code == 0, "it costs its own signals only"


def test_beside_a_broken_file(space: Path, here: Here) -> None:
    (space / "plugins").mkdir()
    (space / "plugins" / "torn.py").write_text("import nowhere_at_all\n")
    (space / "lifecycle.toml").write_text("[models.x]\ntask = 1\n")
    done = here(space, "plugins", "list", "--no-builtins")
    assert done.code == 1 and "torn" in done.out and "config check" in done.err


@pytest.mark.parametrize(
    "words", [["plugins", "list", "--format", "xml"], ["plugins", "lst"], ["info", "--format", "x"]]
)
def test_wrong_words(tmp_path: Path, here: Here, words: list[str]) -> None:
    done = here(tmp_path, *words)
    assert done.code == 2 and done.out == "" and "Usage" in done.err


@pytest.mark.parametrize("text", [None, "", "[models", "[models.x]\ntask = 1\n"])
def test_info_works_with_any_file_or_none(tmp_path: Path, here: Here, text: str | None) -> None:
    if text is not None:
        (tmp_path / "lifecycle.toml").write_text(text)
    done = here(tmp_path, "info", "--format", "json")
    assert done.code == 0 and done.err == ""
    facts = json.loads(done.out)
    assert facts["version"] == __version__ and facts["cores"] >= 1
    assert set(facts["libraries"]) >= {"textual", "pandas", "scikit-learn", "pyarrow"}
    assert "missing" not in facts["libraries"].values()
    if text is None:
        assert facts["workspace"] is None and "lifecycle.toml" in facts["problem"]
    else:
        assert facts["workspace"] == str(tmp_path) and "not made yet" in facts["state"]
    assert not (tmp_path / ".lifecycle").exists()


def test_info_as_text(broad: tuple[Path, object], here: Here) -> None:
    done = here(broad[0], "info")
    assert done.code == 0
    lines = dict(line.split(None, 1) for line in done.out.splitlines())
    assert lines["version"] == __version__ and "bytes" in lines["state"] and lines["workspace"] == str(broad[0])


TOLD = '''
from lifecycle_tui.api import DataError, hookimpl
LIFECYCLE_API = 1

class Told:
    """Says what it is told.

    Only for tests.

    Args:
        how: what to do; "ok", or how to fail.
        times: some numbers.
    """

    name = "told"

    def __init__(self, *, how: str = "ok", times: list[int] | None = None, sure: bool = False):
        self.how, self.times, self.sure = how, times, sure

    def run(self, view):
        print("noise")
        if self.how == "data":
            raise DataError("no such table", hint="look elsewhere")
        if self.how == "raise":
            raise ValueError("bad \\x1b[31m luck")
        if self.how == "shape":
            return [{"a": object()}]
        told = {"times": str(self.times), "sure": self.sure, "nan": float("nan")}
        return [{"model": m.name, **told} for m in view.models]

@hookimpl
def register_commands(register):
    register(Told)
'''


def test_a_command_of_a_plugin_runs_with_its_options_and_its_faults_are_told(space: Path, here: Here) -> None:
    (space / "plugins").mkdir()
    file = space / "plugins" / "told.py"
    file.write_text(TOLD)
    done = here(space, "plugins", "run", "told")
    assert done.code == 3 and "no state yet" in done.err
    with State.open(space) as state, state.write() as tx:
        models.declare(tx, [models.Declared(n, "binary") for n in ("steady", "moving")])
    done = here(space, "plugins", "run", "told", "--times", "1", "--times", "2", "--sure", "--format", "json")
    assert done.code == 0 and "it printed: noise" in done.err
    names = [row["model"] for row in json.loads(done.out)]
    assert json.loads(done.out)[0] == {"model": names[0], "times": "(1, 2)", "sure": True, "nan": None}
    one = here(space, "plugins", "run", "told", names[-1], "--format", "csv")
    assert one.out.splitlines() == ["model,times,sure,nan", f"{names[-1]},None,False,"]
    helped = here(space, "plugins", "run", "told", "--help")
    assert helped.code == 0 and "Says what it is told." in helped.out and "some numbers" in helped.out
    for words, code, says in (
        (["--how", "data"], 3, "no such table"), (["--hw", "x"], 2, "--how"), (["--times", "x"], 2, "valid integer"),
        (["nobody"], 2, "there is no model 'nobody'"), (["--how", "shape"], 3, "not object"),
        (["--how", "raise"], 3, "ValueError: bad \\x1b[31m luck"),
    ):  # fmt: skip
        done = here(space, "plugins", "run", "told", *words)
        assert (done.code, done.out) == (code, "") and says in done.err, (words, done)
    assert "told.py:25" in done.err and "\x1b" not in done.err
    assert here(space, "plugins", "run", "tol").code == 2

    listed = here(space, "plugins", "list", "--no-builtins")
    assert listed.code == 0 and "failed: raised" in listed.out and "failed last: told: ValueError" in listed.err
    shown = here(space, "plugins", "show", "told")
    for words in ("Only for tests.", "plugins/told.py:5", "how: str, 'ok'", "some numbers.", "failed last", "windows"):
        assert words in shown.out, words
    (row,) = json.loads(here(space, "plugins", "show", "command:told", "--format", "json").out)
    assert (row["last_error"]["line"], row["last_error"]["times"], row["load_ms"] > 0) == (25, 1, True)
    assert [o["about"] for o in row["options"]] == ['what to do; "ok", or how to fail.', "some numbers.", ""]
    os.utime(file, (time.time() + 5, time.time() + 5))
    assert "failed" not in here(space, "plugins", "list", "--no-builtins").out, "its file has changed since"
    assert here(space, "plugins", "run", "told").code == 0
    (row,) = json.loads(here(space, "plugins", "show", "told", "--format", "json").out)
    assert row["last_error"] is None


def test_who_uses_a_plugin_is_shown(space: Path, here: Here) -> None:
    rows = {}
    for name in ("psi", "csv", "auc", "log"):
        (rows[name],) = json.loads(here(space, "plugins", "show", name, "--format", "json").out)
    assert {"steady", "moving"} <= set(rows["psi"]["used_by"]) and {"steady", "moving"} <= set(rows["csv"]["used_by"])
    done = here(space, "plugins", "show", "pis")
    assert done.code == 2 and 'did you mean "psi"?' in done.err


def test_plugins_are_left_out_disabled_and_enabled(space: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    (space / "plugins").mkdir()
    (space / "plugins" / "told.py").write_text(TOLD)
    (space / "plugins" / "torn.py").write_text("import nowhere_at_all\n")

    def states() -> dict[str, str]:
        return {r["name"]: r["state"] for r in json.loads(here(space, *ONES).out)}

    ONES = ("plugins", "list", "--no-builtins", "--format", "json")
    switch = space / ".lifecycle" / "disabled-plugins.json"
    assert states() == {"told": "ok", "torn": "broken: import"}
    done = here(space, "plugins", "disable", "told", "--note", "noisy")
    assert done.code == 0 and "no audit log" in done.out + done.err, "there is no state yet"
    assert json.loads(switch.read_text()) == ["command:told"] and states()["told"] == "disabled"
    assert "disabled" in here(space, "plugins", "run", "told").err
    assert here(space, "plugins", "disable", "torn").code == 0
    assert here(space, *ONES).code == 0, "what is switched off is not broken"
    assert json.loads(switch.read_text()) == ["command:told", "torn"]
    assert "already" in here(space, "plugins", "disable", "torn").out
    done = here(space, "plugins", "disable", "toldd")
    assert done.code == 2 and "did you mean" in done.err
    assert here(space, "plugins", "enable", "told").code == 0 and here(space, "plugins", "enable", "torn").code == 0
    assert json.loads(switch.read_text()) == [] and states()["told"] == "ok"
    switch.write_text("{")
    assert here(space, "plugins", "disable", "told").code == 2 and switch.read_text() == "{"
    switch.unlink()

    monkeypatch.setenv("LIFECYCLE_PLUGINS", "torn")
    assert states() == {"told": "disabled", "torn": "broken: import"}
    monkeypatch.setenv("LIFECYCLE_NO_PLUGINS", "1")
    assert states() == {}
    monkeypatch.setenv("LIFECYCLE_NO_PLUGINS", "0")
    monkeypatch.delenv("LIFECYCLE_PLUGINS")
    assert set(states()) == {"told", "torn"}
    assert here(space, "--no-plugins", *ONES).out.strip() == "[]"

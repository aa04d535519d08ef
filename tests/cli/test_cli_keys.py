"""`lifecycle keys`: every binding, by screen, as the file has it; what is wrong with the file; no heavy import."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui.cli.main import main
from lifecycle_tui.config.bindings import bound


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["lifecycle", "keys", *args])
    code = main()
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_outside_of_a_workspace_all_are_listed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, monkeypatch, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and [row["id"] for row in rows] == list(bound())
    retrain = next(row for row in rows if row["id"] == "act.retrain")
    assert (retrain["keys"], retrain["default"], retrain["where"]) == ("t", "t", "everywhere")


def test_of_one_screen_as_the_file_has_them(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lifecycle.toml").write_text('[keys]\n"act.retrain" = ["T", "F5"]\n', "utf-8")
    code, out, _ = run(capsys, monkeypatch, "--screen", "fleet", "--format", "json")
    rows = {row["id"]: row for row in json.loads(out)}
    assert code == 0 and "fleet.sort" in rows and "jobs.open" not in rows
    assert (rows["act.retrain"]["keys"], rows["act.retrain"]["default"]) == (["T", "F5"], ["t"])
    assert "fleet" in rows["act.retrain"]["where"]
    code, out, _ = run(capsys, monkeypatch, "--changed")
    assert code == 0 and "act.retrain  T F5" in out and "act.promote" not in out


def test_an_unknown_screen(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run(capsys, monkeypatch, "--screen", "flet")
    assert code == 2 and 'did you mean "fleet"?' in err


def test_a_file_with_errors(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "lifecycle.toml").write_text('[keys]\n"act.retrian" = "T"\n', "utf-8")
    code, out, err = run(capsys, monkeypatch, "--format", "csv")
    assert code == 2 and "lifecycle.toml:2:1: no key binding" in err
    assert out.count("\n") == len(bound()) + 1, "what holds is listed all the same"


@pytest.mark.slow
def test_it_imports_nothing_heavy(folder: Path) -> None:
    (folder / "lifecycle.toml").write_text('[keys]\n"act.retrain" = "T"\n', "utf-8")
    run = "import sys; from lifecycle_tui.cli.main import main; sys.argv = ['x', 'keys']; main(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", run], cwd=folder, capture_output=True, text=True, check=True)
    assert not {"textual", "pydantic", "numpy", "pandas"} & set(done.stdout.split())

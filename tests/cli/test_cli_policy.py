"""`lifecycle policy simulate`: a table a reader can act on, and clear words where there is nothing to simulate."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.agent.whatif_room import fill, trained, write
from tests.cli.conftest import Here

BURST = [0.1, 0.1, 0.6, 0.7, 0.1, 0.1, 0.4, 0.4, 0.1, 0.1]
EARLIER = "models.rides.rules.drifted.when=psi.x > 0.3"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of two models; the one was retrained once."""
    root = tmp_path_factory.mktemp("told") / "rides"
    write(root, ["rides", "shop"])
    fill(root, BURST)
    fill(root, [0.1] * 10, name="shop")
    trained(root, 2, 2)
    return root


@pytest.fixture
def rides(told: Path, tmp_path: Path) -> Path:
    """The same to work with."""
    shutil.copytree(told, tmp_path / "rides")
    return tmp_path / "rides"


def test_both_policies_side_by_side_and_each_difference(rides: Path, here: Here) -> None:
    done = here(rides, "policy", "simulate", "--set", EARLIER)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "2026-01-02 to 2026-01-11: the policy in force → the edited one"
    rows = {line.split()[0]: line for line in lines[2:6]}
    assert "1 → 2" in rows["rides"] and "→" not in rows["shop"]
    told = [line for line in lines if line[:1] in "+-~?" and line[:1]]
    assert told == [
        "+ 2026-01-08  rides  gained   alert     drifted (warning): psi.x 0.4 > 0.3 in 2026-01-07; resolved 2026-01-10",
        "+ 2026-01-08  rides  gained   retrain   rule drifted; what comes of it is unknown",
    ]
    assert "rides: from 2026-01-08 00:00 on the edited policy sets off work that never happened" in done.err


def test_one_model_and_a_span(rides: Path, here: Here) -> None:
    done = here(rides, "policy", "simulate", "shop", "--since", "5d", "--set", EARLIER)
    assert "the edited policy would have done the same" in done.out and "rides" not in done.out
    assert done.out.startswith("2026-01-06 to 2026-01-11")


def test_json_and_csv_have_all_of_it(rides: Path, here: Here) -> None:
    found = json.loads(here(rides, "policy", "simulate", "--set", EARLIER, "--format", "json").out)
    one = found["models"]["rides"]
    assert [len(one[side]["alerts"]) for side in ("in_force", "edited")] == [1, 2]
    assert one["in_force"]["unknown_from"] is None and one["edited"]["unknown_from"].startswith("2026-01-08")
    assert [d["change"] for d in found["differences"]] == ["gained", "gained"]
    table = here(rides, "policy", "simulate", "--set", EARLIER, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["model"], row["what"]) for row in rows] == [("rides", "alert"), ("rides", "retrain")]


def test_an_edited_file_anywhere_is_read_in_place_of_the_one_in_force(rides: Path, here: Here, tmp_path: Path) -> None:
    edited = tmp_path / "edited.toml"
    text = (rides / "lifecycle.toml").read_text("utf-8")
    edited.write_text(text.replace("psi.x > 0.5", "psi.x > 0.65", 1), "utf-8")
    assert "opens 2026-01-05, 1 d later" in here(rides, "policy", "simulate", "--config", str(edited)).out
    edited.write_text(text.replace("psi.x > 0.5", "psi.x >", 1), "utf-8")
    done = here(rides, "policy", "simulate", "--config", str(edited))
    assert done.code == 2 and f"{edited}:15:" in done.err and done.out == ""


def test_a_model_that_only_one_of_the_two_declares_is_named(rides: Path, here: Here, tmp_path: Path) -> None:
    edited = tmp_path / "edited.toml"
    text = (rides / "lifecycle.toml").read_text("utf-8")
    edited.write_text(text[: text.index("[models.shop]")], "utf-8")
    done = here(rides, "policy", "simulate", "--config", str(edited))
    assert done.code == 0 and done.err.startswith("shop is declared by one of the two alone, and is not compared\n")


def test_without_an_edit_the_file_is_asked_against_what_the_agent_has_taken(rides: Path, here: Here) -> None:
    assert "both are the same policy" in here(rides, "policy", "simulate").out
    file = rides / "lifecycle.toml"
    (rides / ".lifecycle" / "accepted.json").write_text(json.dumps({str(file): file.read_text("utf-8")}), "utf-8")
    file.write_text(file.read_text("utf-8").replace("psi.x > 0.5", "psi.x > 0.3", 1), "utf-8")
    assert "+ 2026-01-08  rides" in here(rides, "policy", "simulate").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ridse",), 'did you mean "rides"?'),
        (("--set", "models.rides.rules.drifted.when"), "has no value"),
        (("--set", "models.rides.rules.drifted.wen=1"), 'did you mean "when"?'),
        (("--set", "models.rides.rules.drifted.for=0"), "for"),
        (("--since", "soonish"), "is no instant"),
        (("--until", "2026-13-01"), "is no instant"),
        (("--config", "nowhere.toml"), "does not exist"),
    ],
)
def test_what_cannot_be_asked_is_said(rides: Path, here: Here, words: tuple[str, ...], said: str) -> None:
    done = here(rides, "policy", "simulate", *words)
    assert done.code == 2 and said in done.err and done.out == ""


def test_nothing_evaluated_yet_and_nothing_written(tmp_path: Path, here: Here) -> None:
    write(tmp_path / "new")
    done = here(tmp_path / "new", "policy", "simulate", "--set", EARLIER)
    assert done.code == 3 and "lifecycle check" in done.err
    assert not (tmp_path / "new" / ".lifecycle" / "state.db").exists()


def test_it_only_reads(rides: Path, here: Here) -> None:
    def rows() -> list[tuple]:
        with sqlite3.connect(rides / ".lifecycle" / "state.db") as conn:
            return conn.execute("SELECT seq FROM feed UNION ALL SELECT count(*) FROM audit").fetchall()

    before = rows(), (rides / "lifecycle.toml").read_bytes()
    assert here(rides, "policy", "simulate", "--set", EARLIER).code == 0
    assert (rows(), (rides / "lifecycle.toml").read_bytes()) == before

"""`lifecycle plugins list` and `lifecycle info`: both work where everything else is broken."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from lifecycle_tui import __version__
from tests.cli.conftest import Here

BUILT_IN = {
    "detector": {"psi", "ks", "chi2", "missing", "unseen"},
    "metric": {
        "accuracy", "auc", "brier", "f1", "log_loss", "mae", "mape", "mean_target", "precision", "r2", "recall", "rmse",
    },
    "notifier": {"command", "log", "webhook"},
    "source": {"csv", "parquet"},
    "deployer": {"local"},
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

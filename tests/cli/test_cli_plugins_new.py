"""`lifecycle plugins new` and `plugins check`: what they write, print and refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Here

BROKEN = "import nowhere_at_all\n"
PAGER = '''
from lifecycle_tui.api import hookimpl


class Pager:
    """Writes pages."""

    name = "pager"

    def __init__(self, *, number: str, pause: float = 1.0):
        self.number, self.pause = number, pause

    def send(self, message):
        with open(f"{self.number}.txt", "w") as page:
            page.write(message.subject)


@hookimpl
def register_notifiers(register):
    register(Pager)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside of any workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_says_what_it_wrote_and_what_to_do_next(folder: Path, here: Here) -> None:
    ran = here(folder, "plugins", "new", "detector", "reach")
    assert ran.code == 0
    assert ran.out.splitlines() == ["plugins/reach.py", "tests/test_reach.py"]
    assert [line[:2] for line in ran.err.splitlines()] == ["1.", "2.", "3."]
    assert "lifecycle plugins check reach" in ran.err and "pytest tests/test_reach.py" in ran.err
    again = here(folder, "plugins", "new", "detector", "reach")
    assert again.code == 2 and again.err.count("plugins/reach.py") == 2, "both files are named"


def test_new_into_a_folder_that_no_model_sees(folder: Path, here: Here) -> None:
    (folder / "lifecycle.toml").write_text("")
    ran = here(folder, "plugins", "new", "metric", "gap", "--dir", "lib/mine", "--no-test")
    assert ran.out.splitlines() == ["lib/mine/gap.py"] and not (folder / "lib" / "tests").exists()
    assert 'add "lib/mine" to [workspace] plugins' in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("detektor", "x"), 'did you mean "detector"?'),
        (("zzz", "x"), "there are detector, metric"),
        (("detector", "psi"), "is built in"),
        (("detector", "odd-hours"), "how about 'odd_hours'?"),
    ],
)
def test_new_refuses(words: tuple[str, ...], said: str, folder: Path, here: Here) -> None:
    ran = here(folder, "plugins", "new", *words)
    assert ran.code == 2 and said in ran.err and not (folder / "plugins").exists()


def test_check_says_what_failed_where_and_what_to_do(folder: Path, here: Here) -> None:
    """Three plugins: a good one, one that fails a check, one that does not import; each format has all of it."""
    here(folder, "plugins", "new", "detector", "reach")
    good = (folder / "plugins" / "reach.py").read_text()
    bad = good.replace('"reach"', '"spoilt"').replace("return Measurement(None", "return float('nan')  # (None")
    (folder / "plugins" / "spoilt.py").write_text(bad)
    (folder / "plugins" / "broken.py").write_text(BROKEN)
    ran = here(folder, "plugins", "check", "--only", "both-empty", "--only", "registered")
    assert ran.code == 1
    assert "detector reach: 2 passed" in ran.out
    assert "file broken: 1 failed" in ran.out and "broken.py:1" in ran.out
    for word in ("failed  both-empty: gives a finite number or None", "expected", "got", "hint", "spoilt.py:"):
        assert word in ran.out, word
    only = ("plugins", "check", "spoilt", "--only", "both-empty", "--format")
    (row,) = json.loads(here(folder, *only, "json").out)
    assert (row["plugin"], row["check"], row["state"]) == ("spoilt", "both-empty", "failed")
    assert row["place"].startswith(str(folder / "plugins" / "spoilt.py:")) and row["hint"]
    (row,) = csv.DictReader(io.StringIO(here(folder, *only, "csv").out))
    assert row["state"] == "failed"
    suite = ET.fromstring(here(folder, *only, "junit").out).find("testsuite")
    assert suite is not None and suite.get("failures") == "1" and suite.find("testcase/failure") is not None


def test_check_of_a_file_anywhere_with_options(folder: Path, here: Here) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "pager.py").write_text(PAGER)
    words = ("plugins", "check", "elsewhere/pager.py", "--only", "made", "--only", "sends")
    ran = here(folder, *words, "--option", "number=112", "--option", "pause=2")
    assert ran.code == 1 and "number" in ran.out and "--option NAME=VALUE" in ran.out, "112 is no text in TOML"
    ran = here(folder, *words, "--option", 'number="112"', "--option", "pause=2")
    assert ran.code == 0 and "skipped sends" in ran.out
    ran = here(folder, *words, "--option", "number=one-one-two", "--send")
    assert ran.code == 0 and "skipped" not in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is no plugin to check"),
        (("psj",), 'did you mean "psi"?'),
        (("qqq",), "lifecycle plugins list"),
        (("no/such.py",), "is no file"),
        (("psi", "--kind", "metric"), "there is no plugin to check"),
        (("psi", "--option", "bins"), "NAME=VALUE"),
        (("psi", "--only", "docstrings"), "there are all-missing, both-empty"),
    ],
)
def test_check_refuses(words: tuple[str, ...], said: str, folder: Path, here: Here) -> None:
    ran = here(folder, "plugins", "check", *words)
    assert (ran.code, ran.out) == (2, "") and said in ran.err

"""A broken `lifecycle.toml` breaks nothing but what needs a sound one: help, info, status and the rest still answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Here

BROKEN = {
    "no toml": b"[models.m\ntask = ",
    "no utf-8": b"\xff\xfe[models]\n",
    "bytes of nothing": b"\x00" * 64,
    "deep": b"x = " + b"[" * 3000,
    "a long number": b"x = " + b"9" * 6000,
    "wrong throughout": b'include = [3]\nworkspace = "x"\nnotifiers = 1\ndefaults = true\nmodels = ["a"]\n',
    "wrong options": b'[models.m]\ntask = "binary"\ndata = { table = "t.csv", reference = { rows = 5 } }\n'
    b'columns.target = "y"\nmonitor.detectors = { psi = { bins = "x" } }\nrules.r.when = "acu <"\n',
    "no such include": b'include = ["nowhere/*.toml"]\n',
}
WORDS = [("--help",), ("config", "--help"), ("info",), ("status",), ("jobs", "list"), ("plugins", "list"),
         ("config", "explain", "models.NAME.rules.NAME.for")]  # fmt: skip


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_needs_no_sound_file_answers(space: Path, here: Here, data: bytes) -> None:
    codes = {words: here(space, *words).code for words in WORDS}
    (space / "lifecycle.toml").write_bytes(data)
    for words in WORDS:
        done = here(space, *words)
        assert done.code == codes[words], (words, done)
        assert "Traceback" not in done.err


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_the_problems_are_said_with_places(space: Path, here: Here, data: bytes) -> None:
    (space / "lifecycle.toml").write_bytes(data)
    done = here(space, "config", "check", "--format", "json")
    assert done.code == 2 and done.err == ""
    rows = json.loads(done.out)["problems"]
    assert rows and all(row["line"] >= 1 and row["column"] >= 1 and row["see"] for row in rows)
    text = here(space, "config", "check")
    assert text.code == 2 and text.out.count("  see: ") == len(rows)
    assert here(space, "check").code == 2


def test_both_places_are_shown_with_their_lines(space: Path, here: Here) -> None:
    (space / "lifecycle.toml").write_text(
        '[models.größe]\ntask = "binary"\n[models.m]\ntask = "binary"\n'
        'data = { table = "data.csv", reference = { rows = 5 } }\n'
        'columns = { target = "y",\tignore = ["größe", "y"] }\n',
        encoding="utf-8",
    )
    out = here(space, "config", "check", "--no-data").out
    assert (
        '  "y" is ignored, but it is the target\n'
        '  | columns = { target = "y",    ignore = ["größe", "y"] }\n'
        "  |                                                 ^^^\n"
        "  see also lifecycle.toml:6:22\n"
        '  | columns = { target = "y",    ignore = ["größe", "y"] }\n'
        "  |                      ^^^\n"
        "  take it out of ignore\n"
        "  see: lifecycle config explain models.NAME.columns.ignore\n"
    ) in out

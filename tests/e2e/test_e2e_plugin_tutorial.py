"""docs/plugin-tutorial.md does what it says: its commands are run, its blocks written, in order, with exit codes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugin-tutorial.md").read_text(encoding="utf-8")
STEP = re.compile(r"<!-- (run|append|write|replace) ?(\S*) -->\n```\w+\n(.*?)\n```\n(?:\n```\n(.*?)\n```\n)?", re.S)
MODULES = {"lifecycle": "lifecycle_tui", "pytest": "pytest"}


def flat(text: str) -> str:
    return " ".join(text.split())


def replaced(text: str, diff: str) -> str:
    """The text with a hunk applied: lines of the diff with `+` come, with `-` go, the others are found."""
    lines = diff.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if line[:1] in ("-", " "))
    new = "".join(f"{line[1:]}\n" for line in lines if line[:1] in ("+", " "))
    assert text.count(old) == 1, old
    return text.replace(old, new)


def run(folder: Path, line: str) -> str:
    """A command of the page, with the exit code that its remark says; what it said."""
    command, _, remark = line.partition("#")
    code = int(found[1]) if (found := re.search(r"exit code (\d)", remark)) else 0
    words = command.split()
    program = [sys.executable, "-m", MODULES[words[0]], *words[1:]]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    shutil.copy(ROOT / "data" / "houses.csv", tmp_path)
    steps = STEP.findall(PAGE)
    assert len(steps) >= 12 and len(steps) == PAGE.count("<!-- ")
    for kind, name, block, told in steps:
        if kind == "append":
            with (tmp_path / "lifecycle.toml").open("a") as file:
                file.write(f"\n{block}\n")
        elif kind == "write":
            (tmp_path / name).write_text(f"{block}\n", "utf-8")
        elif kind == "replace":
            path = tmp_path / name
            path.write_text(replaced(path.read_text("utf-8"), block), "utf-8")
        else:
            said = flat("".join(run(tmp_path, line) for line in block.splitlines()))
            for line in told.splitlines():
                assert flat(line) in said, f"{line}\n{said}"


def test_the_page_names_all_that_the_tests_of_a_team_can_use() -> None:
    from lifecycle_tui import testing

    kinds = {"Checked", "Conformance", "Drive", "Ran", "Terminal"}
    assert [name for name in testing.__all__ if name not in kinds and f"`{name}" not in PAGE] == []

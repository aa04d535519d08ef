"""docs/ten-minutes.md does what it says: its commands are run and its blocks appended in order, with its exit codes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ten-minutes.md").read_text(encoding="utf-8")
STEP = re.compile(r"<!-- (run|append) -->\n```\w+\n(.*?)\n```\n(?:\n```\n(.*?)\n```\n)?", re.S)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    shutil.copy(ROOT / "data" / "houses.csv", tmp_path)
    steps = STEP.findall(PAGE)
    assert len(steps) >= 8
    for kind, block, told in steps:
        if kind == "append":
            with (tmp_path / "lifecycle.toml").open("a") as file:
                file.write(f"\n{block}\n")
            continue
        said = ""
        for line in block.splitlines():
            command, _, remark = line.partition("#")
            code = int(found[1]) if (found := re.search(r"exit code (\d)", remark)) else 0
            words = command.split()
            assert words[0] == "lifecycle"
            done = subprocess.run(
                [sys.executable, "-m", "lifecycle_tui", *words[1:]], cwd=tmp_path, capture_output=True, text=True,
                timeout=300,
            )  # fmt: skip
            said += flat(done.stdout + done.stderr)
            assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        for line in told.splitlines():
            if line.strip(" .") and line[0] != "…":
                assert flat(line) in said, line

"""`lifecycle report`: from state alone, of good, bad and odd models, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui.cli import report
from lifecycle_tui.domain.errors import DataError
from tests.cli.conftest import Here, Ran
from tests.monitoring.test_monitoring_report import checked

Broad = tuple[Path, Ran]


def test_it_has_what_the_check_found(broad: Broad, here: Here, tmp_path: Path) -> None:
    root, _ = broad
    done = here(root, "report", "moving", "-o", str(tmp_path / "a.html"))
    assert done.code == 0 and done.out.startswith("wrote ") and done.err == ""
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    words = " ".join(checked(page).words)
    for said in (
        "moving",
        "critical",
        "What to do:",
        "values are",
        "drift.max",
        "median",
        "reference",
        "mae",
        "digest",
    ):
        assert said in words, said
    assert page.count("<article>") >= 2 and page.count("<svg") >= 5
    assert os.listdir(tmp_path) == ["a.html"], "nothing is left beside it"
    again = here(root, "report", "moving", "-o", "-").out
    differing = [a for a, b in zip(page.splitlines(), again.splitlines(), strict=True) if a != b]
    assert len(differing) <= 1, "equal state, equal page"


@pytest.mark.parametrize(
    "model", ["steady", "hostile", "nulls", "onerow", "infinite", "nowindows", "nofile", "emptyfile"]
)
def test_odd_models_have_a_page(broad: Broad, here: Here, model: str) -> None:
    done = here(broad[0], "report", model, "-o", "-")
    assert done.code == 0, done.err
    found = checked(done.out)
    assert model in " ".join(found.words)
    if model in ("nofile", "emptyfile"):
        assert f"{model}.csv" in done.out, "what is wrong is said"


def test_usage(broad: Broad, space: Path, here: Here) -> None:
    missing = here(broad[0], "report", "movin")
    assert missing.code == 2 and 'did you mean "moving"?' in missing.err
    never = here(space, "report", "moving")
    assert never.code == 2 and "lifecycle check" in never.err
    assert here(broad[0], "report", "moving", "--windows", "1").code == 2
    assert not list(space.glob("*.html"))


def test_a_file_that_cannot_be_written_leaves_what_was_there(broad: Broad, here: Here, tmp_path: Path) -> None:
    there = tmp_path / "kept"
    there.mkdir()
    done = here(broad[0], "report", "moving", "-o", str(there / "no" / "such" / "folder.html"))
    assert done.code == 3 and "cannot be written" in done.err
    (there / "a.html").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        report.write(there / "a.html", b"x")
    assert os.listdir(there) == ["a.html"]
    report.write(there / "b.html", b"first")
    report.write(there / "b.html", b"second")
    assert (there / "b.html").read_bytes() == b"second"


@pytest.mark.slow
def test_it_imports_nothing_heavy(broad: Broad) -> None:
    code = (
        "import sys\nfrom lifecycle_tui.cli import main\nsys.argv = ['lifecycle', 'report', 'moving', '-o', '-']\n"
        "main.main()\nprint(sorted({'pandas', 'scipy', 'sklearn', 'textual'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=broad[0], capture_output=True, text=True, timeout=300)
    assert done.stdout.rstrip().endswith("[]"), done.stdout[-200:] + done.stderr

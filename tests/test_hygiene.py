"""What must stay true of imports: who may load what, and which commands stay light (DESIGN §4)."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "lifecycle_tui"
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "skops", "pyarrow", "sqlite_utils", "textual", "pydantic")

RUN = """
import sys, json
sys.argv = ["lifecycle", *json.loads(sys.argv[1])]
from lifecycle_tui.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stdout.flush()
print("\\n#loaded " + json.dumps(sorted({m.split(".")[0] for m in sys.modules})))
"""


def loaded(args: list[str], cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(args)], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    line = [line for line in done.stdout.splitlines() if line.startswith("#loaded ")]
    assert line, done.stderr
    return set(json.loads(line[0].removeprefix("#loaded ")))


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["check", "--help"],
        ["init", "--help"],
        ["drift", "--help"],
        ["promote", "--help"],
        ["versions", "list", "--help"],
    ],
)
def test_help_imports_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    assert not loaded(args, tmp_path) & set(HEAVY)


@pytest.mark.parametrize(
    "args",
    [["status"], ["history", "--at", "2025-06-01"], ["versions", "list", "bikes"], ["versions", "show", "bikes", "1"]],
)
def test_what_reads_state_alone_imports_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    from lifecycle_tui.registry import versions
    from lifecycle_tui.state.database import State

    (tmp_path / "lifecycle.toml").write_text("")
    with State.open(tmp_path) as state, state.write() as tx:
        versions.register(tx, versions.NewVersion("bikes", "named", name="a"), datetime(2025, 6, 1, tzinfo=UTC))
    assert not loaded(args, tmp_path) & set(HEAVY)


def test_drift_imports_numpy_and_pyarrow_only(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n" + "\n".join(str(i) for i in range(100)) + "\n")
    heavy = loaded(["drift", "a.csv", "b.csv"], tmp_path) & set(HEAVY)
    assert heavy == {"numpy", "pyarrow"}


def test_only_output_prints() -> None:
    """Nobody else calls print or touches the streams. The child processes' private pipes are not the streams."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.name == "output.py" and path.parent == PACKAGE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("print", "sys.stdout.write", "sys.stderr.write", "click.echo", "click.secho"):
                    found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {name}")
    assert not found


def test_api_offers_what_it_lists() -> None:
    from lifecycle_tui import api

    for name in api.__all__:
        assert getattr(api, name) is not None
    with pytest.raises(AttributeError, match="offers"):
        _ = api.nonsense

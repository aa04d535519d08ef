"""Plugins through the real command: a short one is there at once, broken ones cost their own signals alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_tools import PLUGINS, Run, drop_in

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.plugin_host.index import IndexLimits
from lifecycle_tui.plugin_host.limits import call_limits, import_limits
from lifecycle_tui.plugin_host.runner import Limits

BROKEN = {
    "syntax_error": ("syntax", "import"),
    "import_error": ("import", "import"),
    "raises": ("raised", "call"),
    "exits": ("exited", "call"),
    "os_exits": ("exited", "call"),
    "loops": ("timeout", "call"),
    "eats_memory": ("memory", "call"),
    "segfaults": ("died", "call"),
    "loops_at_import": ("timeout", "import"),
}
"""File → kind of its fault, and where it breaks. Eight ways, and the loop also while it is imported."""
TIGHT = {"LIFECYCLE_PLUGIN_SECONDS": "8", "LIFECYCLE_PLUGIN_MEMORY": "300"}
"""On a busy machine those that do not loop need seconds as well: to be imported, to load what they measure with."""
RULE = '[models.shop.rules.moved-far]\nwhen = "spread.age > 10"\nseverity = "critical"\n'

Signals = dict[str, dict[str, Any]]


def signals(said: dict[str, Any]) -> dict[str, Signals]:
    """Every signal of every window of the shop, by window and version; not the one that moves with the clock."""
    windows = said["models"]["shop"]["windows"]
    found = {f"{w['key']} {w['version']}": dict(w["signals"]) for w in windows}
    for of_window in found.values():
        of_window.pop("data.late", None)
    return found


def test_short_detector_is_dropped_in_and_shows_everywhere(new_run: Callable[..., Run]) -> None:
    lines = [line for line in (PLUGINS / "spread.py").read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) < 15
    run = new_run("shop")
    _, before = run.check()
    assert not any(name.startswith("spread") for of in signals(before).values() for name in of)
    drop_in(run.root, "spread")
    with (run.root / "lifecycle.toml").open("a", encoding="utf-8") as file:
        file.write(RULE)
    exit_code, after = run.check()
    assert exit_code == 1
    with_rows = {key for key, of in signals(after).items() if "ks.age" in of}
    assert len(with_rows) == 6
    for key in with_rows:
        assert signals(after)[key]["spread.age"]["state"] == "ok"
        assert signals(after)[key]["spread.p"]["state"] == "ok"
    # Ages move by 15 on day 35 (2025-02-05).
    moved = [signals(after)[f"2025-{day} "]["spread.age"]["value"] for day in ("01-27", "02-17")]
    assert abs(moved[0]) < 6 and 8 < moved[1] < 22
    # Everything else says what it said without it.
    assert {k: _without(of, "spread") for k, of in signals(after).items()} == signals(before)
    # The fleet, from state alone, and the list of plugins.
    code, text = run.run("status", "--format", "json")
    alerts = json.loads(text)["models"]["shop"]["alerts"]
    assert code == 1 and any("spread.age" in a["message"] and a["rule"] == "moved-far" for a in alerts)
    code, text = run.run("plugins", "list", "--format", "json")
    assert code == 0 and any("spread" in row["name"] for row in _rows(json.loads(text)))


@pytest.mark.slow
def test_eight_broken_plugins_cost_their_own_signals_alone(new_run: Callable[..., Run]) -> None:
    run = new_run("shop", plugins=("spread",), env=TIGHT, until=28)
    exit_code, before = run.check()
    drop_in(run.root, *BROKEN)
    code, after = run.check()
    assert code == exit_code
    theirs = {name: _of(name, after) for name in BROKEN}
    assert {k: _without(of, *BROKEN) for k, of in signals(after).items()} == signals(before)
    for kept in ("health", "champion", "alerts", "rules", "reference", "window", "findings"):
        assert _still(after["models"]["shop"][kept]) == _still(before["models"]["shop"][kept]), kept
    for name, (kind, _) in BROKEN.items():
        assert theirs[name], f"{name} is not to be seen"
        for signal in theirs[name]:
            detail = signal["detail"]
            assert (signal["state"], signal["value"]) == ("error", None), name
            assert (detail["fault"], Path(detail["file"]).name) == (kind, f"{name}.py"), signal
            assert _line_says_here(name, detail["line"]), signal
            assert f"{name}.py:{detail['line']}" in signal["message"]
        # Two windows: one error in each for a file that cannot be used, one for each column where calls fail.
        columns = 2 if name in ("raises", "loops") else 1  # numeric ones: age and p; categorical: city
        assert len(theirs[name]) == 2 * columns, name
    listed = {row["name"]: row for row in after["plugins"]}
    assert {name for name, (_, when) in BROKEN.items() if when == "import"} == set(listed)
    code, text = run.run("check")
    assert code == exit_code and all(f"{name}.py" in text for name in BROKEN)


def test_limit_that_is_no_number_is_refused_by_the_command(new_run: Callable[..., Run]) -> None:
    process = new_run("shop", env={"LIFECYCLE_PLUGIN_SECONDS": "never"}).start()
    said, errors = process.communicate()
    assert process.returncode == 2 and "LIFECYCLE_PLUGIN_SECONDS" in errors and not said


@pytest.mark.parametrize("variable", ["LIFECYCLE_PLUGIN_SECONDS", "LIFECYCLE_PLUGIN_MEMORY"])
@pytest.mark.parametrize("text", ["-1", "0", "0.0", "1e400", "nan", "inf", "2s", "1_0", "1" * 40])
def test_limit_that_is_no_positive_number_is_refused(variable: str, text: str) -> None:
    for limits in (call_limits, import_limits):
        with pytest.raises(UsageError, match=variable):
            limits({variable: text})


def test_limits_move_and_an_import_never_gets_more_time_than_its_own() -> None:
    wide, tight = (
        {"LIFECYCLE_PLUGIN_SECONDS": " 300 "},
        {"LIFECYCLE_PLUGIN_SECONDS": "0.5", "LIFECYCLE_PLUGIN_MEMORY": "64"},
    )
    assert (call_limits(wide).seconds, import_limits(wide)) == (300.0, IndexLimits())
    assert (call_limits(tight).seconds, call_limits(tight).memory) == (0.5, 64 * 1024**2)
    assert import_limits(tight) == IndexLimits(0.5, 64 * 1024**2)
    assert (call_limits({}), import_limits({"LIFECYCLE_PLUGIN_SECONDS": ""})) == (Limits(), IndexLimits())


def _without(of: Signals, *plugins: str) -> Signals:
    return {name: s for name, s in of.items() if name.split(".")[0] not in plugins}


def _of(plugin: str, said: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for of in signals(said).values() for name, s in of.items() if name.split(".")[0] == plugin]


def _still(value: Any) -> Any:
    """Without what moves from one check to the next although nothing has happened."""
    if isinstance(value, dict):
        return {k: _still(v) for k, v in value.items() if k not in ("id", "opened")}
    return [_still(v) for v in value] if isinstance(value, list) else value


def _line_says_here(name: str, line: int) -> bool:
    path = next(p for p in (PLUGINS / f"{name}.py", PLUGINS / f"{name}.txt") if p.exists())
    return "# here" in path.read_text("utf-8").splitlines()[line - 1]


def _rows(listed: Any) -> list[dict[str, Any]]:
    return listed["plugins"] if isinstance(listed, dict) else listed

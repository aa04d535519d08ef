"""The policy of a model: how its rules stand, and the file's own lines that say so."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import seed_life
from seed_life import MODEL, OTHER, TOML
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state import alerts, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.policy import PolicyPane
from lifecycle_tui.tui.reads.policy_file import Files
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.toml_lines import pieces


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    return state


async def opened(pilot: Pilot, model: str = MODEL) -> PolicyPane:
    """The model's policy."""
    await pilot.pause()
    pilot.app.push_screen(ModelScreen(pilot.app.source, model, Where("policy")))  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), PolicyPane), "the pane")
    await pilot.pause()
    return pilot.app.screen.pane  # type: ignore[attr-defined, no-any-return]


async def test_how_the_rules_stand_at_80_by_24(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        shown = lines(pilot)
        top = next(y for y, line in enumerate(shown) if line.startswith(" Rules"))
        assert shown[top] == " Rules  as of 2026-03-31 00:00, 30 h ago"
        assert shown[top + 1 : top + 13] == [
            "   ? unknown  stale  warning · then notify · lifecycle.toml:7",
            "              data.late > 2h",
            "              no numbers yet",
            "   ✗ firing   auc-low  critical · then notify, retrain · lifecycle.toml:18",
            "              auc.upper < 0.9, in 3 windows in a row",
            "              since 2026-03-16 (alert #2): auc.upper 0.87 < 0.9 in 2026-03-23",
            "   ▲ firing   moved  warning · then notify · lifecycle.toml:24",
            "              psi.amount > 0.2",
            "              since 2026-03-16 (alert #3, acknowledged by ana): psi.amount 0.88",
            "              < 0.9 in 2026-03-16",
            "   ✓ quiet    thin  warning · then notify · lifecycle.toml:27",
            "              rows < 100",
        ]
        await pilot.press("j", "j", "j")
        await pilot.pause()
        assert "Next      version 6 waits for ana (in 3 h)" in text(pilot)


async def test_the_files_own_lines(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await opened(pilot)
        shown = lines(pilot)
        assert " Training  history 90d · gates gain(auc) > 0, challenger.recall >= 0.6" in shown
        assert " lifecycle.toml  what it says of churn[prod]" in shown
        for number, line in enumerate(TOML.split("\n"), 1):
            here = f"{number:>6} {line}".rstrip()
            assert (here in shown) == (number >= 7 and line != ""), here
        assert " lifecycle.toml  what holds for every model" in shown and " lifecycle.toml  who is told" in shown
        assert "e edits it here; or edit lifecycle.toml:7 with anything" in shown[-2]


async def test_a_model_with_a_file_of_its_own(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await opened(pilot, OTHER)
        shown = text(pilot)
        assert " models/demand.toml  the model's own file" in shown
        assert '     4 when = "mae > 3"  # 名前' in shown
        assert "firing   mae-high  warning · then notify · models/demand.toml:3" in shown
        assert "none: this model is only monitored" in shown and "Rollout" not in shown
        assert "never decided yet" in shown and "not decided yet: the next check will" in shown


async def test_a_rule_that_holds_but_not_long_enough_and_one_that_is_gone(life: State) -> None:
    with life.write() as tx:
        found = next(row.alert for row in alerts.open_alerts(tx, MODEL) if row.alert.rule == "auc-low")
        alerts.store(tx, now=seed_life.NOW, resolved=[seed_life.resolved(found, "x", seed_life.NOW)])
    seed_life.file(life.root, TOML.replace("rules.moved]", "rules.shifted]").replace("for      = 3", "for = 4"))
    async with app_on(life).run_test(size=LARGE) as pilot:
        await opened(pilot)
        assert "◐ holds    auc-low" in text(pilot) and "in 2026-03-23: 3 of 4 windows" in text(pilot)
        assert "▲ firing   moved: no rule of the file any more; its alert #3 resolves with the next check" in text(
            pilot
        )
        assert "? unknown  shifted" in text(pilot)


async def test_the_file_changes_while_one_looks(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await opened(pilot)
        seed_life.file(life.root, TOML.replace("auc.upper < 0.9", "auc.upper < 0.85"))
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "auc.upper < 0.85, in 3 windows in a row" in text(pilot)
        seed_life.file(life.root, TOML.replace("gates   = [", "gates   = [ ="))
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "these lines are no TOML" in text(pilot) and "history" in text(pilot), "and they are shown all the same"
        (life.root / "lifecycle.toml").unlink()
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "lifecycle.toml cannot be read: No such file or directory" in text(pilot)
        seed_life.file(life.root, TOML)
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "auc.upper < 0.9, in 3 windows in a row" in text(pilot) and "cannot be read" not in text(pilot)


async def test_the_agent_works_by_an_older_text(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        with life.write() as tx:
            number = lease.take(tx, processes.this(), "stay", seed_life.NOW)
            lease.put_note(tx, number, 'lifecycle.toml:18:1 unknown key "wen" \x1b[2J')
            tx.execute("UPDATE models SET message = 'x'")
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        shown = " ".join(text(pilot).split())
        assert 'The agent works by an older text of the file: lifecycle.toml:18:1 unknown key "wen" \\x1b[2J' in shown


async def test_a_model_that_no_file_declares(life: State) -> None:
    seed_life.file(life.root, "# nothing\n")
    async with app_on(life).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "lifecycle.toml declares no model churn[prod]" in text(pilot)


def told(text: str, base: tuple[str, ...] = ()) -> list[tuple[str, int, int, int]]:
    """Path, first line, line of the header and last line of each piece."""
    return [(".".join(p.path), p.first, p.start, p.last) for p in pieces(text.split("\n"), base)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a = 1\n\n[b]\nc = 2", [("a", 1, 1, 1), ("b", 3, 3, 4)]),
        ("# of b\n[b]\n\n# in b\nc = 1\n# end\n\n[d]", [("b", 1, 2, 6), ("d", 8, 8, 8)]),
        ("[b]\nc = [\n  [1, 2],  # ]\n  '[',\n]\n[d.e]", [("b", 1, 1, 5), ("d.e", 6, 6, 6)]),
        ('[b]\nc = """\n[x]\n"""\n[d]', [("b", 1, 1, 4), ("d", 5, 5, 5)]),
        ("[b]\nc = '''x'''\nd = \"\"\"y\n[\"\"\" # [\n[e]", [("b", 1, 1, 4), ("e", 5, 5, 5)]),
        ('[models."a.b"]\n[ models . x ] # ]\n[[c]]', [("models.a.b", 1, 1, 1), ("models.x", 2, 2, 2), ("c", 3, 3, 3)]),
        ("[models]\nx.task = 1\ny = { a = 1 }\n'z' = {}", [("models.x.task", 2, 2, 2), ("models.y", 3, 3, 3),
                                                          ("models.z", 4, 4, 4)]),
        ("[b]\nc = [\n[d]\ne = 1", [("b", 1, 1, 2), ("d", 3, 3, 4)]),
        ('["\n[b]', [('"', 1, 1, 1), ("b", 2, 2, 2)]),
    ],
)  # fmt: skip
def test_pieces_of_a_file(text: str, found: list[tuple[str, int, int, int]]) -> None:
    assert told(text) == found


def test_pieces_of_an_included_file() -> None:
    assert told("task = 1\n[rules.x]\nwhen = 2", ("models", "m")) == [
        ("models.m.task", 1, 1, 1), ("models.m.rules.x", 2, 2, 3),
    ]  # fmt: skip


def test_models_in_other_forms(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text(
        'models.a.task = "binary"\nmodels.a.rules.r.when = "auc < 1"\n[defaults.rules.r]\nfor = 2\n'
        '[defaults.rules.off]\nwhen = "rows < 1"\n[models.b.rules.off]\nenabled = false\n'
        '[models]\nc = { task = "binary", rules = { q = { when = "rows > 1", then = "notify" } } }\n',
        encoding="utf-8",
    )
    a, b, c = (Files(tmp_path, name).read() for name in "abc")
    assert [(r.name, r.when, r.windows, r.place, r.shared) for r in a.rules] == [
        ("r", "auc < 1", 2, "lifecycle.toml:2", False), ("off", "rows < 1", 1, "lifecycle.toml:5", True),
    ]  # fmt: skip
    assert [r.name for r in b.rules] == ["r"], "one that is switched off is none"
    assert [(r.name, r.when, r.then, r.place) for r in c.rules][-1] == (
        "q", "rows > 1", ("notify",), "lifecycle.toml:10",
    )  # fmt: skip
    assert not a.problem and not b.problem and not c.problem


def test_a_file_of_a_thousand_models(tmp_path: Path) -> None:
    one = '[models.m-{0:04d}]\ntask = "binary"\n[models.m-{0:04d}.data]\ntable = "x.csv"\n' + "".join(
        f'[models.m-{{0:04d}}.rules.r{n}]\nwhen = "auc < 0.{n + 1}"\n' for n in range(8)
    )
    (tmp_path / "lifecycle.toml").write_text("".join(one.format(n) for n in range(1000)), encoding="utf-8")
    files = Files(tmp_path, "m-0999")
    took = []
    for _ in range(6):  # what others do meanwhile does not count
        began = time.process_time()
        assert len(files.read().rules) == 8
        took.append(time.process_time() - began)
    assert took[0] < 3.0
    assert min(took[1:]) < 0.01, "read again only when it has changed"


def test_nothing_heavy_is_imported() -> None:
    heavy = {"pandas", "numpy", "scipy", "sklearn", "pyarrow", "pydantic", "sqlite_utils"}
    found = subprocess.run(
        [sys.executable, "-c",
         "import sys; from lifecycle_tui.tui.panes import alerts, history, policy, versions; "
         "from lifecycle_tui.tui.screens import page, model; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not heavy & {name.partition(".")[0] for name in found.stdout.split()}

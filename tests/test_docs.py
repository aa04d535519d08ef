"""What the documents say is there, and what is there is in the documents."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from lifecycle_tui.actions.base import Action
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
TERMINAL = (ROOT / "docs" / "terminal.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WHERE = {
    "detector": "signals.md",
    "metric": "signals.md",
    "notifier": "policies.md",
    "source": "data.md",
    "strategy": "training.md",
    "deployer": "delivery.md",
    "explainer": "explaining.md",
    "command": "hooks/register_commands.md",
    "panel": "hooks/register_panels.md",
}


def command(name: str) -> click.Command:
    found = main.LazyGroup().get_command(click.Context(main.group), name)
    assert found is not None
    return found


def leaves() -> list[tuple[str, click.Command]]:
    """Every command with its full name: `check`, `config check`, …"""
    found: list[tuple[str, click.Command]] = []
    for name in main.COMMANDS:
        cmd = command(name)
        if isinstance(cmd, click.Group):
            found += [(f"{name} {sub}", one) for sub, one in cmd.commands.items()]
        else:
            found.append((name, cmd))
    return found


@pytest.mark.parametrize(("name", "found"), leaves(), ids=[name for name, _ in leaves()])
def test_every_command_is_documented_and_has_an_example(name: str, found: click.Command) -> None:
    assert re.search(rf"^\| `lifecycle {name}[` ]", COMMANDS, re.M), f"{name} is not in the table of docs/commands.md"
    assert found.help and re.search(rf"Examples?:\n +lifecycle {name}\b", found.help)
    for parameter in found.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.opts[-1]} has no help"


def test_every_option_is_on_the_page_of_options() -> None:
    """If this fails: python docs/helps.py. (Where lines are broken differs between versions of click.)"""
    spec = importlib.util.spec_from_file_location("docs_helps", ROOT / "docs" / "helps.py")
    assert spec is not None and spec.loader is not None
    helps = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helps)
    text = helps.PAGE.read_text(encoding="utf-8")
    assert text.split() == helps.page().split()
    for name, found in leaves():
        section = text.split(f"\n## lifecycle {name}\n")[1].split("\n## ")[0]
        shown = [p for p in found.params if isinstance(p, click.Option) and not p.hidden]
        assert [o for p in shown for o in p.opts if not re.search(rf"(?<!\S){o}\b", section)] == [], name


@pytest.mark.parametrize(("name", "action"), ACTIONS.items(), ids=list(ACTIONS))
def test_every_action_is_documented(name: str, action: Action) -> None:
    """What people can do: its command, and where it has a key of its own, that."""
    assert re.search(rf"^\| `lifecycle {name}[` ]", COMMANDS, re.M), f"{name} is not in docs/commands.md"
    if action.key is None:
        return
    (row,) = [line for line in TERMINAL.splitlines() if f"`act.{name.replace(' ', '-')}`" in line]
    keys, does, ids = (cell.strip() for cell in row.strip("|").split("|"))
    assert re.search(rf"(?<!\w){re.escape(action.key)}(?!\w)", keys), f"{name}: {action.key} is not in {keys}"
    assert does and len(keys.split(" · ")) == len(ids.split()), row


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_short_helps_are_the_commands_own(name: str) -> None:
    assert command(name).get_short_help_str(200) == main.COMMANDS[name][1]


def test_no_command_is_documented_that_is_not_there() -> None:
    known = {name for name, _ in leaves()}
    for words in re.findall(r"^\| `lifecycle ([a-z]+(?: [a-z]+)?)", COMMANDS, re.M):
        assert words in known or words.split()[0] in known, words


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_and_options_in_the_pages_exist(page: Path) -> None:
    """Every `lifecycle …` in code is a command that there is, with options that it has."""
    known = {name: {o for p in found.params for o in p.opts} | {"--help", "-h"} for name, found in leaves()}
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"`lifecycle ([^`\n]+)`", text)
    for block in re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.M | re.S):
        code += re.findall(r"^\s*(?:\$ )?(?:\S*/)?lifecycle +([^\n#|>]+)", block, re.M)
    for line in code:
        words = line.replace("…", " ").split()
        if not words:
            continue  # `lifecycle` alone: the terminal
        if words[0].startswith("-") or words[0] not in main.COMMANDS:
            ours = {o for p in main.group.params for o in p.opts}
            assert words[0] in {*ours, "--help", "-h"}, f"{page.name}: lifecycle {line}"
            continue
        name = words[0] if words[0] in known else " ".join(words[:2])
        assert name in known or len(words) == 1, f"{page.name}: lifecycle {line}"
        if name == "plugins run" and len(words) > 2:
            continue  # its options are those of the plugin
        for option in re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", line):
            assert option in known.get(name, ()), f"{page.name}: lifecycle {line}"


# --- links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = page if not path else page.parent / path
        assert there.exists(), f"{page.name} links to {target}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in slugs, f"{page.name} links to {target}"


def test_the_readme_lists_every_page() -> None:
    listed = set(re.findall(r"\(docs/([\w/-]+\.md)\)", README))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")} | {"hooks/index.md"}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_pages_are_plain_markdown(page: Path) -> None:
    """Any builder makes them: one title, closed fences, tables with as many cells in each row, no HTML."""
    text = page.read_text(encoding="utf-8")
    tokens = MarkdownIt().enable("table").parse(text)
    assert [t.tag for t in tokens if t.type == "heading_open"].count("h1") == 1
    lines = text.splitlines()
    for token in tokens:
        first, last = token.map or (0, 0)
        if token.type == "fence":
            assert lines[last - 1].strip() == token.markup, f"{page.name}:{first + 1}: a fence that is not closed"
        elif token.type == "table_open":
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines[first:last]}
            assert len(cells) == 1, f"{page.name}:{first + 1}: {sorted(cells)} bars in the rows of one table"
        elif token.type == "html_block":
            assert re.fullmatch(r"<!--.*-->\s*", token.content, re.S), f"{page.name}:{first + 1}: HTML"
        elif token.type == "inline" and token.level < 3:
            assert not re.search(r"^\|.*\|$", token.content, re.M), f"{page.name}:{first + 1}: a table that is none"


# --- README's two commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "ends"), [("run-command", "/bin/lifecycle demo"), ("test-command", "/bin/python -m pytest")]
)
def test_the_two_commands_are_one_line_each(mark: str, ends: str) -> None:
    block = re.search(rf"<!-- {mark} -->\n```sh\n(.*?)\n```\n", README, re.S)
    assert block is not None and "\n" not in block.group(1)
    line = block.group(1)
    assert line.endswith(ends) and line.startswith("python3 -m venv ")
    assert "-c constraints.txt" in line and (ROOT / "constraints.txt").exists()
    environment = line.split()[3]
    ignored = (ROOT / ".gitignore").read_text().split()
    assert any(fnmatchcase(f"{environment}/", pattern) for pattern in ignored), "what they make is not committed"


def test_ci_finds_the_test_command_as_it_is_written() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    (pipeline,) = re.findall(r"^command=\$\((.*)\)$", script, re.M)
    found = subprocess.run(["bash", "-c", pipeline], cwd=ROOT, capture_output=True, text=True, check=True)
    written = re.search(r"<!-- test-command -->\n```sh\n(.*?)\n```\n", README, re.S)
    assert written is not None and found.stdout.rstrip("\n") == written.group(1)
    assert 'bash -euo pipefail -c "$command"' in script, "and runs it"


# --- plugins -----------------------------------------------------------------------------------------------------


def shipped() -> list[tuple[str, str]]:
    rows = json.loads((ROOT / "lifecycle_tui" / "builtin" / "index.json").read_text())
    rows = rows["plugins"] if isinstance(rows, dict) else rows
    return sorted({(row["kind"], row["name"]) for row in rows})


def test_the_index_holds_what_the_folders_hold() -> None:
    folder = ROOT / "lifecycle_tui" / "builtin"
    files = {p.relative_to(folder).as_posix() for p in folder.glob("*/*.py") if not p.stem.startswith("__")}
    rows = json.loads((folder / "index.json").read_text())["plugins"]
    assert {row["file"] for row in rows} == files
    plural = {"strategy": "strategies"}
    assert all(row["file"].startswith(plural.get(row["kind"], row["kind"] + "s") + "/") for row in rows)


@pytest.mark.parametrize(("kind", "name"), shipped())
def test_every_plugin_that_ships_is_documented(kind: str, name: str) -> None:
    text = (ROOT / "docs" / WHERE[kind]).read_text(encoding="utf-8")
    wanted = {"detector": rf"^\| `{name}(\.COL)?` \|", "metric": rf"^\| `{name}` \|", "notifier": rf'use += +"{name}"'}
    assert re.search(wanted.get(kind, rf"\b{name}\b"), text, re.M | re.I), f"{kind} {name} is not in docs/{WHERE[kind]}"


def test_exit_codes_are_said_alike_everywhere() -> None:
    table = dict(re.findall(r"^\| (\d+) \| (.*) \|$", COMMANDS, re.M))
    assert list(table) == ["0", "1", "2", "3", "130"]
    for code in table:
        assert code in main.EPILOG
        assert re.search(rf"\b{code}\b", command("check").help or "") or code == "130"

"""`[keys]`: what may be written for a key, what is wrong with a table, and where; what the terminal reads of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifecycle_tui.config import check, key_names
from lifecycle_tui.config.bindings import KEPT, bound, now, on_screen, read, screens
from lifecycle_tui.config.json_schema import schema
from lifecycle_tui.config.keys_file import KeysFile
from lifecycle_tui.config.keys_file import read as read_file
from lifecycle_tui.domain import environment
from lifecycle_tui.plugin_host.catalog import PluginCatalog


@pytest.mark.parametrize(
    ("written", "key", "printed"),
    [
        ("T", "T", "T"), ("?", "question_mark", "?"), ("@", "at", "@"), (" ", "space", "Space"), ("é", "é", "é"),
        ("Ctrl+F", "ctrl+f", "Ctrl+F"), ("C-f", "ctrl+f", "Ctrl+F"), ("^f", "ctrl+f", "Ctrl+F"), ("+", "plus", "+"),
        ("PgDn", "pagedown", "PgDn"), ("Esc", "escape", "Esc"), ("f5", "f5", "F5"),
        ("alt+T", "alt+shift+t", "Alt+Shift+T"),
        ("shift+ctrl+up", "ctrl+shift+up", "Ctrl+Shift+Up"), ("question_mark", "question_mark", "?"),
        (",", "comma", ","),
        ("Shift+Tab", "shift+tab", "Shift+Tab"),
    ],
)  # fmt: skip
def test_ways_to_write_a_key(written: str, key: str, printed: str) -> None:
    assert key_names.parse(written) == key
    assert key_names.shown(key) == printed
    assert key_names.parse(printed) == key, "what is printed can be written"


@pytest.mark.parametrize(
    ("written", "says", "hint"),
    [
        ("esscape", "no such key", '"Esc"'), ("ctrl+i", "as for Tab", "Tab"), ("ctrl+1", "terminals send no such", ""),
        ("Ctrl+Shift+T", "terminals send no such", ""), ("super+x", "no terminal sends it", "Alt+T"),
        ("shift+t", "terminals send no such", '"T"'), ("a,b", "several keys", '["a", "b"]'), 
        ("\x1b", "no key types", ""),
        ("hyper+", "no terminal sends it", ""), ("x" * 500, "no such key", ""),
    ],
)  # fmt: skip
def test_what_is_no_key(written: str, says: str, hint: str) -> None:
    with pytest.raises(key_names.KeyNameError, match=says) as caught:
        key_names.parse(written)
    assert hint in caught.value.hint


def test_what_is_right_is_taken() -> None:
    keymap, flaws = read({"act.retrain": "T", "grid.down": ["down", "f7"], "fleet.sort": [], "fleet.reverse": ""})
    assert (keymap, flaws) == (
        {"act.retrain": ("T",), "grid.down": ("down", "f7"), "fleet.sort": (), "fleet.reverse": ()}, []
    )  # fmt: skip
    assert now(keymap)["act.retrain"] == ("T",) and now(keymap)["act.promote"] == ("p",)


def test_keys_can_be_swapped() -> None:
    assert read({"act.retrain": "p", "act.promote": "t"})[1] == []


def test_a_nearer_key_that_hides_another_from_the_start_goes_on_doing_so() -> None:
    assert read({"grid.pagedown": ["pagedown", "space"]})[1] == [], "space marks rows in the fleet all the same"


def test_lists_and_texts_can_share_a_key_as_one_of_them_has_the_focus() -> None:
    assert read({"grid.down": "f7", "pager.down": "f7"})[1] == []


@pytest.mark.parametrize(
    ("table", "code", "id_", "message", "hint"),
    [
        ({"act.retrian": "T"}, "unknown-binding", "act.retrian", 'called "act.retrian"', "act.retrain"),
        ({"act.retrain": "escpae"}, "no-such-key", "act.retrain", "there is no such key", ""),
        ({"act.retrain": ["T", ""]}, "no-such-key", "act.retrain", "stands alone", "[]"),
        ({"view.leave": ""}, "no-way-out", "view.leave", "must keep a key", "q"),
        ({"filter.keep": "x"}, "no-such-key", "filter.keep", "would be typed", "F5"),
        ({"filter.drop": []}, "no-way-out", "filter.drop", "no way out of the filter", "Esc"),
        ({"fleet.sort": "t"}, "key-clash", "fleet.sort", "by itself of act.retrain", '"act.retrain" = []'),
        ({"act.retrain": "B", "act.promote": "B"}, "key-clash", "act.promote", "of act.retrain, and both", "another"),
        ({"act.retrain": "g"}, "key-clash", "act.retrain", "app.jump, and both work everywhere", "app.jump"),
        ({"jump.fleet": "a"}, "key-clash", "jump.fleet", "both work after g", "jump.alerts"),
    ],
)
def test_what_is_wrong(table: dict[str, object], code: str, id_: str, message: str, hint: str) -> None:
    _, flaws = read(table)
    assert [(flaw.code, flaw.id) for flaw in flaws] == [(code, id_)]
    assert message in flaws[0].message and hint in (flaws[0].hint or "")


@pytest.mark.parametrize("id_", KEPT)
def test_the_last_way_out_stays(id_: str) -> None:
    assert [flaw.code for flaw in read({id_: []})[1]] == ["no-way-out"]
    assert read({id_: "F9"})[1] == []


def test_a_key_that_many_have_is_one_problem() -> None:
    (flaw,) = read({"act.retrain": "s"})[1]
    assert "fleet.sort" in flaw.message and "drift.sort" in flaw.message


def test_each_binding_taken_by_itself_is_right() -> None:
    """No key of ours clashes with another as the program comes: writing all of them down changes nothing."""
    everything = {id_: list(one.keys) for id_, one in bound().items()}
    keymap, flaws = read(everything)
    assert flaws == [] and now(keymap) == now({})


def test_screens() -> None:
    assert {"fleet", "model", "model.drift", "jobs", "palette", "help", "after g"} <= set(screens())
    assert {"fleet.sort", "grid.mark", "act.retrain", "app.quit"} <= {one.id for one in on_screen("fleet")}
    assert {"drift.data", "versions.mark"} <= {one.id for one in on_screen("model")}, "all its panes"
    with pytest.raises(KeyError):
        on_screen("flet")


# ── in the file ───────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = """\
[keys]
"act.retrain" = "T"
"act.promote" = ["P", "ctrl+i"]
"act.rollback" = "B"
"act.approve" = "B"
"fleet.srot" = "o"
"view.leave" = ""
act.ack = "v"
"fleet.sort" = 3
"""


def test_each_problem_has_its_place(workspace) -> None:
    _, problems = check(workspace(TEXT))
    found = {(p.code, p.place.line, p.place.column): p for p in problems if p.key.startswith("keys")}
    assert set(found) == {
        ("no-such-key", 3, 23), ("key-clash", 5, 17), ("unknown-binding", 6, 1), ("no-way-out", 7, 16),
        ("value", 8, 1), ("value", 9, 16),
    }  # fmt: skip
    clash = found["key-clash", 5, 17]
    assert "act.approve" in clash.message and "act.rollback" in clash.message
    assert [(place.line, place.column) for place in clash.related] == [(4, 18)], "both lines are shown"
    assert found["unknown-binding", 6, 1].hint == 'did you mean "fleet.sort"?'
    assert "needs quotes" in (found["value", 8, 1].hint or "")


def test_a_sound_table_is_no_problem(workspace) -> None:
    _, problems = check(workspace('[keys]\n"act.retrain" = ["T", "F5"]\n"fleet.sort" = []\n'))
    assert [p.code for p in problems] == ["no-models"]


def test_editors_know_the_ids() -> None:
    keys = json.loads(json.dumps(schema(PluginCatalog([]))))["properties"]["keys"]
    assert "act.retrain" in keys["properties"] and keys["additionalProperties"] is False
    assert "Default: t." in keys["properties"]["act.retrain"]["description"]


# ── what the terminal reads ───────────────────────────────────────────────────────────────────────────────────────


def write(root: Path, text: str, name: str = "lifecycle.toml") -> None:
    (root / name).write_text(text, encoding="utf-8")


def test_a_file_without_keys_and_none_at_all(tmp_path: Path) -> None:
    assert read_file(tmp_path).keymap == {}
    write(tmp_path, '[models.keys]\ntask = "binary"\nkeyspace = 1\n')
    assert (read_file(tmp_path).keymap, read_file(tmp_path).problem) == ({}, "")


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\n"act.retrain" = "T"\n[models.a]\nx = 1\n',
        'keys."act.retrain" = "T"\n[models.a]\nx = 1\n',
        'keys = { "act.retrain" = "T" }\n',
        '[models.a]\nx = 1\n\n  [ keys ] # mine\r\n"act.retrain" = [\n  "T",\n]\n[models.b]\n',
        '[keys]\n"act.retrain" = [\n[\n"T"]]\n[x]\n[keys.y]\n',
    ],
)
def test_the_table_is_found(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    found = read_file(tmp_path)
    if "[\n[" in text:
        assert found.keymap == {} and found.problem, "a list in a list is no key"
    else:
        assert (found.keymap, found.problem) == ({"act.retrain": ("T",)}, "")


def test_of_a_file_that_is_no_toml_elsewhere_the_table_is_read(tmp_path: Path) -> None:
    write(tmp_path, '[keys]\n"act.retrain" = "T"\n[models.a]\nx = = 1\n')
    assert read_file(tmp_path).keymap == {"act.retrain": ("T",)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[keys]\n"act.retrain" = "T"\n"fleet.srot" = "o"\n', "lifecycle.toml:3:1: no key binding"),
        ('[keys]\n"act.retrain" = \n', "lifecycle.toml is no TOML"),
    ],
)
def test_a_table_with_an_error_changes_nothing(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, '[keys]\n"act.promote" = "F6"\n')
    before = read_file(tmp_path)
    write(tmp_path, text)
    found = read_file(tmp_path, before)
    assert found.keymap == {"act.promote": ("f6",)}
    assert says in found.problem and "stay as they were" in found.problem


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, '[keys]\n"act.promote" = "F6"\n')
    found = read_file(tmp_path)
    assert read_file(tmp_path, found) is found
    write(tmp_path, "[models.a]\n")
    assert read_file(tmp_path, found).keymap == {}


def test_the_file_of_the_environment_lies_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, '[keys]\n"act.promote" = "F6"\n"act.retrain" = "T"\n')
    write(tmp_path, '[keys]\n"act.retrain" = "F5"\n', "lifecycle.prod.toml")
    monkeypatch.setenv(environment.VARIABLE, "prod")
    assert read_file(tmp_path, KeysFile()).keymap == {"act.promote": ("f6",), "act.retrain": ("f5",)}


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_bytes(b'[keys]\n"act.promote" = "\xff"\n')
    assert "not UTF-8" in read_file(tmp_path).problem

"""The list of all bindings is that of the classes; on every screen, what works is what the list says; keys' names."""

from __future__ import annotations

from pathlib import Path

import pytest
import seed_walk
from textual import keys as textual_keys
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot
from tui_screen import SMALL, app_on, until

from lifecycle_tui.config import key_names, key_table
from lifecycle_tui.config.bindings import bound
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import keymap, keys
from lifecycle_tui.tui.jumping import JUMPS
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.screens.model import PANES


def test_the_list_is_that_of_the_classes() -> None:
    """If this fails: python -m lifecycle_tui.tui.keymap."""
    assert keymap.HOME.read_text(encoding="utf-8") == keymap.text()


def test_every_binding_is_in_the_list() -> None:
    declared = {b.id for node in keymap.classes() for b in keys.declared(node)} | {jump.id for jump in JUMPS}
    assert declared == set(bound())


def test_every_key_of_ours_is_one_that_terminals_send() -> None:
    known = {*key_names.known(), "ctrl+z"}
    wrong = {key for one in bound().values() for key in one.keys if key not in known and len(key) > 1}
    assert not wrong


def test_names_of_characters_are_textual_s() -> None:
    for character in map(chr, range(33, 127)):
        assert key_names.of_character(character) == textual_keys._character_to_key(character)


def test_names_of_other_keys_are_textual_s() -> None:
    sent = {"+".join(getattr(k, "value", k) for k in found) for found in ANSI_SEQUENCES_KEYS.values()
            if isinstance(found, tuple)}  # fmt: skip
    ours = {key for key in key_names.known() if not key_names.typed(key) and not key.startswith("alt+")}
    assert ours - sent == set()


def test_nothing_but_half_a_page_is_on_the_keys_that_delete_elsewhere() -> None:
    """Ctrl-D, -U, -K, -J: k9s kills with one of them. A line that is typed into has what shells have there."""
    taken = {(key, one.what) for one in bound().values() for key in one.keys if key in
             ("ctrl+d", "ctrl+u", "ctrl+k", "ctrl+j")}  # fmt: skip
    assert taken == {("ctrl+d", "half a page down"), ("ctrl+u", "half a page up")}


def test_lists_and_texts_know_arrows_and_vim_s_keys() -> None:
    for group in ("grid", "pager", "log"):
        assert bound()[f"{group}.down"].keys[:2] == ("down", "j") and bound()[f"{group}.up"].keys[:2] == ("up", "k")
        assert "G" in bound()["grid.last"].keys


def test_every_place_has_a_jump_of_its_own() -> None:
    letters = [jump.key for jump in JUMPS]
    assert len(set(letters)) == len(letters)
    assert {f"jump.{name}" for name in PLACES} <= set(bound())


# ── live ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keymap") / "shop"
    root.mkdir()
    seed_walk.seed(root)
    return root


def live(pilot: Pilot[None]) -> set[str]:
    """Ids of the bindings that a key goes through now."""
    found = set()
    for node, _ in pilot.app.screen._modal_binding_chain:
        for part in type(node).__mro__:
            if issubclass(part, DOMNode):
                found |= {b.id for b in keys.declared(part) if b.id}
    return found


def said(name: str) -> set[str]:
    owners = key_table.WHERE[name]
    return {one.id for one in bound().values() if one.owner in owners}


@pytest.mark.slow
async def test_on_every_screen_that_works_which_the_list_says(walked: Path, tmp_path: Path) -> None:
    with State.open(seed_walk.copy(walked, tmp_path / "shop")) as state:
        async with app_on(state).run_test(size=SMALL) as pilot:
            for name in PLACES:
                await pilot.press("g", name[0] if name != "audit" else "u")
                await until(pilot, lambda name=name: name == pilot.app.screen.NAME, name)
                assert live(pilot) <= said(name), name
            await pilot.press("g", "f", "enter")
            await until(pilot, lambda: pilot.app.screen.NAME == "model", "the model")
            for name, pane in PANES.items():
                await pilot.press(pane.key)
                await until(pilot, lambda name=name: name == pilot.app.screen.pane.NAME, name)
                assert live(pilot) <= said(f"model.{name}"), name
            for key, name in (("x", "actions"), ("question_mark", "help"), ("t", "action"), ("colon", "palette")):
                before = pilot.app.screen
                await pilot.press(key)
                await until(pilot, lambda before=before: pilot.app.screen is not before, name)
                here = live(pilot) - {"help.filter"} if name == "help" else live(pilot)
                assert here <= said(name), name
                await pilot.press("escape")
                await until(pilot, lambda before=before: pilot.app.screen is before, "back")


def test_a_footer_s_key_can_be_pressed_by_what_is_printed_on_it() -> None:
    for one in bound().values():
        for key in one.keys:
            assert key_names.parse(key_names.shown(key)) == key


def test_keys_of_a_class_are_merged_as_textual_merges_them() -> None:
    for node in keymap.classes():
        theirs = {key: [b.action for b in found] for key, found in node._merge_bindings().key_to_bindings.items()}
        ours = {key: [b.action for b in found] for key, found in keys.bound(node).items()}
        assert {key: ours.get(key) for key in theirs} == theirs, node


def test_a_key_that_is_given_up_does_not_fall_to_textual_s_own() -> None:
    from lifecycle_tui.tui.app import LifecycleApp

    keys.use({"app.quit": ("f9",)})
    try:
        found = keys.bound(LifecycleApp)
        assert [b.action for b in found["f9"]] == ["leave(0)"] and "ctrl+q" not in found
    finally:
        keys.use({})


def test_a_class_without_a_name_is_no_screen() -> None:
    class Nothing(DOMNode):
        BINDINGS = [Binding("y", "yes", "yes", id="nothing.yes")]

    assert keymap._name(Nothing) == ""

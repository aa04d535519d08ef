"""The parts of the policy's editing that need no screen: values, merging, the draft, differences, the editor."""

from __future__ import annotations

import os
import random
import tomllib
from pathlib import Path

import pytest

from lifecycle_tui.tui.policy import differing, editor, values
from lifecycle_tui.tui.policy.asked import Op
from lifecycle_tui.tui.policy.draft import Draft
from lifecycle_tui.tui.policy.editing import dotted
from lifecycle_tui.tui.policy.explaining import through
from lifecycle_tui.tui.policy.merge import MINE, THEIRS, changed_lines, merged
from lifecycle_tui.tui.reads.policy_file import Files

WORDS, NUMBER, LIST, PLUGIN = ('"critical"',), ("3",), ('["notify", "retrain"]',), ('"warm-start"', '{ use = "x" }')


@pytest.mark.parametrize(
    ("text", "like", "toml"),
    [
        ("", WORDS, None),
        ("  ", NUMBER, None),
        ("auc < 0.9", WORDS, '"auc < 0.9"'),
        ('"auc < 0.9"', WORDS, '"auc < 0.9"'),
        ("0 3 1 * *", ('"0 3 1 * *"',), '"0 3 1 * *"'),
        ('psi["a b"] > 1', WORDS, '"psi[\\"a b\\"] > 1"'),
        ("30_000", NUMBER, "30_000"),
        ("three", NUMBER, '"three"'),
        ("3", WORDS, '"3"'),
        ("notify, retrain", LIST, '["notify", "retrain"]'),
        ("notify", LIST, '["notify"]'),
        ('["a", "b"]', LIST, '["a", "b"]'),
        ('"a, b"', LIST, '["a, b"]'),
        ("rare", PLUGIN, '"rare"'),
        ('{ use = "rare" }', PLUGIN, '{ use = "rare" }'),
        ("180d", ('"180d" or 2025-01-01',), '"180d"'),
        ("2025-01-01", ('"180d" or 2025-01-01',), "2025-01-01"),
        ("true", ("false",), "true"),
        ("[0.1, 0.2]", ("[0.5, 1.0]",), "[0.1, 0.2]"),
        ("名前 \x7f\t", WORDS, '"名前 \\u007f"'),
    ],
)
def test_what_is_typed_as_toml(text: str, like: tuple[str, ...], toml: str | None) -> None:
    assert values.typed(text, like) == toml
    if toml is not None:
        tomllib.loads(f"x = {toml}")


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ('"auc < 0.9"', "auc < 0.9"), ('["a", "b"]', "a, b"), ("3", "3"), ("{ use = 1 }", "{ use = 1 }"),
        ('"3"', '"3"'), ('"true"', '"true"'), ('["a, b"]', '["a, b"]'), ("[]", "[]"), ('" x"', '" x"'), (None, ""),
        ('"a\\u001b"', '"a\\u001b"'), ("needed", "needed"), ('[""]', '[""]'),
    ],
)  # fmt: skip
def test_toml_as_it_is_typed_and_back(toml: str | None, text: str) -> None:
    assert values.shown(toml) == text
    if toml not in (None, "needed"):
        again = values.typed(text, (toml,))
        assert again is not None and toml is not None
        assert values.parsed(again) == values.parsed(toml)


def test_values_of_any_kind_as_toml() -> None:
    value = {"a b": [1, 2.5, True], "c": {"d": 'x"\\\n'}, "e": tomllib.loads("x = 2025-01-01")["x"], "f": {}}
    assert tomllib.loads(f"x = {values.toml(value)}")["x"] == value


BASE = b"".join(b"line %d\n" % n for n in range(30))


def edited(text: bytes, *lines: int, word: bytes = b"mine") -> bytes:
    """These lines replaced."""
    found = text.splitlines(keepends=True)
    for n in lines:
        found[n] = word + b" %d\n" % n
    return b"".join(found)


def test_two_edits_of_different_lines_are_both_there() -> None:
    text, clashes = merged(BASE, edited(BASE, 3, 20), edited(BASE, 10, word=b"theirs"))
    assert clashes == 0
    assert text == edited(edited(BASE, 3, 20), 10, word=b"theirs")


def test_two_edits_of_one_line_are_both_there_between_marks() -> None:
    text, clashes = merged(BASE, edited(BASE, 5), edited(BASE, 5, word=b"theirs"))
    assert clashes == 1
    assert MINE in text and b"mine 5\n" in text and b"theirs 5\n" in text and THEIRS in text
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text.decode())


@pytest.mark.parametrize("seed", range(40))
def test_nothing_that_one_of_two_wrote_is_lost(seed: int) -> None:
    rng = random.Random(seed)
    texts = []
    for who in (b"mine", b"theirs"):
        lines = BASE.splitlines(keepends=True)
        for n in range(rng.randint(0, 4)):
            at = rng.randrange(len(lines))
            lines[at : at + rng.randint(0, 3)] = [b"%s %d\n" % (who, n)] * rng.randint(0, 2)
        texts.append(b"".join(lines))
    mine, theirs = texts
    text, clashes = merged(BASE, mine, theirs)
    for line in (*mine.splitlines(), *theirs.splitlines()):
        assert line in text.splitlines() or line.startswith(b"line"), (seed, line)
    assert merged(BASE, mine, BASE) == (mine, 0) and merged(BASE, BASE, theirs) == (theirs, 0)
    assert merged(BASE, mine, mine) == (mine, 0)
    assert bool(clashes) == (MINE in text)


def test_changed_lines_of_a_file_of_a_thousand_models() -> None:
    big = b"".join(b'[models.m-%04d]\ntask = "binary"\n' % n for n in range(1000))
    assert changed_lines(big, big) == set()
    assert changed_lines(big, edited(big, 1500)) == {1501}
    assert changed_lines(b"", b"a\nb\n") == {1, 2}


def test_a_draft_can_be_undone_and_says_who_else_wrote(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.toml"
    path.write_bytes(BASE)
    draft = Draft()
    assert not draft and not draft.undo() and draft.moved() == ()
    assert draft.take({path: edited(BASE, 3)}, {path: BASE})
    assert draft.take({path: edited(BASE, 3, 4)}, {path: b"never taken"})
    assert not draft.take({path: edited(BASE, 3, 4)}, {})
    assert draft and draft.moved() == ()
    assert draft.undo() and draft.texts == {path: edited(BASE, 3)}
    path.write_bytes(edited(BASE, 20, word=b"theirs"))
    assert draft.moved() == (path,)
    onto = draft.onto()
    assert draft.put(onto) and dict(onto.clashes) == {path: 0} and not draft.put(onto)
    assert draft.texts[path] == edited(edited(BASE, 3), 20, word=b"theirs") and draft.moved() == ()
    draft.saved(dict(draft.texts))
    assert not draft and not draft.undo()


def test_a_file_written_between_reading_and_taking_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.toml"
    path.write_bytes(edited(BASE, 7, word=b"theirs"))
    draft = Draft()
    draft.take({path: edited(BASE, 3)}, {path: BASE})
    assert draft.moved() == (path,)


def test_a_file_that_is_gone_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.toml"
    path.write_bytes(BASE)
    draft = Draft()
    draft.take({path: edited(BASE, 3)}, {path: BASE})
    path.unlink()
    assert draft.moved() == (path,)
    assert draft.put(draft.onto())
    assert b"mine 3" in draft.texts[path]


def test_an_edit_back_to_what_the_file_says_is_none(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.toml"
    path.write_bytes(BASE)
    draft = Draft()
    draft.take({path: edited(BASE, 3)}, {path: BASE})
    draft.take({path: BASE}, {})
    assert not draft and draft.steps == 2


def test_differences_have_signs_numbers_and_files(tmp_path: Path) -> None:
    path, other = tmp_path / "lifecycle.toml", tmp_path / "models" / "m.toml"
    before = {path: BASE, other: b"a\r\nb\r\n"}
    after = {path: edited(BASE, 3, 25), other: b"a\nb\n"}
    found = ["".join(span.text for span in line) for line in differing.lines(before, after, tmp_path, 80)]
    assert found[0] == " lifecycle.toml" and "     4 + mine 3" in found and "       - line 3" in found
    assert "    26 + mine 25" in found and "    15   line 14" not in found
    assert found[-2:] == [" models/m.toml", "   only line ends differ"]
    assert differing.counted({path: BASE}, {path: edited(BASE, 3, 25)}) == (2, 2)


def test_hostile_text_in_a_difference(tmp_path: Path) -> None:
    after = {tmp_path / "x": "名前é \x1b[31m\tred\xff\n".encode("latin-1", "replace") + b"\xff\x00" * 200}
    for cells in (1, 20, 80):
        for line in differing.lines({}, after, tmp_path, cells):
            assert all("\x1b" not in span.text and "\n" not in span.text for span in line)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("vi", ["vi", "+7", "F"]),
        ("nvim -p", ["nvim", "-p", "+7", "F"]),
        ("/usr/bin/emacsclient -t", ["/usr/bin/emacsclient", "-t", "+7", "F"]),
        ("nano", ["nano", "+7", "F"]),
        ("micro", ["micro", "+7", "F"]),
        ("hx", ["hx", "F:7"]),
        ("code", ["code", "--wait", "--goto", "F:7"]),
        ("code -w -g", ["code", "-w", "-g", "F:7"]),
        ("subl --wait", ["subl", "--wait", "F:7"]),
        ("'/opt/my editor/ed'", ["/opt/my editor/ed", "+7", "F"]),
        ("kate", ["kate", "--block", "--line", "7", "F"]),
    ],
)
def test_how_editors_are_told_the_line(command: str, words: list[str]) -> None:
    assert editor.words(command, "F", 7) == words


def test_which_editor() -> None:
    assert editor.chosen({"VISUAL": "a", "EDITOR": "b"}) == "a"
    assert editor.chosen({"VISUAL": " ", "EDITOR": "b"}) == "b"
    assert editor.chosen({}) == "vi"


def script(tmp_path: Path, body: str) -> str:
    """An editor that does this; `$2` is the file."""
    path = tmp_path / "an editor"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return f"'{path}'"


def test_what_editors_do(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    file = folder / "lifecycle.toml"
    file.write_bytes(BASE)
    for body, text, said in (
        ('echo "$1" > "$2"', b"+7\n", ""),
        ("exit 0", None, ""),
        ('echo x > "$2"; exit 3', None, "ended with 3, so nothing was taken"),
        ('echo x > "$2"; kill -9 $$', None, "what it had written is in"),
        ('rm "$2"', None, "could not be read"),
    ):
        done = editor.edit(file, BASE, 7, script(tmp_path, body))
        assert done.text == text and (said in done.said if said else not done.said), body
        assert file.read_bytes() == BASE, "the file itself is never touched"
        left = sorted(p.name for p in folder.iterdir() if p != file)
        assert len(left) == ("what it had" in said), "the copy goes, unless it holds what nobody else has"
        for name in left:
            (folder / name).unlink()
    for command in ("/no/such/editor", "'unmatched", str(folder)):
        done = editor.edit(file, BASE, 7, command)
        assert done.text is None and "could not be started" in done.said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "lifecycle.toml").write_bytes(BASE)
    folder.chmod(0o555)
    done = editor.edit(folder / "lifecycle.toml", BASE, 1, script(tmp_path, 'echo x > "$2"'))
    assert done.text == b"x\n" and [p.name for p in folder.iterdir()] == ["lifecycle.toml"]


def test_an_option_of_a_plugin_that_stands_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text(
        '[defaults.training]\nstrategy = "rare"\n[defaults.monitor.metrics]\nauc = {}\n'
        '[models.m]\ntask = "binary"\n[models.m.monitor]\ndetectors = ["psi", "ks"]\n',
        encoding="utf-8",
    )
    files = Files(tmp_path, "m")
    files.read()
    for key, value, want in (
        (("monitor", "detectors", "psi", "bins"), "20", ("detectors", "{ psi = { bins = 20 }, ks = {} }")),
        (("training", "strategy", "others"), "5", ("strategy", '{ use = "rare", others = 5 }')),
        (("monitor", "metrics", "auc", "x"), "1", ("metrics", "{ auc = { x = 1 } }")),
        (("monitor", "detectors", "psi", "bins"), None, ("detectors", "{ psi = {}, ks = {} }")),
        (("rules", "r", "when"), '"a"', ("when", '"a"')),
    ):
        op = through(Op(("models", "m", *key), value), files)
        assert (op.key[-1], op.value) == want


def test_odd_names_in_keys() -> None:
    assert dotted(("models", "churn[prod]", "rules", 'a "b"', "when")) == 'models."churn[prod]".rules."a \\"b\\"".when'


def test_an_empty_section_is_there_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text('[models.m]\ntask = "binary"\n[models.m.training]\n', encoding="utf-8")
    found = Files(tmp_path, "m").read()
    assert (found.training, found.rollout) == ("all as by default", "")

"""Of a file with many models the tables of others are passed over at once, and what is left is the same."""

from __future__ import annotations

import random

import pytest

from lifecycle_tui.tui.toml_lines import Piece, others, pieces

BLOCKS = (
    '[models.{m}]\ntask = "binary"\n',
    '[models.{m}.data]\r\nwindow = "1 day"\r\n\r\n',
    "# about {m}\n[models.{m}]\na = 1 # [x]\n",
    "[models.{m}.x]\nlist = [1, 2]\ninline = {{ a = \"]\", b = '#' }}\n# a comment that nothing follows\n\n",
    "[models.{m}]\n# a comment of what comes next\n",
    '[models.{m}]\ntext = """\n[models.b]\nx = 1\n"""\n',
    "[models.{m}]\nlist = [\n[1, 2],\n[3]]\nb = 2\n",
    "[[models.{m}.list]]\na = 1\n",
    "[models.\"{m}\"]\na = '''\n[models.c]\n'''\n",
    "[models.{m}]\nwrong = [1\n",
    "[models.{m}\n",
    '[defaults]\na = """\n[models.a]\n"""\n',
    "[defaults.rules.r]\nwhen = 'x'\n",
    "[models]\n{m} = {{ a = 1 }}\n",
    "include = ['*.toml']\n",
    "\n",
    "# alone\n\n",
    '[ models . {m} . y ] # said\nk = "a\\"b"\n',
)


@pytest.mark.parametrize("seed", range(4))
def test_the_pieces_of_a_model_are_the_same(seed: int) -> None:
    some = random.Random(seed)
    for _ in range(400):
        text = "".join(some.choice(BLOCKS).format(m=some.choice("abcd")) for _ in range(some.randrange(9)))
        text = text.rstrip("\n") if some.random() < 0.3 else text
        lines = text.split("\n")
        found = list(pieces(lines, (), text, others("a")))
        assert [p for p in found if counts(p)] == [p for p in pieces(lines) if counts(p)], text


def counts(piece: Piece) -> bool:
    return piece.path[:1] != ("models",) or piece.path[:2] == ("models", "a")


def test_a_run_of_others_is_one_step() -> None:
    text = "".join(
        f"# of m{n}\n[models.m{n}]\ntask = 'binary'\n[models.m{n}.data]\nwindow = '1 day'\n\n" for n in range(999)
    )
    assert [p.path for p in pieces(text.split("\n"), (), text, others("m500"))] == [
        ("models", "m500"), ("models", "m500", "data"),
    ]  # fmt: skip
    assert [p.path for p in pieces(text.split("\n"), (), text, others("m"))] == []

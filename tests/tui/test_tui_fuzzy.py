"""Finding by some letters: what matches, in which order, and how fast with ten thousand names."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.tui.fuzzy import folded, ranked


def best(names: list[str], typed: str, most: int = 100) -> list[str]:
    found, total = ranked([folded(name) for name in names], typed, most)
    assert total >= len(found)
    return [names[place] for place in found]


@pytest.mark.parametrize(
    ("typed", "names", "order"),
    [
        ("", ["b", "a"], ["b", "a"]),
        ("fraud", ["fraudulent", "card-fraud", "defraud", "f-r-a-u-d", "fraud", "loans"],
         ["fraud", "fraudulent", "card-fraud", "defraud", "f-r-a-u-d"]),
        ("cf", ["coffee-shop", "scarf", "card-fraud", "cold-flu-x"],
         ["card-fraud", "cold-flu-x", "coffee-shop", "scarf"]),
        ("CARD", ["card", "Card-2"], ["card", "Card-2"]),
        ("house p", ["house-prices", "house pools"], ["house pools", "house-prices"]),
        ("pr", ["apricot-prices", "xprx", "paper"], ["apricot-prices", "xprx", "paper"]),
        ("abc", ["ab", "acb", "a b c", "xaxbxc"], ["a b c", "xaxbxc"]),
        ("^]", ["a^b]", "a]b^", "\\"], ["a^b]"]),
        ("straße", ["STRASSE", "strand"], ["STRASSE"]),
        ("客流", ["客户流失", "流客"], ["客户流失"]),
    ],
)  # fmt: skip
def test_the_best_come_first(typed: str, names: list[str], order: list[str]) -> None:
    assert best(names, typed) == order


def test_equals_keep_their_order_and_no_more_than_wanted_are_returned() -> None:
    names = [f"m-{n:04d}" for n in range(1000)]
    assert best(names, "m", 5) == names[:5]
    assert ranked([folded(n) for n in names], "m", 5)[1] == 1000
    assert best(["x-b", "x-a"], "x") == ["x-b", "x-a"]


@given(st.lists(st.text(max_size=12), max_size=20), st.text(max_size=6))
def test_what_matches_has_the_letters_in_their_order(names: list[str], typed: str) -> None:
    letters = typed.casefold().strip().replace(" ", "")
    words = typed.casefold().strip()

    def has(name: str) -> bool:
        rest = iter(folded(name))
        return words in folded(name) or all(letter in rest for letter in letters)

    found, total = ranked([folded(name) for name in names], typed, 50)
    assert sorted(found) == [n for n, name in enumerate(names) if has(name)]
    assert total == len(found)


@pytest.mark.parametrize("typed", ["m", "tm", "tmdlchrn", "0077", "team-3-model", "nothing"])
def test_ten_thousand_names_are_ranked_within_a_keystroke(typed: str) -> None:
    names = [folded(f"team-{n % 37}-model-{n:05d}-churn") for n in range(10_000)]
    took = []
    for _ in range(5):
        start = time.process_time()
        ranked(names, typed, 200)
        took.append(time.process_time() - start)
    assert min(took) < 0.05, "a few milliseconds on a quiet machine"

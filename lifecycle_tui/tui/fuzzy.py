"""Finds names by some of their letters, best first: `cf` finds card-fraud. Pure; called by the palette at every key.

A name matches where all letters occur in their order. In front come names that begin with what was typed, then those
with a word that does, then those that hold it, then scattered letters: the fewer pieces and the more of them at the
beginnings of words, the better. Among equals the shorter name, then the one that was given first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

BEGINS, WORD, WITHIN, SCATTERED = 0, 1, 2, 3
CLOSER = 3
"""So many times as many names as are wanted are looked at closer."""
_LONG = 1 << 10
_MANY = 1 << 24


def folded(name: str) -> str:
    """A name as `ranked` takes it; fold names once, not at every key."""
    return name[:_LONG].casefold()


def ranked(names: Sequence[str], typed: str, most: int) -> tuple[list[int], int]:
    """The best of `names` for what was typed.

    Args:
        names: folded, fewer than 16 million.
        typed: spaces do not count, unless a name has them in the same places.
        most: how many to return.

    Returns:
        Their places, the best first, and how many match in all.
    """
    words = typed.casefold().strip()
    letters = words.replace(" ", "")
    if not letters:
        return list(range(min(most, len(names)))), len(names)
    lies = _lies(letters)
    found: list[int] = []
    scattered: list[int] = []
    for place, name in enumerate(names):
        at = name.find(words)
        if at >= 0:
            found.append(_rank(_at(name, words, at) * _LONG, name, place))
        elif match := lies(name):
            # How far apart they lie is a first guess, in a tenth of the time; the best guesses are looked at closer.
            scattered.append(_rank(match.end() - match.start(1), name, place))
    total = len(found) + len(scattered)
    if len(found) < most:
        scattered.sort()
        for place in (rank % _MANY for rank in scattered[: CLOSER * most]):
            found.append(_rank(SCATTERED * _LONG + _scattered(names[place], letters), names[place], place))
    found.sort()
    return [rank % _MANY for rank in found[:most]], total


def _lies(letters: str) -> Callable[[str], re.Match[str] | None]:
    """Whether and where the letters occur in their order: one pass, as what was passed is not looked at again."""
    first, *more = map(re.escape, letters)
    rest = "".join(f"[^{letter}]*+{letter}" for letter in more)
    return re.compile(f"[^{first}]*+({first}){rest}").match


def _rank(score: int, name: str, place: int) -> int:
    """One number to sort by: score, length of the name, place."""
    return (score * _LONG + min(len(name), _LONG - 1)) * _MANY + place


def _at(name: str, words: str, at: int) -> int:
    """Begins, a word does, or within, for what occurs at `at` and perhaps again."""
    if at == 0:
        return BEGINS
    while at > 0:
        if not name[at - 1].isalnum():
            return WORD
        at = name.find(words, at + 1)
    return WITHIN


def _scattered(name: str, letters: str) -> int:
    """Pieces in which the letters lie, twice, less those that begin words; by the better one of two ways of looking."""
    return min(_pieces(name, letters, starts=True), _pieces(name, letters, starts=False))


def _pieces(name: str, letters: str, *, starts: bool) -> int:
    cost, end = 0, -1
    for letter in letters:
        if end >= 0 and name.startswith(letter, end):
            end += 1
            continue
        at = name.find(letter, max(end, 0))
        if starts:
            word = at
            while word > 0 and name[word - 1].isalnum():
                word = name.find(letter, word + 1)
            at = word if word >= 0 else at
        if at < 0:
            return _LONG - 1  # this way of looking went past what it needs
        cost += 2 - (at == 0 or not name[at - 1].isalnum())
        end = at + 1
    return min(cost, _LONG - 1)

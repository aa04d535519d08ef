"""Which word was meant by a misspelt one. Called wherever a name, a key or a choice is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The choice that was probably meant: one that differs by a single slip of the fingers, else the most alike.

    Capitals, and `-` for `_`, do not count.

    Args:
        cutoff: how alike it must be at least where it is no single slip, 0 to 1 (difflib's ratio).
    """
    plain = {_folded(choice): choice for choice in choices}
    asked = _folded(word)
    if asked in plain:
        return plain[asked]
    slips = [choice for choice in plain if one_slip(asked, choice)]
    if slips:
        # Of several, one of the same letters (two swapped) is likeliest, then one with letters lost.
        return plain[max(slips, key=lambda choice: (_alike(asked, choice), len(choice)))]
    close = get_close_matches(asked, plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else None


def meant(word: str, choices: Iterable[str]) -> str | None:
    """The hint for a misspelt word, if there is one to give."""
    found = nearest(word, choices)
    return f'did you mean "{found}"?' if found else None


def one_slip(first: str, second: str) -> bool:
    """Whether two different words are one letter added, lost or changed, or two neighbours swapped, apart.

    Words of one letter are never: anything would be.
    """
    if first == second or abs(len(first) - len(second)) > 1 or min(len(first), len(second)) < 1 or len(second) < 2:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    a, b = first[start:], second[start:]
    if len(first) != len(second):
        return a[1:] == b if len(first) > len(second) else a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _alike(first: str, second: str) -> tuple[bool, float]:
    return sorted(first) == sorted(second), SequenceMatcher(None, first, second).ratio()


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")

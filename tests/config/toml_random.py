"""Random TOML texts: strings of every kind, tables in lines, braces and dotted keys, comments, blanks, line ends."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from typing import Any

NAMES = ("a", "b", "when", "for", "data", "rules", "x-1", "models", "training", "_u", "2024", "workspace")
KEYS = (*NAMES, '"loan amount"', "'lit eral'", '"q\\"uote"', '"é"')
SCALARS = (
    "1", "-17", "30_000", "0x1F", "true", "false", "1.5", "-0.0", "6.0e-3", "inf", "nan", '"text"', "''", '""',
    "'C:\\data'", '"tab\\t \\u00e9"', '"# no comment"', "']'", '"""one line"""', '"""\n  two\nlines # here\n"""',
    "'''\nraw [x]\n\ny = 1\n'''", '"""a\\\n   b"""', '""""quoted" """', "2026-01-31", "07:32:00",
    "2026-01-31T12:00:00Z", "2026-01-31 12:00:00+01:00", '"auc.upper < 0.9"', "'psi[\"loan amount\"] > 0.2'",
)  # fmt: skip
COMMENTS = ("# why", "# [not.a.table]", "# x = 1", "#", '# it\'s "here", {so} é')


def value(rng: random.Random, depth: int = 0) -> str:
    """A value as TOML text."""
    kind = rng.random()
    if depth > 2 or kind < 0.65:
        return rng.choice(SCALARS)
    if kind < 0.85:
        return _list(rng, depth)
    keys = _distinct(rng, rng.randrange(4))
    inner = ", ".join(f"{key} = {value(rng, depth + 1)}" for key in keys)
    return rng.choice(("{ %s }", "{%s}")) % inner if inner else "{}"


def _list(rng: random.Random, depth: int) -> str:
    items = [value(rng, depth + 1) for _ in range(rng.randrange(5))]
    if rng.random() < 0.5 or not items:
        return "[" + ", ".join(items) + rng.choice(("", ",")) * bool(items) + "]"
    comma = rng.choice(("", ","))
    rows = []
    for n, item in enumerate(items):
        mark = comma if n == len(items) - 1 else ","
        note = "  " + rng.choice(COMMENTS) if rng.random() < 0.3 else ""
        if rng.random() < 0.1:
            rows.append("  " + rng.choice(COMMENTS))
        rows.append(f"    {item}{mark}{note}")
    return "[\n" + "\n".join(rows) + "\n" + rng.choice(("", "  ")) + "]"


def _distinct(rng: random.Random, count: int) -> list[str]:
    """Keys that a table may have beside each other, some of them dotted."""
    found: dict[str, str] = {}
    for _ in range(count):
        key = rng.choice(KEYS)
        found[key] = key if rng.random() < 0.8 else f"{key}{rng.choice(('.', ' . '))}{rng.choice(KEYS)}"
    return list(found.values())


def text(rng: random.Random) -> str:
    """A valid text."""
    while True:
        found = "".join(_lines(rng))
        try:
            tomllib.loads(found)
        except ValueError:
            continue
        if rng.random() < 0.3:
            found = found.removesuffix("\n")
        return found.replace("\n", "\r\n") if rng.random() < 0.3 else found


def _lines(rng: random.Random) -> Iterator[str]:
    if rng.random() < 0.2:
        yield "#:schema here.json\n"
    yield from _between(rng)
    yield from _pairs(rng, 3)
    for _ in range(rng.randrange(5)):
        indent = rng.choice(("", "", "", "  ", "\t"))
        name = ".".join(rng.choice(NAMES) for _ in range(rng.randrange(1, 4)))
        yield from _between(rng)
        many = rng.random() < 0.15
        yield f"{indent}[[{name}]]" if many else f"{indent}[{name}]"
        yield rng.choice(("\n", "\n", "  # of it\n"))
        yield from _pairs(rng, 4, indent)


def _between(rng: random.Random) -> Iterator[str]:
    if rng.random() < 0.7:
        yield rng.choice(("\n", "\n", "\n\n", "  \n"))
    if rng.random() < 0.3:
        yield rng.choice(COMMENTS) + "\n"
    if rng.random() < 0.1:
        yield "\n"


def _pairs(rng: random.Random, most: int, indent: str = "") -> Iterator[str]:
    for key in _distinct(rng, rng.randrange(most + 1)):
        if rng.random() < 0.1:
            yield rng.choice(("\n", indent + rng.choice(COMMENTS) + "\n"))
        yield f"{indent}{key}{rng.choice((' ', '   ', ''))}= {value(rng)}"
        yield rng.choice(("\n", "\n", "  # so\n"))


def paths(values: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every path with its value, those above first; the top itself too."""
    yield path, values
    if isinstance(values, dict):
        for key, inner in values.items():
            yield from paths(inner, (*path, key))
    elif isinstance(values, list):
        for index, inner in enumerate(values):
            yield from paths(inner, (*path, index))

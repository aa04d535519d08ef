"""Edits change the bytes of the edited value and no others, whatever the text looks like."""

from __future__ import annotations

import copy
import random
import tomllib
from typing import Any

import pytest
import toml_random
from toml_random import paths

from lifecycle_tui.config.scanner import scan
from lifecycle_tui.config.splice import EditError, set_text, unset_text
from lifecycle_tui.config.toml_text import same

Path = tuple[str | int, ...]


def get(values: Any, path: Path) -> Any:
    for part in path:
        values = values[part]
    return values


def put(values: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    values = copy.deepcopy(values)
    get(values, path[:-1])[path[-1]] = new
    return values


def common(a: str, b: str) -> tuple[int, int]:
    """How many characters two texts share at their beginnings, and of the rest at their ends."""
    least = min(len(a), len(b))
    head = next((n for n in range(least) if a[n] != b[n]), least)
    tail = next((n for n in range(least - head) if a[-1 - n] != b[-1 - n]), least - head)
    return head, tail


def headers(text: str) -> int:
    return sum(1 for entry in scan(text).entries.values() if entry.header)


def sets(rng: random.Random, text: str, values: Any) -> None:
    """Another value: the difference lies within the old value's span; the old one again restores every byte."""
    entries = scan(text).entries
    there = [path for path, _ in paths(values) if path and entries[path].value]
    if not there:
        return
    path = rng.choice(there)
    start, end = entries[path].value
    old, written = text[start:end], toml_random.value(rng)
    new = set_text(text, path, written)
    assert new.startswith(text[:start]) and new.endswith(text[end:]) and len(new) >= len(text) - (end - start)
    meant = tomllib.loads(f"v = {written}")["v"]
    assert same(tomllib.loads(new), put(values, path, meant))
    before = get(values, path)
    one_by_one = isinstance(before, list) and before and isinstance(meant, list) and "#" in old and "\n" in old
    if not one_by_one:
        back = set_text(new, path, old)
        again = isinstance(before, list) and meant and isinstance(meant, list) and "#" in written and "\n" in written
        assert back == text or again


def adds(rng: random.Random, text: str, values: Any) -> None:
    """A new key: nothing that was there moves; taking it out again restores every byte."""
    table = rng.choice([path for path, value in paths(values) if isinstance(value, dict)])
    depth = rng.choice((1, 1, 1, 2, 3))
    path = (*table, *(f"new {n}" if rng.random() < 0.2 else f"new{n}" for n in range(depth)))
    written = toml_random.value(rng)
    new = set_text(text, path, written)
    head, tail = common(text, new)
    assert head + tail == len(text), "one insertion, and nothing else"
    meant: Any = tomllib.loads(f"v = {written}")["v"]
    for part in reversed(path[len(table) + 1 :]):
        meant = {part: meant}
    assert same(tomllib.loads(new), put(values, path[: len(table) + 1], meant))
    if text.strip() and (depth > 1 or headers(new) == headers(text)):
        # A header that a table had to be given stays when the table's key goes.
        assert unset_text(new, path[: len(table) + 1]) == text


def appends(rng: random.Random, text: str, values: Any) -> None:
    """An item more: at most a comma and the item; taking it out again restores every byte."""
    lists = [path for path, value in paths(values) if isinstance(value, list) and path]
    entries = scan(text).entries
    there = [path for path in lists if entries[path].value]
    if not there:
        return
    path = rng.choice(there)
    items = get(values, path)
    written = toml_random.value(rng)
    new = set_text(text, (*path, len(items)), written)
    start, end = entries[path].value
    assert new.startswith(text[:start]) and new.endswith(text[end:])
    assert same(tomllib.loads(new), put(values, path, [*items, tomllib.loads(f"v = {written}")["v"]]))
    assert unset_text(new, (*path, len(items))) == text


def unsets(rng: random.Random, text: str, values: Any) -> None:
    """A key less: only cuts, and no comment of another line is cut."""
    there = [path for path, _ in paths(values) if path]
    if not there:
        return
    path = rng.choice(there)
    new = unset_text(text, path)
    rest = iter(text)
    assert all(char in rest for char in new), "nothing is added or moved"
    left = copy.deepcopy(values)
    del get(left, path[:-1])[path[-1]]
    found = tomllib.loads(new)
    for length in range(len(path), -1, -1):
        if same(found, left):
            return
        if length and not get(left, path[: length - 1]):
            left = copy.deepcopy(left)
            if length > 1:
                del get(left, path[: length - 2])[path[length - 2]]
    raise AssertionError(f"{path} of {text!r} gave {new!r}")


EDITS = (sets, adds, appends, unsets)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_random_edits_change_what_they_name_and_no_other_byte(count: int) -> None:
    for seed in range(count):
        rng = random.Random(seed)
        text = toml_random.text(rng)
        edit = rng.choice(EDITS)
        try:
            edit(rng, text, tomllib.loads(text))
        except (AssertionError, EditError, LookupError) as exc:
            raise AssertionError(f"seed {seed}: {edit.__name__}: {text!r}") from exc

"""Lays the file of an environment over another: the merge itself, on values as tomllib gives them.

Tables meet key by key; values and lists are replaced as a whole. Where two keys of a table exclude each other
(`estimator` and `command`, the ways to name a reference), the overlay's choice takes the other's place; where it names
another plugin, the first one's options go. Standard library alone: the terminal reads files this way too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]

_WAYS: dict[tuple[str, ...], tuple[frozenset[str], ...]] = {
    ("data",): (frozenset({"table"}), frozenset({"features", "predictions"})),
    ("data", "reference"): (frozenset({"from", "until"}), frozenset({"rows"}), frozenset({"partitions"})),
    ("columns", "timestamp"): (frozenset({"column", "unit"}), frozenset({"from"})),
    ("training",): (frozenset({"estimator"}), frozenset({"command"})),
}
"""The last parts of a table's path → sets of keys of which only one counts; what is in no set is a way of its own in
`reference` (a path with the options of its source), and goes with each of the others elsewhere."""

_OURS: dict[tuple[str, ...], frozenset[str]] = {
    ("data",): frozenset({"path", "use", "on", "partition", "arrived", "delay", "absent"}),
    ("notifiers",): frozenset({"use", "match", "group"}),
}
"""Keys of ours in tables that name a plugin, by what the table lies in: these stay when the plugin is another."""


def laid_over(base: Values, over: Values, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of `base` with those of `over` on top; neither is changed.

    Args:
        path: of the table in the file, for the rules about keys that exclude each other.
    """
    merged = _kept(base, over, path)
    for key, value in over.items():
        mine = merged.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            merged[key] = laid_over(mine, value, (*path, key))
        else:
            merged[key] = value
    return merged


def _kept(base: Values, over: Values, path: tuple[str, ...]) -> dict[str, Any]:
    """What of a table can stand beside what is laid over it."""
    kept = dict(base)
    if "use" in over and over["use"] != base.get("use"):
        ours = _OURS.get(path[-2:-1], frozenset({"use"}))
        kept = {key: value for key, value in kept.items() if key in ours}
    for last, ways in _WAYS.items():
        if path[-len(last) :] == last:
            chosen = [way for way in ways if way & over.keys()]
            others: set[str] = {key for way in ways if way not in chosen for key in way} if chosen else set()
            if last == ("data", "reference"):
                plain = frozenset().union(*ways)
                others |= {key for key in kept if key not in plain} if chosen else set()
                others |= plain if "path" in over else set()
            kept = {key: value for key, value in kept.items() if key not in others}
    return kept


def table_at(values: Any, path: Sequence[str]) -> dict[str, Any]:
    """The table at a path; an empty one where there is none."""
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values if isinstance(values, dict) else {}


def without(values: Values, table: str, names: Sequence[str]) -> dict[str, Any]:
    """A copy without these entries of a table; without the table where nothing is left of it."""
    found = values.get(table)
    if not isinstance(found, dict) or not any(name in found for name in names):
        return dict(values)
    left = {key: value for key, value in found.items() if key not in names}
    return {key: value for key, value in values.items() if key != table} | ({table: left} if left else {})

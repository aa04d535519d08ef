"""Edits change the bytes of the edited value and no others, whatever the text looks like."""

from __future__ import annotations

import copy
import random
import tomllib
from datetime import UTC, date, datetime
from typing import Any

import pytest
import toml_random
from toml_random import paths

from lifecycle_tui.config.scanner import scan
from lifecycle_tui.config.splice import EditError, set_text, unset_text
from lifecycle_tui.config.toml_text import literal, parsed, same

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


# --- one by one --------------------------------------------------------------------------------------------------

FILE = """\
#:schema here.json
# The fleet.

include = ["models/*.toml"]

[models.churn]  # ours
task  = "binary"

# Where it lies.
[models.churn.data]
table     = "churn.csv"      # one table
reference = { until = 2026-01-31 }  # the rest is production

[models.churn.monitor]
detectors = [
    "psi",   # first
    "ks",    # second
]

[models.churn.rules.drift]
when = "psi.max > 0.2"  # of the columns
for  = 2
# severity = "critical"

[models.churn.training]
history.from = "180d"
"""
RULES = ("models", "churn", "rules")
DATA = ("models", "churn", "data")

SETS: list[tuple[Path, str, str, str]] = [
    ((*RULES, "drift", "when"), '"psi.max > 0.3"', 'when = "psi.max > 0.2"', 'when = "psi.max > 0.3"'),
    ((*RULES, "drift", "severity"), '"info"', "for  = 2\n", 'for  = 2\nseverity = "info"\n'),
    ((*RULES, "drift", "if"), "1", "for  = 2\n", "for  = 2\nif   = 1\n"),
    ((*DATA, "reference", "from"), "2025-01-01", "2026-01-31 }", "2026-01-31, from = 2025-01-01 }"),
    ((*DATA, "window"), '"1d"', "production\n", 'production\nwindow    = "1d"\n'),
    ((*DATA, "labels", "delay"), '"3d"', "production\n", 'production\nlabels    = { delay = "3d" }\n'),
    (("models", "churn", "monitor", "detectors", 1), '"chi2"', '"ks"', '"chi2"'),
    (("models", "churn", "monitor", "detectors", 2), '"kl"', "# second\n", '# second\n    "kl",\n'),
    (("models", "churn", "monitor", "detectors"), '["psi", "chi2"]', '"ks"', '"chi2"'),
    (("models", "churn", "monitor", "detectors"), '["ks"]', '    "psi",   # first\n', ""),
    (("models", "churn", "training", "history", "until"), '"1d"', '"180d"\n', '"180d"\nhistory.until = "1d"\n'),
    ((*RULES, "late", "when"), '"a > 1"', '"critical"\n', '"critical"\n\n[models.churn.rules.late]\nwhen = "a > 1"\n'),
    ((*RULES, "a b", "for"), "1", '"critical"\n', '"critical"\n\n[models.churn.rules."a b"]\nfor = 1\n'),
    ((*RULES, "x"), "{when = 'a', for = 1}", '"critical"\n',
     '"critical"\n\n[models.churn.rules.x]\nwhen = "a"\nfor = 1\n'),
    (("models", "churn", "columns", "target"), '"y"', "production\n",
     'production\n\n[models.churn.columns]\ntarget = "y"\n'),
    (("workspace", "jobs"), "2", "[models.churn]", "[workspace]\njobs = 2\n\n[models.churn]"),
    (("models", "loan", "task"), '"binary"', '"180d"\n', '"180d"\n\n[models.loan]\ntask = "binary"\n'),
    ((*RULES, "drift"), '{ when = "psi.max > 0.2" }', "for  = 2\n", ""),
    (("extra",), "1", '.toml"]\n', '.toml"]\nextra = 1\n'),
]  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_key_is_set_where_one_would_write_it(end: str, bom: str) -> None:
    for key, value, old, new in SETS:
        text = bom + FILE.replace("\n", end)
        assert FILE.count(old) == 1
        wanted = bom + FILE.replace(old, new).replace("\n", end)
        assert set_text(text, key, value) == wanted, key


UNSETS: list[tuple[Path, str, str]] = [
    ((*RULES, "drift", "when"), 'when = "psi.max > 0.2"  # of the columns\n', ""),
    (RULES, FILE[FILE.index("\n[models.churn.rules") : FILE.index("\n[models.churn.training")], ""),
    ((*DATA, "reference", "until"), "{ until = 2026-01-31 }", "{}"),
    (DATA, FILE[FILE.index("[models.churn.data") : FILE.index("\n[models.churn.monitor")], ""),
    (("models", "churn", "monitor", "detectors", 0), '    "psi",   # first\n', ""),
    (("models", "churn", "monitor", "detectors", 1), '    "ks",    # second\n', ""),
    (("include",), 'include = ["models/*.toml"]\n\n', ""),
    (("include", 0), '"models/*.toml"', ""),
    (("models", "churn", "training", "history"), 'history.from = "180d"\n', ""),
    (("models", "churn", "training", "history", "from"), 'history.from = "180d"\n', ""),
]


def test_a_key_is_taken_out_with_its_line_and_no_other() -> None:
    for key, old, new in UNSETS:
        assert FILE.count(old) == 1
        found = unset_text(FILE, key)
        assert found == FILE.replace(old, new) or found == FILE.replace(old + "\n", new), key
        assert "# Where it lies." in found and "# The fleet." in found


REFUSED = [
    ("a = 1", ("a", "b"), "1", "a is no table: it has no b"),
    ("a = [1]", ("a", 2), "1", "a has 1 item: there is no a[2]"),
    ("a = [1]", ("a", "b"), "1", "a is a list: its items are a[0] and so on"),
    ("", ("a", 0), "1", "a is not set: it has no items"),
    ("a = 1", ("a",), "1 # x", "1 # x is no value"),
    ("a = 1", ("a",), "1\nb = 2", "1\nb = 2 is no value"),
    ("a = 1", ("a",), "auc < 0.9", "auc < 0.9 is no value"),
    ("a = 1", ("a",), '"""x', '"""x is no value'),
    ("a = 1", ("a",), "", " is no value"),
    ("a = 1", (), "1", "a key is needed"),
    ("a = ", ("a",), "1", "the file is no TOML: line 1, column 4: the file ends where a value should be"),
    ("a = 1\n[[b]]\nc = 1", ("b", 1), "1", "b is a list of tables"),
    ("b", ("b",), None, "the file is no TOML: line 1, column 2: a key must be followed by = and its value"),
    ("a = 1", ("b",), None, "b is not set"),
    ("a = 1", (), None, "a key is needed"),
]


def test_what_cannot_be_set_is_refused_in_words() -> None:
    for text, key, value, says in REFUSED:
        with pytest.raises(EditError) as caught:
            set_text(text, key, value) if value is not None else unset_text(text, key)
        assert caught.value.message == says


LIKE = [
    ("new", '"old"', '"new"'),
    ("new", "'old'", "'new'"),
    ("it's", "'old'", '"it\'s"'),
    ('psi["a b"] > 1', '"old"', "'psi[\"a b\"] > 1'"),
    ("C:\\d", None, "'C:\\d'"),
    ('it\'s "x"', None, '"it\'s \\"x\\""'),
    ("a\tb\x1b\u200b\U000e0001", None, '"a\\tb\\u001b\\u200b\\U000e0001"'),
    ("a\nb", '"old"', '"a\\nb"'),
    ('a\n\'\'\'""""', '"""\nold\n"""', '"""\na\n\'\'\'""\\"\\""""'),
    ('a\n\\"', '"""old\n"""', '"""a\n\\\\\\""""'),
    ("a\nb\\", "'''old\n'''", "'''a\nb\\'''"),
    (35000, "30_000", "35_000"),
    (35000.0, "30_000.0", "35_000.0"),
    (350, "300", "350"),
    (1e300, None, "1e+300"),
    (float("-inf"), None, "-inf"),
    (True, None, "true"),
    ([1, "a", [True]], None, '[1, "a", [true]]'),
    (["a", "b"], '[\n  "x",\n  "y"\n  ]', '[\n  "a",\n  "b",\n  ]'),
    ({"a b": {"c": 1}}, None, '{ "a b" = { c = 1 } }'),
    ({}, None, "{}"),
    (datetime(2026, 1, 31, 12, tzinfo=UTC), None, "2026-01-31T12:00:00+00:00"),
    (date(2026, 1, 31), None, "2026-01-31"),
]


def test_a_value_is_written_in_the_manner_of_the_old_one() -> None:
    for value, like, text in LIKE:
        assert literal(value, like) == text
        assert same(parsed(text), value)
    with pytest.raises(EditError):
        literal(None)

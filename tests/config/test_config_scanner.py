"""The scanner finds every key and value that tomllib finds, and their text means the same."""

from __future__ import annotations

import math
import string
import tomllib
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.config.scanner import scan


def walk(value: Any, path: tuple = ()):
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b


def verify(text: str) -> None:
    values = tomllib.loads(text)
    found = scan(text)
    assert found.complete
    assert not found.duplicates
    paths = dict(walk(values))
    assert set(found.entries) == set(paths)
    for path, value in paths.items():
        entry = found.entries[path]
        if entry.key is not None and isinstance(path[-1], str):
            key = text[entry.key.start : entry.key.end]
            assert list(tomllib.loads(f"{key} = 0")) == [path[-1]]
        if entry.value is not None:
            assert same(tomllib.loads(f"v = {text[entry.value.start : entry.value.end]}")["v"], value)
        else:
            assert isinstance(value, dict | list), "only tables and lists of tables have no value of their own"
        if entry.header is not None:
            assert text[entry.header.start] == "[" and text[entry.header.end - 1] == "]"


TEXTS = [
    "",
    "a = 1",
    "# only a comment",
    "a.b.c = 1\na.b.d = 2\n[e.f]\ng = 3",
    "\"a b\".'c.d'.e = 1",
    '"\\u00e9\\"" = "x"\n\'lit\\eral\' = 1',
    'a = """x"""\nb = """"x"""""\nc = """\\"\\"\\"\n"""\nd = \'\'\'\'x\'\'\'\'\'',
    "a = '''\n[not.a.table]\nx = 1 # no comment\n'''\nb = 2",
    "a = 1979-05-27 07:32:00\nb = 1979-05-27T07:32:00-07:00\nc = 07:32:00\nd = 1979-05-27 # c",
    "a = [1, # one\n [2, 3,], { b = [ {c = 1}, {c = 2} ] } ,\n]",
    "a = {}\nb = []\nc = {d.e = 1, d.f = 2}",
    "[[x]]\na = 1\n[x.y]\nb = 2\n[[x.z]]\nc=3\n[[x.z]]\n[[x]]\n[x.y]\nb = 4",
    "[a.b.c]\n[a]\nd = 1\n[a.b]\ne = 2",
    "  [ a . b ]  # c\n  c . d  =  1  \n",
    'a = "#"\nb = "]"\nc = ["}", \'{\', "a\\"]"]',
    "a = inf\nb = -nan\nc = 0x_ff\n".replace("x_f", "xf"),
    "[models.x]\ndata={table=3,reference={unil=2011-12-31},steps=[{weight=5,hold='1h'},{weight=100}]}",
    "[a]\n[a.b]\n[c]\n[[a.d]]\n[[a.d]]",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_path_is_located(text: str) -> None:
    verify(text)


KEYS = st.text(alphabet=string.ascii_letters + "é .\"'\\#[]=-_0", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=True),
    st.text(alphabet=string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "") + "é→𝄞", max_size=12),
    st.dates(date(1, 1, 1)),
    st.times().map(lambda t: t.replace(fold=0)),
    st.datetimes(datetime(1, 1, 2)).map(lambda d: d.replace(fold=0)),
    st.datetimes(datetime(1900, 1, 2)).map(lambda d: d.replace(fold=0, tzinfo=timezone(timedelta(hours=2)))),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
SPACE = st.sampled_from(["", " ", "\t", "  "])
BLANK = st.sampled_from(["", "\n", ' # a [b] = "c"\n', "\n\n", "\n \t"])


def basic(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


@st.composite
def written_key(draw: Any, key: str) -> str:
    forms = [basic(key)]
    if all(c in string.ascii_letters + "0-_" for c in key):
        forms.append(key)
    if "'" not in key:
        forms.append(f"'{key}'")
    return draw(st.sampled_from(forms))


@st.composite
def written_text(draw: Any, text: str) -> str:
    forms = [basic(text), '"""\n' + basic(text)[1:-1].replace("\\n", "\n") + '"""']
    if "'" not in text and "\n" not in text:
        forms.append(f"'{text}'")
    if "'''" not in text and not text.endswith("'"):
        forms.append(f"'''\n{text}'''")
    return draw(st.sampled_from(forms))


@st.composite
def written(draw: Any, value: Any) -> str:
    """A value in one of the ways that TOML has for it."""
    if isinstance(value, str):
        return draw(written_text(value))
    if isinstance(value, list):
        items = [draw(BLANK) + draw(written(item)) + draw(BLANK) for item in value]
        return "[" + ",".join(items) + (draw(st.sampled_from(["", ","])) if items else "") + draw(BLANK) + "]"
    if isinstance(value, dict):
        pairs = [
            f"{draw(SPACE)}{draw(written_key(k))}{draw(SPACE)}={draw(SPACE)}{draw(written(v))}{draw(SPACE)}"
            for k, v in value.items()
        ]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=draw(st.sampled_from(["T", " "])))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


@st.composite
def document(draw: Any) -> str:
    """Tables by header, dotted keys, inline tables and arrays of tables, mixed at random."""
    values = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    head, tail = [], []

    def table(path: list[str], content: dict[str, Any], brackets: tuple[str, str]) -> None:
        name = f"{draw(SPACE)}.{draw(SPACE)}".join(path)
        tail.append(f"{brackets[0]}{draw(SPACE)}{name}{draw(SPACE)}{brackets[1]}{draw(BLANK) or chr(10)}")
        below = []
        for key, value in content.items():
            part = draw(written_key(key))
            if isinstance(value, dict) and draw(st.booleans()):
                below.append(([*path, part], value))
            else:
                tail.append(f"{part} = {draw(written(value))}\n")
        for deeper, value in below:
            table(deeper, value, ("[", "]"))

    for key, value in values.items():
        part = draw(written_key(key))
        if isinstance(value, dict) and draw(st.booleans()):
            table([part], value, ("[", "]"))
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value) and draw(st.booleans()):
            for item in value:
                table([part], item, ("[[", "]]"))
        elif isinstance(value, dict) and value and draw(st.booleans()):
            head += [f"{part}.{draw(written_key(k))} = {draw(written(v))}\n" for k, v in value.items()]
        else:
            head.append(f"{part} = {draw(written(value))}{draw(BLANK) or chr(10)}")
    return "".join(line if line.endswith(("\n", " \t")) else line + "\n" for line in head + tail)


@settings(max_examples=120, deadline=None)
@given(document())
def test_spans_mean_what_tomllib_reads(text: str) -> None:
    verify(text)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_spans_of_what_tomli_w_writes(values: dict[str, Any]) -> None:
    verify(tomli_w.dumps(values))


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet="ab.=[]{}\"'\\,# \n1-:T", max_size=40))
def test_any_text_is_survived_and_valid_text_located(text: str) -> None:
    found = scan(text)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert found.complete
    verify(text)


@pytest.mark.parametrize(
    ("text", "path", "first", "second"),
    [
        ("a = 1\nb = 2\na = 3", ("a",), 0, 12),
        ("[t]\nx = 1\n[t]\n", ("t",), 1, 11),
        ("a = {b = 1, b = 2}", ("a", "b"), 5, 12),
        ("a = 1\n[a]\n", ("a",), 0, 7),
        ("a = 1\n[a.b]\n", ("a",), 0, 7),
        ("a.b = 1\n[a]\n", ("a",), 0, 9),
        ("[t]\n[[t]]\n", ("t",), 1, 6),
        ("a = {}\na.b = 1", ("a",), 0, 7),
    ],
)
def test_keys_declared_twice_have_both_places(text: str, path: tuple, first: int, second: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    twice = scan(text).duplicates[0]
    assert (twice.path, twice.first.start, twice.second.start) == (path, first, second)

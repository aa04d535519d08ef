"""Options: read from signatures, checked as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.plugin_host.index import builtin_rows
from lifecycle_tui.plugin_host.info import OptionInfo
from lifecycle_tui.plugin_host.options import BadOption, check, complete, declared


class Everything:
    def __init__(
        self,
        *,
        text: str,
        count: int = 3,
        share: float = 1,
        on: bool = False,
        names: list[str] | None = None,
        edges: tuple[float, ...] = (0.5, 1),
        cuts: Sequence[int] = (),
        mode: Literal["fast", "exact"] = "fast",
        either: int | float = 2.5,
        bins=10,
        tags=("a",),
    ) -> None: ...


DECLARED = {
    "text": OptionInfo("text", "str", None, True),
    "count": OptionInfo("count", "int", 3),
    "share": OptionInfo("share", "float", 1.0),
    "on": OptionInfo("on", "bool", False),
    "names": OptionInfo("names", "list[str]", None, False, True),
    "edges": OptionInfo("edges", "list[float]", (0.5, 1.0)),
    "cuts": OptionInfo("cuts", "list[int]", ()),
    "mode": OptionInfo("mode", "str", "fast", choices=("fast", "exact")),
    "either": OptionInfo("either", "float", 2.5),
    "bins": OptionInfo("bins", "int", 10),
    "tags": OptionInfo("tags", "list[str]", ("a",)),
}


def test_every_legal_type_is_read() -> None:
    assert {o.name: o for o in declared(Everything)} == DECLARED


def test_no_constructor_means_no_options() -> None:
    assert declared(type("Bare", (), {})) == ()


def refused(source: str) -> str:
    space: dict[str, Any] = {}
    exec(f"class Bad:\n    def __init__(self, {source}): ...", space)
    with pytest.raises(BadOption) as caught:
        declared(space["Bad"])
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("bins: int = 1", "keyword-only"),
        ("*args: int", "by name"),
        ("**kwargs: int", "by name"),
        ("*, a", "needs an annotation"),
        ("*, a=None", "needs an annotation"),
        ("*, a=()", "needs an annotation"),
        ("*, a: dict = {}", "has the type dict"),
        ("*, a: bytes = b''", "has the type bytes"),
        ("*, a: list = []", "has the type list"),
        ("*, a: list[list[int]] = []", "has the type list[list[int]]"),
        ("*, a: tuple[int, str] = (1, '')", "has the type tuple[int, str]"),
        ("*, a: int | str = 1", "has the type int | str"),
        ("*, a: object = 1", "has the type object"),
        ("*, a: int = True", "must be int, not True"),
        ("*, a: float = float('nan')", "must be float, not nan"),
        ("*, a: int = None", "must be int, not nothing"),
        ("*, a: 'Missing' = 1", "Missing"),
    ],
)
def test_illegal_parameters_are_refused_in_words(source: str, words: str) -> None:
    assert words in refused(source)


def test_a_source_takes_its_location_first() -> None:
    class Table:
        def __init__(self, location: str, *, sheet: str = "") -> None: ...

    assert [o.name for o in declared(Table, positional=1)] == ["sheet"]
    with pytest.raises(BadOption, match="location"):
        declared(type("None_", (), {}), positional=1)


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"text": "x"}, []),
        ({"text": "x", "names": None, "share": 2, "edges": [1, 2.5], "mode": "exact"}, []),
        ({}, [("text", "missing-option")]),
        ({"text": 1}, [("text", "type")]),
        ({"text": "x", "cuont": 1}, [("cuont", "unknown-option")]),
        ({"text": "x", "count": True}, [("count", "type")]),
        ({"text": "x", "count": 1.0}, [("count", "type")]),
        ({"text": "x", "share": float("inf")}, [("share", "type")]),
        ({"text": "x", "share": True}, [("share", "type")]),
        ({"text": "x", "on": 1}, [("on", "type")]),
        ({"text": "x", "names": "abc"}, [("names", "type")]),
        ({"text": "x", "names": ["a", 1]}, [("names", "type")]),
        ({"text": "x", "count": None}, [("count", "type")]),
        ({"text": "x", "mode": "exac"}, [("mode", "choice")]),
        ({"texd": "x", "on": 0}, [("texd", "unknown-option"), ("on", "type"), ("text", "missing-option")]),
    ],
)
def test_given_options_are_checked_all_at_once(options: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert [(p.option, p.code) for p in check(declared(Everything), options)] == problems


def test_problems_suggest_the_near_name() -> None:
    assert check(declared(Everything), {"text": "", "cuont": 1})[0].hint == 'did you mean "count"?'
    assert check(declared(Everything), {"text": "", "mode": "exac"})[0].hint == 'did you mean "exact"?'
    assert check((), {"x": 1})[0].hint == "it has none"


def test_values_reach_the_constructor_in_their_type() -> None:
    fitted = complete(declared(Everything), {"text": "x", "share": 2, "edges": [1, 2], "names": None})
    assert fitted == {"text": "x", "share": 2.0, "edges": (1.0, 2.0), "names": None}
    assert type(fitted["share"]) is float and type(fitted["edges"][0]) is float


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*DECLARED, "odd"]), JSON))
def test_any_json_is_either_refused_or_fits(options: dict[str, Any]) -> None:
    infos = declared(Everything)
    if check(infos, options):
        return
    fitted = complete(infos, options)
    assert set(fitted) == set(options) >= {"text"}
    assert check(infos, fitted) == ()


class Documented:
    """Some detector.

    It does things: many of them.

    Args:
        bins (int): how many bins;
            at least 2.
        plain: a word.
    Raises:
        ValueError: no option of it.
    """

    def __init__(self, *, bins: int = 2, plain: str = "", silent: bool = False, late: int = 0) -> None:
        """Makes one.

        Arguments:
          plain: not this one.
          late: said at the constructor.
        """


def test_the_docstring_says_what_an_option_means() -> None:
    about = {option.name: option.about for option in declared(Documented)}
    assert about == {
        "bins": "how many bins; at least 2.",
        "plain": "a word.",
        "silent": "",
        "late": "said at the constructor.",
    }


def test_every_option_of_a_built_in_plugin_has_a_meaning() -> None:
    missing = [f"{row.key}.{o.name}" for row in builtin_rows() for o in row.options if not o.about]
    assert not missing

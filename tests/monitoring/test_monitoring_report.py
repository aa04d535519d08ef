"""The HTML report as a page: whole, small, the same for the same content, and deaf to what names try to say."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lifecycle_tui.domain.wording import essence, headline
from lifecycle_tui.monitoring.report.content import (
    AlertLine,
    Column,
    Density,
    Fact,
    Finding,
    Histogram,
    Measured,
    Pattern,
    Point,
    Quantile,
    Reading,
    Report,
    RuleLine,
    Series,
    VersionLine,
)
from lifecycle_tui.monitoring.report.html import Html, interval, name, number, tag, text
from lifecycle_tui.monitoring.report.page import MOST_FULL, render
from lifecycle_tui.monitoring.report.style import CSS

VOID = {"meta", "br"}
HOSTILE = [
    "<script>alert(1)</script>", "\"' onload='x", "]]>--><!--", "\u202egnp.exe\u2066", "a" * 10_000,
    "</style></svg></td>", "&amp;&lt;", "\x00\x1b[31m\x85", "\udc80", "", "שלום", "{}%s", "javascript:alert(1)",
]  # fmt: skip


class Checker(HTMLParser):
    """Balanced tags, no script, nothing from elsewhere, no attribute that acts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "object", "link", "img", "a", "form", "base"), tag
        for key, _ in attrs:
            assert not key.startswith("on") and key not in ("src", "href", "style", "srcdoc"), key
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def checked(page: str) -> Checker:
    found = Checker()
    found.feed(page)
    found.close()
    assert found.open == [] and len(page.encode()) < 1_000_000
    assert "url(" not in CSS and "@import" not in CSS
    assert not [c for c in page if c != "\n" and not c.isprintable()]
    return found


def series(label: str, count: int = 60, start: float = 0.1) -> Series:
    points = tuple(
        Point(f"2025-{n:03}", start + n / 1000, start, start + 0.3, "drifted" if n > 50 else "ok", n < 55, 0.2)
        for n in range(count)
    )
    return Series(label, points, points[-5:], (start, start - 0.01, start + 0.01), "limits", "a note")


def column(label: str, *, drifted: bool = True, history: int = 60) -> Column:
    return Column(
        label, "numeric", "drifted" if drifted else "ok", f"{label}: values are higher", 0.3, 0.2, 0.4, 1e-9,
        0.05, 0.08, "sampling error alone", 0.13, 0.04,
        Histogram(tuple(f"{label}{n}" for n in range(10)), tuple(range(10)), tuple(range(10, 0, -1))),
        Density((0.0, 0.5, 1.0), (0.1, 1.0, 0.1), (1.0, 0.1, 0.0)),
        (Quantile("median", 1.0, None), Quantile("maximum", math.inf, -math.inf)), series(f"change.{label}", history),
        tuple(Measured(f"{kind}.{label}", 0.1, None, None, 10, "ok", label) for kind in ("psi", "ks")),
    )  # fmt: skip


def report(label: str = "m", columns: int = 3, count: int = 60) -> Report:
    m = Measured(f"auc.{label}=1", 0.7, 0.6, 0.8, 30, "drifted", label)
    return Report(
        label, "binary", label, "warning", label, label, label, 100, 50, False, label,
        Reading("drifted", label, label, (Fact(label, label),), (Fact(label, label),), (label,), ((label, 0.9),)),
        (AlertLine(1, label, label, label, label, label),),
        (RuleLine(label, label, 2, label, label),),
        tuple(column(f"{label}{n}", history=count) for n in range(columns)),
        (series(label, count),), tuple(series(f"{label}{n}", count) for n in range(20)), (series(label, count),), (m,),
        label,
        (m,), (Pattern("new", label, 3, 0.1, None, label),), (Finding(label, label, 3, label, label),), (m,),
        (VersionLine(1, label, label, "trained", "2025", 10, label),), (Fact(label, label),),
    )  # fmt: skip


def test_everything_is_on_the_page() -> None:
    found = checked(render(report("loans", 3), "now"))
    words = " ".join(found.words)
    for said in (
        "Verdict",
        "What to do",
        "Alerts",
        "Performance",
        "Segments",
        "Log",
        "Data report",
        "Versions",
        "computed",
    ):
        assert said in words, said
    assert found.seen.count("svg") == found.seen.count("desc") and found.seen.count("svg") >= 3 * 3
    assert found.seen.count("table") == found.seen.count("caption"), "every table says what it is"
    assert found.seen.count("h1") == 1 and found.seen.count("main") == 1


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_names_are_text_whatever_they_say(label: str) -> None:
    page = render(report(label, 2, 5), "now")
    checked(page)
    if any(c in label for c in "<\x00\u202e\udc80") or len(label) > 1_000:
        assert label not in page


def test_a_name_is_cut_and_kept_apart_from_the_text_around_it() -> None:
    assert name("x" * 10_000).startswith('<bdi title="') and len(name("x" * 10_000)) < 500
    assert name("\u202eabc") == "<bdi>\\u202eabc</bdi>"
    assert text("a" * 200, 10) == "a" * 9 + "…"
    assert tag("b", "<i>", Html("<u></u>"), title='"') == '<b title="&quot;">&lt;i&gt;<u></u></b>'


@pytest.mark.parametrize("columns", [0, 1, 1_000, 6_000])
def test_the_page_stays_small_for_any_number_of_columns(columns: int) -> None:
    one = replace(column("y" * 10_000), histogram=None)
    many = replace(report("m" * 50, 0, 200), columns=tuple(replace(one, name=f"{n}{one.name}") for n in range(columns)))
    page = render(many, "now")
    found = checked(page)
    shown = found.seen.count("article")
    assert min(columns, 5) <= shown <= MOST_FULL
    if columns == 1_000:
        assert "the other" in page and " more columns" not in page, "a thousand are all listed"
    assert (" more columns" in page) == (columns == 6_000)


def test_many_of_everything_else_are_cut_and_counted() -> None:
    r = report("m", 1, 200)
    r = replace(
        r, segments=r.segments * 5_000, findings=r.findings * 5_000, errors=r.errors * 5_000,
        patterns=r.patterns * 5_000,
        rules=r.rules * 500,
        alerts=r.alerts * 500, versions=r.versions * 500, metrics=r.metrics * 50, logs=r.logs * 500,
    )  # fmt: skip
    page = render(r, "now")
    checked(page)
    assert "the first 200 of 5,000" in page and "more: `lifecycle check --format json` has all" in page


def test_equal_content_gives_equal_bytes_but_for_one_line() -> None:
    one, other = render(report(), "2025-01-01"), render(report(), "2026-02-02")
    differing = [(a, b) for a, b in zip(one.splitlines(), other.splitlines(), strict=True) if a != b]
    assert len(differing) == 1 and "generated at 2025-01-01" in differing[0][0]
    assert render(report(), "x") == render(report(), "x")


@pytest.mark.parametrize(
    "points",
    [
        (),
        (Point("a", None),),
        (Point("a", 0.0),),
        (Point("a", 1.0), Point("b", None), Point("c", 1.0, 0.5, 2.0)),
        (Point("a", math.nan), Point("b", math.inf), Point("c", -math.inf, math.nan, math.inf)),
        (Point("a", 1e308, -1e308, 1e308), Point("b", -1e308)),
    ],
)
def test_histories_of_any_numbers_are_drawn(points: tuple[Point, ...]) -> None:
    r = replace(report("m", 0), metrics=(Series("auc", points, points, None),), drift=(), importance=())
    page = render(r, "now")
    checked(page)
    assert not re.search(r"d='[^']*(?:nan|inf)", page)


def test_degenerate_pictures_are_drawn() -> None:
    one = replace(
        column("c"), histogram=Histogram((), (), ()), density=Density((1.0, 1.0), (0.0, math.inf), (0.0, 0.0)),
        history=Series("change.c", ()),
    )  # fmt: skip
    page = render(replace(report("m", 0), columns=(one, replace(one, histogram=Histogram(("a",), (0,), (0,))))), "now")
    checked(page)
    assert not re.search(r"d='[^']*(?:nan|inf)", page)


def test_a_model_without_windows_has_a_page() -> None:
    page = render(Report("m", "binary", "", "unknown", "", "", ""), "now")
    assert "No window yet" in page and checked(page).seen.count("section") == 2


def test_numbers_for_people() -> None:
    assert [number(v) for v in (None, math.nan, math.inf, -math.inf, 0.0, 0.12345, 12345.6, 1e9, 1e-7)] == [
        "-", "-", "∞", "-∞", "0", "0.123", "12,346", "1e+09", "1e-07",
    ]  # fmt: skip
    assert interval(0.5, None, 1.0) == "0.5" and interval(0.5, 0.25, 1.0) == "0.5 [0.25, 1]"


def test_a_verdict_is_said_without_how_sure_it_is() -> None:
    whole = (
        "drifted: '1' is rarer, distance 0.2 (0.1 to 0.3) (p < 0.0001 over all tests of the window, budget 0.05; days)"
    )
    assert essence(whole) == "'1' is rarer, distance 0.2 (0.1 to 0.3)"
    assert essence(f"x: {whole}") == "x: '1' is rarer, distance 0.2 (0.1 to 0.3)"
    assert essence("cannot tell: 3 rows to compare, 30 are needed") == "cannot tell: 3 rows to compare, 30 are needed"
    assert essence(None) == ""
    detail = {"evidence": [{"signal": "change.x", "says": f"x: {whole}"}]}
    assert headline(f"label shift (89% likely); x: {whole}", detail) == "label shift (89% likely)"
    assert headline("nothing has changed", {}) == "nothing has changed"

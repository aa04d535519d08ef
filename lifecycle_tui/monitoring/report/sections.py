"""The parts of a report about the model as a whole: verdict, alerts, histories, segments, log, data, versions, how.

Called by `page`; columns are in `columns`. Lists are cut where a page would grow without end, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.monitoring.report import svg
from lifecycle_tui.monitoring.report.content import Measured, Report, Series
from lifecycle_tui.monitoring.report.html import Html, interval, joined, name, number, section, table, tag, text

MOST_ROWS = 200
"""Rows of a table of segments or findings."""
MOST_LINES = 50
MOST_SERIES = 16


def heading(r: Report) -> Html:
    """Which model, how it is, what of it."""
    facts = [r.task]
    facts += [f"owner {r.owner}"] if r.owner else []
    facts += [f"version {r.champion}"] if r.champion else ["no champion"]
    if r.window:
        facts.append(f"window {r.window}")
    if r.rows is not None:
        facts.append(f"{r.rows:,} rows, {r.labels or 0:,} with labels" + ("" if r.mature else " so far"))
    state = tag("span", r.health, class_=f"state {_known(r.health)}")
    says = joined([Html(": "), text(r.health_says, 400)]) if r.health_says else Html("")
    return tag(
        "header", tag("h1", name(r.model, 100)), tag("p", state, says),
        tag("p", joined([text(fact) for fact in facts], " · "), class_="dim"),
    )  # fmt: skip


def verdict(r: Report) -> Html:
    """The reading with its evidence and what to do; the columns' verdict; where a fall comes from."""
    if not r.window:
        return section("Verdict", tag("p", "No window yet: all the data belongs to the reference."), id_="verdict")
    parts = [_reading(r)] if r.reading.state else []
    parts += [tag("p", text(r.verdict, 400))] if r.verdict else []
    parts += [tag("p", text(r.worst, 400))] if r.worst else []
    return section("Verdict", *parts, id_="verdict")


def _reading(r: Report) -> Html:
    reading = r.reading
    parts = [tag("p", tag("b", text(reading.headline, 400)))]
    if reading.advice:
        parts.append(tag("p", tag("strong", "What to do: "), text(reading.advice, 400)))
    if reading.evidence:
        items = [
            tag("li", text(fact.text, 400), Html(" "), tag("span", name(fact.name), class_="dim"))
            for fact in reading.evidence
        ]
        parts.append(tag("ul", *items))
    more = []
    if reading.likelihoods:
        said = ", ".join(f"{kind} {share:.0%}" for kind, share in reading.likelihoods)
        more.append(tag("p", f"Likelihoods: {said}."))
    if reading.against:
        more.append(tag("p", "What speaks against it:"))
        more.append(tag("ul", *(tag("li", text(fact.text, 400)) for fact in reading.against)))
    if reading.unknown:
        more.append(tag("p", "Could not be looked at: ", text(", ".join(reading.unknown), 400), "."))
    if more:
        parts.append(tag("details", tag("summary", "how the reading was weighed"), *more))
    return tag("div", *parts, class_=f"reading {_known(reading.state)}")


def alerts(r: Report) -> Html:
    """Open alerts, and the rules that are declared."""
    if not r.alerts:
        return section("Alerts", tag("p", "No rule is firing."), _rules(r), id_="alerts")
    rows = [
        [text(str(a.id)), name(a.rule), tag("span", text(a.severity), class_=_known(a.severity)), text(a.since),
         text(a.message, 300), text(a.people, 200)]
        for a in r.alerts[:MOST_LINES]
    ]  # fmt: skip
    header = ["id", "rule", "severity", "since", "what it says", "who"]
    return section("Alerts", table(_cut("open alerts", rows, r.alerts), header, rows), _rules(r), id_="alerts")


def _rules(r: Report) -> Html:
    if not r.rules:
        return tag("p", "No rule is declared, so nothing here can alert.")
    rows = [
        [name(a.name), tag("code", text(a.when, 300)), f"{a.windows}", text(a.severity), text(a.then)]
        for a in r.rules[:MOST_LINES]
    ]
    header = ["rule", "when", "windows in a row", "severity", "then"]
    shown = table(_cut("rules", rows, r.rules), header, rows, numbers=(2,))
    return tag("details", tag("summary", "what is declared"), shown)


def histories(r: Report) -> Html:
    """Metrics over windows with intervals, the reference's band and estimates."""
    if not r.metrics:
        return Html("")
    marks = [("i", "95 % interval"), ("b", "the reference, with interval"), ("o", "labels are still arriving")]
    if any(s.estimates for s in r.metrics):
        marks.append(("e", "estimated without labels, 99 % interval"))
    return section(
        "Performance", svg.legend([*marks, ("d", "drifted")]), _series(r.metrics),
        _newest("newest values", r.metrics), id_="performance",
    )  # fmt: skip


def drift(r: Report) -> Html:
    """How many columns drifted, over windows."""
    return section("Drift over time", _series(r.drift), id_="drift") if r.drift else Html("")


def importance(r: Report) -> Html:
    """What the model leans on, over windows."""
    return section("What the model leans on", _series(r.importance), id_="importance") if r.importance else Html("")


def _series(found: Sequence[Series]) -> Html:
    drawn = []
    for series in found[:MOST_SERIES]:
        note = [Html(" – "), text(series.note, 300)] if series.note else []
        drawn.append(tag("figure", svg.history(series, series.name), tag("figcaption", name(series.name), *note)))
    more = []
    if len(found) > MOST_SERIES:
        more.append(
            tag("p", f"and {len(found) - MOST_SERIES} more: `lifecycle check --format json` has all", class_="dim")
        )
    return joined([tag("div", *drawn, class_="pictures"), *more])


def _newest(caption: str, found: Sequence[Series]) -> Html:
    rows = []
    for series in found[:MOST_SERIES]:
        known = [p for p in series.points if p.value is not None and p.final] or [
            p for p in series.points if p.value is not None
        ]
        last = known[-1] if known else None
        expected = [p for p in series.estimates if p.value is not None]
        rows.append([
            name(series.name), "-" if series.band is None else interval(*series.band),
            "-" if last is None else interval(last.value, last.lower, last.upper),
            "-" if last is None else text(last.window),
            "-" if not expected else interval(expected[-1].value, expected[-1].lower, expected[-1].upper),
            "-" if not expected else text(expected[-1].window),
        ])  # fmt: skip
    return table(caption, ["metric", "reference", "realised", "in", "estimated", "for"], rows, numbers=(1, 2, 4))


def segments(r: Report) -> Html:
    """Signals by segment."""
    rows = [_measured(m) for m in r.segments[:MOST_ROWS]]
    shown = table(_cut("signals of segments", rows, r.segments), _HEADER, rows, numbers=(1, 2)) if rows else ""
    return section("Segments", shown, id_="segments")


def logs(r: Report) -> Html:
    """Signals of log lines, and patterns that are new or growing."""
    parts = []
    if r.logs:
        parts.append(table("signals of the log", _HEADER, [_measured(m) for m in r.logs[:MOST_LINES]], numbers=(1, 2)))
    if r.patterns:
        rows = [
            [text(p.kind), f"{p.count:,}", _share(p.share), _share(p.reference), tag("code", text(p.template, 300)),
             tag("code", text(p.example, 300))]
            for p in r.patterns[:MOST_LINES]
        ]  # fmt: skip
        header = ["", "lines", "share", "reference", "pattern", "example"]
        parts.append(table(_cut("patterns of messages", rows, r.patterns), header, rows, numbers=(1, 2, 3)))
    return section("Log", *parts, id_="log")


def data(r: Report) -> Html:
    """The window's data report, and signals that failed."""
    parts: list[Html] = []
    if r.findings:
        rows = [
            [text(f.code), name(f.column) if f.column else "-", "-" if f.count is None else f"{f.count:,}",
             text(f.message, 300), text(f.effect, 300)]
            for f in r.findings[:MOST_ROWS]
        ]  # fmt: skip
        header = ["finding", "column", "count", "what it says", "what was done"]
        parts.append(table(_cut(f"data of window {r.window[:60]}", rows, r.findings), header, rows, numbers=(2,)))
    elif r.window:
        parts.append(tag("p", "Nothing irregular was found in this window's data."))
    if r.errors:
        rows = [_measured(m) for m in r.errors[:MOST_LINES]]
        parts.append(table(_cut("signals that failed", rows, r.errors), _HEADER, rows, numbers=(1, 2)))
    return section("Data report", *parts, id_="data")


def versions(r: Report) -> Html:
    """The model's versions, newest first."""
    rows = [
        [f"{v.number}", name(v.label), name(v.aliases), text(v.origin), text(v.made),
         "-" if v.rows is None else f"{v.rows:,}",
         text(v.why, 200)]
        for v in r.versions[:MOST_LINES]
    ]  # fmt: skip
    header = ["number", "label", "aliases", "origin", "made", "rows", "why"]
    return section(
        "Versions", table("versions, newest first", header, rows, numbers=(5,)) if rows else "", id_="versions"
    )


def how(r: Report) -> Html:
    """Definitions, budget, basis, digests."""
    facts = [joined([tag("dt", text(fact.name)), tag("dd", text(fact.text, 600))]) for fact in r.how]
    return section("How this was computed", tag("dl", *facts) if facts else "", id_="how")


_HEADER = ["signal", "value", "n", "state", "what it says"]


def _measured(m: Measured) -> list[str]:
    state = tag("span", text(m.state), class_=_known(m.state))
    return [
        name(m.name), interval(m.value, m.lower, m.upper), "-" if m.n is None else f"{m.n:,}", state,
        text(m.message, 300),
    ]  # fmt: skip


def _known(state: str) -> str:
    """A state as a class of the style; what is no state of ours gets none."""
    return state if state in ("ok", "drifted", "warning", "critical", "error", "cannot-tell") else "dim"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{number(100 * value)} %"


def _cut(caption: str, shown: Sequence[object], found: Sequence[object]) -> str:
    return caption if len(shown) == len(found) else f"{caption}: the first {len(shown):,} of {len(found):,}"

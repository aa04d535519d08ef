"""What a report shows, as values: gathered by `agent.reporting`, turned into a page by `page`.

Text is as the data has it (names and labels may be anything); escaping is the page's matter.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what is to say of it; a line of a list."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One window of a series.

    Attributes:
        value: None leaves a gap; lower, upper: ends of its interval.
        state: of the signal: "drifted" is marked.
        final: False where labels are still coming in.
        limit: what the value is held against in this window, if that changes from one to the next.
    """

    window: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    state: str = "ok"
    final: bool = True
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A signal over windows, oldest first.

    Attributes:
        points: what was measured; estimates: what was expected before labels were there, of the same windows.
        band: the same on the reference: value, lower, upper.
        limits: what the limits of the points are; "" where they have none.
        note: a sentence below the picture.
    """

    name: str
    points: tuple[Point, ...]
    estimates: tuple[Point, ...] = ()
    band: tuple[float, float, float] | None = None
    limits: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of both sides in the same bins; `edges` (bins + 1) for numbers, empty for labels."""

    names: tuple[str, ...]
    reference: tuple[float, ...]
    window: tuple[float, ...]
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Density:
    """Densities of both sides at the same values: per unit of the column."""

    at: tuple[float, ...]
    reference: tuple[float, ...]
    window: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Quantile:
    """A row of the quantile table: a number, or None where there is none."""

    name: str
    reference: float | None
    window: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A signal of the newest window, for tables."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    n: int | None
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its verdict, and where it is shown in full its pictures.

    Attributes:
        effect: distance, 0 to 1, with interval; p: adjusted over all tests of the window; budget: what the window may
            spend on false alarms; detectable: smallest distance that this window would have shown.
        basis: against what variation the verdict was held.
        importance: share of what the model leans on; score: drift times importance, by which columns are ranked.
    """

    name: str
    kind: str
    state: str
    message: str
    effect: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    budget: float | None = None
    detectable: float | None = None
    basis: str = ""
    importance: float | None = None
    score: float | None = None
    histogram: Histogram | None = None
    density: Density | None = None
    quantiles: tuple[Quantile, ...] = ()
    history: Series | None = None
    signals: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What most likely happened; empty texts where nothing was read."""

    state: str = ""
    headline: str = ""
    advice: str = ""
    evidence: tuple[Fact, ...] = ()
    against: tuple[Fact, ...] = ()
    unknown: tuple[str, ...] = ()
    likelihoods: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An open alert."""

    id: int
    rule: str
    severity: str
    since: str
    message: str
    people: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A declared rule: its expression, in how many windows it must hold, what it sets off."""

    name: str
    when: str
    windows: int
    severity: str
    then: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of log messages that is new or growing."""

    kind: str
    template: str
    count: int
    share: float | None
    reference: float | None
    example: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something irregular in the window's data."""

    code: str
    column: str
    count: int | None
    message: str
    effect: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of the model."""

    number: int
    label: str
    aliases: str
    origin: str
    made: str
    rows: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page.

    Attributes:
        window: the newest one's key; "" where there is none (then most other things are empty).
        verdict: of all columns together, in a sentence.
        columns: those that matter most first; the page shows as many in full as its size allows.
        metrics: histories, the key metric first; importance: of the most important columns over time.
        segments, worst: signals by segment; the part of the rows that explains a fall, in a sentence.
        how: definitions, budget, basis, digests.
    """

    model: str
    task: str
    owner: str
    health: str
    health_says: str
    champion: str
    window: str
    rows: int | None = None
    labels: int | None = None
    mature: bool = True
    verdict: str = ""
    reading: Reading = Reading()
    alerts: tuple[AlertLine, ...] = ()
    rules: tuple[RuleLine, ...] = ()
    columns: tuple[Column, ...] = ()
    drift: tuple[Series, ...] = ()
    metrics: tuple[Series, ...] = ()
    importance: tuple[Series, ...] = ()
    segments: tuple[Measured, ...] = ()
    worst: str = ""
    logs: tuple[Measured, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: tuple[Measured, ...] = ()
    versions: tuple[VersionLine, ...] = ()
    how: tuple[Fact, ...] = ()

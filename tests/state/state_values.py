"""Values that the tests of state are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle_tui.domain.results import Alert, StoredProfile, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding, DataReport, FragmentPart, Window

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day(n: int) -> datetime:
    return T0 + n * DAY


def result(model: str = "bikes", n: int = 0, *, digest: str = "d0", version: str = "", **changes) -> WindowResult:
    """Window `n` (a day) of a model; `signals` maps names to values or Signals."""
    window = Window(
        f"{day(n):%Y-%m-%d}", n, day(n), day(n + 1), changes.pop("rows", 100),
        changes.pop("parts", (FragmentPart(f"dt={n}/a.parquet", 60, digest), FragmentPart("b.csv", 40, digest))),
    )  # fmt: skip
    given = changes.pop("signals", {"psi.income": 0.1 + n, "rows": 100.0})
    signals = tuple(
        v if isinstance(v, Signal) else Signal(k, v, column=k.partition(".")[2] or None) for k, v in given.items()
    )
    report = changes.pop("report", DataReport(100, (DataFinding("bad-cell", 2, "two cells", "income", "missing"),)))
    facts = {"as_of": day(n + 1), "labels": 90, "basis": "b1", "report": report, **changes}
    return WindowResult(model, window, version, signals, **facts)


def profile(column: str = "income", data: bytes = b"\x00\x01") -> StoredProfile:
    return StoredProfile(column, "numeric", "g" * 16, data)


def alert(model: str = "bikes", rule: str = "drift", **changes) -> Alert:
    facts = {"severity": "warning", "state": "open", "since": "2026-01-01", "opened": day(1), "message": "it drifted"}
    return Alert(model, rule, **{**facts, **changes})

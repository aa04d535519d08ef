"""One column of two files: its signals and the evidence for drift. Called by `files`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lifecycle_tui.domain.signals import ColumnKind, Measurement
from lifecycle_tui.monitoring.file_sides import Side
from lifecycle_tui.profiles.bars import Bars, bars
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.compare import Profile, chi2, ks, missing_test, psi
from lifecycle_tui.profiles.numeric import NumericProfile


@dataclass(frozen=True, slots=True)
class Evidence:
    """A test that can speak for drift: which, on how many rows (the smaller side), and what it says in words."""

    name: str
    p_value: float
    effect: float
    n: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one column gave. `sizes` are the values on both sides where a KS distance applies."""

    kind: ColumnKind | None = None
    signals: Mapping[str, Measurement] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    sizes: tuple[int, int] | None = None
    bars: Bars | None = None
    note: str | None = None
    error: str | None = None


def compare_sides(before: Side, after: Side, exact: bool = True) -> Found:
    """Compare one column of both files.

    Args:
        before, after: profiles of one kind; those of numbers on one grid.
        exact: whether KS may look at the values where the grid leaves it open.

    Raises:
        TypeError: if most cells of a column of numbers are none.
        ValueError: if the file changed since it was profiled.
    """
    first, second = before.profile, after.profile
    if isinstance(first, CategoricalProfile) and isinstance(second, CategoricalProfile):
        return _categories(first, second)
    assert isinstance(first, NumericProfile) and isinstance(second, NumericProfile)
    if first.kind == "time":
        return _missing_only(first, second)
    return _numbers(before, after, first, second, exact)


def _categories(before: CategoricalProfile, after: CategoricalProfile) -> Found:
    signals = {"chi2": chi2(before, after), "psi": psi(before, after), "missing": missing_test(before, after)}
    return Found(
        "categorical",
        signals,
        (_evidence("chi2", signals["chi2"], before, after), _missing_evidence(signals["missing"])),
        bars=bars(before, after),
        note=_new_labels(before, after),
    )


def _new_labels(before: CategoricalProfile, after: CategoricalProfile) -> str | None:
    new = [label for label in after.counts if label not in before.counts]
    if not new or before.horizon is not None:
        return None
    rows = sum(after.counts[label] for label in new)
    named = ", ".join(sorted(new, key=lambda label: (-after.counts[label], label))[:3])
    return f"{len(new)} new label{'s' if len(new) > 1 else ''} in {rows} rows ({named}{', …' if len(new) > 3 else ''})"


def _numbers(before: Side, after: Side, first: NumericProfile, second: NumericProfile, exact: bool) -> Found:
    sides = (("reference", before), ("current", after))
    for side, found in sides:
        if found.bad > 0.5 * (found.bad + found.profile.n):
            raise TypeError(
                f"numeric, but {found.bad} of {found.profile.rows} cells of the {side} file are not numbers"
            )
    looks = None if before.look is None or after.look is None else (before.look, after.look)
    signals = {
        "ks": ks(first, second, exact=exact, looks=looks),
        "psi": psi(first, second),
        "missing": missing_test(first, second),
    }
    notes = [
        f"{found.bad} cells of the {side} file are not numbers and count as missing"
        for side, found in sides
        if found.bad
    ]
    return Found(
        first.kind,
        signals,
        (_evidence("ks", signals["ks"], first, second), _missing_evidence(signals["missing"])),
        sizes=(first.n, second.n),
        bars=bars(first, second),
        note="; ".join(notes) or None,
    )


def _missing_only(before: NumericProfile, after: NumericProfile) -> Found:
    signals = {"missing": missing_test(before, after)}
    return Found(
        before.kind,
        signals,
        (_missing_evidence(signals["missing"]),),
        note="times move on: only missing values are compared",
    )


def _evidence(name: str, measured: Measurement, before: Profile, after: Profile) -> Evidence:
    n = min(before.n, after.n)
    if measured.p_value is None:
        return Evidence(name, 1.0, 0.0, n)
    return Evidence(name, measured.p_value, measured.effect or 0.0, n)


def _missing_evidence(measured: Measurement) -> Evidence:
    if measured.p_value is None or measured.value is None:
        return Evidence("missing", 1.0, 0.0, 0)
    said = f"missing {measured.detail['reference']:.3g} → {measured.value:.3g}"
    return Evidence("missing", measured.p_value, measured.effect or 0.0, measured.n or 0, said)

"""Loan applications: a new version of the team's proposes fewer loans to the young.

The team's own versions score and the data names them; an officer decides each application within a week. Until
`TIGHTER` version `v3` proposes what officers would grant. `v4`, from then on, asks more of people under 30, whom
officers go on treating as before. On `MENDED` the team brings out `v5`, which treats everybody alike again.

32 applications a day, for `data/applications.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lifecycle_tui.demo.drawing import Row, chance, days, moments, normal, pick, stamp, stream

FIRST, LAST = date(2025, 11, 1), date(2026, 8, 16)
TIGHTER = date(2026, 4, 27)
MENDED = date(2026, 6, 22)
PENALTY = 1.6
"""By how much v4 lowers the log-odds of people under 30."""
PER_DAY = 32

HEADER: Row = ("applied_at", "version", "age_group", "income", "amount", "work", "p_grant", "granted")
WORK = {"employed": 0.4, "self-employed": -0.1, "other": -0.5}


def rows(seed: int) -> Iterator[Row]:
    """Rows of applications.csv, in order of time."""
    random = stream(seed, "loans")
    for day in days(FIRST, LAST):
        version = "v3" if day < TIGHTER else "v4" if day < MENDED else "v5"
        for minute in moments(random, PER_DAY):
            young = random.random() < 0.4
            work = pick(random, tuple(WORK))
            income = max(0.8, normal(random, 2.9, 0.8))
            amount = max(1.0, normal(random, 14, 5))
            worth = 1.3 * (income - 2.7) - 0.14 * (amount - 14) + WORK[work] + 0.35
            granted = random.random() < chance(1.8 * worth)
            said = chance(1.5 * worth - PENALTY * (young and version == "v4") + normal(random, 0, 0.4))
            yield (
                stamp(day, minute), version, "under 30" if young else "30 and over", f"{income:.1f}", f"{amount:.0f}",
                work, f"{said:.2f}", str(int(granted)),
            )  # fmt: skip

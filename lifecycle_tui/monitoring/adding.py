"""A window together with those before it: the evidence of their sums beside the detectors' own, calibrated alike.

A detector's p-value knows sampling error alone. Where the reference's windows say how that detector's evidence varies
when nothing is wrong (day effects), it is held against that first. Called by `columns.measure_columns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lifecycle_tui.monitoring.alarms.calibrated import calibrated, calibrated_together
from lifecycle_tui.monitoring.alarms.evidence import accumulate, window_weight
from lifecycle_tui.monitoring.alarms.yardstick import Spread, Sums, Yardstick
from lifecycle_tui.policy.catalog import CHANGE
from lifecycle_tui.policy.verdicts import TOGETHER, ColumnTest, Verdict


@dataclass(frozen=True)
class Adding:
    """What a window is held against.

    Attributes:
        yardstick: the reference's scores; None where only the detectors' own evidence counts.
        past: sums of the windows before it, the newest first.
        before: what each of those is held against, where windows are matched by season.
        against: which windows of the reference, in words; "" for all of it.
        lacking: columns (`TOGETHER` for all together) that have nothing of their season to be held against, and why.
    """

    yardstick: Yardstick | None = None
    past: tuple[Sums, ...] = field(default=())
    before: tuple[Yardstick, ...] = ()
    against: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict)

    def sums(self, profiles: Mapping[str, Any]) -> Sums:
        """What the window adds."""
        return {} if self.yardstick is None else self.yardstick.sums(profiles)

    def evidence(self, sums: Sums, tests: Sequence[ColumnTest], alpha: float, min_rows: int) -> list[ColumnTest]:
        """All evidence of the window: the detectors', and that of its sums."""
        if self.yardstick is None:
            return list(tests)
        spreads = self.yardstick.spreads
        own = [replace(test, p_value=_calibrated(test, spreads), basis=self.against or test.basis) for test in tests]
        share = alpha / max(1.0, window_weight(self.yardstick, sums, self.before) + len(own))
        for found in accumulate(self.yardstick, sums, self.past, share, min_rows, self.before):
            basis = f"{self.against}; {found.basis}" if self.against else found.basis
            own.append(
                ColumnTest(
                    found.column, CHANGE, found.p_value, found.effect, found.n, found.reference_n, None, found.weight,
                    found.lower, found.upper, found.windows, found.says, basis, found.detectable or 1.0,
                    found.lasting or 1.0,
                )
            )  # fmt: skip
        return own

    def told(self, verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
        """The verdicts; of columns without a season to be held against they are "cannot tell"."""
        return {
            name: verdict
            if name not in self.lacking
            else replace(verdict, state="cannot-tell", message=f"cannot tell: {self.lacking[name]}", detectors=())
            for name, verdict in verdicts.items()
        }


def _calibrated(test: ColumnTest, spreads: Mapping[str, Spread]) -> float | None:
    if test.column == TOGETHER:
        return calibrated_together(test, spreads)
    return calibrated(test, spreads.get(test.column))


NOTHING = Adding()
"""Each window by itself, by the detectors' own evidence."""

"""What to do about a model, and with which key."""

from __future__ import annotations

import pytest

from lifecycle_tui.tui.advice import Situation, advise

CASES: dict[str, tuple[Situation, list[tuple[str, str]]]] = {
    "nothing": (Situation(), [("", "nothing")]),
    "an approval waits": (
        Situation(pending=3, passed=3, approvers=("ana", "raj")),
        [("y", "approve version 3, or decline it (ana, raj may)")],
    ),
    "an alert": (
        Situation(unseen=("auc-degraded",)),
        [("a", "acknowledge auc-degraded"), ("3", "see the metric against its rule")],
    ),
    "alerts about columns": (
        Situation(unseen=("moved", "late"), caused=True, drifted=2),
        [("a", "acknowledge moved and 1 more"), ("2", "see which columns moved")],
    ),
    "an alert that somebody has": (Situation(seen=("moved",), caused=True), [("2", "see which columns moved")]),
    "an approval and an alert": (
        Situation(pending=2, unseen=("moved",), caused=True),
        [("y", "approve version 2, or decline it"), ("5", "acknowledge moved"), ("2", "see which columns moved")],
    ),
    "drift without an alert": (Situation(drifted=1), [("2", "see the 1 column that drifted")]),
    "a challenger that passed": (Situation(passed=4), [("p", "promote version 4: it passed its gates")]),
    "while a job runs": (Situation(passed=4, running="deploy"), [("", "nothing: wait for the deploy job")]),
    "a broken check": (Situation(error=True), [("2", "see where the check failed")]),
    "no agent": (Situation(agent=False), [("", "no agent runs, nothing happens by itself: `lifecycle agent`")]),
    "never checked": (Situation(checked=False), [("", "wait for its first check, or run `lifecycle check`")]),
    "retired": (Situation(declared=False), [("", "nothing: the file does not declare it any more")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_advice(case: str) -> None:
    situation, expected = CASES[case]
    assert [(one.key, one.what) for one in advise(situation)] == expected


def test_what_is_advised_are_keys_that_there_are() -> None:
    from lifecycle_tui.actions.named import NAMED
    from lifecycle_tui.tui.panes.listing import PANES

    keys = {named.key for named in NAMED.values()} | {listed.key for listed in PANES.values()} | {""}
    assert {one.key for situation, _ in CASES.values() for one in advise(situation)} <= keys

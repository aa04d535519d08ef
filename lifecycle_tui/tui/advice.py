"""The one thing to do about a model, and the key that does it: pure. Called by the overview.

It is what a person on call would most likely do next, not a decision: policies decide, people act.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Situation:
    """What advice looks at.

    Attributes:
        pending: version whose promotion waits for a person's word; approvers: who may give it.
        passed: a challenger that passed its gates and was not promoted.
        unseen: rules of alerts that nobody has acknowledged, the worst first; caused: the columns they are about.
        seen: rules of alerts that are acknowledged.
        drifted: columns that drifted in the newest window.
        error: what failed in the last check.
        running: kind of the job that runs.
        agent: whether an agent runs; checked: whether the model ever was; declared: whether the file has it.
        next: what the loop does next by itself.
    """

    pending: int | None = None
    approvers: tuple[str, ...] = ()
    passed: int | None = None
    unseen: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    caused: bool = False
    drifted: int = 0
    error: bool = False
    running: str | None = None
    agent: bool = True
    checked: bool = True
    declared: bool = True
    next: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """`key` is "" where nothing is to be pressed; `what` is an imperative sentence."""

    key: str
    what: str
    tone: str = ""


def advise(now: Situation) -> tuple[Advice, ...]:
    """What to do, the most urgent first; at least one."""
    found = [*_urgent(now), *_worth_it(now)]
    if not now.agent:
        found.append(Advice("", "no agent runs, nothing happens by itself: `lifecycle agent`", "warning"))
    return tuple(found) or (Advice("", _nothing(now)),)


def _urgent(now: Situation) -> list[Advice]:
    found = []
    if now.pending is not None:
        who = f" ({', '.join(now.approvers)} may)" if now.approvers else ""
        found.append(Advice("y", f"approve version {now.pending}, or decline it{who}", "warning"))
    if now.unseen:
        more = f" and {len(now.unseen) - 1} more" if len(now.unseen) > 1 else ""
        where = "5" if now.pending is not None else "a"
        found.append(Advice(where, f"acknowledge {now.unseen[0]}{more}", "warning"))
    if now.passed is not None and now.pending is None and now.running is None:
        found.append(Advice("p", f"promote version {now.passed}: it passed its gates", "warning"))
    return found


def _worth_it(now: Situation) -> list[Advice]:
    found = []
    if now.error:
        found.append(Advice("2", "see where the check failed", "error"))
    if now.unseen or now.seen:
        found.append(
            Advice("2", "see which columns moved") if now.caused else Advice("3", "see the metric against its rule")
        )
    elif now.drifted:
        found.append(Advice("2", f"see the {now.drifted} column{'s' * (now.drifted != 1)} that drifted"))
    return found


def _nothing(now: Situation) -> str:
    if not now.declared:
        return "nothing: the file does not declare it any more"
    if not now.checked:
        return "wait for its first check, or run `lifecycle check`"
    if now.running is not None:
        return f"nothing: wait for the {now.running} job"
    return "nothing"

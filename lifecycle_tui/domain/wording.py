"""Sentences of verdicts made short: what a person reads first, without how sure it is.

Signals keep the whole sentence (JSON and reports have the numbers); text output and headlines show its essence.
Called by `check`, `drift` and the HTML report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CERTAINTY = re.compile(r" \(p [^()]*over all tests of the window[^()]*\)")
"""What `policy.verdicts` says of p, budget and basis."""


def essence(message: str | None) -> str:
    """`'12' is more frequent, distance 0.914 (0.91 to 0.92)` of a verdict's sentence; other sentences as they are."""
    return _CERTAINTY.sub("", message or "").removeprefix("drifted: ").replace(": drifted: ", ": ", 1)


def headline(message: str | None, detail: Mapping[str, Any]) -> str:
    """What a reading says is the matter and how likely, without its first piece of evidence (`evidence` has it)."""
    said = message or ""
    for piece in detail.get("evidence", ())[:1]:
        said = said.removesuffix(f"; {piece.get('says', '')}")
    return essence(said)

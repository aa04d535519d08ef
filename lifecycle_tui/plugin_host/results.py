"""Checks what a plugin returned. Used twice for team plugins: in their process, to name the line, and again by the
host, which trusts nothing that comes out of it; once for built-ins."""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from typing import Any

from lifecycle_tui.domain.delivery import FitResult
from lifecycle_tui.domain.signals import Measurement

DETAIL_LIMIT = 64 * 1024
"""Bytes of JSON that a measurement's detail may take."""
TEXT_LIMIT = 2_000
"""Characters of a message or definition."""


class BadResult(Exception):
    """A returned value that cannot be used; the message says which part and why."""


def as_measurement(value: Any) -> Measurement:
    """A detector's or metric's answer as a checked `Measurement`.

    A real number stands for `Measurement(number)`, None for one without a value. Infinite interval ends are open ends.

    Raises:
        BadResult: for booleans, NaN, infinite values, other types, shares outside 0..1, details that are not JSON.
    """
    if not isinstance(value, Measurement):
        return Measurement(_number("the result", value))
    lower, upper = _end("lower", value.lower), _end("upper", value.upper)
    if lower is not None and upper is not None and lower > upper:
        raise BadResult(f"the interval is upside down: lower {lower} > upper {upper}")
    return Measurement(
        value=_number("value", value.value),
        lower=lower,
        upper=upper,
        n=_count(value.n),
        p_value=_share("p_value", value.p_value),
        effect=_share("effect", value.effect),
        definition=_text("definition", value.definition),
        message=_text("message", value.message),
        detail=_detail(value.detail),
    )


def as_version(value: Any) -> int | None:
    """A deployer's answer to which version serves: its number, or None.

    Raises:
        BadResult: for anything else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise BadResult(f"must be the number of a version or None, not {value!r:.60}")
    return value


def as_fit(value: Any) -> FitResult:
    """A strategy's answer, checked; whether its artefact can be read is for `training` to say.

    Raises:
        BadResult: for anything but a `FitResult` with bytes, a count of rows and JSON parameters.
    """
    if not isinstance(value, FitResult):
        raise BadResult(f"must return a FitResult, not {type(value).__name__}")
    if not isinstance(value.artifact, bytes) or not value.artifact:
        raise BadResult("artifact must be the bytes that api.dump_model gives")
    rows = _count(value.rows)
    if rows is None:
        raise BadResult("rows must be a count of rows, not None")
    if not isinstance(value.from_parent, bool):
        raise BadResult("from_parent must be True or False")
    note = _text("note", value.note)
    return FitResult(value.artifact, rows, _json("parameters", value.parameters), note or "", value.from_parent)


def _real(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        kind = type(value).__name__
        raise BadResult(f"{name} must be a number, a Measurement or None, not {kind}")
    try:
        number = float(value)
    except (OverflowError, ValueError) as exc:
        raise BadResult(f"{name} does not fit a float: {exc}") from None
    if math.isnan(number):
        raise BadResult(f"{name} is NaN; return None, or Measurement(None, message=…), where there is no number")
    return number


def _number(name: str, value: Any) -> float | None:
    number = _real(name, value)
    if number is not None and math.isinf(number):
        raise BadResult(f"{name} is infinite; return Measurement(None, message=…) where there is no finite number")
    return number


def _end(name: str, value: Any) -> float | None:
    end = _real(name, value)
    return None if end is None or math.isinf(end) else end


def _share(name: str, value: Any) -> float | None:
    share = _real(name, value)
    if share is not None and not 0.0 <= share <= 1.0:
        raise BadResult(f"{name} must be between 0 and 1, not {share}")
    return share


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 0 <= int(value) < 2**63:
        raise BadResult(f"n must be a count of rows, not {value!r:.60}")
    return int(value)


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadResult(f"{name} must be text, not {type(value).__name__}")
    return value if len(value) <= TEXT_LIMIT else value[: TEXT_LIMIT - 1] + "…"


def _detail(value: Any) -> Mapping[str, Any]:
    return _json("detail", value)


def _json(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadResult(f"{name} must be a mapping, not {type(value).__name__}")
    if not value:
        return {}
    try:
        written = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise BadResult(f"{name} must hold JSON values only: {exc}") from None
    if len(written) > DETAIL_LIMIT:
        raise BadResult(f"{name} takes {len(written):,} bytes; {DETAIL_LIMIT:,} are allowed")
    return json.loads(written)

"""How instants and structures are written into columns, in one place, so that text sorts and compares.

Called by every query module of this room and of registry/.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from lifecycle_tui.domain.errors import StateError

DAMAGED = "`sqlite3 .lifecycle/state.db 'PRAGMA integrity_check'` looks at the whole file"


def instant(value: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`: fixed width in UTC, so that text order is time order.

    Raises:
        ValueError: if `value` has no time zone.
    """
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; instants in state are UTC")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def maybe_instant(value: datetime | None) -> str | None:
    """`instant`, or None for None."""
    return None if value is None else instant(value)


def moment(text: str) -> datetime:
    """The instant that `instant` wrote.

    Raises:
        StateError: it is none: the file is damaged, or another program wrote to it.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise StateError("state is damaged: a value is no instant", hint=DAMAGED) from exc


def maybe_moment(text: str | None) -> datetime | None:
    """`moment`, or None for None."""
    return None if text is None else moment(text)


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces; NaN and infinities become null, unknown types their text."""
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str
        )
    except (ValueError, TypeError):
        # NaN, an infinity, or keys of several types, which do not sort.
        return json.dumps(_finite(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def loads(text: str | None, default: Any = None) -> Any:
    """The value of a JSON column; `default` for NULL.

    Raises:
        StateError: it is no JSON: the file is damaged, or another program wrote to it.
    """
    try:
        return default if text is None else json.loads(text)
    except ValueError as exc:
        raise StateError("state is damaged: a value is no JSON", hint=DAMAGED) from exc

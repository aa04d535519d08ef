"""What a plugin imports. Everything here is public; names come lazily from the rooms below.

from lifecycle_tui.api import Measurement, hookimpl

class Shift:
    \"\"\"Difference of the medians.\"\"\"
    name, kinds, takes = "shift", ("numeric",), "profile"

    def measure(self, reference, window):
        return Measurement(window.quantile(0.5) - reference.quantile(0.5))

@hookimpl
def register_detectors(register):
    register(Shift)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle_tui.domain.errors import DataError as DataError
    from lifecycle_tui.domain.hookspecs import API_VERSION as API_VERSION
    from lifecycle_tui.domain.hookspecs import hookimpl as hookimpl
    from lifecycle_tui.domain.protocols import Batch as Batch
    from lifecycle_tui.domain.protocols import CellProblem as CellProblem
    from lifecycle_tui.domain.protocols import Detector as Detector
    from lifecycle_tui.domain.protocols import Fragment as Fragment
    from lifecycle_tui.domain.protocols import Message as Message
    from lifecycle_tui.domain.protocols import Metric as Metric
    from lifecycle_tui.domain.protocols import Notifier as Notifier
    from lifecycle_tui.domain.protocols import Outcomes as Outcomes
    from lifecycle_tui.domain.protocols import Source as Source
    from lifecycle_tui.domain.signals import ColumnKind as ColumnKind
    from lifecycle_tui.domain.signals import Measurement as Measurement

_HOMES: dict[str, str] = {
    "API_VERSION": "domain.hookspecs",
    "Batch": "domain.protocols",
    "CellProblem": "domain.protocols",
    "ColumnKind": "domain.signals",
    "DataError": "domain.errors",
    "Detector": "domain.protocols",
    "Fragment": "domain.protocols",
    "Measurement": "domain.signals",
    "Message": "domain.protocols",
    "Metric": "domain.protocols",
    "Notifier": "domain.protocols",
    "Outcomes": "domain.protocols",
    "Source": "domain.protocols",
    "hookimpl": "domain.hookspecs",
}
"""Public name → the module below that defines it."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"lifecycle_tui.api has no {name!r}; it offers {', '.join(sorted(_HOMES))}")
    value = getattr(import_module(f"lifecycle_tui.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOMES)

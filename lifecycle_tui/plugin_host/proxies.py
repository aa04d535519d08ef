"""Stand-ins for team plugins: the protocols' methods and attributes, each method a guarded call. Made by `catalog`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.delivery import FitRequest, FitResult, Release
from lifecycle_tui.domain.explaining import ExplainRequest, Explanation
from lifecycle_tui.domain.hookspecs import EVENT_SECONDS
from lifecycle_tui.domain.protocols import Batch, Fragment, Message, Outcomes
from lifecycle_tui.domain.showing import PANEL_SECONDS, Row, Scalar, Series
from lifecycle_tui.domain.signals import ColumnKind, Measurement
from lifecycle_tui.plugin_host.explained import as_explanation, as_probe
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.runner import Runner

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle_tui.domain.views import Event, ModelView, View


class Proxy:
    """What all kinds share. Every method may raise `PluginFault`."""

    def __init__(
        self, info: PluginInfo, options: Mapping[str, Any], runner: Runner, location: str | None = None
    ) -> None:
        self.info = info
        self.name = info.name
        self._options = dict(options)
        self._runner = runner
        self._location = location

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Any method of the plugin; see `Runner.call`."""
        return self._runner.call(self.info, self._options, method, args, kwargs, location=self._location)


class DetectorProxy(Proxy):
    """Follows `Detector`."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.info.kinds

    @property
    def takes(self) -> str:
        return self.info.takes

    @property
    def scope(self) -> str:
        return self.info.scope

    @property
    def sample(self) -> int | None:
        return self.info.sample

    def measure(self, reference: Any, window: Any) -> Measurement:
        measurement: Measurement = self.call("measure", reference, window)
        return measurement


class MetricProxy(Proxy):
    """Follows `Metric`."""

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.info.tasks

    @property
    def needs(self) -> str:
        return self.info.needs

    @property
    def greater_is_better(self) -> bool | None:
        return self.info.greater_is_better

    @property
    def range(self) -> tuple[float | None, float | None]:
        return self.info.range

    def measure(self, outcomes: Outcomes) -> Measurement:
        measurement: Measurement = self.call("measure", outcomes)
        return measurement


class SourceProxy(Proxy):
    """Follows `Source`. `read` makes its call when the first batch is asked for, not when it is made."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        return self.info.suffixes

    def fragments(self) -> Sequence[Fragment]:
        found: Sequence[Fragment] = self.call("fragments")
        return found

    def schema(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.call("schema")
        return found

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        columns = None if columns is None else list(columns)
        yield from self.call("read", fragment, columns, None if kinds is None else dict(kinds), time)


class NotifierProxy(Proxy):
    """Follows `Notifier`."""

    def send(self, message: Message) -> None:
        self.call("send", message)


class StrategyProxy(Proxy):
    """Follows `Strategy`. `seconds` is what a training may take, in place of the limit of other calls."""

    seconds: float | None = None

    def fit(self, request: FitRequest) -> FitResult:
        result: FitResult = self._runner.call(self.info, self._options, "fit", [request], seconds=self.seconds)
        return result


class DeployerProxy(Proxy):
    """Follows `Deployer`."""

    def deploy(self, release: Release) -> None:
        self.call("deploy", release)

    def serving(self, folder: str) -> int | None:
        number: int | None = self.call("serving", folder)
        return number


class ExplainerProxy(Proxy):
    """Follows `Explainer`; what comes back is checked against the request once more."""

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.info.tasks

    def probe(self, request: ExplainRequest) -> pa.Table:
        return self._checked("probe", as_probe, request)

    def explain(self, request: ExplainRequest, scores: pa.Array) -> Explanation:
        found: Explanation = self._checked("explain", as_explanation, request, scores)
        return found

    def _checked(self, method: str, check: Callable[..., Any], request: ExplainRequest, *more: Any) -> Any:
        value = self.call(method, request, *more)
        with self._runner.charged(self.info, method):
            return check(value, request)


class CommandProxy(Proxy):
    """Follows `Command`."""

    def run(self, view: View) -> list[dict[str, Scalar]]:
        rows: list[dict[str, Scalar]] = self.call("run", view)
        return rows


class PanelProxy(Proxy):
    """Follows `Panel`."""

    def draw(self, view: ModelView) -> tuple[Row | Series, ...]:
        seconds = min(PANEL_SECONDS, self._runner.limits.seconds)
        drawn: tuple[Row | Series, ...] = self._runner.call(self.info, self._options, "draw", [view], seconds=seconds)
        return drawn


class EventProxy(Proxy):
    """The event hooks of one file."""

    def hear(self, hook: str, event: Event) -> None:
        """Call every implementation of the hook in the file; the first one's exception is the fault."""
        seconds = min(EVENT_SECONDS, self._runner.limits.seconds)
        self._runner.call(self.info, {}, hook, [event], seconds=seconds)


KINDS: dict[str, type[Proxy]] = {
    "detector": DetectorProxy,
    "metric": MetricProxy,
    "source": SourceProxy,
    "notifier": NotifierProxy,
    "strategy": StrategyProxy,
    "deployer": DeployerProxy,
    "explainer": ExplainerProxy,
    "command": CommandProxy,
    "panel": PanelProxy,
    "event": EventProxy,
}
"""Kind → its stand-in."""

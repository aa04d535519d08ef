"""What a team's own tests of its plugins and workspaces import (docs/plugin-tutorial.md). Public, like `api`.

    from lifecycle_tui import testing

    @testing.conformance("plugins/kurtosis.py")
    def test_conformance(check):
        check.run()

    def test_kurtosis():
        detector = testing.load_plugin("plugins/kurtosis.py")()
        assert testing.measure(detector, [1.0, 2.0, 3.0], [1.0, 2.0, 9.0]).value > 0

The fixtures `workspace` (a `Space`), `clock` and `drive` are there for test files, or the top `conftest.py`, that say
`pytest_plugins = ["lifecycle_tui.testing"]`. Nothing is registered with pytest by being installed: other people's
test runs do not import this. What a function needs is imported when it is called. There are no asserts to explain in
here (PYTEST_DONT_REWRITE).
"""

from __future__ import annotations

from lifecycle_tui.testing.columns import measure, measure_table, outcomes, profile
from lifecycle_tui.testing.conforming import Conformance, conformance
from lifecycle_tui.testing.fixtures import Drive, clock, drive, workspace
from lifecycle_tui.testing.loading import load_module, load_plugin
from lifecycle_tui.testing.terminal import Terminal
from lifecycle_tui.testing.values import (
    alert_event,
    explain_request,
    fit_request,
    message,
    release,
    rollout_event,
    version_event,
    view,
)
from lifecycle_tui.testing.workspaces import Checked, Ran, Space

__all__ = [
    "Checked",
    "Conformance",
    "Drive",
    "Ran",
    "Space",
    "Terminal",
    "alert_event",
    "clock",
    "conformance",
    "drive",
    "explain_request",
    "fit_request",
    "load_module",
    "load_plugin",
    "measure",
    "measure_table",
    "message",
    "outcomes",
    "profile",
    "release",
    "rollout_event",
    "version_event",
    "view",
    "workspace",
]

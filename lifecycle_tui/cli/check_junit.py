"""`check --format junit`: one suite a model, one case a rule, so that CI shows rules as it shows tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import ModelReport, Report


def as_junit(report: Report) -> str:
    """The report as JUnit XML: a firing rule is a failure, an unknown one is skipped, a broken model an error."""
    root = ET.Element("testsuites", name="lifecycle check")
    for model in report.models:
        _suite(root, model)
    ET.indent(root)
    # Character references for all but ASCII: the document stays true to its declaration in every terminal's encoding.
    return ET.tostring(root, encoding="us-ascii", xml_declaration=True).decode("ascii")


def _suite(root: ET.Element, m: ModelReport) -> None:
    name = output.plain(m.spec.name)
    suite = ET.SubElement(root, "testsuite", name=name)
    firing = {a.alert.rule: a.alert for a in m.alerts}
    counts = {"tests": 0, "failures": 0, "skipped": 0, "errors": 0}
    case = ET.SubElement(suite, "testcase", classname=name, name="evaluated")
    counts["tests"] += 1
    if m.failed:
        counts["errors"] += 1
        ET.SubElement(case, "error", message=output.plain(m.job.error or m.job.state))
    for problem in m.problems:
        counts["tests"] += 1
        counts["errors"] += 1
        case = ET.SubElement(suite, "testcase", classname=name, name="declared")
        ET.SubElement(case, "error", message=output.plain(problem))
    for outcome in m.job.outcome.get("rules", ()):
        counts["tests"] += 1
        case = ET.SubElement(suite, "testcase", classname=name, name=output.plain(str(outcome["rule"])))
        alert = firing.pop(str(outcome["rule"]), None)
        if alert is not None:
            counts["failures"] += 1
            ET.SubElement(case, "failure", type=alert.severity, message=output.plain(alert.message))
        elif outcome["value"] is None:
            counts["skipped"] += 1
            ET.SubElement(case, "skipped", message=output.plain(str(outcome["message"])))
    for signal in m.newest.values():
        if signal.state == "error":
            counts["tests"] += 1
            counts["errors"] += 1
            case = ET.SubElement(suite, "testcase", classname=name, name=output.plain(signal.name))
            ET.SubElement(case, "error", message=output.plain(signal.message or "failed"))
    for key, value in counts.items():
        suite.set(key, str(value))

"""`plugins check --format junit`: one suite a plugin, one case a check, so that CI shows checks as it shows tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.base import CheckResult


def as_junit(results: Sequence[CheckResult]) -> str:
    """The results, which come plugin by plugin, as JUnit XML."""
    root = ET.Element("testsuites", name="lifecycle plugins check")
    for (kind, plugin), of_one in groupby(results, lambda r: (r.kind, r.plugin)):
        found = list(of_one)
        name = output.plain(f"{kind}.{plugin}")
        counts = {state: sum(r.state == state for r in found) for state in ("failed", "skipped")}
        suite = ET.SubElement(
            root, "testsuite", name=name, tests=str(len(found)), failures=str(counts["failed"]),
            skipped=str(counts["skipped"]), errors="0",
        )  # fmt: skip
        for result in found:
            _case(suite, name, result)
    ET.indent(root)
    # Character references for all but ASCII: the document stays true to its declaration in every terminal's encoding.
    return ET.tostring(root, encoding="us-ascii", xml_declaration=True).decode("ascii")


def _case(suite: ET.Element, name: str, result: CheckResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=name, name=result.check, time=f"{result.seconds:.3f}")
    if result.state == "skipped":
        ET.SubElement(case, "skipped", message=output.plain(result.came))
    elif result.state == "failed":
        failure = ET.SubElement(
            case, "failure", type=result.check, message=output.plain(f"expected {result.expected}, got {result.came}")
        )
        failure.text = output.plain(" ".join(part for part in (result.place, result.hint) if part))

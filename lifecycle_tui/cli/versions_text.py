"""`versions show` and `versions diff` for people, made from their JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lifecycle_tui import output
from lifecycle_tui.cli.text import clipped, counted, number
from lifecycle_tui.output import plain

WIDE = 100
TOP = 12
"""Features whose importance is shown."""


def tell(found: Mapping[str, Any]) -> None:
    """Everything of one version."""
    names = " ".join(a["alias"] for a in found["aliases"])
    label = "" if found["label"] == str(found["number"]) else f" ({found['label']})"
    head = f"{found['model']} version {found['number']}{label}" + (f" · {names}" if names else "")
    output.say(output.style(plain(head), "bold"))
    _pairs(
        (
            "made",
            f"{found['origin']} at {_minute(found['created_at'])}" + (f" by {found['by']}" if found["by"] else ""),
        ),
        ("why", found["why"]),
        ("note", found["note"]),
        ("artefact", _artefact(found)),
        ("parent", None if found["parent"] is None else f"version {found['parent']}"),
        ("strategy", found["strategy"]),
        ("trained on", _data(found["data"])),
        ("fingerprint", found["data"]["fingerprint"]),
        ("code", found["code"]),
        ("job", found["job"]),
    )
    _section("metrics", [(name, measured(value)) for name, value in found["metrics"].items()])
    ranked = sorted(found["importance"].items(), key=lambda pair: -(pair[1] or 0))
    _section("importance", [(name, number(value)) for name, value in ranked[:TOP]], len(ranked) - TOP)
    for name in ("parameters", "libraries", "schema", "lineage"):
        _section(name, [(key, value) for key, value in sorted(_flat(found[name]).items())])
    if found["aliases"]:
        output.say()
    for alias in found["aliases"]:
        who = f" by {alias['by']}" if alias["by"] else ""
        _pairs(
            (alias["alias"], f"since {_minute(alias['since'])}{who}" + (f": {alias['why']}" if alias["why"] else ""))
        )
    for judged in found["judgements"]:
        output.say()
        judgement(judged)


def tell_difference(found: Mapping[str, Any]) -> None:
    """Two versions side by side."""
    a, b = (f"version {found[side]['number']}" for side in ("a", "b"))
    output.say(output.style(plain(f"{found['model']}: {a} and {b}"), "bold"))
    rows = [(name, _brief(name, one), _brief(name, other)) for name, (one, other) in found["differs"].items()]
    if rows:
        output.table([tuple(map(plain, row)) for row in rows], ("differs", a, b))
    else:
        output.say("nothing that is recorded differs but when they were made")
    for title in ("metrics", "importance"):
        sides = found[title]
        if sides:
            output.say()
            output.table(
                [(plain(n), measured(side["a"]), measured(side["b"])) for n, side in sides.items()], (title, a, b)
            )
    output.say()
    if found["judgement"] is None:
        output.say("neither was judged against the other: the metrics are of different rows")
    else:
        judgement(found["judgement"])


def judgement(found: Mapping[str, Any]) -> None:
    """One judgement: the verdict, then its gates."""
    against = "nothing" if found["champion"] is None else f"version {found['champion']}"
    head = f"judged against {against} at {_minute(found['at'])} on {counted(found['rows'], 'row')}: {found['verdict']}"
    output.say(plain(head))
    output.say(plain(f"  {found['text']}"))
    for gate in found["gates"]:
        said = gate.get("text") or gate.get("verdict") or ""
        output.say(plain(f"  {gate.get('verdict', '?'):8} {gate.get('gate', '')}  {said}".rstrip()))


def measured(value: Any) -> str:
    """A number with its interval: `41.2 (40.1 to 42.3), n 4,000`."""
    if value is None:
        return "-"
    if not isinstance(value, Mapping):
        return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else plain(str(value))
    text = number(value.get("value"))
    if value.get("lower") is not None or value.get("upper") is not None:
        text += f" ({number(value.get('lower'))} to {number(value.get('upper'))})"
    return text + (f", n {value['n']:,}" if isinstance(value.get("n"), int) else "")


def _pairs(*pairs: tuple[str, Any]) -> None:
    for name, value in pairs:
        if value not in (None, ""):
            output.say(f"  {plain(name):12} {plain(str(value))}")


def _section(title: str, rows: list[tuple[str, Any]], more: int = 0) -> None:
    if not rows:
        return
    output.say()
    output.say(title)
    width = min(40, max(len(plain(name)) for name, _ in rows))
    for name, value in rows:
        output.say(f"  {clipped(name, 40):{width}}  {_short(value)}")
    if more > 0:
        output.say(f"  and {more:,} more")


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return "-" if value is None else clipped(str(value), WIDE)


def _brief(name: str, value: Any) -> str:
    """A cell beside another: of an instant its minute, of a digest its beginning."""
    if name in ("data.start", "data.end"):
        return "-" if value is None else _minute(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return value[:12]
    return _short(value)


def _flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _artefact(found: Mapping[str, Any]) -> str:
    if found["digest"] is None:
        return "none: it is only named by the data"
    size = "" if found["size"] is None else f", {found['size']:,} bytes"
    return f"{found['digest']} ({found['format'] or '?'}{size})"


def _data(found: Mapping[str, Any]) -> str | None:
    if found["rows"] is None and found["start"] is None:
        return None if found["end"] is None else f"rows before {_minute(found['end'])}, as was said at its registration"
    rows = "" if found["rows"] is None else counted(found["rows"], "row")
    span = "" if found["start"] is None else f"{_minute(found['start'])} to {_minute(found['end'])}"
    return ", ".join(t for t in (rows, span) if t)


def _minute(text: str | None) -> str:
    return "?" if text is None else text[:16].replace("T", " ")

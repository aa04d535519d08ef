"""Writes what `lifecycle init` guessed as the text of a `lifecycle.toml`: every guess with its reason beside it, and
the keys that people reach for next as comments. Called by `cli.init`; the text loads without problems.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.guesses import ModelGuess, TableGuess
from lifecycle_tui.domain.specs import Task

WIDTH = 110
COMMENT_AT = 40

_METRICS: dict[Task, tuple[str, str]] = {
    "regression": ('["mae", "rmse", "r2"]', "mae.lower > 100"),
    "binary": ('["auc", "recall", "precision"]', "auc.upper < 0.7"),
    "multiclass": ('["accuracy", "log_loss"]', "accuracy.upper < 0.8"),
    "ranking": ('["auc"]', "auc.upper < 0.7"),
}
_PEOPLE = re.compile(r"(^|_)(sex|gender|age|race|ethnic\w*|nationality|religion|foreign\w*|disab\w*)(_|$)")
_HEAD = """\
#:schema .lifecycle/schema.json
# Written by `lifecycle init` from the data; each guess says why it was made. Edit it freely:
# `lifecycle config check` reads it, `lifecycle check` acts on it. Lines like "# key = …" show what else there is.
"""
_FILE = """\

[workspace]
# plugins      = ["plugins"]            # folders with your own detectors, metrics and notifiers
# timezone     = "Europe/Paris"         # windows and times without an offset are UTC unless it says otherwise
# false_alarms = "1 per 7d"             # false drift alarms of the whole file together

# Nothing is sent anywhere unless a notifier says so.
# [notifiers.oncall]
# use   = "webhook"
# url   = { env = "ALERT_URL" }
# match = { severity = "critical" }
"""


# --- values -----------------------------------------------------------------------------------------------

_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def text(value: str) -> str:
    """A TOML basic string. Controls are escaped, everything else stays as it is."""
    return '"' + "".join(_SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " or c == "\x7f" else c) for c in value) + '"'


def key(name: str) -> str:
    """A TOML key: bare where it may be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)


def value(item: Any) -> str:
    """A scalar or a list of them as TOML on one line. An instant is written in UTC."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return text(item)
    if isinstance(item, datetime):
        instant = item.astimezone(UTC).replace(tzinfo=None) if item.tzinfo else item
        return instant.isoformat() + "Z"
    if isinstance(item, date):
        return item.isoformat()
    if isinstance(item, list | tuple):
        return "[" + ", ".join(value(one) for one in item) + "]"
    return repr(item)


def inline(pairs: Iterable[tuple[str, Any]]) -> str:
    """An inline table of those pairs that have a value."""
    return "{ " + ", ".join(f"{key(k)} = {value(v)}" for k, v in pairs if v is not None) + " }"


def comment(words: str) -> str:
    """Words that may stand after a `#`: on one line, without controls (column names come from the data)."""
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))


# --- lines ------------------------------------------------------------------------------------------------


@dataclass
class _Section:
    """One table of the file; keys are aligned, reasons stand beside them or, when long, above."""

    name: str
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def put(self, name: str, written: str, why: str = "") -> None:
        self.lines.append((name, written, comment(why)))

    def hint(self, name: str, written: str, why: str = "") -> None:
        """A key that is not set, as a comment."""
        self.put(f"# {name}", written, why)

    def render(self) -> str:
        out = [f"[{self.name}]"]
        set_keys = [n for n, _, _ in self.lines if not n.startswith("#")]
        wide = max(len(n) for n in set_keys or [n[2:] for n, _, _ in self.lines])
        for name, written, why in self.lines:
            if name.startswith("# "):
                name = f"# {name[2:].ljust(wide)}"
            line = f"{name.ljust(wide)} = {written}"
            if why and "\n" not in written and len(beside := f"{line.ljust(COMMENT_AT - 1)} # {why}") <= WIDTH:
                out.append(beside)
            else:
                out.extend([f"# {why}"] if why else [])
                out.append(line)
        return "\n".join(out) + "\n"


def _list(names: Sequence[str]) -> str:
    """A list of strings, over several lines where it is long."""
    one = value(list(names))
    if len(one) <= 90:
        return one
    rows, row = [], "   "
    for name in names:
        item = f" {text(name)},"
        if len(row) + len(item) > WIDTH and row.strip():
            rows.append(row)
            row = "   "
        row += item
    return "[\n" + "\n".join([*rows, row]) + "\n]"


# --- the file ---------------------------------------------------------------------------------------------


def draft(guess: ModelGuess, name: str, folder: Path, *, first: bool = True) -> str:
    """The text for one model.

    Args:
        name: the model's name.
        folder: where the file will lie; paths are written relative to it.
        first: whether the text is a whole file, or a table to append to one.
    """
    model = f"models.{key(name)}"
    top = _Section(model)
    top.put("task", text(guess.task), guess.reasons.get("task", ""))
    top.hint("owner", '"your-team"', "notifiers can match it")
    sections = [
        top,
        _data(guess, model, folder),
        _columns(guess, model),
        _monitor(guess, model),
    ]
    doubts = "".join(f"# Please look: {comment(doubt)}.\n" for doubt in guess.doubts)
    body = "\n".join(section.render() for section in sections) + "\n" + _rules(guess, model)
    start = _HEAD + _FILE if first else f"# Added by `lifecycle init`; each guess says why it was made.\n{doubts}"
    return start + (f"\n{doubts}" if first else "") + body


def _path(table: TableGuess, folder: Path) -> str:
    if "://" in table.location:
        return table.location
    return Path(os.path.relpath(table.location, folder)).as_posix()


def _data(guess: ModelGuess, model: str, folder: Path) -> _Section:
    section = _Section(f"{model}.data")
    reference = ""
    for table in guess.tables:
        pairs: list[tuple[str, Any]] = [
            ("path", _path(table, folder)),
            ("on", table.on),
            ("partition", table.partition),
        ]
        if table.role == "labels":
            delay = f"{table.delay}d" if table.delay else None
            pairs += [("arrived", table.arrived), ("delay", delay), ("absent", table.absent if delay else None)]
        alone = all(v is None for _, v in pairs[1:])
        written = value(pairs[0][1]) if alone else inline(pairs)
        if table.role == "reference":
            reference = written
        else:
            section.put(table.role, written, table.reason)
    section.put("reference", reference or _reference(guess), guess.reasons.get("reference", ""))
    section.put("window", text(guess.window), guess.reasons.get("window", ""))
    if _seasonal(guess):
        matched = inline([("until", guess.reference.until), ("match", ["month"])])
        section.hint("reference", matched, "months are then compared with the same month of the reference")
    if guess.columns.timestamp:
        section.hint("grace", '"2h"', "how long a window waits for late rows")
        section.hint("timezone", '"Europe/Paris"', "of windows, and of times without an offset")
    if guess.columns.target and not any(t.role == "labels" for t in guess.tables) and guess.columns.timestamp:
        section.hint("labels", '{ delay = "1d" }', "how long after its row the target is known")
    return section


def _seasonal(guess: ModelGuess) -> bool:
    """Whether each month can be compared with that month of a reference: windows are months, and it is a year."""
    return guess.window == "1 month" and guess.reference.year and all(t.role != "reference" for t in guess.tables)


def _reference(guess: ModelGuess) -> str:
    r = guess.reference
    return inline([("until", r.until), ("rows", r.rows), ("partitions", list(r.partitions) or None)])


def _columns(guess: ModelGuess, model: str) -> _Section:
    section, c = _Section(f"{model}.columns"), guess.columns
    why = guess.reasons.get
    if c.id:
        section.put("id", text(c.id), why("id", ""))
    if c.timestamp:
        section.put("timestamp", _timestamp(guess), why("timestamp", ""))
    for role in ("version", "target", "positive", "prediction", "score"):
        found = getattr(c, role)
        if found is not None:
            written = value(found) if isinstance(found, str | int | float) else inline(found.items())
            section.put(role, written, why(role, ""))
    if guess.task == "binary" and c.score:
        section.hint("cutoff", "0.5", "from this score on, the prediction is positive")
    for kind in ("numeric", "categorical", "text"):
        names = [name for name, one in c.kinds.items() if one == kind]
        if names:
            section.put(kind, _list(names))
    if c.ignore:
        section.put("ignore", _ignored(guess))
    people = [name for name in c.kinds if _PEOPLE.search(name.lower())]
    section.hint("protected", value(people), "columns that name groups to be treated alike")
    few = [name for name, kind in c.kinds.items() if kind == "categorical"][:1]
    section.hint("segments", value(few), "columns whose values are also looked at one by one")
    return section


def _timestamp(guess: ModelGuess) -> str:
    spec = guess.columns.timestamp
    assert spec is not None
    if len(spec.columns) > 1:
        return inline([("from", list(spec.columns)), ("format", spec.format)])
    if spec.format or spec.unit:
        return inline([("column", spec.columns[0]), ("format", spec.format), ("unit", spec.unit)])
    return text(spec.columns[0])


def _ignored(guess: ModelGuess) -> str:
    lines = []
    for group in guess.ignored:
        for i, name in enumerate(group.columns):
            why = group.reason if i == 0 else "as above"
            lines.append(f"{f'    {text(name)},'.ljust(COMMENT_AT - 21)} # {comment(why)}")
    return "[\n" + "\n".join(lines) + "\n]"


def _monitor(guess: ModelGuess, model: str) -> _Section:
    section = _Section(f"{model}.monitor")
    section.hint("detectors", '["psi", "ks", "chi2"]', "by default those that fit each column's kind")
    section.hint("metrics", _METRICS[guess.task][0], "by default those that fit the task")
    section.hint("false_alarms", '"1 per 30d"', "of this model alone")
    section.hint("min_rows", "30", "windows with fewer rows are not judged")
    return section


def _rules(guess: ModelGuess, model: str) -> str:
    out = [
        f"[{model}.rules.columns-drifted]",
        'when = "drift.share >= 0.5"             # half of the columns or more',
        "# for      = 2                          # windows in a row",
        '# severity = "critical"                 # info, warning (the default) or critical',
    ]
    if guess.columns.timestamp:
        late = {"1 hour": "3h", "15 minutes": "1h", "1d": "2d", "1 week": "10d"}.get(guess.window, "40d")
        out += [
            "",
            "# For data that should keep coming (the age of the newest row):",
            f"# [{model}.rules.stale-data]",
            f'# when = "data.late > {late}"',
        ]
    if guess.columns.target:
        out += [
            "",
            "# How bad is too bad is yours to say: run `lifecycle check`, look at the values, then set the number.",
            "# .lower and .upper are the ends of the interval: a rule on the favourable end does not fire by chance.",
            f"# [{model}.rules.too-bad]",
            f'# when     = "{_METRICS[guess.task][1]}"',
            "# for      = 2",
            '# severity = "critical"',
        ]
    return "\n".join(out) + "\n"

"""Every hostile plugin in a real `lifecycle check`, alone beside good ones: survived, attributed, reported.

Survived: the exit code and all other results are those of a check without it, nothing of it is on stdout or stderr, and
none of its processes lives on. Attributed: its signal is an error with the kind, the file, the line and a hint.
Reported: `lifecycle plugins list` says so afterwards.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_cases import CALL, GOOD, HANGS, INDEX, Hostile, files
from hostile_room import Room, facts, signals

from lifecycle_tui.domain.errors import FAULT_HINTS

pytestmark = pytest.mark.slow
DRAWS = ("escape", "newline", "megabyte", "spam", "print", "textual", "terminal", "surrogate", "data_error", "loops")
"""In the names of those whose reports in words are looked at too: they write, or what they say is odd."""
ESCAPES = (b"\x1b", b"\x07", b"\x9b", b"\x00")


@dataclass(frozen=True)
class Expected:
    """One row of the table; `code` is "" where the plugin is not at fault."""

    hostile: Hostile
    code: str = ""
    words: str = ""


FIRST = ("name_taken_b", "registered_twice")
"""What they register first works, and is measured: see the tests of the index."""
TABLE = [
    *(Expected(Hostile("index", name), code, words) for name, (code, words) in INDEX.items() if name not in FIRST),
    *(Expected(Hostile("call", name), code, words) for name, (code, words) in CALL.items()),
    *(Expected(Hostile("rude", name)) for name in files("rude")),
    Expected(Hostile("call", "raises_data_error")),
    Expected(Hostile("index", "doc_is_no_text")),
    Expected(Hostile("index", "leaves_children")),
    Expected(Hostile("index", "prints_at_import")),
]


@dataclass(frozen=True)
class Baseline:
    code: int
    said: dict[str, Any]
    err: bytes


def room(root: Path) -> Room:
    made = Room.make(root)
    for path in GOOD.glob("*.py"):
        shutil.copy(path, root / "plugins")
    return made


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    made = room(tmp_path_factory.mktemp("base") / "w")
    code, said, err = made.check()
    assert code == 1, "a rule fires"
    assert {"a_shift.x", "m_surroundings.x", "z_sum.x", "ks.x", "mae"} <= {k.split()[-1] for k in signals(said)}
    assert all(s["state"] != "error" for s in signals(said).values())
    return Baseline(code, said, err)


def test_each_is_survived_attributed_and_reported(baseline: Baseline, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda row: judged(row, baseline, tmp_path / row.hostile.name), TABLE))
    wrong = []
    print()
    for row, problems in zip(TABLE, found, strict=True):
        how = "; ".join(problems) or "ok"
        print(f"{row.hostile.folder:<6} {row.hostile.name:<30} {row.code or '-':<13} {how}")
        wrong += [f"{row.hostile.name}: {problem}" for problem in problems]
    print(f"{sum(not p for p in found)} of {len(found)} survived, attributed, reported")
    assert not wrong, "\n".join(wrong)


def judged(row: Expected, baseline: Baseline, root: Path) -> list[str]:
    """What is not as it should be."""
    made = room(root)
    if row.hostile.name in HANGS:
        made.end_after(5)
    made.put(row.hostile.name, row.hostile.path.read_bytes())
    try:
        return [*_checked(row, baseline, made), *_listed(row, made), *(f"left {line}" for line in made.left())]
    except Exception as exc:  # the table goes on with the next
        return [f"{type(exc).__name__}: {exc}"]


def _checked(row: Expected, baseline: Baseline, made: Room) -> Iterator[str]:
    code, said, err = made.check()
    if code != baseline.code:
        yield f"exit code {code}"
    if err != baseline.err:
        yield f"on stderr: {err[:200]!r}"
    want = signals(baseline.said)
    got = signals(said)
    others = {key: s for key, s in got.items() if key in want}
    if others != want:
        yield f"other results: {[k for k in want if got.get(k) != want[k]]}"
    if facts(said) != facts(baseline.said):
        yield "other facts of the model"
    own = {key: s for key, s in got.items() if key not in want}
    if row.code:
        if not own:
            yield "no signal of its own"
        for key, signal in own.items():
            yield from (f"{key}: {problem}" for problem in _attributed(row, signal))
    elif row.hostile.name == "raises_data_error" and not all("no rows" in (s["message"] or "") for s in own.values()):
        yield "its own words are lost"


def _attributed(row: Expected, signal: dict[str, Any]) -> Iterator[str]:
    detail, file = signal["detail"], f"{row.hostile.name}.py"
    if (signal["state"], signal["value"]) != ("error", None):
        yield f"state {signal['state']} {signal['value']}"
        return
    if detail["fault"] != row.code:
        yield f"kind {detail['fault']}: {signal['message'][:200]}"
    if row.words not in signal["message"]:
        yield f"message {signal['message'][:200]}"
    if Path(detail["file"]).name != file or detail["line"] not in row.hostile.blamed:
        yield f"place {detail['file']}:{detail['line']}, not {sorted(row.hostile.blamed)}"
    if f"{file}:{detail['line']}" not in signal["message"]:
        yield "the place is not in the message"
    if not (detail.get("hint") == FAULT_HINTS[row.code] or ";" in signal["message"]):
        yield "no hint"


def _listed(row: Expected, made: Room) -> Iterator[str]:
    """What the list of plugins says afterwards, and that neither it nor the report in words draws on the terminal."""
    code, out, _ = made.run("plugins", "list", "--format", "json", "--no-builtins")
    listed = [r for r in json.loads(out) if Path(r["file"]).name == f"{row.hostile.name}.py"]
    broken = row.hostile.folder == "index" and bool(row.code)
    if code != int(broken):
        yield f"exit code {code} of plugins list"
    said = [f"{p['message']}; {p['hint']}" for r in listed for p in r["problems"]] + [r["error"] or "" for r in listed]
    if row.code and not any(row.words.split(";")[0] in text for text in said):
        yield f"listed as {[(r['state'], r['error'], r['problems']) for r in listed]}"
    drawn = any(word in row.hostile.name for word in DRAWS)
    for words in (("plugins", "list"), ("check",)) if drawn else ():
        _, out, err = made.run(*words)
        for text in (out, err):
            if any(byte in text for byte in ESCAPES) or len(text) > 60_000:
                yield f"{' '.join(words)} writes {text[:300]!r}"
        if row.code and row.hostile.name.encode() not in out + err:
            yield f"{' '.join(words)} does not name it"

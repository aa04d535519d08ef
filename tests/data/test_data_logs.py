"""Lines of logs: what is read of each form, and that nothing odd stops the rest."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifecycle_tui.data.logs import BAD, ERROR, OK, UNKNOWN, LogBatch, read_lines
from lifecycle_tui.data.zones import MISSING
from lifecycle_tui.domain.specs import LogSpec

T = 1_735_689_600_000_000  # 2025-01-01 UTC in microseconds
SECOND = 1_000_000


def read(tmp_path: Path, text: str | bytes, spec: LogSpec | None = None, start: int = 0) -> LogBatch:
    path = tmp_path / "app.log"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = list(read_lines(path, start, spec or LogSpec(str(path)), "UTC"))
    assert len(found) == 1
    return found[0]


def line(**fields: Any) -> str:
    return json.dumps({"timestamp": "2025-01-01T00:00:01Z", **fields}) + "\n"


def test_json_lines(tmp_path: Path) -> None:
    text = (
        line(level="INFO", message="fine", latency=12.5, id="a1")
        + line(level="Error", message="bad", id=7, timestamp=1735689602)
        + line(status=503, message="upstream", timestamp="2025-01-01 01:00:03+01:00")
        + line(status="200", latency="31")
        + line(message="no level", latency=True)
    )
    found = read(tmp_path, text)
    assert found.state.tolist() == [OK, ERROR, ERROR, OK, UNKNOWN]
    assert [t - T for t in found.time.tolist()] == [1 * SECOND, 2 * SECOND, 3 * SECOND, 1 * SECOND, 1 * SECOND]
    assert found.ids == ["a1", "7", None, None, None]
    assert found.latency[:1].tolist() == [12.5] and found.latency[3] == 31
    assert np.isnan(found.latency[[1, 2, 4]]).all()
    assert found.messages == ["fine", "bad", "upstream", "", "no level"]
    assert found.end == len(text)


def test_fields_by_other_names_and_within_objects(tmp_path: Path) -> None:
    spec = LogSpec("x", timestamp="t", level="log.level", message="msg", latency="took.ms", errors=("severe",))
    text = json.dumps({"t": "2025-01-01T00:00:00Z", "log": {"level": "SEVERE"}, "msg": "m", "took": {"ms": 3}}) + "\n"
    text += json.dumps({"t": "2025-01-01T00:00:00Z", "log.level": "error", "took": 3}) + "\n"
    found = read(tmp_path, text, spec)
    assert found.state.tolist() == [ERROR, OK]
    assert found.latency[0] == 3 and math.isnan(found.latency[1])


@pytest.mark.parametrize(
    "odd",
    ["{broken", "[1, 2]", "null", "17", '{"message": "no time"}', '{"timestamp": "yesterday"}', '{"timestamp": null}',
     '{"timestamp": true}', '{"timestamp": {"a": 1}}', "[" * 100_000, '{"timestamp": NaN}', '{"timestamp": 1e400}'],
)  # fmt: skip
def test_odd_lines_are_counted_where_they_stand(tmp_path: Path, odd: str) -> None:
    found = read(tmp_path, line(level="info") + odd + "\n" + line(level="info"))
    assert found.state.tolist() == [OK, BAD, OK]
    assert found.time[1] == found.time[0]


def test_a_bad_first_line_has_no_time(tmp_path: Path) -> None:
    found = read(tmp_path, "{broken\n" + line(level="info"))
    assert found.state.tolist() == [BAD, OK] and found.time[0] == MISSING


def test_bytes_that_are_no_text_and_long_lines(tmp_path: Path) -> None:
    found = read(tmp_path, b"\xef\xbb\xbf" + line(level="info").encode() + b"\xff\xfe\x00\n" + b"x" * 50_000 + b"\n")
    assert found.state.tolist() == [OK, BAD, BAD]


TEXT = """\
2025-01-01 00:00:01,250 ERROR payment: card refused 17
Traceback (most recent call last):
  File "x.py", line 3, in f
ValueError: no card
2025-01-01T00:00:02Z [warning] slow
2025-01-01 00:00:03 Started in 12 s
neither time nor level
"""


def test_text_without_a_pattern(tmp_path: Path) -> None:
    found = read(tmp_path, TEXT, LogSpec("x", "text"))
    assert found.state.tolist() == [ERROR, OK, UNKNOWN, BAD]
    assert found.messages == ["payment: card refused 17", "slow", "Started in 12 s", ""]
    assert found.time[0] - T == 1_250_000


def test_text_by_a_pattern(tmp_path: Path) -> None:
    pattern = r'(?P<ip>\S+) \[(?P<at>[^\]]+)\] "(?P<message>[^"]*)" (?P<status>\d+) (?P<latency>[\d.]+)'
    spec = LogSpec("x", "text", pattern, "at", "%d/%b/%Y:%H:%M:%S %z")
    text = '1.2.3.4 [01/Jan/2025:00:00:05 +0000] "GET /score" 500 0.25\nother\n'
    found = read(tmp_path, text, spec)
    assert found.state.tolist() == [ERROR, BAD]
    assert (found.time[0] - T, found.latency[0], found.messages[0]) == (5 * SECOND, 0.25, "GET /score")


def test_reading_goes_on_and_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    one, two = line(level="info", message="one"), line(level="info", message="two")
    first = read(tmp_path, one + two[:20])
    assert (first.messages, first.end) == (["one"], len(one))
    second = read(tmp_path, one + two, start=first.end)
    assert (second.messages, second.end) == (["two"], len(one + two))
    assert list(read_lines(tmp_path / "app.log", second.end, LogSpec("x"), "UTC")) == []
    (tmp_path / "app.log").write_text("")
    assert list(read_lines(tmp_path / "app.log", 0, LogSpec("x"), "UTC")) == []


def test_batches_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "{x\n".join(line(level="info", message=str(i), timestamp=1735689600 + i) for i in range(30))
    whole = read(tmp_path, text)
    monkeypatch.setattr("lifecycle_tui.data.logs.AT_ONCE", 7)
    parts = list(read_lines(tmp_path / "app.log", 0, LogSpec("x"), "UTC"))
    assert len(parts) > 5
    assert np.concatenate([p.time for p in parts]).tolist() == whole.time.tolist()
    assert np.concatenate([p.state for p in parts]).tolist() == whole.state.tolist()
    assert parts[-1].end == whole.end

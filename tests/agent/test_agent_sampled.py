"""Detectors that take a sample, in a workspace: named in the file, measured by a check, on a reference that is kept."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyarrow import csv, parquet

from lifecycle_tui.agent.work import calibrate, reference_sample
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.samples import Sample
from lifecycle_tui.state import jobs, processes, reference_signals
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import Space

TOML = """\
[models.shop]
task = "binary"
[models.shop.data]
table = "rows"
reference = {{ until = 2025-02-28 }}
window = "1 week"
[models.shop.columns]
timestamp = "ts"
target = "y"
prediction = "p"
numeric = ["x", "z"]
categorical = ["c"]
text = ["note"]
[models.shop.monitor]
detectors = {detectors}
metrics = {metrics}
{more}
"""
PARTS = 3


def rows() -> list[str]:
    """Eight calm weeks of reference and four of production; in the last two z no longer goes with x, and p is worse."""
    rng, lines = random.Random(4), []
    for n in range(92 * 12):
        at = datetime(2025, 1, 1) + timedelta(hours=2 * n)
        late = at >= datetime(2025, 3, 17)
        x = rng.gauss(0, 1)
        z = (rng.gauss(0, 1) if late else x) + rng.gauss(0, 0.2)
        y = int(rng.random() < 0.5)
        p = y if rng.random() < (0.6 if late else 0.95) else 1 - y
        note = " ".join(rng.choice(["late", "card", "paid", "order", *(["outage"] if late else [])]) for _ in range(5))
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{x:.4f},{z:.4f},{rng.choice('aab')},{note},{y},{p}")
    return lines


def save(space: Space, detectors: list[str], metrics: tuple[str, ...] = ("accuracy",), *, mixed: bool = False) -> Space:
    lines = rows()
    if mixed:
        random.Random(1).shuffle(lines)
    for part in range(PARTS):
        space.write(f"rows/part-{part}.csv", "\n".join(["ts,x,z,c,note,y,p", *lines[part::PARTS]]) + "\n")
    more = '[models.shop.rules.broken]\nwhen = "pca > 1000"\n' if "pca" in detectors else ""
    space.write("lifecycle.toml", TOML.format(detectors=detectors, metrics=list(metrics), more=more))
    space.clock.instant = datetime.now(UTC) + timedelta(hours=1)
    return space


def found(space: Space) -> list[dict[str, Signal]]:
    return [dict(e.signals) for e in space.history(version="")]


@pytest.mark.slow
def test_whole_rows_are_judged_and_no_order_of_rows_changes_a_bit(
    space: Space, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(space, ["mmd", "energy", "pca"]).run()
    windows = found(space)
    for name in ("mmd", "energy", "pca"):
        calm, moved = windows[0][name], windows[-1][name]
        assert calm.state in ("ok", "cannot-tell") and calm.value is not None and calm.column is None
        assert moved.detail["p_value"] < (1e-4 if name == "pca" else 0.05) < calm.detail["p_value"], name
    assert any(windows[-1][n].state == "drifted" for n in ("mmd", "energy", "pca"))
    other = Space(tmp_path_factory.mktemp("other"), space.clock)
    save(other, ["mmd", "energy", "pca"], mixed=True).run()
    names = ("mmd", "energy", "pca")
    for file in sorted((other.root / "rows").glob("*.csv")):
        parquet.write_table(csv.read_csv(file), file.with_suffix(".parquet"))
        file.unlink()
    third = Space(tmp_path_factory.mktemp("third"), space.clock)
    (other.root / "rows").rename(third.root / "rows")
    third.write("lifecycle.toml", (other.root / "lifecycle.toml").read_text())
    third.run()
    assert [[(w[n].value, w[n].detail) for n in names] for w in found(third)] == [
        [(w[n].value, w[n].detail) for n in names] for w in windows
    ]
    assert [[(w[n].value, w[n].detail) for n in names] for w in found(other)] == [
        [(w[n].value, w[n].detail) for n in names] for w in windows
    ]


def test_the_references_rows_are_read_once(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second check has nothing to read of it; without its file, or with a spoilt one, it is read again."""
    save(space, ["pca"]).run()
    own = hashlib.sha256(b"shop").hexdigest()[:16]
    (file,) = (space.root / ".lifecycle" / "samples").glob(f"{own}-*")
    first, whole = found(space), file.read_bytes()
    kept = reference_sample.stored
    seen: list[Sample | None] = []

    def noted(root: Path, model: str, digest: str, size: int) -> Sample | None:
        answer = kept(root, model, digest, size)
        if model == "shop":
            seen.append(answer)
        return answer

    monkeypatch.setattr(reference_sample, "stored", noted)
    space.write("lifecycle.toml", (space.root / "lifecycle.toml").read_text().replace("pca > 1000", "pca > 999"))
    space.run()
    assert seen[-1] is not None and len(seen[-1]) == 59 * 12
    for spoilt in (b"", whole[: len(whole) // 2], b"no arrow at all"):
        file.write_bytes(spoilt)
        space.run()
        assert seen[-1] is None and file.read_bytes() == whole
    assert [w["pca"].value for w in found(space)] == [w["pca"].value for w in first]


@pytest.mark.slow
def test_windows_of_the_reference_are_compared_with_the_rest_of_it(space: Space) -> None:
    save(space, ["energy", "pca"]).run()
    workspace = open_workspace(space.root / "lifecycle.toml")
    with State.open(space.root) as state:
        with state.write() as tx:
            job = jobs.claim(tx, processes.this(), space.clock.now(), (calibrate.KIND,))
        assert job is not None
        context = JobContext(state, workspace, job.id, space.clock, space.root / ".lifecycle" / "calls.jsonl")
        calibrate.calibrate(context, workspace.spec.model("shop"), job)
        with state.read() as conn:
            stored = reference_signals.read(conn, "shop")
    assert len(stored) >= 7
    for signals in stored.values():
        by_name = {s.name: s for s in signals}
        assert by_name["energy"].value is not None and by_name["pca"].value is not None
        assert by_name["pca"].state in ("ok", "cannot-tell")


STREAMS = ["adwin", "ddm", "eddm", "hddm_a", "hddm_w", "kswin", "page_hinkley"]


@pytest.mark.slow
def test_every_opt_in_detector_works_in_a_workspace(space: Space) -> None:
    save(space, ["classifier", "text_classifier", *STREAMS], ("accuracy", *(f"errors_{n}" for n in STREAMS))).run()
    last = found(space)[-1]
    assert not [s for s in last.values() if s.state == "error"]
    assert last["classifier"].state == "drifted"
    assert {one["name"] for one in last["classifier"].detail["leaning"][:2]} == {"x", "z"}
    assert last["text_classifier.note"].detail["leaning"][0]["name"] == "outage"
    for name in STREAMS:
        assert last[f"{name}.x"].value is not None and last[f"errors_{name}"].value is not None, name
    fell = next(w for e, w in zip(space.history(version=""), found(space), strict=True) if "accuracy" in w
                and w["accuracy"].value is not None and w["accuracy"].value < 0.75)  # fmt: skip
    assert fell["errors_adwin"].value >= 1 or fell["errors_hddm_a"].value >= 1

"""Training by a program: what it is given, what it must leave, how it is stopped, and what each failure says."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ColumnsSpec, DataSpec, ModelSpec, ReferenceSpec, TrainingSpec
from lifecycle_tui.domain.windows import CountWindow
from lifecycle_tui.training import archive, programs
from lifecycle_tui.training.command import CommandResult, run_command
from tests.training.rows import TASKS, make, write


def spec(task: str = "regression", *command: str, **more: Any) -> ModelSpec:
    data = DataSpec(ReferenceSpec(end=datetime(2026, 1, 1, tzinfo=UTC)), CountWindow(1000))
    training = TrainingSpec(command=command, time_limit=timedelta(minutes=1), **more)
    return ModelSpec("demand", task, data, ColumnsSpec(target="cnt"), training=training)  # type: ignore[arg-type]


TRAIN = """
import json, os
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq

train, asked = (pq.read_table(os.environ[f"LIFECYCLE_{n}"]) for n in ("TRAIN", "VALIDATION"))
out, target = Path(os.environ["LIFECYCLE_OUTPUT"]), os.environ["LIFECYCLE_TARGET"]
assert json.loads(os.environ["LIFECYCLE_FEATURES"]) == ["x", "z", "c", "note"]
assert target == "cnt" and target in train.column_names and target not in asked.column_names
assert str(train.schema.field("c").type) == "string"
assert str(asked.schema.field("lifecycle_time").type) == "timestamp[us, tz=UTC]"
assert Path.cwd() == Path(__file__).parent and os.environ["LIFECYCLE_MODEL"] == "demand"
print("trains on", train.num_rows, os.environ["LIFECYCLE_TASK"], flush=True)
(out / "artifact" / "deep").mkdir(parents=True)
(out / "artifact" / "b.txt").write_text("b")
(out / "artifact" / "deep" / "a.txt").write_text("a")
answers = {answers}
pq.write_table(pa.table(answers), out / "predictions.parquet")
"""
N = "asked.num_rows"
GOOD = {
    "regression": f"{{'prediction': [2.5] * {N}}}",
    "ranking": f"{{'prediction': [1] * {N}}}",
    "binary": f"{{'score': [0.75] * {N}}}",
    "multiclass": f"{{'score.q': [0.6] * {N}, 'score.p': [0.3] * {N}, 'score.r': [0.1] * {N}}}",
}


def train(folder: Path, task: str, answers: str, log: list[str] | None = None, **more: Any) -> CommandResult:
    write(folder, "train.py", TRAIN.replace("{answers}", answers))
    asked = make(task, n=40, seed=1)
    scratch = folder / f"scratch{time.monotonic_ns()}"
    heard = log if log is not None else []
    return run_command(
        spec(task, sys.executable, "train.py"), make(task), asked, folder, scratch, log=heard.append, **more
    )


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
def test_a_program_trains(tmp_path: Path, task: str) -> None:
    log: list[str] = []
    found = train(tmp_path, task, GOOD[task], log)
    assert log == [f"trains on 300 {task}"]
    said = found.predictions
    assert len(said.prediction) == 40 and said.classes == TASKS[task]
    if task == "binary":
        assert said.score is not None and (said.score == 0.75).all() and set(said.prediction) == {"yes"}
    if task == "multiclass":
        assert said.score is not None and said.score[0].tolist() == [0.3, 0.6, 0.1] and set(said.prediction) == {"q"}


@pytest.mark.slow
def test_the_same_content_is_the_same_artefact_and_comes_back(tmp_path: Path) -> None:
    one = train(tmp_path, "regression", GOOD["regression"]).artifact
    two = train(tmp_path, "regression", GOOD["regression"]).artifact
    assert one == two
    back = archive.unpack(one, tmp_path / "back")
    assert sorted(p.relative_to(back).as_posix() for p in back.rglob("*.txt")) == ["b.txt", "deep/a.txt"]
    parent = tmp_path / "champion"
    parent.write_bytes(one)
    seen = (
        "{'prediction': [float(open(os.environ['LIFECYCLE_PARENT'] + '/deep/a.txt').read() == 'a')] * asked.num_rows}"
    )
    assert set(train(tmp_path, "regression", seen, parent=parent).predictions.prediction) == {1.0}
    parent.write_bytes(b"one file")
    seen = "{'prediction': [float(os.path.getsize(os.environ['LIFECYCLE_PARENT'] + '/artifact'))] * asked.num_rows}"
    assert set(train(tmp_path, "regression", seen, parent=parent).predictions.prediction) == {8.0}


BAD = {
    "short": ("regression", "{'prediction': [1.0]}", "has 1 rows for 40"),
    "another name": ("regression", f"{{'y': [1.0] * {N}}}", "has no column prediction"),
    "text": ("regression", f"{{'prediction': ['a'] * {N}}}", "prediction is string, not a number"),
    "missing": ("regression", f"{{'prediction': [None, 1.0] + [1.0] * ({N} - 2)}}", "missing or infinite in 1 rows"),
    "infinite": ("regression", f"{{'prediction': [float('inf')] * {N}}}", "missing or infinite in 40 rows"),
    "no score": ("binary", f"{{'y': [1.0] * {N}}}", "has neither score nor prediction"),
    "no probability": ("binary", f"{{'score': [3.0] * {N}}}", "score goes from 3 to 3"),
    "strange label": ("binary", f"{{'prediction': ['maybe'] * {N}}}", "prediction holds maybe; the labels are no, yes"),
    "missing label": ("binary", f"{{'prediction': [None] * {N}}}", "prediction is missing in 40 rows"),
    "strange class": ("multiclass", f"{{'score.s': [1.0] * {N}}}", "there is no label s for score.s; p, q, r are"),
    "nothing": ("multiclass", f"{{'x': [1.0] * {N}}}", "has neither"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", BAD)
def test_wrong_answers_say_what_to_mend(tmp_path: Path, name: str) -> None:
    task, answers, says = BAD[name]
    with pytest.raises(TrainingError, match=says):
        train(tmp_path, task, answers)


def quick(folder: Path, code: str, **more: Any) -> CommandResult:
    words = (sys.executable, "-S", "-c", "import os, sys, time\nout = os.environ['LIFECYCLE_OUTPUT']\n" + code)
    scratch = folder / f"scratch{time.monotonic_ns()}"
    return run_command(spec("regression", *words), make(), make(n=40), folder, scratch, **more)


LEFT = {
    "exit code": ("print('first'); sys.exit('no licence')", r"ended with code 1: no licence"),
    "signal": ("os.kill(os.getpid(), 9)", "ended with signal SIGKILL"),
    "nothing": ("pass", "left no predictions.parquet"),
    "no parquet": ("open(out + '/predictions.parquet', 'w').write('x')", "cannot be read"),
}


@pytest.mark.parametrize("name", LEFT)
def test_failed_programs_say_how(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # as on most machines: what it prints first comes first
    code, says = LEFT[name]
    with pytest.raises(TrainingError, match=says) as caught:
        quick(tmp_path, code)
    assert caught.value.hint


ARTIFACT = {
    "none": ("", "left no folder artifact/"),
    "empty": ("(out / 'artifact').mkdir()", "is empty"),
    "a link outside": ("(out / 'artifact').mkdir(); (out / 'artifact/l').symlink_to('/etc/passwd')", "leads outside"),
    "a pipe": ("(out / 'artifact').mkdir(); os.mkfifo(out / 'artifact/p')", "no plain file"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ARTIFACT)
def test_artefacts_that_cannot_be_kept_are_refused(tmp_path: Path, name: str) -> None:
    code, says = ARTIFACT[name]
    text = TRAIN[TRAIN.index("answers = ") :].replace("{answers}", GOOD["regression"])
    source = TRAIN[: TRAIN.index("(out /")] + f"{code}\n" + text
    write(tmp_path, "train.py", source)
    with pytest.raises(TrainingError, match=says):
        run_command(spec("regression", sys.executable, "train.py"), make(), make(n=40), tmp_path, tmp_path / "scratch")


def test_too_few_rows_start_nothing(tmp_path: Path) -> None:
    rows = make(n=10)
    with pytest.raises(TrainingError, match="10 labelled rows are too few"):
        run_command(spec("regression", "/nowhere"), rows, rows, tmp_path, tmp_path / "scratch")


@pytest.mark.parametrize(
    ("program", "says"),
    [("no_such_program", "is not found"), ("./train.py", "no program that can be run"), ("./gone", "is not found")],
)
def test_programs_that_cannot_be_started(tmp_path: Path, program: str, says: str) -> None:
    write(tmp_path, "train.py", "")
    with pytest.raises(TrainingError, match=says):
        run_command(spec("regression", program), make(), make(), tmp_path, tmp_path / "scratch")


def alive(pid: int) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: str) -> bool:
    """Whether all of them end: a signal takes a moment to be obeyed."""
    deadline = time.monotonic() + 120
    while (left := [pid for pid in pids.split() if alive(int(pid))]) and time.monotonic() < deadline:
        os.sched_yield()
    return not left


CHILD = """
import subprocess
deaf = "import signal, time\\nsignal.signal(15, signal.SIG_IGN)\\ntime.sleep(600)"
c = subprocess.Popen([sys.executable, '-S', '-c', deaf])
print(os.getpid(), c.pid, flush=True)
"""


@pytest.mark.parametrize("how", ["stop", "limit", "stubborn"])
def test_programs_are_stopped_with_all_that_they_started(tmp_path: Path, how: str) -> None:
    heard: list[str] = []
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if how == "stubborn" else ""
    code = f"{deaf}{CHILD}time.sleep(600)"
    limit = 0.4 if how == "limit" else None
    with pytest.raises(TrainingError, match=r"took longer than 0.4 s" if how == "limit" else "was stopped") as caught:
        quick(tmp_path, code, log=heard.append, stop=lambda: how != "limit" and bool(heard), limit=limit, grace=0.1)
    assert isinstance(caught.value, programs.Stopped) == (how != "limit")
    if heard:
        assert gone(heard[0])
    assert heard or how == "limit"


def test_children_left_behind_are_ended_and_do_not_hold_the_job_up(tmp_path: Path) -> None:
    heard: list[str] = []
    with pytest.raises(TrainingError, match="left no predictions"):
        quick(tmp_path, CHILD, log=heard.append)
    assert gone(heard[0])


def test_the_program_ends_when_the_job_is_killed(tmp_path: Path) -> None:
    """`kill -9` of the process that waits: the kernel closes the pipe that the guard watches."""
    pid = os.fork()
    note = tmp_path / "pids"
    if pid == 0:
        try:
            programs.run(
                [
                    sys.executable,
                    "-S",
                    "-c",
                    f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)",
                ],
                {},
                tmp_path,
                grace=0.1,
            )
        finally:
            os._exit(0)
    deadline = time.monotonic() + 120
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        os.sched_yield()
    program = int(note.read_text())
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert gone(str(program))


def test_a_flood_of_output_is_cut(tmp_path: Path) -> None:
    heard: list[str] = []
    code = "for i in range(5000): print(i)\nprint('x' * 100000)\nprint(chr(27) + 'é')\nsys.exit(3)"
    with pytest.raises(TrainingError, match="ended with code 3"):
        quick(tmp_path, code, log=heard.append)
    assert len(heard) == programs.LOG_LINES + 1 and heard[0] == "0" and "more lines were left out" in heard[-1]
    assert max(map(len, heard)) <= programs.LINE


# --- archives ----------------------------------------------------------------------------------------------------


def tar(name: str, **more: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        entry = tarfile.TarInfo(name)
        for key, value in more.items():
            setattr(entry, key, value)
        made.addfile(entry, io.BytesIO(b"x" * entry.size))
    return out.getvalue()


HOSTILE = {
    "upwards": tar("../evil", size=1),
    "absolute": tar("/tmp/evil", size=1),
    "within": tar("a/../../evil", size=1),
    "a link": tar("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": tar("link", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "a device": tar("dev", type=tarfile.CHRTYPE),
    "truncated": tar("fine", size=5000)[:2000],
    "no tar": b"nonsense" * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_write_nothing_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError):
        archive.unpack(HOSTILE[name], tmp_path / "in" / "side")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() or p.is_symlink()]


def test_an_archive_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 100)
    with pytest.raises(TrainingError, match="too much"):
        archive.unpack(tar("fine", size=101), tmp_path / "x")
    write(tmp_path, "folder/big", "x" * 101)
    with pytest.raises(TrainingError, match="too much"):
        archive.pack(tmp_path / "folder")


def test_numbers_survive(tmp_path: Path) -> None:
    """Values reach the program as they are: missing cells missing, text as text."""
    answers = f"{{'prediction': [float(asked.column('x').null_count)] * {N}}}"
    rows = make(n=40, seed=1)
    said = train(tmp_path, "regression", answers).predictions.prediction
    assert set(np.asarray(said)) == {float(rows.table.column("x").null_count)}
    assert replace(rows, time=None).time is None

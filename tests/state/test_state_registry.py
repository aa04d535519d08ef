"""Artefacts by content, versions by number and name, aliases with their past."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from state_values import day

from lifecycle_tui.domain.errors import StateError, UsageError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import feed, models
from lifecycle_tui.state.database import State


def test_an_artefact_is_named_by_its_bytes_and_read_back(tmp_path: Path):
    store = Artifacts(tmp_path)
    digest = store.put(b"model")
    assert digest == hashlib.sha256(b"model").hexdigest()
    assert store.get(digest) == b"model"
    assert store.path(digest) == tmp_path / ".lifecycle/artifacts" / digest[:2] / digest[2:]
    assert store.check(digest).read_bytes() == b"model"
    big = tmp_path / "big"
    big.write_bytes(os.urandom(3_000_000))
    assert store.get(store.put_file(big)) == big.read_bytes()
    assert store.put(b"model") == digest
    assert not list(store.folder.glob(".new-*"))


def test_a_swapped_or_missing_file_is_refused(tmp_path: Path):
    store = Artifacts(tmp_path)
    digest, other = store.put(b"model"), store.put(b"other")
    os.replace(store.path(other), store.path(digest))
    for reading in (store.get, store.check):
        with pytest.raises(StateError, match="not what was stored"):
            reading(digest)
        with pytest.raises(StateError, match="missing"):
            reading(other)
    assert store.put(b"model") == digest
    assert store.get(digest) == b"model"


@pytest.mark.parametrize("digest", ["", "../../../etc/passwd", "ab", "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n"])
def test_only_digests_name_artefacts(tmp_path: Path, digest: str):
    with pytest.raises(StateError, match="not the digest"):
        Artifacts(tmp_path).get(digest)


def test_a_failed_write_leaves_nothing(tmp_path: Path):
    store = Artifacts(tmp_path)
    with pytest.raises(TypeError):
        store.put("text")  # type: ignore[arg-type]
    assert list(store.folder.iterdir()) == []


def test_leftovers_of_killed_writers_are_swept_after_a_day(tmp_path: Path):
    store = Artifacts(tmp_path)
    digest = store.put(b"model")
    old, young = store.folder / ".new-old", store.folder / ".new-young"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    assert store.sweep() == 1
    assert young.exists() and not old.exists() and store.get(digest) == b"model"


def test_a_killed_writer_leaves_no_half_artefact(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.registry.artifacts import Artifacts\n"
        "store = Artifacts(Path(sys.argv[1])); n = 0\n"
        "while True:\n    store.put(bytes([n % 256]) * 400_000); n += 1; print(n, flush=True)\n"
    )
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    store = Artifacts(tmp_path)
    found = list(store.folder.glob("*/*"))
    assert found
    for path in found:
        store.get(path.parent.name + path.name)


def register(tx, model="bikes", origin="trained", **facts) -> versions.Version:
    return versions.register(tx, NewVersion(model, origin, **facts), day(0))


def test_versions_count_from_one_within_a_model_and_come_back_whole(state: State):
    said = NewVersion(
        "bikes", "trained", None, "a" * 64, 10, "skops", "ana", 3, None, day(1), day(2), 500, "d", {"mae": 1.5},
        {"estimator": "x"}, "first", "warm-start", "rule mae-high", "c" * 64, {"depth": 3}, {"skops": "0.11"},
        {"features": {"temp": "double"}}, {"temp": 0.5},
    )  # fmt: skip
    with state.write() as tx:
        first = versions.register(tx, said, day(5))
        assert (first.number, first.facts, first.created_at, first.label) == (1, said, day(5), "1")
        assert [register(tx).number, register(tx, "other").number, register(tx).number] == [2, 1, 3]
        assert [v.number for v in versions.versions(tx, "bikes", 2)] == [3, 2]
        assert [v.number for v in versions.versions(tx, "bikes", before=2)] == [1]
        assert versions.get(tx, "bikes", 9) is None


def test_registering_again_gives_the_same_version(state: State):
    with state.write() as tx:
        first = register(tx, artifact="a" * 64, job_id=7)
        assert register(tx, artifact="a" * 64, job_id=7) == first
        assert register(tx, artifact="a" * 64, job_id=8).number == 2
        named = register(tx, origin="named", name="prod-2024")
        assert register(tx, origin="named", name="prod-2024") == named


def test_labels_in_the_data_find_one_version_only(state: State):
    with state.write() as tx:
        register(tx)
        assert register(tx, origin="named", name="1").number == 1
        seven = register(tx, origin="named", name="4")
        assert (seven.number, seven.label) == (2, "4")
        assert [register(tx).number for _ in range(3)] == [3, 5, 6]
        assert versions.by_label(tx, "bikes", "4").number == 2
        assert versions.by_label(tx, "bikes", "5").number == 5
        for label in ("2", "01", "9", "", "٣", "9" * 40, "-1"):
            assert versions.by_label(tx, "bikes", label) is None


def test_aliases_move_with_their_history_and_the_fleet_follows(state: State):
    with state.write() as tx:
        for _ in range(3):
            register(tx)
        with pytest.raises(UsageError, match="no version 9"):
            aliases.set_alias(tx, "bikes", "champion", 9, "ana", None, day(1))
        aliases.set_alias(tx, "bikes", "champion", 1, "ana", "first", day(1))
        aliases.set_alias(tx, "bikes", "champion", 2, "ana", "better", day(3))
        seq = feed.latest(tx)
        aliases.set_alias(tx, "bikes", "champion", 2, "raj", "again", day(4))
        assert feed.latest(tx) == seq
        aliases.set_alias(tx, "bikes", "shadow", 3, "ana", None, day(4))
        assert [(a.alias, a.version) for a in aliases.aliases(tx, "bikes")] == [("champion", 2), ("shadow", 3)]
        assert aliases.champion(tx, "bikes").number == 2
        assert models.model(tx, "bikes").champion == 2
        models.put_model(tx, models.ModelFacts("bikes", "ok", day(4)))
        assert models.model(tx, "bikes").champion == 2
        assert aliases.remove_alias(tx, "bikes", "champion", "ana", "stop", day(5))
        assert not aliases.remove_alias(tx, "bikes", "champion", "ana", "stop", day(5))
        assert aliases.champion(tx, "bikes") is None
        assert models.model(tx, "bikes").champion is None
        assert [(m.previous, m.version, m.why) for m in aliases.moves(tx, "bikes", "champion")] == [
            (2, None, "stop"), (1, 2, "better"), (None, 1, "first"),
        ]  # fmt: skip
        assert [aliases.alias_at(tx, "bikes", "champion", day(n)) for n in range(7)] == [None, 1, 1, 2, 2, None, None]
        assert [(m.alias, m.version, m.why) for m in aliases.at(tx, "bikes", day(4))] == [
            ("champion", 2, "better"), ("shadow", 3, None),
        ]  # fmt: skip
        assert [m.alias for m in aliases.at(tx, "bikes", day(6))] == ["shadow"]
        assert aliases.at(tx, "bikes", day(0)) == () == aliases.at(tx, "other", day(9))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no name"), ("2nd", "no name"), ("a b", "no name"), ("blue\n", "no name"), ("grün", "no name"),
        ("-x", "no name"), ("a" * 65, "no name"), ("3", "no name"), ("latest", "reserved"), ("Latest", "reserved"),
        ("v3", "reserved"), ("V12", "reserved"), ("Champion", "taken for 'champion'"),
    ],
)  # fmt: skip
def test_an_alias_cannot_be_taken_for_something_else(state: State, name: str, says: str):
    with state.write() as tx:
        register(tx)
        with pytest.raises(UsageError, match=says):
            aliases.set_alias(tx, "bikes", name, 1, "ana", None, day(1))
        for fine in ("blue", "canary-eu", "v3x", "A_1", "a" * 64):
            assert aliases.set_alias(tx, "bikes", fine, 1, "ana", None, day(1)).version == 1

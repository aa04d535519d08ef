"""Opening: migrations in a child, versions, network disks, readers without write access."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import database, folder, migrate, migrations
from lifecycle_tui.state.database import State

pytestmark = pytest.mark.usefixtures("states_are_made")


def test_open_makes_a_wal_state_of_the_latest_version_and_keeps_it_out_of_the_repository(state: State):
    with state.read() as conn:
        assert conn.execute("PRAGMA user_version").fetchone()[0] == migrations.LATEST
        assert conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert [n for (n,) in conn.execute("SELECT name FROM _sqlite_migrations ORDER BY id")] == [
            name for name, _ in migrations.STEPS
        ]
    assert (state.path.parent / ".gitignore").read_text().splitlines()[-1] == "*"
    with state.write() as tx:
        assert tx.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        assert tx.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert tx.execute("PRAGMA busy_timeout").fetchone()[0] >= 10_000
    with state.write(durable=False) as tx:
        assert tx.execute("PRAGMA synchronous").fetchone()[0] == 1


def test_no_child_is_started_for_a_current_state(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("a child was started"))
    State.open(root).close()


def test_a_newer_state_is_refused_in_words_by_everyone(root: Path):
    conn = sqlite3.connect(folder.database(root))
    conn.execute(f"PRAGMA user_version = {migrations.LATEST + 1}")
    conn.close()
    for opening in (State.open, State.view, migrate.migrate):
        with pytest.raises(StateError, match="newer lifecycle-tui") as caught:
            opening(root)
        assert "upgrade" in caught.value.hint


def test_a_writer_notices_that_a_newer_program_migrated_meanwhile(state: State):
    with state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', '1')")
    other = sqlite3.connect(state.path)
    other.execute(f"PRAGMA user_version = {migrations.LATEST + 1}")
    other.close()
    with pytest.raises(StateError, match="newer"), state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('b', '1')")
    with state.read() as conn:
        assert conn.execute("SELECT count(*) FROM meta WHERE key != 'file'").fetchone()[0] == 1


@pytest.mark.parametrize("reached", range(1, len(migrations.STEPS) + 1))
def test_every_earlier_version_upgrades_with_its_rows_and_a_copy(reached: int, tmp_path: Path, empty_root: Path):
    """Version N is built by its own steps, filled, and migrated; add `fill` for a version when it gets a successor."""
    later = [name for name, _ in migrations.STEPS[reached:]]
    assert migrate.migrate(tmp_path, stop_before=later[0] if later else None) == reached
    conn = sqlite3.connect(folder.database(tmp_path))
    conn.execute("INSERT INTO models (name, task) VALUES ('bikes', 'regression')")
    conn.execute(
        "INSERT INTO alerts (id, model, rule, severity, state, since, message, opened_at) "
        "VALUES (7, 'bikes', 'drift', 'warning', 'open', '2026-01', 'it drifted', '2026-02-01T00:00:00.000000Z')"
    )
    event = (3, 7, "bikes", "opened", "2026-02-01T00:00:00.000000Z", "2026-01", None, "it drifted")
    conn.execute("INSERT INTO alert_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", event)
    told = (5, 7, "pager", "opened", "failed", "2026", 5, "down", "2026", None, None)
    conn.execute(
        "INSERT INTO notifications (id, alert_id, notifier, kind, state, due_at, attempts, last_error, created_at, "
        "sent_at, process) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        told,
    )
    (seq,) = conn.execute("SELECT seq FROM notifications").fetchone()
    sums = _fill_sums(conn) if reached >= 4 else []
    conn.commit()
    conn.close()
    with State.open(tmp_path) as state, state.read() as conn:
        assert conn.execute("PRAGMA user_version").fetchone()[0] == migrations.LATEST
        assert conn.execute("SELECT name, task FROM models").fetchall() == [("bikes", "regression")]
        assert conn.execute("SELECT name, task, said FROM fleet").fetchall() == [
            ("bikes", "regression", "bikes unknown  regression   ")
        ]
        assert conn.execute("SELECT * FROM alert_events").fetchall() == [event]
        assert conn.execute("SELECT * FROM notifications").fetchall() == [(*told, seq)]
        assert conn.execute("SELECT * FROM window_sums").fetchall() == sums
        assert conn.execute("SELECT count(*) FROM periods").fetchone() == (0,)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        assert _schema(conn) == _schema(sqlite3.connect(folder.database(empty_root)))
        before = conn.execute("SELECT max(seq) FROM alerts").fetchone()[0]
        with state.write() as tx:
            tx.execute("UPDATE alerts SET assigned_to = 'ana'")
            tx.execute("INSERT INTO alert_events (alert_id, model, kind, at) VALUES (7, 'bikes', 'snoozed', '2026')")
            tx.execute(
                "INSERT INTO alert_events (alert_id, model, kind, at) VALUES (7, 'bikes', 'unacknowledged', '2')"
            )
            (was,) = tx.execute("SELECT seq FROM models").fetchone()
            tx.execute("UPDATE models SET paused_at = '2026'")
            assert tx.execute("SELECT seq FROM models").fetchone()[0] > was
        assert conn.execute("SELECT max(seq) FROM alerts").fetchone()[0] > before
    copies = list(folder.folder(tmp_path).glob("state.db.before-*"))
    assert len(copies) == (1 if later else 0)


def _fill_sums(conn: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """What m004 brought: the sums of a window."""
    conn.execute(
        "INSERT INTO windows (id, model, key, version, revision, position, rows, labels, mature, complete, basis, "
        "as_of, recorded_at, digest, report) "
        "VALUES (9, 'bikes', '2026-01', '', 1, 0, 5, 0, 1, 1, 'b', '2026', '2026', 'd', '[]')"
    )
    conn.execute("INSERT INTO window_sums (window_id, data) VALUES (9, ?)", (b"sums",))
    return [(9, b"sums")]


def _schema(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """Everything that is declared, by name."""
    return conn.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite%' ORDER BY name").fetchall()


def test_an_upgrade_adds_what_is_new_and_a_failed_one_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch):
    with State.open(root) as state, state.write() as tx:
        tx.execute("INSERT INTO models (name) VALUES ('bikes')")

    def m002_more(db):
        db.execute("ALTER TABLE models ADD COLUMN colour TEXT")
        migrations.follow(db, "models", ("name",))

    def m003_broken(db):
        db.execute("CREATE TABLE half (a)")
        raise sqlite3.OperationalError("out of luck")

    steps = [*migrations.STEPS, ("m002_more", m002_more), ("m003_broken", m003_broken)]
    monkeypatch.setattr(migrations, "STEPS", steps)
    monkeypatch.setattr(migrate, "LATEST", len(steps))
    with pytest.raises(sqlite3.OperationalError, match="out of luck"):
        migrate.migrate(root)
    conn = sqlite3.connect(folder.database(root))
    try:
        assert conn.execute("PRAGMA user_version").fetchone()[0] == len(steps) - 1
        assert conn.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone()[0] == 0
        before = conn.execute("SELECT seq FROM models").fetchone()[0]
        conn.execute("UPDATE models SET colour = 'red'")
        assert conn.execute("SELECT seq FROM models").fetchone()[0] > before
    finally:
        conn.close()
    copy = sqlite3.connect(folder.folder(root) / f"state.db.before-{migrations.LATEST + 1}")
    assert copy.execute("SELECT name FROM models").fetchall() == [("bikes",)]
    assert copy.execute("PRAGMA user_version").fetchone()[0] == migrations.LATEST
    copy.close()


def test_two_processes_that_open_a_new_workspace_at_once_both_succeed(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.state.database import State; "
        "State.open(Path(sys.argv[1]))"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [child.wait(300) for child in children] == [0, 0]
    with State.view(tmp_path) as state, state.read() as conn:
        assert conn.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0] == len(migrations.STEPS)


def test_a_held_lock_is_an_error_in_words(root: Path):
    with folder.lock(root), pytest.raises(StateError, match="another process"), folder.lock(root, wait=0.0):
        pass


MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
/dev/vdb1 /home/local ext4 rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
user@host: /mnt/ssh fuse.sshfs rw 0 0
drvfs /mnt/c 9p rw 0 0
overlay /over overlay rw 0 0
host:/x /over nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/ws", None), ("/home/ana/ws", "nfs4"), ("/home/local/ws", None), ("/homes/ws", None),
        ("/mnt/my share/ws", "cifs"), ("/mnt/ssh", "fuse.sshfs"), ("/mnt/c/ws", "9p"), ("/over/a", "nfs"),
    ],
)  # fmt: skip
def test_network_disks_are_refused_in_words(path: str, kind: str | None):
    if kind is None:
        folder.refuse_network(Path(path), MOUNTS)
        return
    with pytest.raises(StateError, match="network file system") as caught:
        folder.refuse_network(Path(path), MOUNTS)
    assert kind in str(caught.value)
    assert "local disk" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "network"),
    [("ext4", False), ("xfs", False), ("tmpfs", False), ("fuse", False), ("fuseblk", False), ("fuse.ntfs-3g", False),
     ("virtiofs", False), ("nfs", True), ("smb3", True), ("fuse.rclone", True), ("fuse.s3fs", True), ("ceph", True),
     ("NFS4", True)],
)  # fmt: skip
def test_kinds_of_file_systems(kind: str, network: bool):
    assert folder.is_network(kind) is network


def test_a_file_that_is_no_database_is_an_error_in_words(tmp_path: Path):
    folder.make(tmp_path)
    folder.database(tmp_path).write_bytes(b"this is not a database, it is a text that somebody put here" * 50)
    with pytest.raises(StateError, match="cannot be read"):
        State.open(tmp_path)


def test_viewing_without_a_state_says_what_to_do(tmp_path: Path):
    with pytest.raises(StateError, match="no state yet") as caught:
        State.view(tmp_path)
    assert "lifecycle check" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write_and_an_error_rolls_back(state: State):
    with state.read() as conn, pytest.raises(sqlite3.OperationalError, match="readonly"):
        conn.execute("INSERT INTO meta VALUES ('a', 'b')")
    with pytest.raises(ZeroDivisionError), state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'b')")
        raise ZeroDivisionError
    with state.read() as conn:
        assert conn.execute("SELECT count(*) FROM meta WHERE key = 'a'").fetchone()[0] == 0
    with state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'b')")
        with pytest.raises(RuntimeError, match="nesting"), state.write():
            pass
    with state.read() as conn:
        assert conn.execute("SELECT count(*) FROM meta WHERE key = 'a'").fetchone()[0] == 1


def test_close_leaves_the_wal_files_for_viewers_without_write_access(root: Path):
    with State.open(root) as state, state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'b')")
    names = {p.name for p in folder.folder(root).iterdir()}
    assert {"state.db", "state.db-wal", "state.db-shm"} <= names


def test_a_path_with_odd_characters_opens(tmp_path: Path, empty_root: Path):
    root = tmp_path / "100% sure? #1 é"
    shutil.copytree(empty_root / ".lifecycle", root / ".lifecycle")
    with State.open(root) as state, state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'b')")
    with State.view(root) as state, state.read() as conn:
        assert conn.execute("SELECT value FROM meta").fetchone() == ("b",)


VIEWER = """
import os, sys
from pathlib import Path
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import feed
from lifecycle_tui.state.database import State
root = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert not os.access(root / ".lifecycle", os.W_OK) and not os.access(root / ".lifecycle/state.db", os.W_OK)
with State.view(root) as state:
    watcher = feed.Watcher(state)
    watcher.poll()
    with state.read() as conn:
        value = conn.execute("SELECT value FROM meta WHERE key = 'a'").fetchone()[0]
        print(value, "frozen" if state.reader()[1] else "live", flush=True)
    sys.stdin.readline()
    print(watcher.poll(), watcher.conn.execute("SELECT value FROM meta WHERE key = 'a'").fetchone()[0], flush=True)
    try:
        with state.write():
            pass
    except StateError as exc:
        print(exc.message)
    watcher.close()
"""


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory, empty_root: Path):
    """A workspace that others may read and not write, on a path that they can reach."""
    import tempfile

    top = Path(tempfile.mkdtemp(prefix="lifecycle-shared-"))
    top.chmod(0o755)
    shutil.copytree(empty_root / ".lifecycle", top / ".lifecycle")
    with State.open(top) as state, state.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'one')")
    yield top
    for path in (top, top / ".lifecycle"):
        path.chmod(0o755)
    shutil.rmtree(top)


def _view(root: Path, between) -> list[str]:
    lock_down = [root / ".lifecycle", *(root / ".lifecycle").iterdir()]
    was = {path: path.stat().st_mode for path in lock_down}
    for path in reversed(lock_down):
        path.chmod(0o555 if path.is_dir() else 0o444)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(VIEWER), str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    first = child.stdout.readline().strip()
    if os.getuid() != 0:
        for path, mode in was.items():
            path.chmod(mode)
    between()
    rest, _ = child.communicate("\n", timeout=300)
    return [first, *rest.strip().splitlines()]


@pytest.mark.parametrize("case", ["beside a writer", "at rest with its WAL", "at rest without its WAL"])
def test_a_viewer_without_write_access_reads_and_sees_later_commits(shared: Path, case: str):
    """As root the viewer gives its rights up for those of nobody; otherwise permissions are taken away around it."""
    writer = State.open(shared) if case == "beside a writer" else None
    if writer:
        with writer.write() as tx:
            tx.execute("INSERT INTO meta VALUES ('b', 'x')")
    if case == "at rest without its WAL":
        sqlite3.connect(shared / ".lifecycle/state.db").execute("PRAGMA user_version").connection.close()
        for name in ("state.db-wal", "state.db-shm"):
            (shared / ".lifecycle" / name).unlink(missing_ok=True)

    def commit() -> None:
        with writer or State.open(shared) as state, state.write() as tx:
            tx.execute("UPDATE meta SET value = 'two' WHERE key = 'a'")

    said = _view(shared, commit)
    assert said[0] == ("one frozen" if case == "at rest without its WAL" else "one live"), said
    assert said[1] == "True two", said
    assert "may not be written" in said[2], said


def test_database_opens_without_heavy_imports(root: Path):
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.state.database import State; "
        "from lifecycle_tui.state.fleet import fleet\n"
        "with State.view(Path(sys.argv[1])) as s, s.read() as conn: fleet(conn)\n"
        "print(sorted({'sqlite_utils', 'pandas', 'numpy', 'pydantic', 'textual', 'subprocess'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert database.BUSY_SECONDS >= 10

"""Opens the state: readers that cannot write, writers that begin IMMEDIATE, and the check that both make first.

    state = State.open(root)              # makes or migrates it when needed (in a child), refuses a newer one
    with state.read() as conn: ...        # read-only; works without write access
    with state.write() as tx: ...         # one transaction: all of it, or on any error none

Called by cli, tui, agent and workspace; the query modules take the connections it gives. Everything here is standard
library, because `status` starts with it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from lifecycle_tui.domain import read_only
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import folder
from lifecycle_tui.state.migrations import LATEST

BUSY_SECONDS = 30.0
"""How long a writer waits for another one's transaction."""


def ensure(root: Path) -> None:
    """Make sure that the state is there and of this program's version; starts a child only when it is not.

    Raises:
        StateError: if the state is newer than the program, cannot be read or made, or is on a network disk.
    """
    folder.refuse_network(root)
    if version(root) == LATEST:
        return
    folder.make(root)
    import subprocess

    child = subprocess.run(
        [sys.executable, "-P", "-m", "lifecycle_tui.state.migrate", str(root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        said = child.stderr.strip().splitlines() or [f"the migration ended with code {child.returncode}"]
        raise StateError(
            said[-1], hint=f"run `{Path(sys.executable).name} -m lifecycle_tui.state.migrate` on the folder"
        )
    refuse_newer(version(root) or 0, folder.database(root))


def version(root: Path) -> int | None:
    """The state's version, 0 for an empty file, None where there is none; refuses a newer one.

    Raises:
        StateError: if it is newer than this program or no SQLite file.
    """
    path = folder.database(root)
    if not path.exists():
        return None
    conn, _ = open_reader(path)
    try:
        found = int(conn.execute("PRAGMA user_version").fetchone()[0])
    finally:
        conn.close()
    refuse_newer(found, path)
    return found


def refuse_newer(found: int, path: Path) -> None:
    """Raise StateError if a newer program wrote this state."""
    if found > LATEST:
        raise StateError(
            f"{path} was written by a newer lifecycle-tui (state version {found}; this program knows {LATEST})",
            hint="upgrade this installation: pip install --upgrade lifecycle-tui",
        )


def open_reader(path: Path) -> tuple[sqlite3.Connection, bool]:
    """A read-only connection, and whether it is frozen.

    `mode=ro` works beside writers, and without write access as long as the WAL's files are there (writers leave them,
    see `State.close`). Where they are gone and cannot be made, the file is at rest: it is opened as immutable, and such
    a connection sees nothing that is written later (`feed.Watcher` reopens it).

    Raises:
        StateError: if the file is not there, no database, or may not be read.
    """
    if not path.exists():
        raise StateError(f"there is no state yet at {path}", hint="run `lifecycle check` first")
    uri = "file:" + _quoted(path)
    try:
        return _connect(f"{uri}?mode=ro"), False
    except sqlite3.OperationalError as exc:
        wal = path.with_name(path.name + "-wal")
        try:
            at_rest = not wal.exists() or wal.stat().st_size == 0
        except OSError:
            at_rest = False
        if not at_rest or not os.access(path, os.R_OK):
            raise _unreadable(path, exc) from exc
        try:
            return _connect(f"{uri}?mode=ro&immutable=1"), True
        except sqlite3.Error as again:
            raise _unreadable(path, again) from again
    except sqlite3.DatabaseError as exc:
        raise _unreadable(path, exc) from exc


def _quoted(path: Path) -> str:
    # For SQLite's URIs; importing urllib.parse for three characters would cost `status` more than its query.
    return os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _connect(uri: str) -> sqlite3.Connection:
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # The first read is what fails where the WAL's files can be neither opened nor made.
        conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        conn.close()
        raise
    return conn


def _unreadable(path: Path, exc: Exception) -> StateError:
    return StateError(
        f"{path} cannot be read: {exc}",
        hint="check its permissions; `sqlite3 state.db 'PRAGMA integrity_check'` says whether the file is whole",
    )


class State:
    """One workspace's state. Connections are opened when first needed, one reader and one writer for each thread.

    Attributes:
        root: the workspace's folder.
        path: the database file.
        patience: seconds that a writer waits for another one's transaction.
    """

    def __init__(self, root: Path, *, patience: float = BUSY_SECONDS) -> None:
        self.root = Path(root)
        self.patience = patience
        self.path = folder.database(self.root)
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    @classmethod
    def open(cls, root: Path, *, patience: float = BUSY_SECONDS) -> State:
        """The state of `root`, made or migrated first where needed.

        Raises:
            StateError: see `ensure`.
            UsageError: this process may only look (`domain.read_only`).
        """
        from lifecycle_tui.state import copied

        read_only.refuse()
        ensure(root)
        state = cls(root, patience=patience)
        copied.settle(state)
        return state

    @classmethod
    def view(cls, root: Path) -> State:
        """The state of `root` for reading alone: nothing is made, nothing is migrated.

        Raises:
            StateError: if there is none, or it is newer or older than this program.
        """
        found = version(root)
        if found is None:
            raise StateError(f"there is no state yet in {folder.folder(root)}", hint="run `lifecycle check` first")
        if found < LATEST:
            raise StateError(
                f"the state in {folder.folder(root)} is of version {found}; this program reads version {LATEST}",
                hint="the workspace's owner migrates it by running `lifecycle check`",
            )
        return cls(root)

    def reader(self) -> tuple[sqlite3.Connection, bool]:
        """A read-only connection of the caller's own, which it closes, and whether it is frozen (`open_reader`)."""
        return open_reader(self.path)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's read-only connection, outside of a transaction: each query sees the newest commit."""
        conn = getattr(self._local, "reader", None)
        if conn is None or self._local.frozen:
            if conn is not None:
                self._forget(conn)
            conn, frozen = open_reader(self.path)
            self._local.reader, self._local.frozen = conn, frozen
            self._remember(conn)
        yield conn

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Like `read`, but all queries inside see one state. Keep it short: it holds back the WAL's checkpoint."""
        with self.read() as conn:
            conn.execute("BEGIN")
            try:
                yield conn
            finally:
                conn.execute("COMMIT")

    @contextlib.contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One IMMEDIATE transaction: committed at the end, rolled back on any error.

        Args:
            durable: synced to disk before this returns. False is for what may be lost with the machine's power
                (progress, heartbeats, caches); even then order is kept and the file stays whole.

        Raises:
            StateError: if another writer holds the state for too long, the state was migrated by a newer program
                meanwhile, the disk is full, or there is no write access.
        """
        read_only.refuse()
        conn = self._writer()
        if conn.in_transaction:
            raise RuntimeError("a transaction is open already in this thread; pass its tx on instead of nesting")
        try:
            conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            conn.execute("BEGIN IMMEDIATE")
            refuse_newer(int(conn.execute("PRAGMA user_version").fetchone()[0]), self.path)
            yield conn
            conn.execute("COMMIT")
        except sqlite3.DatabaseError as exc:
            words = _in_words(self.path, exc, self.patience)
            if words is None:
                raise
            raise words from exc
        finally:
            if conn.in_transaction:
                conn.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection.

        The last one to go is read-only, so that SQLite leaves the WAL's two files in place: who has no write access
        could not make them, and would be left with a frozen view.
        """
        with self._guard:
            opened, self._opened = self._opened, []
        writers = [c for c in opened if not _is_read_only(c)]
        if writers:
            with contextlib.suppress(sqlite3.Error):
                writers[0].execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            with contextlib.suppress(StateError):
                opened.append(open_reader(self.path)[0])
        for conn in sorted(opened, key=_is_read_only):
            conn.close()
        self._local = threading.local()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self) -> sqlite3.Connection:
        conn = getattr(self._local, "writer", None)
        if conn is None:
            if self.path.exists() and not os.access(self.path, os.W_OK):
                # SQLite would open it for reading, and only the first statement that writes would fail.
                raise _no_access(self.path)
            uri = "file:" + _quoted(self.path) + "?mode=rw"
            try:
                conn = sqlite3.connect(
                    uri, uri=True, timeout=self.patience, isolation_level=None, check_same_thread=False
                )
                conn.execute("PRAGMA foreign_keys = ON")
                # The WAL is left in place by `close`: after one huge transaction it must not stay huge.
                conn.execute("PRAGMA journal_size_limit = 67108864")
            except sqlite3.DatabaseError as exc:
                words = _in_words(self.path, exc, self.patience)
                if words is None:
                    raise
                raise words from exc
            self._local.writer = conn
            self._remember(conn)
        return conn

    def _remember(self, conn: sqlite3.Connection) -> None:
        with self._guard:
            self._opened.append(conn)

    def _forget(self, conn: sqlite3.Connection) -> None:
        with self._guard:
            self._opened.remove(conn)
        conn.close()


def _is_read_only(conn: sqlite3.Connection) -> bool:
    # foreign_keys is set on writers alone.
    return not conn.execute("PRAGMA foreign_keys").fetchone()[0]


def _in_words(path: Path, exc: sqlite3.Error, patience: float) -> StateError | None:
    """What befell the file, for people; None for what is a fault of the statement."""
    text = str(exc)
    if "locked" in text or "busy" in text:
        return StateError(
            f"another process has been writing to {path} for {patience:.0f} s",
            hint="try again when it is done",
        )
    if "readonly" in text or "unable to open" in text:
        return _no_access(path)
    if "disk is full" in text or "disk I/O" in text:
        return StateError(f"{path} cannot be written: {text}", hint="free some space; nothing half-done was kept")
    if "malformed" in text or "not a database" in text:
        return StateError(f"{path} is damaged: {text}", hint="restore it from a backup; `.recover` of sqlite3 may help")
    return None


def _no_access(path: Path) -> StateError:
    return StateError(f"{path} may not be written by this user", hint="act as the workspace's owner")

"""A secret that the file only refers to is used by the plugin that needs it, and appears nowhere: not in what commands
print, not in state, logs or files, whatever the plugin does with it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Here, lifecycle

FILE = """\
[workspace]
[notifiers.pager]
use = "pager"
key = { env = "PAGER_KEY" }
[models.m]
task = "binary"
[models.m.data]
table = { path = "t.vault", use = "vault", token = { env = "VAULT_TOKEN" } }
reference = { rows = 40 }
window = "20 rows"
[models.m.columns]
target = "y"
prediction = "p"
numeric = ["x"]
[models.m.monitor]
detectors = { nosy = { word = { file = "secret.txt" } } }
metrics = ["accuracy"]
[models.m.rules.always]
when = "rows >= 1"
"""
PLUGINS = '''\
import sys
import pyarrow as pa
from lifecycle_tui.api import Batch, find_fragments, hookimpl

class Vault:
    """Rows that only who has the token may read."""
    name, suffixes = "vault", (".vault",)
    def __init__(self, location, *, token: str):
        self.location, self.token = location, token
    def fragments(self):
        return find_fragments(self.location, self.suffixes)
    def _table(self):
        assert self.token == "t0ken-of-the-vault"
        print("reading with", self.token)
        n = range(100)
        return pa.table({"x": [float(i % 7) for i in n], "y": [i % 2 for i in n], "p": [i % 2 for i in n]})
    def schema(self):
        return {field.name: field.type for field in self._table().schema}
    def read(self, fragment, columns=None, kinds=None, time=None):
        table = self._table()
        table = table.select([name for name in table.column_names if columns is None or name in columns])
        row = 0
        for batch in table.to_batches():
            yield Batch(batch, row)
            row += batch.num_rows

class Nosy:
    """Says its word, and fails with it."""
    name, kinds = "nosy", ("numeric",)
    def __init__(self, *, word: str):
        self.word = word
    def measure(self, reference, window):
        print("measuring with", self.word, file=sys.stderr)
        raise ValueError(f"the word is {self.word}")

class Pager:
    """Says its key, and fails with it."""
    name = "pager"
    def __init__(self, *, key: str):
        self.key = key
    def send(self, message):
        print("sending with", self.key)
        raise RuntimeError(f"the pager refused {self.key}")

@hookimpl
def register_sources(register):
    register(Vault)

@hookimpl
def register_detectors(register):
    register(Nosy)

@hookimpl
def register_notifiers(register):
    register(Pager)
'''
SECRETS = {"PAGER_KEY": "k3y-of-the-pager", "VAULT_TOKEN": "t0ken-of-the-vault"}
WORD = "w0rd-of-the-file"
COMMANDS = [
    ["status", "--format", "json"], ["history", "--format", "json"], ["jobs", "list", "--format", "json"],
    ["jobs", "log", "1"], ["info"], ["plugins", "list"], ["plugins", "show", "nosy"], ["plugins", "show", "vault"],
    ["config", "check"], ["config", "show", "--origin"], ["config", "show", "--format", "json"],
    ["config", "explain", "vault.token"], ["config", "schema"], ["check", "--format", "json"],
]  # fmt: skip


def everything(folder: Path) -> bytes:
    """What all files of a folder hold. The worker may still go on, and close the database at any moment: its log would
    move into a file that has been read already. So this has it open too, and has the log moved before."""
    found = []
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as conn:
        while conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            time.sleep(0.01)
        for path in sorted(folder.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                found += [path.read_bytes()] if path.is_file() else []
    return b"".join(found)


@pytest.mark.slow
def test_a_secret_appears_nowhere(tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "secret.txt").write_text(WORD + "\n")
    (tmp_path / "t.vault").write_text("")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "team.py").write_text(PLUGINS)
    (tmp_path / "lifecycle.toml").write_text(FILE)
    first = lifecycle(tmp_path, "check", "--act")
    assert "nosy" in first.out and "***" in first.out, first
    said = [first, *(here(tmp_path, *words) for words in COMMANDS)]
    assert all(done.code in (0, 1, 3) for done in said), [done for done in said if done.code not in (0, 1, 3)]
    told = "".join(done.out + done.err for done in said)
    assert '{ env = "VAULT_TOKEN" }' in told and '{ file = "secret.txt" }' in told
    kept = everything(tmp_path / ".lifecycle")
    assert b"the word is ***" in kept and b"the pager refused ***" in kept  # the failures are there
    for secret in (*SECRETS.values(), WORD):
        assert secret not in told and secret.encode() not in kept, secret

"""Notifications: nothing leaves unless the file says so, nothing is lost, nothing is told twice, no secret is kept."""

from __future__ import annotations

import atexit
import functools
import http.server
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lifecycle_tui.agent.work import notify as module
from lifecycle_tui.cli.main import group as cli
from lifecycle_tui.domain.specs import SecretRef
from lifecycle_tui.state import outbox
from lifecycle_tui.state.database import State
from tests.agent.conftest import PREDICTIONS, Space, scored_rows

Shop = Callable[..., Space]

MOVED = """
[models.shop.rules.moved]
when = "drift.max >= 0.2"
severity = "critical"
"""
BUSY = """
[models.shop.rules.busy]
when = "rows > 30"
"""
LOG = """
[notifiers.file]
use = "log"
"""


@functools.cache
def empty_state() -> Path:
    """A state without rows: making one takes a child process, copying it does not."""
    root = Path(tempfile.mkdtemp(prefix="lifecycle-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    with State.open(root):
        pass
    return root / ".lifecycle"


@pytest.fixture(autouse=True)
def state(tmp_path: Path) -> None:
    shutil.copytree(empty_state(), tmp_path / ".lifecycle")


def told(space: Space, name: str = "alerts.log") -> list[dict[str, Any]]:
    path = space.root / ".lifecycle" / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def send(space: Space) -> tuple[int, int]:
    """(messages sent, messages that failed); each failure has its reason."""
    found = space.send()
    assert len(found["errors"]) == found["failed"] and all(found["errors"])
    return found["sent"], found["failed"]


def queue(space: Space) -> list[outbox.Notification]:
    with State.open(space.root) as state, state.read() as conn:
        return [outbox.row(row) for row in conn.execute(f"{outbox.SELECT} ORDER BY id").fetchall()]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.seen.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(server.code)
        if server.after:
            self.send_header("Retry-After", server.after)
        answer = f"you sent {self.path} and {self.headers.get('Authorization')}".encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A web hook on the loopback: `seen`, and the `code` that it answers."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.seen, found.code, found.daemon_threads, found.after = [], 200, True, None
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


# --- when something is sent --------------------------------------------------------------------------------------


def test_nothing_is_queued_without_notifiers(shop: Shop) -> None:
    space = shop(drift_from=44, rules=MOVED)
    space.run()
    assert [a.alert.state for a in space.alerts()] == ["open"]
    assert queue(space) == []
    assert send(space) == (0, 0)
    assert not (space.root / ".lifecycle" / "alerts.log").exists()


def test_an_evaluation_queues_and_sends_nothing(shop: Shop, server: Any) -> None:
    hook = f'\n[notifiers.hook]\nuse = "webhook"\nurl = "http://127.0.0.1:{server.server_address[1]}/x"\n'
    space = shop(drift_from=44, rules=MOVED + LOG + hook)
    space.run()
    space.run()
    assert [(n.notifier, n.state, n.kind) for n in queue(space)] == [
        ("file", "pending", "opened"),
        ("hook", "pending", "opened"),
    ]
    assert server.seen == [] and told(space) == []


def test_an_alert_that_goes_on_is_told_once_and_its_end_once(shop: Shop) -> None:
    space = shop(days=range(51), drift_from=44, rules=MOVED + LOG)
    space.run()
    assert send(space) == (1, 0)
    (first,) = told(space)
    assert first["rule"] == "moved" and first["transition"] == "opened" and first["severity"] == "critical"
    assert first["owner"] == "web" and first["model"] == "shop" and "drift.max" in first["message"]
    # A further drifted week: the same alert goes on.
    more, _ = scored_rows(range(51, 58), drift_from=44)
    space.write("scored/more.csv", "\n".join([PREDICTIONS, *more]) + "\n")
    space.run()
    assert [a.alert.repeats for a in space.alerts()] != [0]
    assert send(space) == (0, 0)
    # Two weeks as they used to be.
    calm, _ = scored_rows(range(58, 72))
    space.write("scored/calm.csv", "\n".join([PREDICTIONS, *calm]) + "\n")
    space.run()
    assert [a.alert.state for a in space.alerts()] == ["resolved"]
    assert send(space) == (1, 0)
    assert [row["transition"] for row in told(space)] == ["opened", "resolved"]
    assert told(space)[1]["id"] == first["id"] and told(space)[1]["resolved"]
    space.run()
    assert send(space) == (0, 0)


@pytest.mark.parametrize(
    ("match", "rules", "hears"),
    [
        ('{ severity = "critical" }', MOVED + BUSY, ["moved"]),
        ('{ severity = "warning" }', MOVED + BUSY, ["busy", "moved"]),
        ('{ owner = "web" }', MOVED, ["moved"]),
        ('{ model = "shop", rule = ["busy"] }', MOVED + BUSY, ["busy"]),
        ('{ owner = "we*", rule = "b*" }', MOVED + BUSY, ["busy"]),
    ],
)
def test_match(shop: Shop, match: str, rules: str, hears: list[str]) -> None:
    space = shop(drift_from=44, rules=rules + LOG + f"match = {match}\n")
    space.run()
    assert len(queue(space)) == len(hears), "what nobody asked for is not queued at all"
    assert send(space) == (len(hears), 0)
    assert sorted(row["rule"] for row in told(space)) == hears


def test_a_rule_that_names_its_notifier_tells_no_other(shop: Shop) -> None:
    rules = MOVED + 'then = ["notify:second"]\n' + BUSY + "then = []\n"
    space = shop(drift_from=44, rules=rules + LOG + '[notifiers.second]\nuse = "log"\npath = "second.log"\n')
    space.run()
    assert [n.notifier for n in queue(space)] == ["second"]
    assert send(space) == (1, 0)
    assert (space.root / "second.log").exists(), "beside lifecycle.toml, wherever one stands"


def test_a_group_is_one_message(shop: Shop, server: Any) -> None:
    hook = f'\n[notifiers.hook]\nuse = "webhook"\nurl = "http://127.0.0.1:{server.server_address[1]}/x"\n'
    space = shop(drift_from=44, rules=MOVED + BUSY + hook + 'group = "10m"\n')
    space.run()
    assert send(space) == (1, 0)
    ((_, _, body),) = server.seen
    assert [a["rule"] for a in body["alerts"]] == ["moved", "busy"], "worst first"
    assert [n.state for n in queue(space)] == ["sent", "sent"]


def test_without_a_group_each_alert_is_a_message(shop: Shop, server: Any) -> None:
    hook = f'\n[notifiers.hook]\nuse = "webhook"\nurl = "http://127.0.0.1:{server.server_address[1]}/x"\n'
    space = shop(drift_from=44, rules=MOVED + BUSY + hook)
    space.run()
    assert send(space) == (2, 0)
    assert sorted(body["alerts"][0]["rule"] for _, _, body in server.seen) == ["busy", "moved"]


def test_a_program_of_the_teams(shop: Shop) -> None:
    out = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    space = shop(drift_from=44)
    argv = json.dumps([sys.executable, "-c", out, str(space.root / "got.json")])
    shop(drift_from=44, rules=MOVED + f'\n[notifiers.page]\nuse = "command"\nargv = {argv}\n')
    space.run()
    assert send(space) == (1, 0)
    got = json.loads((space.root / "got.json").read_text())
    assert got["alerts"][0]["rule"] == "moved" and got["subject"].startswith("critical: shop")


# --- failures ----------------------------------------------------------------------------------------------------


def test_a_failure_is_noted_and_tried_again_later(shop: Shop, server: Any) -> None:
    hook = f'\n[notifiers.hook]\nuse = "webhook"\nurl = "http://127.0.0.1:{server.server_address[1]}/x"\n'
    space = shop(drift_from=44, rules=MOVED + hook + LOG)
    space.run()
    server.code = 503
    assert send(space) == (1, 1), "the other notifier has its message all the same"
    row = next(n for n in queue(space) if n.notifier == "hook")
    assert row.state == "pending" and row.attempts == 1 and "503" in (row.last_error or "")
    assert row.due_at == space.clock.instant + module.LATER[0]
    assert send(space) == (0, 0), "not due yet"
    space.clock.instant += module.LATER[0]
    server.code = 200
    assert send(space) == (1, 0)
    row = next(n for n in queue(space) if n.notifier == "hook")
    assert row.state == "sent" and row.last_error is None and row.attempts == 2
    assert len(told(space)) == 1


def test_what_is_refused_is_given_up_and_sent_again_by_who_has_mended_it(
    shop: Shop, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = f'\n[notifiers.hook]\nuse = "webhook"\nurl = "http://127.0.0.1:{server.server_address[1]}/x"\n'
    space = shop(drift_from=44, rules=MOVED + hook)
    space.run()
    server.code, server.after = 429, "3600"
    assert send(space) == (0, 1)
    assert queue(space)[0].due_at == space.clock.instant + timedelta(hours=1), "as the receiver asks"
    space.clock.instant += timedelta(hours=1)
    server.code, server.after = 401, None
    assert send(space) == (0, 1)
    (row,) = queue(space)
    assert row.state == "failed" and "HTTP 401" in (row.last_error or ""), "a second try cannot help"
    monkeypatch.chdir(space.root)
    runner = CliRunner()
    listed = json.loads(runner.invoke(cli, ["notifications", "list", "--state", "failed", "--format", "json"]).stdout)
    assert [(r["id"], r["notifier"], r["rule"], r["told"], r["attempts"]) for r in listed] == [
        (1, "hook", "moved", "opened", 2)
    ]
    assert "1 message could not be delivered" in runner.invoke(cli, ["status"]).output
    assert "there is no notification '9'" in str(runner.invoke(cli, ["notifications", "resend", "9"]).exception)
    plan = runner.invoke(cli, ["notifications", "resend", "all", "--dry-run"])
    assert plan.exit_code == 0 and "would send notification 1 again" in plan.output and "HTTP 401" in plan.output
    with State.open(space.root) as state, state.write() as tx:
        assert outbox.again(tx, 1, space.clock.instant) and not outbox.again(tx, 1, space.clock.instant)
    server.code = 200
    assert send(space) == (1, 0)
    assert len({headers["Idempotency-Key"] for _, headers, _ in server.seen}) == 1, "it is the same message each time"
    assert [n.state for n in queue(space)] == ["sent"]


def test_after_the_last_attempt_it_counts_as_failed(shop: Shop) -> None:
    space = shop(drift_from=44, rules=MOVED + '\n[notifiers.page]\nuse = "command"\nargv = ["no-such-program-here"]\n')
    space.run()
    for n in range(len(module.LATER) + 1):
        assert send(space) == (0, 1), n
        space.clock.instant += timedelta(hours=3)
    (row,) = queue(space)
    assert row.state == "failed" and "no-such-program-here" in (row.last_error or "")
    assert send(space) == (0, 0)
    with State.open(space.root) as state, state.read() as conn:
        logged = [text for (text,) in conn.execute("SELECT text FROM job_events WHERE level = 'error'")]
    assert len(logged) == len(module.LATER) + 1 and "notifier page" in logged[0]


def test_a_notifier_that_left_the_file_is_not_waited_for(shop: Shop) -> None:
    space = shop(drift_from=44, rules=MOVED + LOG)
    space.run()
    shop(drift_from=44, rules=MOVED)
    assert send(space) == (0, 0)
    assert [(n.state, n.last_error) for n in queue(space)] == [("failed", "the file no longer declares this notifier")]


def test_a_match_that_has_changed_is_obeyed(shop: Shop) -> None:
    space = shop(drift_from=44, rules=MOVED + LOG)
    space.run()
    shop(drift_from=44, rules=MOVED + LOG + 'match = { owner = "nobody" }\n')
    assert send(space) == (0, 0)
    assert [n.state for n in queue(space)] == ["failed"] and told(space) == []


def test_a_sender_that_died_is_taken_over(shop: Shop) -> None:
    space = shop(drift_from=44, rules=MOVED + LOG)
    space.run()
    with State.open(space.root) as state, state.write() as tx:
        # A process that cannot be any more: no pid is that high.
        tx.execute("UPDATE notifications SET state = 'sending', process = ?, attempts = 1", (_gone(),))
    assert send(space) == (1, 0)


def _gone() -> str:
    from dataclasses import replace

    from lifecycle_tui.state import processes

    return str(replace(processes.this(), pid=2**22 + 7))


# --- secrets -----------------------------------------------------------------------------------------------------

TEAM = """\
from lifecycle_tui import api

class Pager:
    name = "pager"
    def __init__(self, *, key: str):
        self.key = key
    def send(self, message):
        print("sending with", self.key)
        raise RuntimeError(f"the pager refused {self.key}")

@api.hookimpl
def register_notifiers(register):
    register(Pager)
"""


def kept(root: Path) -> bytes:
    """Every byte that a workspace's state holds."""
    return b"".join(path.read_bytes() for path in sorted((root / ".lifecycle").rglob("*")) if path.is_file())


def test_secrets_are_never_kept(shop: Shop, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = {"HOOK_URL": "s3cr3t-path-in-url", "HOOK_TOKEN": "t0ken-of-the-hook", "PAGER_KEY": "k3y-of-the-pager"}
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{server.server_address[1]}/{secrets['HOOK_URL']}?a=1")
    monkeypatch.setenv("PAGER_KEY", secrets["PAGER_KEY"])
    (tmp_path / "token").write_text(secrets["HOOK_TOKEN"] + "\n")
    hook = '[notifiers.hook]\nuse = "webhook"\nurl = { env = "HOOK_URL" }\ntoken = { file = "token" }\n'
    pager = '[notifiers.pager]\nuse = "pager"\nkey = { env = "PAGER_KEY" }\n'
    space = shop(drift_from=44, rules=f"{MOVED}\n{hook}{pager}")
    space.write("plugins/pager.py", TEAM)
    server.code = 500
    space.run()
    assert send(space) == (0, 2)
    ((path, headers, _),) = server.seen
    assert secrets["HOOK_URL"] in path and headers["Authorization"] == f"Bearer {secrets['HOOK_TOKEN']}"
    errors = {n.notifier: n.last_error or "" for n in queue(space)}
    assert "500" in errors["hook"] and "the pager refused ***" in errors["pager"]
    found = kept(space.root)
    for secret in secrets.values():
        assert secret.encode() not in found, secret


@pytest.mark.parametrize(
    ("option", "says"),
    [('{ env = "NOT_SET_ANYWHERE" }', "NOT_SET_ANYWHERE is not set"), ('{ file = "gone" }', "gone cannot be read")],
)
def test_a_secret_that_is_not_there_is_a_failure_in_words(shop: Shop, option: str, says: str) -> None:
    space = shop(drift_from=44, rules=MOVED + f'\n[notifiers.hook]\nuse = "webhook"\nurl = {option}\n')
    space.run()
    assert send(space) == (0, 1)
    assert says in (queue(space)[0].last_error or "")


@pytest.mark.parametrize(
    ("text", "options", "cleaned"),
    [
        ("a hush b", {"x": SecretRef("env", "HUSH")}, "a *** b"),
        ("a hush b", {"x": {"y": ["z", SecretRef("env", "HUSH")]}}, "a *** b"),
        ("a hush b", {"x": "hush"}, "a hush b"),
        ("a hush b", {"x": SecretRef("env", "NOT_SET_ANYWHERE")}, "a hush b"),
        ("a hush b", {"x": SecretRef("env", "EMPTY"), "n": 3}, "a hush b"),
    ],
)
def test_secrets_are_blotted_out(
    monkeypatch: pytest.MonkeyPatch, text: str, options: dict[str, Any], cleaned: str
) -> None:
    monkeypatch.setenv("HUSH", "hush")
    monkeypatch.setenv("EMPTY", "")
    assert module.without_secrets(text, options, Path()) == cleaned

"""The shipped notifiers: a file, a program, a web hook on the loopback."""

import email.utils
import http.server
import json
import os
import ssl
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.api import Message, NotDelivered
from lifecycle_tui.builtin.notifiers.command import Command
from lifecycle_tui.builtin.notifiers.log import Log
from lifecycle_tui.builtin.notifiers.webhook import Webhook

MESSAGE = Message(
    "critical: fräud: auc",
    "[critical] fräud auc: 0.89 < 0.92\nmore",
    ({"model": "fräud", "rule": "auc"}, {"model": "b"}),
)


@pytest.mark.parametrize("module, name", [("log", "log"), ("command", "command"), ("webhook", "webhook")])
def test_registered(module, name):
    found = []
    __import__(f"lifecycle_tui.builtin.notifiers.{module}", fromlist=["x"]).register_notifiers(found.append)
    assert [cls.name for cls in found] == [name] and found[0].__doc__


def test_log_appends_a_json_line_for_each_alert(tmp_path):
    path = tmp_path / "deep" / "alerts.log"
    Log(path=str(path)).send(MESSAGE)
    Log(path=str(path)).send(MESSAGE)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(rows) == 4
    assert rows[0] == {"subject": "critical: fräud: auc", "model": "fräud", "rule": "auc"}
    assert path.stat().st_mode & 0o007 == 0


def test_log_as_text_sends_a_terminal_nothing(tmp_path):
    path = tmp_path / "a.log"
    Log(path=str(path), format="text").send(Message("sub\x1b[2Jject\nx", "one\ntwo\r", ()))
    assert path.read_text("utf-8") == "sub�[2Jject�x\n  one\n  two�\n"


def test_log_says_why_not(tmp_path):
    with pytest.raises(OSError):
        Log(path=str(tmp_path)).send(MESSAGE)
    with pytest.raises(ValueError, match="format"):
        Log(format="xml")


def program(tmp_path, text):
    file = tmp_path / "program.py"
    file.write_text(text)
    return (sys.executable, str(file), str(tmp_path / "out"))


def test_command_reads_the_message(tmp_path):
    argv = program(tmp_path, "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())")
    Command(argv=argv).send(MESSAGE)
    found = json.loads((tmp_path / "out").read_bytes())
    assert found["subject"] == MESSAGE.subject and found["body"] == MESSAGE.body
    assert found["alerts"] == [dict(alert) for alert in MESSAGE.alerts]


def test_command_without_a_shell(tmp_path):
    argv = program(tmp_path, "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))")
    Command(argv=(*argv, "$(touch x)", "; ls", "a b")).send(MESSAGE)
    assert json.loads((tmp_path / "out").read_text()) == ["$(touch x)", "; ls", "a b"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("import sys; sys.stderr.write('x' * 9000 + ' no route\\nto pager'); sys.exit(3)", "ended with code 3: "),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("raise SystemExit(1)", "ended with code 1"),
    ],
)
def test_command_that_fails(tmp_path, text, words):
    with pytest.raises(RuntimeError, match=words) as caught:
        Command(argv=program(tmp_path, text)).send(MESSAGE)
    assert len(str(caught.value)) < 700
    if "route" in text:
        assert str(caught.value).endswith("no route to pager")


def test_command_that_ignores_its_input(tmp_path):
    big = Message("s", "b" * 5_000_000, ())
    Command(argv=program(tmp_path, "pass")).send(big)


def test_command_that_hangs_is_stopped_with_its_children(tmp_path):
    argv = ("sh", "-c", 'sleep 600 & echo $! > "$0"; wait', str(tmp_path / "out"))
    for seconds in (1, 10, 60):  # longer where it has not even begun to hang by then
        with pytest.raises(RuntimeError, match=f"sh took longer than {seconds} s"):
            Command(argv=argv, timeout=float(seconds)).send(MESSAGE)
        if (tmp_path / "out").exists() and (told := (tmp_path / "out").read_text()):
            break
    child = int(told)
    deadline = time.monotonic() + 60
    while _alive(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert not _alive(child)


def _alive(pid):
    """Whether it runs; a dead one that nobody has collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("argv", [(), "ls -l", (1, 2)])
def test_command_options(argv):
    with pytest.raises(ValueError, match="argv"):
        Command(argv=argv)
    with pytest.raises(ValueError, match="timeout"):
        Command(argv=("true",), timeout=0)


def test_command_that_is_not_there():
    with pytest.raises(RuntimeError, match="no-such-program cannot be started: No such file"):
        Command(argv=("no-such-program",)).send(MESSAGE)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        if "hang" in self.path:
            self.server.release.wait(20)
            self.close_connection = True
            return  # the client has gone
        if "drips" in self.path:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.release.wait(0.02):  # always something, never the end
                self.wfile.write(b"X-More: 1\r\n")
            return
        code = next((int(part) for part in self.path.strip("/").split("/") if part.isdigit()), 200)
        answer = b"echo " + (self.path.encode() if "echo" in self.path else b"broken <thing>\n")
        self.send_response(code)
        if code in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        if self.server.after:
            self.send_header("Retry-After", self.server.after)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.seen, found.release, found.daemon_threads, found.after = [], threading.Event(), True, None
    found.url = f"http://127.0.0.1:{found.server_address[1]}"
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.release.set()
    found.shutdown()
    thread.join()
    found.server_close()


def test_webhook_posts_json(server):
    Webhook(url=f"{server.url}/hook?key=abc", headers=("X-Team: risk ml",), token="t0ken").send(MESSAGE)
    ((path, headers, body),) = server.seen
    found = json.loads(body)
    assert path == "/hook?key=abc"
    assert headers["X-Team"] == "risk ml" and headers["Authorization"] == "Bearer t0ken"
    assert headers["Content-Type"].startswith("application/json")
    assert found["text"] == f"{MESSAGE.subject}\n{MESSAGE.body}" and found["subject"] == MESSAGE.subject
    assert found["alerts"] == [dict(alert) for alert in MESSAGE.alerts]


@pytest.mark.parametrize(
    "path, words",
    [
        ("/500", "127.0.0.1 answered HTTP 500 Internal Server Error: echo broken <thing>"),
        ("/404", "127.0.0.1 answered HTTP 404"),
        ("/302", "127.0.0.1 redirects"),
        ("/307", "127.0.0.1 redirects"),
    ],
)
def test_webhook_that_is_refused(server, path, words):
    with pytest.raises(RuntimeError, match=words):
        Webhook(url=server.url + path).send(MESSAGE)
    assert len(server.seen) == 1


def test_webhook_never_tells_its_secrets(server):
    hook = Webhook(url=f"{server.url}/400/echo/s3cr3t-in-path?key=s3cr3t-in-query", token="s3cr3t-token")
    with pytest.raises(RuntimeError) as caught:
        hook.send(MESSAGE)
    assert str(caught.value) == "127.0.0.1 answered HTTP 400 Bad Request"
    for url in ("ftp://h/s3cr3t", "s3cr3t", "http://", "file:///etc/s3cr3t", "http://me:s3cr3t@host/"):
        with pytest.raises(ValueError) as refused:
            Webhook(url=url)
        assert "s3cr3t" not in str(refused.value)


def test_webhook_that_hangs(server):
    with pytest.raises(RuntimeError, match=r"did not answer within 0\.3 s"):
        Webhook(url=f"{server.url}/hang", timeout=0.3).send(MESSAGE)


def test_webhook_that_answers_a_little_all_the_time_is_over_in_time(server):
    begun = time.monotonic()
    with pytest.raises(NotDelivered, match=r"did not answer within 0\.3 s"):
        Webhook(url=f"{server.url}/drips", timeout=0.3).send(MESSAGE)
    assert time.monotonic() - begun < 60, "it ends long before the server does, which never ends"


def test_webhook_names_the_message_and_says_what_is_worth_another_try(server):
    for code, again in ((500, True), (503, True), (408, True), (429, True), (400, False), (404, False), (302, False)):
        with pytest.raises(NotDelivered) as caught:
            Webhook(url=f"{server.url}/{code}").send(replace(MESSAGE, key="abc"))
        assert (caught.value.again, caught.value.after) == (again, None), code
    assert {headers["Idempotency-Key"] for _, headers, _ in server.seen} == {"abc"}
    Webhook(url=f"{server.url}/200").send(MESSAGE)
    assert "Idempotency-Key" not in server.seen[-1][1]
    begun = datetime.now(UTC)
    soon = email.utils.format_datetime(begun + timedelta(seconds=90), usegmt=True)
    for said, least, most in (("120", 120, 120), (soon, 89, 90), ("Mon, 01 Jan 2001 00:00:00 GMT", 0, 0)):
        server.after = said
        with pytest.raises(NotDelivered) as caught:
            Webhook(url=f"{server.url}/429").send(MESSAGE)
        spent = (datetime.now(UTC) - begun).total_seconds() if said == soon else 0
        assert least - spent <= caught.value.after <= most
    server.after = "soon"
    with pytest.raises(NotDelivered) as caught:
        Webhook(url=f"{server.url}/503").send(MESSAGE)
    assert caught.value.after is None and caught.value.again


def test_webhook_says_what_is_wrong_with_tls(server):
    hook = Webhook(url=f"{server.url.replace('http:', 'https:')}/s3cr3t")
    with pytest.raises(NotDelivered, match=r"no TLS connection to 127\.0\.0\.1: .*does it speak https") as caught:
        hook.send(MESSAGE)
    assert "s3cr3t" not in str(caught.value) and caught.value.again
    untrusted = ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")
    untrusted.verify_message = "self-signed certificate"
    assert hook._unreached(untrusted) == "the certificate of 127.0.0.1 is not trusted: self-signed certificate"


def test_webhook_that_is_not_there(server):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # kept, and nobody listens: given back, another test may have it at once
        with pytest.raises(RuntimeError, match=r"127\.0\.0\.1 cannot be reached: Connection refused"):
            Webhook(url=f"http://127.0.0.1:{port}/x").send(MESSAGE)


@pytest.mark.parametrize("header", ["no colon", "A: b\r\nX: y", ": v"])
def test_webhook_headers(header):
    with pytest.raises(ValueError, match="header"):
        Webhook(url="http://host/", headers=(header,))
    with pytest.raises(ValueError, match="timeout"):
        Webhook(url="http://host/", timeout=-1)

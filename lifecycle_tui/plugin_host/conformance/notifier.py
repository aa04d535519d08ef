"""Checks of notifiers, which send nothing: what they would reach is put in the way as something that refuses.

Where an option says where messages go (`url`, `path`, `argv`), it is pointed at a server of this check's own on the
loopback, at a file, at a program. `--send` sends one real message with the options that are given.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.protocols import Message
from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed, Skipped
from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

HINT = "raise whatever says why it was not delivered: the program tries again, and says so"


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a notifier, in order."""
    yield from common.checks(info)
    yield Check("delivers", "delivers a message to a server, file or program that takes it", delivers, "made")
    yield Check("odd-message", "delivers a message without alerts, and one in many scripts", odd, "delivers")
    yield Check("raises", "raises where the message was not delivered", raises, "delivers")
    yield Check("message-unchanged", "leaves the message as it was", unchanged, "delivers")
    yield Check("sends", "sends one real message (with --send)", sends, "made")


def message(text: str = "psi.income 0.31 > 0.2") -> Message:
    """What a notifier is given for one alert."""
    alert = {
        "model": "card-fraud",
        "rule": "income-moved",
        "severity": "warning",
        "state": "open",
        "since": "2025-03-01",
        "last_window": "2025-03-02",
        "message": text,
        "value": 0.31,
        "nothing": None,
    }
    return Message(f"warning: card-fraud: {text}", f"[warning] card-fraud income-moved: {text}\nsecond line", (alert,))


ODD = (
    Message("nothing", "", ()),
    message("naïve Ελλάδα 日本 🙂 \x1b[31m‮ <b>&amp;</b> " + "x" * 5_000),
)


@contextmanager
def _server(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A server on the loopback that answers everything so; its address, and what it was sent."""
    import http.server

    got: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PUT = do_GET = do_POST  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None:
            """A plugin that hangs up early is no news: a traceback here would be taken for something it printed."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    finally:
        server.shutdown()
        server.server_close()


def _target(info: PluginInfo) -> OptionInfo:
    """The option that says where messages go.

    Raises:
        Skipped: none is known.
    """
    for option in info.options:
        if _way(option):
            return option
    names = "url, path or argv"
    raise Skipped(f"no option ({names}) says where messages go, so nothing can be put in the way: try it with --send")


def _way(option: OptionInfo) -> str:
    if option.name in ("argv", "command") and option.type == "list[str]":
        return "program"
    if option.type != "str":
        return ""
    if "url" in option.name:
        return "server"
    return "file" if option.name in ("path", "file") else ""


@contextmanager
def _sink(bench: Bench, *, works: bool) -> Iterator[Any]:
    """An object of the plugin whose messages go somewhere that takes them, or refuses."""
    option = _target(bench.info)
    way = _way(option)
    if way == "server":
        with _server(200 if works else 500) as (url, _):
            yield bench.make(**{option.name: url})
    elif way == "program":
        code = "import sys; sys.stdin.read()" + ("" if works else "; sys.exit(3)")
        yield bench.make(**{option.name: (sys.executable, "-c", code)})
    else:
        path = os.path.join(bench.scratch, "sink")
        if not works:
            os.makedirs(path, exist_ok=True)  # a folder is no file
        yield bench.make(**{option.name: path})


def delivers(bench: Bench) -> None:
    with _sink(bench, works=True) as notifier:
        notifier.send(message())
    if _way(_target(bench.info)) == "file" and not os.path.exists(os.path.join(bench.scratch, "sink")):
        raise Failed("the file to be written", "none", method="send")


def odd(bench: Bench) -> None:
    with _sink(bench, works=True) as notifier:
        for one in ODD:
            notifier.send(one)


def raises(bench: Bench) -> None:
    with _sink(bench, works=False) as notifier:
        try:
            notifier.send(message())
        except Exception:
            return
    refusal = {
        "server": "the server answered 500",
        "program": "the program ended with code 3",
        "file": "it is a folder",
    }
    raise Failed(f"an exception, as {refusal[_way(_target(bench.info))]}", "none", HINT, method="send")


def unchanged(bench: Bench) -> None:
    given = message()
    with _sink(bench, works=True) as notifier:
        notifier.send(given)
    if given != message():
        hint = "work on a copy: the same message goes to the other notifiers"
        raise Failed("the message as it was", repr(given)[:200], hint, method="send")


def sends(bench: Bench) -> None:
    if not bench.trial.send:
        raise Skipped("nothing is really sent without --send")
    bench.make().send(message("a message to try the plugin; nothing is wrong"))

"""The notifier `log`: alerts appended to a file, for people with `tail -f` and for programs that read lines."""

from __future__ import annotations

from typing import Literal

from lifecycle_tui import api


class Log:
    """Appends to a file: one JSON line for each alert, or plain text.

    Args:
        path: the file, relative to the workspace; its folder is made if it is not there.
        format: a JSON object a line, or lines to be read by people.
    """

    name = "log"

    def __init__(self, *, path: str = ".lifecycle/alerts.log", format: Literal["json", "text"] = "json") -> None:
        if format not in ("json", "text"):
            raise ValueError(f'format is "json" or "text", not {format!r}')
        self.path = path
        self.format = format

    def send(self, message: api.Message) -> None:
        """Append; whole lines, in one write, so that several processes may log to one file.

        Raises:
            OSError: if the file cannot be written.
        """
        import os

        data = (self._json(message) if self.format == "json" else self._text(message)).encode()
        path = os.path.expanduser(self.path)
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(f"{path}: only a part of the message could be written")
            os.fsync(handle)
        finally:
            os.close(handle)

    def _json(self, message: api.Message) -> str:
        import json

        alerts = message.alerts or ({},)
        rows = [{"subject": message.subject, **alert} for alert in alerts]
        return "".join(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in rows)

    def _text(self, message: api.Message) -> str:
        # Names come from data: what a terminal would obey is shown, not sent.
        lines = [message.subject, *(f"  {line}" for line in message.body.split("\n"))]
        return "".join("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in x) + "\n" for x in lines)


@api.hookimpl
def register_notifiers(register: api.Register) -> None:
    register(Log)

"""The notifier `template`: puts each alert into a calendar file that people subscribe to.

In the file: [notifiers.NAME] with use = "template"; rules reach it with then = ["notify"].
"""

from __future__ import annotations

import os

from lifecycle_tui.api import Message, Register, hookimpl


class Template:
    """Appends alerts to a calendar (.ics), an entry for each.

    Args:
        path: of the calendar; relative to the workspace.
    """

    name = "template"

    def __init__(self, *, path: str = ".lifecycle/alerts.ics") -> None:  # secrets, { env = "NAME" }, come resolved
        self.path = path

    def send(self, message: Message) -> None:
        """Raise where it was not delivered: it is tried again later. Never send twice within one call."""
        entries = [self.entry(str(a["model"]), str(a["since"]), str(a["message"])) for a in message.alerts]
        before = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lifecycle//template//EN"]
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as calendar:
                before = calendar.read().splitlines()[:-1]
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        with open(f"{self.path}.new", "w", encoding="utf-8", newline="\r\n") as calendar:
            calendar.write("\n".join([*before, *entries, "END:VCALENDAR", ""]))
        os.replace(f"{self.path}.new", self.path)  # readers find the old or the new one, never a half

    def entry(self, model: str, since: str, text: str) -> str:
        plain = "".join(c if c.isprintable() else " " for c in f"{model}: {text}")
        day = "".join(c for c in since if c.isdigit())[:8].ljust(8, "1")
        return f"BEGIN:VEVENT\nUID:{model}-{since}\nDTSTART;VALUE=DATE:{day}\nSUMMARY:{plain}\nEND:VEVENT"


@hookimpl
def register_notifiers(register: Register) -> None:
    register(Template)

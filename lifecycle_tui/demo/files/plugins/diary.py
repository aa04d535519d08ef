"""A notifier of the team's own: alerts go into a page that people read, with a line to fill in."""

from lifecycle_tui.api import hookimpl


class Diary:
    """Appends each message to a Markdown file, the on-call diary."""

    name = "diary"

    def __init__(self, *, path: str = ".lifecycle/diary.md"):
        self.path = path

    def send(self, message):
        since = sorted({str(alert["since"]) for alert in message.alerts})
        lines = [f"## {message.subject}", "", f"Since window {', '.join(since)}.", ""]
        lines += [f"    {line}" for line in message.body.splitlines()]
        with open(self.path, "a", encoding="utf-8") as page:
            page.write("\n".join([*lines, "", "What we did: ", "", ""]))


@hookimpl
def register_notifiers(register):
    register(Diary)

"""One hierarchy of errors; each knows its exit code and says what to do about it.

Exit codes are the contract of DESIGN §9: 0 fine, 1 a rule is firing or a gate failed, 2 usage or
configuration, 3 something broke, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.domain.problems import Problem


class LifecycleError(Exception):
    """Something the program can explain.

    Args:
        message: what is wrong, in one sentence.
        hint: what to do about it, in one sentence.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def placed(self) -> str:
        """What is wrong, and where, if that is known."""
        return self.message

    @property
    def said(self) -> str:
        """What is wrong, where, and what to do, on one line."""
        return f"{self.placed} ({self.hint})" if self.hint else self.placed


class UsageError(LifecycleError):
    """A command was called with words it cannot use."""

    exit_code = 2


class ConfigError(LifecycleError):
    """`lifecycle.toml` (or a file it includes) has problems; all of them are listed.

    Args:
        texts: of files as an edit would have them, by the names that the places have: their lines are shown.
    """

    exit_code = 2

    def __init__(
        self, message: str, problems: Sequence[Problem] = (), *, hint: str | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)
        self.texts = dict(texts or {})


class DataError(LifecycleError):
    """A table cannot be read at all (a bad cell is never this: it is counted in the data report)."""


class StateError(LifecycleError):
    """The workspace's state cannot be opened, is newer than the program, or is locked."""


class TrainingError(LifecycleError):
    """A version could not be built, fitted or saved."""


class NotDelivered(RuntimeError):
    """A notifier could not deliver a message; any other error of a notifier's is tried again too.

    Args:
        message: why, in one sentence and without secrets.
        again: whether another try can help: not where the receiver has refused it.
        after: seconds that the receiver asks to wait.
    """

    def __init__(self, message: str, *, again: bool = True, after: float | None = None) -> None:
        super().__init__(message)
        self.again, self.after = again, after


FAULT_HINTS: Mapping[str, str] = {
    "syntax": "mend the file at that line; it is read again when it is saved",
    "import": "mend the import, or install what it asks for where lifecycle runs",
    "raised": "`lifecycle plugins check` calls it with small tables, away from your data",
    "exited": "raise an exception instead of ending the process",
    "died": "something native that it calls has crashed; `lifecycle plugins check` calls it with small tables",
    "timeout": "make it faster; LIFECYCLE_PLUGIN_SECONDS moves the limit",
    "memory": "let it hold less at once; LIFECYCLE_PLUGIN_MEMORY moves the limit",
    "result": "docs/plugins.md says what may be returned",
    "options": "docs/plugins.md says what an option may be",
    "class": "`lifecycle plugins new` writes one that is complete",
    "unknown-hook": "docs/plugins.md lists the hooks",
    "empty": "call register(YourClass) in a @hookimpl function",
    "duplicate": "give one of them another name, or disable it",
    "api": "it needs a version that was made for this program",
    "disabled": "`lifecycle plugins enable` switches it on",
}
"""Kind of a plugin's fault → what to do about it, where nothing more exact is known."""


class PluginFault(LifecycleError):
    """One call of a plugin, or its import, went wrong; charged to that plugin and to nobody else.

    Args:
        plugin: the plugin's registered name, or its file's stem while it has none.
        kind: what happened: "syntax", "import", "raised", "exited", "died", "timeout", "memory",
            "result", "duplicate", "unknown-hook", "options", "class", "empty", "api", "disabled"
            (docs/plugins.md explains each).
        message: what happened, in one sentence.
        file: path of the plugin's file.
        line: line in that file, 1-based, where it is known.
        hint: what to do about it; by its kind where none is given, "" for nothing.
    """

    def __init__(
        self, plugin: str, kind: str, message: str, *, file: str | None = None, line: int | None = None,
        hint: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, hint=FAULT_HINTS.get(kind) if hint is None else hint or None)
        self.plugin = plugin
        self.kind = kind
        self.file = file
        self.line = line

    @property
    def placed(self) -> str:
        """The message with the plugin and its place."""
        return f"plugin {self.plugin}: {self.message}{f' ({self.place})' if self.file else ''}"

    @property
    def place(self) -> str:
        """Where to look: `file:line`, `file`, or the plugin's name."""
        if self.file is None:
            return self.plugin
        return f"{self.file}:{self.line}" if self.line else self.file

    def __reduce__(self) -> tuple:
        return (_fault, (self.plugin, self.kind, self.message, self.file, self.line, self.hint or ""))


def _fault(plugin: str, kind: str, message: str, file: str | None, line: int | None, hint: str) -> PluginFault:
    return PluginFault(plugin, kind, message, file=file, line=line, hint=hint)

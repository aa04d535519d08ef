"""Names, titles and keys of all actions, for who shows them without running one: the terminal's keys, palette, footers.

Importing the actions themselves costs more than a first paint has room for; a test holds this list to `registry`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """An action, as it is listed.

    Attributes:
        title, key: as the action declares them.
        needs: what it must be told that a cursor can stand on: "model", "alert", "job", "key", "plugin".
        takes: what it may be told besides: "version", "entry".
    """

    name: str
    title: str
    key: str | None
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()


NAMED: dict[str, Named] = {
    named.name: named
    for named in (
        Named("retrain", "Train a new version", "t", ("model",)),
        Named("promote", "Promote a version", "p", ("model",), ("version",)),
        Named("approve", "Approve a promotion", "y", ("model",)),
        Named("rollback", "Roll back", "b", ("model",), ("version",)),
        Named("check", "Check now", "E", ("model",)),
        Named("pause", "Pause a model", "=", ("model",)),
        Named("resume", "Resume a model", ">", ("model",)),
        Named("ack", "Acknowledge an alert", "a", ("alert",)),
        Named("unack", "Unacknowledge", None, ("alert",)),
        Named("snooze", "Snooze an alert", "z", ("alert",)),
        Named("unsnooze", "Wake an alert", "Z", ("alert",)),
        Named("assign", "Assign an alert", "@", ("alert",)),
        Named("notifications resend", "Send again", None, ("notification",)),
        Named("jobs cancel", "Cancel a job", "c", ("job",)),
        Named("versions register", "Register a file", None, ("model",)),
        Named("plugins disable", "Disable a plugin", None, ("plugin",)),
        Named("plugins enable", "Enable a plugin", None, ("plugin",)),
        Named("config set", "Set a key of the policy", None, ("key",)),
        Named("config unset", "Take a key out of the policy", None, ("key",)),
        Named("undo", "Undo", "u", (), ("entry",)),
    )
}
"""In the order of `registry.ACTIONS`."""

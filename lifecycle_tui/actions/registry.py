"""Every action, in the order in which they are listed: keys, palette, help, documents and commands come from here."""

from __future__ import annotations

from lifecycle_tui.actions.ack import ACK, UNACK
from lifecycle_tui.actions.approve import APPROVE
from lifecycle_tui.actions.assign import ASSIGN
from lifecycle_tui.actions.base import Action
from lifecycle_tui.actions.cancel import CANCEL
from lifecycle_tui.actions.check import CHECK
from lifecycle_tui.actions.configure import SET, UNSET
from lifecycle_tui.actions.pause import PAUSE, RESUME
from lifecycle_tui.actions.promote import PROMOTE
from lifecycle_tui.actions.register import REGISTER
from lifecycle_tui.actions.resend import RESEND
from lifecycle_tui.actions.retrain import RETRAIN
from lifecycle_tui.actions.rollback import ROLLBACK
from lifecycle_tui.actions.snooze import SNOOZE, UNSNOOZE
from lifecycle_tui.actions.switch import DISABLE, ENABLE
from lifecycle_tui.actions.undo import UNDO

ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        RETRAIN, PROMOTE, APPROVE, ROLLBACK, CHECK, PAUSE, RESUME, ACK, UNACK, SNOOZE, UNSNOOZE, ASSIGN, RESEND,
        CANCEL, REGISTER, DISABLE, ENABLE, SET, UNSET, UNDO,
    )
}  # fmt: skip

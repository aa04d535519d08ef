"""Who reads a key: for `config explain`, so that somebody who edits one knows what will behave differently.

By the longest path that fits; a test holds this against the schema's keys, so that a new key gets its line here.
"""

from __future__ import annotations

from lifecycle_tui.config.scanner import KeyPath

_EVALUATE = "evaluations (`check`, the agent)"
_TRAIN = "trainings (`retrain`, the agent)"
_LOOP = "the loop's decisions (`check`, the agent, `policy simulate`)"
_SERVE = "promotions and rollbacks"
_SEND = "notifications (the agent, `check --act`)"
_SHOWN = "listings and the terminal"
_NOT_YET = "nothing in this version: it is kept for what comes"

READERS: dict[str, tuple[str, ...]] = {
    "": ("every command that opens the workspace",),
    "include": ("every command that opens the workspace",),
    "defaults": ("every model",),
    "models": ("every command that works on models",),
    "workspace": ("every command that opens the workspace",),
    "workspace.plugins": ("whatever looks for plugins: the agent, jobs, `config check`, `plugins`",),
    "workspace.timezone": ("windows and times of every model", "training schedules"),
    "workspace.engine": (_EVALUATE, _TRAIN),
    "workspace.false_alarms": ("drift verdicts of evaluations",),
    "workspace.every": ("the agent",),
    "workspace.agent": ("the terminal, when it starts", "the agent"),
    "workspace.jobs": ("the agent",),
    "workspace.trust": ("jobs that load an artefact",),
    "workspace.pickle": ("jobs that load an artefact",),
    "workspace.keep": (_EVALUATE,),
    "notifiers": (_SEND,),
    "keys": ("the terminal: its keys, footers, help and palette",),
    "models.NAME.task": (_EVALUATE, _TRAIN),
    "models.NAME.owner": ("`match` of notifiers", _SHOWN),
    "models.NAME.tags": (_SHOWN,),
    "models.NAME.data": (_EVALUATE, _TRAIN),
    "models.NAME.data.grace": (_EVALUATE,),
    "models.NAME.columns": (_EVALUATE, _TRAIN),
    "models.NAME.columns.version": (_EVALUATE,),
    "models.NAME.monitor": (_EVALUATE,),
    "models.NAME.rules": (_LOOP,),
    "models.NAME.rules.NAME.severity": (_LOOP, "`match` of notifiers"),
    "models.NAME.rules.NAME.then": (_LOOP, _SEND),
    "models.NAME.training": (_TRAIN,),
    "models.NAME.training.predict": (_EVALUATE, _TRAIN),
    "models.NAME.training.schedule": (_LOOP,),
    "models.NAME.training.cooldown": (_LOOP,),
    "models.NAME.training.after_rows": (_LOOP,),
    "models.NAME.training.on_update": (_LOOP,),
    "models.NAME.training.gates": ("judgements of challengers",),
    "models.NAME.training.min_samples": ("judgements of challengers",),
    "models.NAME.rollout": (_SERVE,),
    "models.NAME.rollout.steps": (_NOT_YET,),
    "models.NAME.rollout.abort": (_NOT_YET,),
}


def readers_of(pattern: KeyPath) -> tuple[str, ...]:
    """Who reads the key at a path in which names stand as "NAME"."""
    if pattern[:1] == ("defaults",):
        pattern = ("models", "NAME", *pattern[1:]) if len(pattern) > 1 else pattern
    words = [str(part) for part in pattern if isinstance(part, str)]
    for length in range(len(words), -1, -1):
        if found := READERS.get(".".join(words[:length])):
            return found
    return READERS[""]

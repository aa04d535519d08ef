"""What `lifecycle explain` asks: which rows, of which version, by which explainer; refused in words where it cannot be.

Made by the command, kept as the job's payload, and looked at again by the job, as state may have moved meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import Version

DEFAULT = "additive"
"""The explainer where none is named: what it says adds up."""
MOST_ROWS = 100
"""Rows of one question: the answer is kept with the job."""
SECONDS = 900.0
"""What the job may take."""


@dataclass(frozen=True)
class Question:
    """Rows of a model to be explained.

    Attributes:
        rows: ids; () for the newest rows of the window.
        window: key of the window that they are in; None: of the newest one that has rows, ids of any.
        count: how many of the newest rows, where no ids are named.
        version: its number; None for the champion.
        by, options: the explainer.
    """

    rows: tuple[str, ...] = ()
    window: str | None = None
    count: int = 5
    version: int | None = None
    by: str = DEFAULT
    options: Mapping[str, Any] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """As the job's payload, JSON values."""
        return {**asdict(self), "rows": list(self.rows), "options": dict(self.options)}

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Question:
        """What `payload` wrote."""
        return cls(
            tuple(payload["rows"]), payload["window"], payload["count"], payload["version"], payload["by"],
            payload["options"],
        )  # fmt: skip


def version_of(conn: sqlite3.Connection, spec: ModelSpec, number: int | None) -> Version:
    """The version that is asked about, which has an artefact.

    Raises:
        UsageError: there is none, or it is only named by the data.
    """
    if number is None:
        found = aliases.champion(conn, spec.name)
        if found is None:
            raise UsageError(
                f"{spec.name} has no champion to explain",
                hint="`lifecycle check` fits a first version where the data brings no predictions; "
                "--version names another one",
            )
    else:
        found = versions.get(conn, spec.name, number)
        if found is None:
            raise UsageError(f"{spec.name} has no version {number}", hint=f"`lifecycle versions list {spec.name}`")
    if found.facts.artifact is None:
        raise UsageError(
            f"version {found.label} of {spec.name} is only named by the data: rows cannot be scored with it, and so "
            "not explained",
            hint=f"`lifecycle versions register {spec.name} FILE` stores its file",
        )
    return found


def explainer_of(catalog: PluginCatalog, spec: ModelSpec, question: Question) -> PluginInfo:
    """The explainer, which takes the model's task and the options.

    Raises:
        UsageError: it is not there, or does not.
        PluginFault: it is broken or disabled.
    """
    info = catalog.find("explainer", question.by)
    if spec.task not in info.tasks:
        raise UsageError(
            f"{info.name} explains {', '.join(info.tasks)} models, and {spec.name} is a {spec.task} one",
            hint=f"there are: {', '.join(i.name for i in catalog.all('explainer') if spec.task in i.tasks) or 'none'}",
        )
    wrong = catalog.check_options(info, question.options)
    if wrong:
        said = "; ".join(f"{p.option}: {p.message}" for p in wrong)
        raise UsageError(f"options of {info.name}: {said}", hint=" ".join(p.hint for p in wrong if p.hint) or None)
    return info


def refuse_ids(spec: ModelSpec, question: Question) -> None:
    """Rows can be named only where the file says which column does.

    Raises:
        UsageError: it does not.
    """
    if question.rows and spec.columns.id is None:
        raise UsageError(
            f"{spec.name} declares no id: its rows cannot be named",
            hint=f'add id = "COLUMN" to [models.{spec.name}.columns], or leave --row out',
        )

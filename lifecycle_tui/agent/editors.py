"""Keeps the schemas that editors complete lifecycle.toml by fresh. Called by the agent when files or plugins change."""

from __future__ import annotations

from lifecycle_tui.state import folder
from lifecycle_tui.workspace import Workspace


def refresh_schemas(workspace: Workspace) -> None:
    """Write them where plugins or their options have changed; where they cannot be written, editors do without."""
    from lifecycle_tui.config import json_schema

    json_schema.refresh(folder.folder(workspace.spec.root), workspace.plugins)

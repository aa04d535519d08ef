"""Secrets: read where a plugin is made, which happens in the job that needs it, and blotted out of whatever is kept.

Until then an option is a reference, `{ env = "NAME" }` or `{ file = "…" }`; that is what is checked, shown and stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.specs import SecretRef

SHORTEST = 4
"""Characters; blotting shorter ones out would spoil texts and hide nothing."""

_read: set[str] = set()
"""Every secret that this process has read."""


def resolve(value: Any, root: Path | None) -> Any:
    """An option with its secrets read; their files are relative to the workspace's folder.

    Raises:
        ConfigError: the environment variable or the file is not there.
    """
    if isinstance(value, SecretRef):
        secret = _secret(value, root or Path())
        if len(secret.strip()) >= SHORTEST:
            _read.add(secret)
        return secret
    if isinstance(value, Mapping):
        return {key: resolve(item, root) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, root) for item in value]
    return value


def _secret(value: SecretRef, root: Path) -> str:
    if value.kind == "env":
        if value.name not in os.environ:
            raise ConfigError(f"the environment variable {value.name} is not set")
        return os.environ[value.name]
    try:
        return (root / Path(value.name).expanduser()).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise ConfigError(f"the secret in {value.name} cannot be read: {reason}") from exc


def placeholders(value: Any) -> Any:
    """The same with an empty text for each reference: for checks of types, which show what they refuse."""
    if isinstance(value, SecretRef):
        return ""
    if isinstance(value, Mapping):
        return {key: placeholders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [placeholders(item) for item in value]
    return value


def hidden(text: str) -> str:
    """A text without the secrets that this process has read: a plugin may say them in an error, and errors are kept."""
    for secret in sorted(_read, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def without_secrets(text: str, options: Any, root: Path) -> str:
    """`text` with the secrets of `options` blotted out, short ones too."""
    if isinstance(options, SecretRef):
        try:
            secret = _secret(options, root)
        except (ConfigError, ValueError):
            return text
        return text.replace(secret, "***") if secret.strip() else text
    items = options.values() if isinstance(options, Mapping) else options
    for item in items if not isinstance(items, str) and isinstance(items, Iterable) else ():
        text = without_secrets(text, item, root)
    return text

"""A workspace's folder to write files into; the current folder is that one, so that places are short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes `lifecycle.toml` and, by name, further files; returns the path of the first."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, **files: str) -> Path:
        for name, content in files.items():
            path = tmp_path / "models" / f"{name}.toml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        path = tmp_path / "lifecycle.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write

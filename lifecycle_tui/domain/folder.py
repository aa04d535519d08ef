"""Where the workspace is: the nearest folder, upward, with a `lifecycle.toml`.

Kept apart from config/, whose reading costs pydantic: `status`, `history`, `ack` and the terminal need
no more than the folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from lifecycle_tui.domain.errors import ConfigError

FILE = "lifecycle.toml"


def find_root(start: Path | None = None) -> Path:
    """The folder that holds the nearest `lifecycle.toml`, from `start` (the current folder) upward.

    Raises:
        ConfigError: if there is none.
    """
    begin = (start or Path()).absolute()
    for folder in (begin, *begin.parents):
        if os.path.isfile(folder / FILE):
            return folder
    raise ConfigError(
        f"there is no {FILE} in {begin} or any folder above it",
        hint="write one from your data with `lifecycle init DATA.csv`, or see one at work with `lifecycle demo`",
    )

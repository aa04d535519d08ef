"""The deployer `template`: versions side by side, and one file that says which serves.

In the file: deployer = "template" under [models.X.rollout].
"""

from __future__ import annotations

import json
import os
import shutil

from lifecycle_tui.api import Register, Release, hookimpl


class Template:
    """Copies each version into a folder, and names the one that serves in `serves.json`.

    Args:
        path: the folder; without one the program's own for the model.
    """

    name = "template"

    def __init__(self, *, path: str | None = None) -> None:
        self.path = path

    def deploy(self, release: Release) -> None:
        """Raise where it cannot serve: then the one before still must. Done twice, it changes nothing."""
        if release.artifact is None:
            raise ValueError("the version is only named by the data: there is no artefact to copy")
        folder = self.path or release.folder
        os.makedirs(folder, exist_ok=True)
        place = os.path.join(folder, f"v{release.version}.{release.format}")
        shutil.copyfile(release.artifact, f"{place}.new")
        os.replace(f"{place}.new", place)
        says = os.path.join(folder, "serves.json")
        with open(f"{says}.new", "w", encoding="utf-8") as out:
            json.dump({"version": release.version, "file": os.path.basename(place)}, out)
        os.replace(f"{says}.new", says)  # the switch, in one step: who looks finds the old or the new one

    def serving(self, folder: str) -> int | None:
        try:
            with open(os.path.join(self.path or folder, "serves.json"), encoding="utf-8") as said:
                return int(json.load(said)["version"])
        except FileNotFoundError:
            return None


@hookimpl
def register_deployers(register: Register) -> None:
    register(Template)

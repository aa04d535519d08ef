"""A deployer of the team's own: the artefact goes where the team's server looks for it, in one step."""

import json
import os
import shutil

from lifecycle_tui.api import hookimpl


class Shelf:
    """Copies the artefact into a folder and writes beside it which one serves."""

    name = "shelf"

    def __init__(self, *, path: str):
        self.path = path

    def deploy(self, release):
        if release.artifact is None:
            raise ValueError("the version is only named by the data: there is no artefact to copy")
        os.makedirs(self.path, exist_ok=True)
        name = f"{release.model}-v{release.version}.{release.format}"
        shutil.copyfile(release.artifact, os.path.join(self.path, f".{name}"))
        os.replace(os.path.join(self.path, f".{name}"), os.path.join(self.path, name))
        with open(os.path.join(self.path, ".serves.json"), "w") as out:
            json.dump({"version": release.version, "file": name}, out)
        os.replace(os.path.join(self.path, ".serves.json"), os.path.join(self.path, "serves.json"))

    def serving(self, folder):
        try:
            with open(os.path.join(self.path, "serves.json")) as said:
                return json.load(said)["version"]
        except FileNotFoundError:
            return None


@hookimpl
def register_deployers(register):
    register(Shelf)

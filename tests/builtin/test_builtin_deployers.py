"""The deployer `local`: whoever looks finds a whole version, whenever it was killed; a copy works as a plugin."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from lifecycle_tui.builtin.deployers import local
from lifecycle_tui.domain.delivery import Release
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.runner import Runner


def release(root: Path, number: int, data: bytes | None = None, **more) -> Release:
    """Version `number` with an artefact in a store of its own."""
    data = data if data is not None else b"model %d" % number
    digest = hashlib.sha256(data).hexdigest()
    store = root / "artifacts"
    store.mkdir(exist_ok=True)
    if not (store / digest).exists():
        (store / digest).write_bytes(data)
    facts = {"artifact": str(store / digest), "folder": str(root / "serving" / "bikes"), **more}
    return Release("bikes", number, str(number), digest, "skops", **facts)


def seen(root: Path) -> tuple[int, bytes] | None:
    """What a reader of the stable path finds; it must be whole."""
    there = root / "serving" / "bikes" / "champion"
    if not os.path.lexists(there):
        return None
    facts = json.loads((there / "version.json").read_text())
    data = (there / "artifact").read_bytes()
    assert hashlib.sha256(data).hexdigest() == facts["digest"]
    return facts["number"], data


def test_the_stable_path_follows_the_release_and_again_changes_nothing(tmp_path: Path):
    deployer = local.Local()
    folder = str(tmp_path / "serving" / "bikes")
    assert deployer.serving(folder) is None and seen(tmp_path) is None
    for number in (1, 2, 2, 1):
        deployer.deploy(release(tmp_path, number, facts={"metrics": {"mae": 1.5}}))
        assert deployer.serving(folder) == number and seen(tmp_path) == (number, b"model %d" % number)
    assert sorted(os.listdir(folder)) == ["champion", "v1", "v2"]
    assert os.readlink(f"{folder}/champion") == "v1", "relative: the workspace can be moved"
    assert os.stat(f"{folder}/v1/artifact").st_nlink == 2, "no second copy on the disk"


def test_only_the_last_few_are_kept(tmp_path: Path):
    deployer = local.Local(keep=2)
    for number in range(1, 7):
        deployer.deploy(release(tmp_path, number))
        os.utime(tmp_path / "serving" / "bikes" / f"v{number}", ns=(number, number))
    deployer.deploy(release(tmp_path, 4))
    assert sorted(os.listdir(tmp_path / "serving" / "bikes")) == ["champion", "v4", "v5", "v6"]


def test_what_killed_deployments_left_is_swept_when_it_is_old(tmp_path: Path):
    folder = tmp_path / "serving" / "bikes"
    (folder / ".new-old").mkdir(parents=True)
    (folder / ".new-young").mkdir()
    os.utime(folder / ".new-old", (1, 1))
    local.Local().deploy(release(tmp_path, 1))
    assert sorted(os.listdir(folder)) == [".new-young", "champion", "v1"]


@pytest.mark.parametrize("refused", [("link",), ("link", "symlink")])
def test_where_links_cannot_be_made_it_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: tuple):
    one = release(tmp_path, 1)

    def no(name, real):
        def refuse(source, target, **kwargs):
            if str(target).endswith("artifact"):
                raise OSError(errno.EXDEV, "other disk")
            return real(source, target, **kwargs)

        monkeypatch.setattr(os, name, refuse)

    for name in refused:
        no(name, getattr(os, name))
    local.Local().deploy(one)
    assert seen(tmp_path) == (1, b"model 1")
    there = tmp_path / "serving" / "bikes" / "v1" / "artifact"
    assert there.is_symlink() == (refused == ("link",))
    local.Local().deploy(one)
    assert seen(tmp_path) == (1, b"model 1")


def test_a_lost_or_changed_copy_is_mended_and_another_version_of_that_number_gets_its_own_place(tmp_path: Path):
    one, folder = release(tmp_path, 1), tmp_path / "serving" / "bikes"
    local.Local().deploy(one)
    for spoil in ("unlink", "swap"):
        (folder / "v1" / "artifact").unlink()
        if spoil == "swap":
            (folder / "v1" / "artifact").write_bytes(b"other")
        local.Local().deploy(one)
        assert seen(tmp_path) == (1, b"model 1")
    local.Local().deploy(release(tmp_path, 1, b"of a new state"))
    assert seen(tmp_path) == (1, b"of a new state")
    local.Local().deploy(one)
    assert seen(tmp_path) == (1, b"model 1")


def test_another_stable_path_moves_in_the_same_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    deployer = local.Local(path="out/model.skops")
    for number in (1, 2):
        deployer.deploy(release(tmp_path, number))
        assert (tmp_path / "out" / "model.skops").read_bytes() == b"model %d" % number
    assert os.listdir(tmp_path / "out") == ["model.skops"]


@pytest.mark.parametrize("what", ["named only", "no link", "keep", "a file in the way"])
def test_refusals_leave_what_served(tmp_path: Path, what: str):
    local.Local().deploy(release(tmp_path, 1))
    if what == "named only":
        with pytest.raises(ValueError, match="only named"):
            local.Local().deploy(release(tmp_path, 2, artifact=None))
    elif what == "no link":
        (tmp_path / "mine").write_text("precious")
        with pytest.raises(OSError, match="no link"):
            local.Local(path=str(tmp_path / "mine")).deploy(release(tmp_path, 2))
        assert (tmp_path / "mine").read_text() == "precious"
    elif what == "keep":
        with pytest.raises(ValueError, match="at least 1"):
            local.Local(keep=0)
    else:
        with pytest.raises(OSError, match=r"exists|directory"):
            local.Local().deploy(release(tmp_path, 2, folder=str(tmp_path / "artifacts" / release(tmp_path, 1).digest)))
    assert seen(tmp_path) == (1, b"model 1")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"number": "3"}', '{"number": true}', '{"number": 0}'])
def test_what_cannot_be_read_serves_nothing_known(tmp_path: Path, text: str):
    local.Local().deploy(release(tmp_path, 1))
    folder = tmp_path / "serving" / "bikes"
    (folder / "v1" / "version.json").write_text(text)
    assert local.Local().serving(str(folder)) is None


class Killed(BaseException):
    """The process is gone: nothing that comes after is done."""


CALLS = ("makedirs", "link", "symlink", "chmod", "fsync", "rename", "replace", "utime", "unlink", "open", "close")


def dying(monkeypatch: pytest.MonkeyPatch, step: int) -> SimpleNamespace:
    """Lets the program die before its `step`-th call of the system, and do nothing from then on."""
    told = SimpleNamespace(calls=0)

    def counted(real):
        def call(*args, **kwargs):
            if told.calls >= step:
                raise Killed
            told.calls += 1
            return real(*args, **kwargs)

        return call

    names = {name: counted(getattr(os, name)) if name in CALLS else getattr(os, name) for name in dir(os)}
    monkeypatch.setattr(local, "os", SimpleNamespace(**names))
    monkeypatch.setattr(local, "_remove", lambda path: None)
    return told


@pytest.mark.parametrize("first", [False, True])
def test_killed_at_any_step_the_old_or_the_new_one_serves_and_again_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
):
    step, stories = 0, set()
    while True:
        root = tmp_path / str(step)
        root.mkdir()
        deployer = local.Local(path=str(root / "out" / "model"))
        if not first:
            deployer.deploy(release(root, 1))
        before = seen(root)
        two = release(root, 2)
        with monkeypatch.context() as patch:
            told = dying(patch, step)
            try:
                deployer.deploy(two)
                finished = True
            except Killed:
                finished = False
        found = seen(root)
        assert found in (before, (2, b"model 2")), step
        stories.add(found)
        deployer.deploy(two)
        assert seen(root) == (2, b"model 2") and (root / "out" / "model").read_bytes() == b"model 2"
        if finished and told.calls < step:
            break
        step += 1
    assert stories == {before, (2, b"model 2")} and step > 10


def test_a_copy_of_it_works_as_a_teams_plugin(tmp_path: Path):
    source = Path(local.__file__).read_text("utf-8").replace('name = "local"', 'name = "mine"')
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(source, "utf-8")
    catalog = PluginCatalog.open(tmp_path, [tmp_path / "plugins"])
    info = catalog.find("deployer", "mine")
    assert [o.name for o in info.options] == ["path", "keep"] and info.problems == ()
    with Runner() as runner:
        deployer = catalog.make(info, {"keep": 1}, runner=runner)
        assert deployer.serving(str(tmp_path / "serving" / "bikes")) is None
        deployer.deploy(release(tmp_path, 3, facts={"metrics": {"mae": {"value": 1.5}}}))
        assert deployer.serving(str(tmp_path / "serving" / "bikes")) == 3
    assert seen(tmp_path) == (3, b"model 3")


def test_a_teams_deployer_that_answers_nonsense_is_charged_with_it(tmp_path: Path):
    from lifecycle_tui.domain.errors import PluginFault

    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "odd.py").write_text(
        "from lifecycle_tui.api import hookimpl\n"
        "class Odd:\n    '''Odd.'''\n    name = 'odd'\n"
        "    def deploy(self, release):\n        raise RuntimeError(f'no room for {release.model}')\n"
        "    def serving(self, folder):\n        return 'three'\n"
        "@hookimpl\ndef register_deployers(register):\n    register(Odd)\n"
    )
    catalog = PluginCatalog.open(tmp_path, [tmp_path / "plugins"])
    with Runner() as runner:
        deployer = catalog.make(catalog.find("deployer", "odd"), runner=runner)
        with pytest.raises(PluginFault, match="number of a version or None"):
            deployer.serving(str(tmp_path))
        with pytest.raises(PluginFault, match="no room for bikes") as caught:
            deployer.deploy(release(tmp_path, 1))
        assert caught.value.line == 6


DOCS = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text("utf-8")


def test_the_documented_deployer_works(tmp_path: Path):
    (example,) = [
        block for block in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL) if "register_deployers" in block
    ]
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "folder.py").write_text(example, "utf-8")
    catalog = PluginCatalog.open(tmp_path, [tmp_path / "plugins"])
    info = catalog.find("deployer", "folder")
    assert info.problems == ()
    with Runner() as runner:
        deployer = catalog.make(info, {"path": str(tmp_path / "served")}, runner=runner)
        for number in (1, 2, 2):
            deployer.deploy(release(tmp_path, number))
        assert deployer.serving(str(tmp_path)) is None
    assert json.loads((tmp_path / "served" / "bikes.json").read_text()) == {"version": 2}
    assert (tmp_path / "served" / "bikes-2").read_bytes() == b"model 2"


def test_its_options_are_documented():
    info = PluginCatalog.open(None, enabled=False).find("deployer", "local")
    section = DOCS.split("## The deployer `local`")[1].split("##")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [option.name for option in info.options]
    assert f"beside the champion ({local.Local().keep})" in section
    for field in Release.__dataclass_fields__:
        assert f"`{field}`" in DOCS.split("## A deployer of your own")[1]


def test_an_artefact_that_is_gone_serves_nothing_and_the_former_version_serves_on(tmp_path: Path):
    local.Local().deploy(release(tmp_path, 1))
    with pytest.raises(FileNotFoundError):
        local.Local().deploy(release(tmp_path, 2, artifact=str(tmp_path / "gone")))
    assert seen(tmp_path) == (1, b"model 1")

"""Checks of deployers: what serves is always a whole version, and doing it again changes nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.delivery import Release
from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult, as_version

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a deployer, in order."""
    yield from common.checks(info)
    yield Check("nothing-serves", "says None where nothing was deployed yet", nothing, "made")
    yield Check("deploys", "makes a version serve and tells its number", deploys, "made")
    yield Check("again", "changes nothing when a version is deployed once more", again, "deploys")
    yield Check("follows", "lets the next version serve, and goes back to the one before", follows, "deploys")
    yield Check("failing", "leaves the former version serving when it raises", failing, "deploys")
    yield Check("another-object", "tells the number from what is there, not from memory", another, "deploys")
    yield Check("artifact-unchanged", "leaves the artefact as it was", unchanged, "deploys")


def release(bench: Bench, number: int, **over: Any) -> Release:
    """Version `number` with an artefact in a store of this check's own."""
    data = b"model %d" % number
    digest = hashlib.sha256(data).hexdigest()
    store, folder = os.path.join(bench.scratch, "artifacts"), _folder(bench)
    os.makedirs(store, exist_ok=True)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(store, digest)
    with open(path, "wb") as out:
        out.write(data)
    facts = {"metrics": {"auc": 0.9}}
    given = {"artifact": path, "folder": folder, "previous": number - 1 or None, "facts": facts, **over}
    return Release("card-fraud", number, str(number), digest, "skops", **given)


def _folder(bench: Bench) -> str:
    return os.path.join(bench.scratch, "serving", "card-fraud")


def serving(bench: Bench, deployer: Any) -> int | None:
    """What it says serves.

    Raises:
        Failed: something else than a number or None.
    """
    os.makedirs(_folder(bench), exist_ok=True)
    try:
        return as_version(deployer.serving(_folder(bench)))
    except BadResult as exc:
        raise Failed("the number of a version or None", str(exc), method="serving") from None


def _expect(bench: Bench, deployer: Any, number: int | None, when: str) -> None:
    said = serving(bench, deployer)
    if said != number:
        raise Failed(f"serving() to say {number} {when}", str(said), method="serving")


def nothing(bench: Bench) -> None:
    _expect(bench, bench.make(), None, "before anything was deployed")


def deploys(bench: Bench) -> None:
    deployer = bench.make()
    deployer.deploy(release(bench, 1))
    _expect(bench, deployer, 1, "after version 1 was deployed")


def _tree(bench: Bench) -> dict[str, bytes | str]:
    """All that lies in the folder that stands for the workspace, by path."""
    found: dict[str, bytes | str] = {}
    for home, _, names in os.walk(bench.scratch):
        for name in names:
            path = os.path.join(home, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            else:
                with open(path, "rb") as data:
                    found[path] = data.read()
    return found


def again(bench: Bench) -> None:
    deployer = bench.make()
    deployer.deploy(release(bench, 1))
    before = _tree(bench)
    deployer.deploy(release(bench, 1))
    _expect(bench, deployer, 1, "after version 1 was deployed twice")
    after = _tree(bench)
    changed = sorted(os.path.relpath(p, bench.scratch) for p in set(before) ^ set(after))
    changed += [os.path.relpath(p, bench.scratch) for p in before if p in after and before[p] != after[p]]
    if changed:
        hint = "a job that was killed is done once more: find what is done already"
        raise Failed("the same files as after the first time", ", ".join(changed[:3]), hint, method="deploy")


def follows(bench: Bench) -> None:
    deployer = bench.make()
    for number in (1, 2, 3, 1):
        deployer.deploy(release(bench, number))
        _expect(bench, deployer, number, f"after version {number} was deployed")


def failing(bench: Bench) -> None:
    deployer = bench.make()
    deployer.deploy(release(bench, 1))
    for why, over in (
        ("an artefact that is gone", {"artifact": os.path.join(bench.scratch, "gone")}),
        ("a version that is only named", {"artifact": None}),
    ):
        try:
            deployer.deploy(release(bench, 2, **over))
        except Exception:
            _expect(bench, deployer, 1, f"after a deploy of {why} raised")
            continue
        said = serving(bench, deployer)
        if over["artifact"] is not None or said not in (1, 2):
            hint = "raise where the version cannot serve: the rollout goes back by itself"
            raise Failed(f"an exception for {why}", f"none, and serving() says {said}", hint, method="deploy")
        deployer.deploy(release(bench, 1))


def another(bench: Bench) -> None:
    bench.make().deploy(release(bench, 2))
    _expect(bench, bench.make(), 2, "of an object that did not deploy it: each job makes its own")


def unchanged(bench: Bench) -> None:
    one = release(bench, 1)
    bench.make().deploy(one)
    assert one.artifact is not None
    try:
        with open(one.artifact, "rb") as data:
            same = data.read() == b"model 1"
    except OSError as exc:
        raise Failed("the artefact where it was", str(exc), "copy or link it", method="deploy") from None
    if not same:
        raise Failed("the artefact's bytes as they were", "others", "copy it before you change it", method="deploy")

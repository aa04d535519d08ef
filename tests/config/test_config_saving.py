"""A file is saved whole or not at all, never over what somebody else wrote; each key lands in the file that has it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lifecycle_tui.config import saving
from lifecycle_tui.config.edit import EditError, edit_file, plan_set, plan_unset
from lifecycle_tui.config.homes import main_of
from lifecycle_tui.config.saving import Change, EditConflict, SaveError, save
from lifecycle_tui.config.toml_text import Toml
from lifecycle_tui.config.typed import typed

MAIN = '# ours\ninclude = ["models/*.toml"]\n[workspace]\njobs = 1\n[models.churn]\nowner = "ana"\n'
LOAN = '\ufeff# loans\r\nowner = "raj"  # he\r\n\r\n[rules.late]\r\nwhen = "data.late > 2h"'
PROD = '[workspace]\njobs = 4\n[models.loan]\nowner = "ops"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "lifecycle.toml").write_text(MAIN)
    (tmp_path / "models" / "loan.toml").write_bytes(LOAN.encode())
    (tmp_path / "lifecycle.prod.toml").write_text(PROD)
    return tmp_path


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_key_lands_in_the_file_that_has_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main, loan, prod = root / "lifecycle.toml", root / "models" / "loan.toml", root / "lifecycle.prod.toml"

    def where(key: str, into: Path | None = None) -> tuple[Path, str | None]:
        change = plan_set(main, key, "x", into=into)
        return change.file, change.old

    assert where("models.churn.owner") == (main, '"ana"')
    assert where("models.loan.owner") == (loan, '"raj"')
    assert where("models.loan.rules.late.when") == (loan, '"data.late > 2h"')
    assert where("models.loan.task") == (loan, None)
    assert where("workspace.jobs") == (main, "1")
    monkeypatch.setenv("LIFECYCLE_ENV", "prod")
    assert where("workspace.jobs") == (prod, "4")
    assert where("models.loan.owner") == (prod, '"ops"')
    assert where("models.loan.task") == (loan, None), "what the overlay does not say is nobody's business of its own"
    assert where("models.loan.owner", loan) == (loan, '"raj"')
    assert where("models.churn.owner", prod) == (prod, None)
    assert where("models.loan.owner", main) == (main, None)
    monkeypatch.setenv("LIFECYCLE_ENV", "test")
    assert where("workspace.jobs") == (main, "1"), "an overlay that is not there has nothing"
    assert main_of(main) == (main, None)
    assert main_of(loan) == (main, loan) and main_of(prod) == (main, prod)
    (root / "other.toml").write_text("")
    assert main_of(root / "other.toml") == (root / "other.toml", None)


REFUSED = [
    ("models.lone.owner", None, 'there is no model called "lone"', 'did you mean "loan"?'),
    ("models.churn.ownr", None, '"ownr" is not a key of [models.churn]', 'did you mean "owner"?'),
    ("modles.churn.owner", None, '"modles" is not a key at the top of the file', 'did you mean "models"?'),
    ("models.loan", None, "models.loan is a file of its own: ", "edit or remove that file"),
    ("models.churn.owner", "models/loan.toml", "loan.toml holds the model loan, and no models.churn.owner", None),
    ("workspace.jobs", "models/none.toml", "none.toml is no file of ", "name one that it includes, or itself"),
]


def test_what_no_file_can_have_is_refused(root: Path) -> None:
    main = root / "lifecycle.toml"
    for key, into, says, hint in REFUSED:
        with pytest.raises(EditError) as caught:
            plan_set(main, key, "x", into=root / into if into else None)
        assert says in caught.value.message and caught.value.hint == hint
    with pytest.raises(EditError, match="jbs is not set in") as caught:
        plan_unset(main, "workspace.jbs")
    assert caught.value.hint == 'did you mean "jobs"?'
    main.write_bytes(b"a = \xff")
    with pytest.raises(EditError, match="is not UTF-8"):
        plan_set(main, "workspace.jobs", 2)
    main.write_text("[workspace\n")
    with pytest.raises(EditError, match=r"lifecycle.toml is no TOML: line 1, column \d+: the table's name"):
        plan_set(main, "workspace.jobs", 2)
    main.unlink()
    with pytest.raises(EditError, match="cannot be read: No such file"):
        plan_set(main, "workspace.jobs", 2)


def test_a_value_is_typed_without_quotes_where_the_key_takes_text() -> None:
    rule = ("models", "churn", "rules", "psi")
    for key, text, value in (
        ((*rule, "when"), "auc < 0.9", "auc < 0.9"),
        ((*rule, "when"), "'auc < 0.9'", Toml("'auc < 0.9'")),
        ((*rule, "when"), "true", "true"),
        ((*rule, "for"), "3", Toml("3")),
        ((*rule, "severity"), "critical", "critical"),
        ((*rule, "then"), "notify", "notify"),
        ((*rule, "then"), '["notify"]', Toml('["notify"]')),
        (("models", "churn", "training", "history"), "2026-01-31", Toml("2026-01-31")),
        (("models", "churn", "training", "history"), "90d", "90d"),
        (("models", "churn", "columns", "target"), "2024", "2024"),
        (("models", "churn", "monitor", "detectors", "psi", "bins"), "12", Toml("12")),
        (("workspace", "pickle"), "true", Toml("true")),
        (("notifiers", "x", "url"), "http://x", "http://x"),
    ):
        assert typed(key, text) == value, key
    for key, text, says in (
        ((*rule, "for"), "two", "models.churn.rules.psi.for takes a whole number, and 'two' is none"),
        (("workspace", "pickle"), "yes", "workspace.pickle takes true or false, and 'yes' is none"),
        ((*rule, "then"), '["notify"', '["notify" is no value'),
    ):
        with pytest.raises(EditError) as caught:
            typed(key, text)
        assert caught.value.message == says


def test_saving_keeps_bytes_mode_and_links_and_leaves_nothing_beside(root: Path) -> None:
    real = root / "models" / "loan.toml"
    real.chmod(0o640)
    before = names(root)
    change = plan_set(root / "lifecycle.toml", "models.loan.rules.late.when", "data.late > 3h")
    save(change)
    assert real.read_bytes() == LOAN.replace("2h", "3h").encode()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    real.rename(root / "kept.toml")
    real.symlink_to("../kept.toml")
    save(plan_set(root / "lifecycle.toml", "models.loan.owner", "eve"))
    assert real.is_symlink()
    assert (root / "kept.toml").read_bytes() == LOAN.replace("2h", "3h").replace('"raj"', '"eve"').encode()
    assert names(root) == before | {"kept.toml"}
    same = plan_set(root / "lifecycle.toml", "models.loan.owner", "eve")
    assert same.empty and same.diff == ""
    save(same)
    assert plan_set(root / "lifecycle.toml", "models.loan.owner", "raj").diff.splitlines()[4:6] == [
        '-owner = "eve"  # he', '+owner = "raj"  # he',
    ]  # fmt: skip


def test_what_somebody_else_wrote_is_never_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main, loan = root / "lifecycle.toml", root / "models" / "loan.toml"
    changes = [plan_set(main, "workspace.jobs", 2), plan_set(main, "models.loan.owner", "eve")]
    loan.write_text("owner = 'zoe'")
    before = names(root)
    with pytest.raises(EditConflict, match=r"loan\.toml has changed since the edit was made from it"):
        save(changes)
    assert main.read_text() == MAIN and loan.read_text() == "owner = 'zoe'" and names(root) == before
    loan.unlink()
    with pytest.raises(EditConflict, match=r"loan\.toml is gone"):
        save(changes)
    assert main.read_text() == MAIN
    # The other one is quicker, between our look and our rename.
    real = saving._write

    def late(handle: int, data: bytes) -> None:
        real(handle, data)
        main.write_text("# theirs\n")

    monkeypatch.setattr(saving, "_write", late)
    with pytest.raises(EditConflict):
        save(plan_set(main, "workspace.jobs", 2))
    assert main.read_text() == "# theirs\n"
    assert names(root) == before - {"models/loan.toml"}


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_every_file_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    main, loan = root / "lifecycle.toml", root / "models" / "loan.toml"
    before = names(root)
    changes = [plan_set(main, "workspace.jobs", 2), plan_set(main, "models.loan.owner", "eve")]
    if step == "replace":  # the second of two: the first is put back
        real = os.replace
        monkeypatch.setattr(os, step, lambda a, b: full() if str(b).endswith("loan.toml") else real(a, b))
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(SaveError, match="cannot be written: No space left on device"):
        save(changes)
    assert main.read_text() == MAIN and loan.read_bytes() == LOAN.encode() and names(root) == before


def test_a_file_is_old_or_new_when_its_writer_dies(root: Path) -> None:
    """A child that is killed between its write and its rename leaves the old file, and the next save works."""
    main = root / "lifecycle.toml"
    change, before = plan_set(main, "workspace.jobs", 2), names(root)
    child = os.fork()
    if child == 0:
        saving.os.replace = lambda *_: os._exit(9)  # type: ignore[assignment]
        save(change)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert main.read_text() == MAIN and names(root) > before
    save(change)
    assert main.read_text() == MAIN.replace("jobs = 1", "jobs = 2")
    assert names(root) == before, "what the killed one left is gone"


def test_who_may_only_read_is_told_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = root / "lifecycle.toml"
    change = plan_set(main, "workspace.jobs", 2)
    for locked in (main, root):
        monkeypatch.setattr(os, "access", lambda path, mode, locked=locked, **_: Path(path) != locked)
        with pytest.raises(SaveError, match="may not be written by this user"):
            save(change)
        assert main.read_text() == MAIN


def test_a_difference_of_line_ends_alone_is_seen() -> None:
    def diff(before: bytes, after: bytes) -> str:
        return Change(Path("a"), (), None, None, before, after).diff

    assert "-a\r" in diff(b"a\r\n", b"a\n").split("\n")
    assert diff(b"a\r\nb\r\n", b"a\r\nc\r\n").split("\n")[2:] == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert "+a  \\ no line end" in diff(b"a\n", b"a")
    assert edit_file(Path("a"), b"x", b"y").file.is_absolute()

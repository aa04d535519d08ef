"""Secrets: references until a plugin is made, then read; blotted out of what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui.domain.errors import ConfigError, UsageError
from lifecycle_tui.domain.specs import SecretRef
from lifecycle_tui.plugin_host import secrets
from lifecycle_tui.plugin_host.catalog import PluginCatalog


@pytest.fixture(autouse=True)
def _none_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_read", set())


def test_a_plugin_is_made_with_its_secrets_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example/s3cret")
    (tmp_path / "token").write_text("t0ken\n")
    catalog = PluginCatalog.open(tmp_path, enabled=False)
    info = catalog.find("notifier", "webhook")
    given = {"url": SecretRef("env", "HOOK"), "token": SecretRef("file", "token")}
    assert catalog.check_options(info, given) == ()
    made = catalog.make(info, given)
    assert (made.url, made.headers["Authorization"]) == ("https://hooks.example/s3cret", "Bearer t0ken")
    assert secrets.hidden("at https://hooks.example/s3cret with t0ken") == "at *** with ***"
    # A reference is a text: where a number is wanted it is refused, and what it stands for is not said.
    with pytest.raises(UsageError) as caught:
        catalog.make(info, {**given, "timeout": SecretRef("env", "HOOK")})
    assert "timeout" in caught.value.message and "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (SecretRef("env", "NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE is not set"),
        (SecretRef("file", "gone"), "gone cannot be read"),
        (SecretRef("file", "binary"), "it is not UTF-8"),
    ],
)
def test_a_secret_that_is_not_there(tmp_path: Path, reference: SecretRef, says: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match=says):
        secrets.resolve({"deep": [reference]}, tmp_path)


def test_what_is_too_short_to_hide_anything_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "a")
    monkeypatch.setenv("LONG", "long-a")
    value = {"x": (SecretRef("env", "SHORT"), SecretRef("env", "LONG")), "n": 3}
    assert secrets.resolve(value, None) == {"x": ["a", "long-a"], "n": 3}
    assert secrets.placeholders(value) == {"x": ["", ""], "n": 3}
    assert secrets.hidden("a long-a, a b") == "a ***, a b"
    assert secrets.without_secrets("a long-a", value, Path()) == "*** long-***"  # asked for by name: all of them

"""Reads the file of an environment and lays it over what `loading` has read. See `overlays` for how values meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifecycle_tui.config.overlays import table_at, without
from lifecycle_tui.config.report import Report
from lifecycle_tui.config.sources import Overlaid, Source, dotted, shown
from lifecycle_tui.config.syntax import read
from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class Laid:
    """The main file as the environment has it.

    Attributes:
        main: what counts; the file itself where there is no environment.
        environment: its name.
        upper: the environment's file.
        models: what that says of models that the main file does not declare; included files may.
    """

    main: Source
    environment: str | None = None
    upper: Source | None = None
    models: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def over(self, included: Source, name: str) -> Source:
        """The source of an included file's model, with what the environment says of it on top."""
        if self.upper is None or name not in self.models:
            return included
        return Overlaid(included, self.upper, self.models[name], ("models", name))

    def alone(self, name: str) -> Source:
        """A model that the environment's file alone declares."""
        assert self.upper is not None
        return self.over(Source(self.upper.path, self.upper.text, {}, ("models", name)), name)


def which(path: Path, given: Mapping[Path, bytes] | None) -> str | None:
    """The environment that counts: that of the process, or with the bytes of once the one of then.

    Raises:
        ConfigError: the process's has no proper name.
    """
    if given is None:
        return environment.current()
    return next((name for file in given if (name := environment.named_by(path, file))), None)


def lay(
    main: Source, name: str | None, given: Mapping[Path, bytes] | None, over: Mapping[Path, bytes],
    data: dict[Path, bytes], report: Report,
) -> Laid:  # fmt: skip
    """Lay the file of an environment over the main one; its bytes go to `data`, what is wrong with it to the report.

    Raises:
        ConfigError: there is no such file: what was meant for the environment must not be missed silently.
    """
    if name is None:
        return Laid(main)
    path = environment.overlay(main.path, name)
    data[path] = text = given[path] if given is not None else _bytes(path, name, over)
    upper, problem = read(path, text)
    if problem is not None:
        report.add(problem)
        report.broken.add(())
        return Laid(main, name, upper)
    values = dict(upper.values)
    if "include" in values:
        hint = f"a model that is only in {name} stands in this file itself, as [models.NAME]"
        says = "only the main file includes others"
        report.add(Problem("not-here", says, "include", upper.place(("include",), "key"), hint))
        del values["include"]
    own = table_at(main.values, ("models",))
    models = {key: value for key, value in table_at(values, ("models",)).items() if isinstance(value, dict)}
    others = {key: value for key, value in models.items() if key not in own}
    return Laid(Overlaid(main, upper, without(values, "models", list(others))), name, upper, others)


def declares(laid: Laid, name: str, known: list[str], report: Report) -> bool:
    """Whether the environment's file declares a whole model of that name, which no other file does.

    One that says neither what it predicts nor where its data lies was meant for a model that there is: reported.
    """
    assert laid.upper is not None
    if {"task", "data"} & laid.models[name].keys():
        return True
    key = ("models", name)
    says = f'no file declares a model called "{name}"'
    hint = did_you_mean(name, known) or "a model that is only here needs its task and data"
    report.add(Problem("unknown-model", says, dotted(key), laid.upper.place(key, "header"), hint))
    report.broken.add(key)
    return False


def _bytes(path: Path, name: str, over: Mapping[Path, bytes]) -> bytes:
    try:
        return over[path] if path in over else path.read_bytes()
    except FileNotFoundError:
        says = f"there is no {shown(path)}, and the environment is {name}"
        hint = f"write it (an empty file will do), or leave --env {name} out; it may come from {environment.VARIABLE}"
        raise ConfigError(says, hint=hint) from None
    except OSError as exc:
        raise ConfigError(f"{shown(path)} cannot be read: {exc.strerror}") from None

"""Which plugins there are, and objects made from them. Opened once a command or job, by the rooms above.

The program checks files, options and names against the catalogue without importing a plugin; `make` gives a built-in
itself, and for others a stand-in whose methods are guarded calls in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError, PluginFault, UsageError
from lifecycle_tui.domain.nearest import nearest
from lifecycle_tui.plugin_host import index, options, secrets, switched
from lifecycle_tui.plugin_host.index import IndexLimits
from lifecycle_tui.plugin_host.info import FaultInfo, PluginInfo
from lifecycle_tui.plugin_host.options import OptionProblem

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.runner import Runner


class PluginCatalog:
    """Plugins by kind and name.

    Attributes:
        rows: everything found, in order of discovery; broken and disabled ones too.
        enabled: False where only built-ins were looked at (`--no-plugins`).
        whole: False where some were left out for this process alone (`--no-plugins`, LIFECYCLE_PLUGINS).
        root: the workspace's folder, to which secrets' files are relative; None outside of one.
    """

    root: Path | None = None

    def __init__(self, rows: Sequence[PluginInfo], *, enabled: bool = True, whole: bool = True) -> None:
        self.rows = _without_duplicates(rows)
        self.enabled = enabled
        self.whole = whole and enabled
        self._usable = {row.key: row for row in self.rows if row.usable}
        self._classes: dict[str, type] = {}

    @classmethod
    def open(
        cls,
        root: Path | None,
        folders: Sequence[Path] = (),
        *,
        enabled: bool = True,
        refresh: bool = False,
        limits: IndexLimits = index.IMPORT_LIMITS,
        told: Callable[[str], None] | None = None,
    ) -> PluginCatalog:
        """The catalogue of a workspace. Files that changed since the last time are indexed in children now.

        Args:
            root: the workspace's folder, for the cached index and the disable list; None outside of one.
            folders: the plugin folders (`WorkspaceSpec.plugins`), absolute.
            enabled: False for built-ins alone: no folder, entry point, cache or disable list is read. The environment
                may say so too, or name those that are taken: see `switched`.
            refresh: forget the cached index.
            limits: of each file's import.
            told: hears the name of each file that is about to be imported in a child, for progress.

        Raises:
            UsageError: if the disable list cannot be read.
        """
        if not enabled or switched.off():
            found = cls(index.builtin_rows(), enabled=False)
            found.root = root
            return found
        only = switched.only()
        disabled = index.disabled_names(root)
        rows = index.read(root, folders, refresh=refresh, limits=limits, disabled=disabled, only=only, told=told)
        found = cls([_switched_off(row, disabled) for row in rows], whole=only is None)
        found.root = root
        return found

    # -- looking ----------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str) -> PluginInfo | None:
        """The usable plugin of that kind and name."""
        return self._usable.get(f"{kind}:{name}")

    def find(self, kind: str, name: str) -> PluginInfo:
        """The same, or a reason why there is none.

        Raises:
            PluginFault: there is one of that name, but it is broken, or disabled (kind "disabled").
            UsageError: there is none; the hint names the nearest.
        """
        info = self.get(kind, name)
        if info:
            return info
        for row in self.rows:
            if row.name == name and row.kind in (kind, ""):
                if row.disabled:
                    raise PluginFault(name, "disabled", f"{kind} {name!r} is disabled", file=row.file, line=row.line)
                if row.fault:
                    raise row.fault.error(name)
        near = self.suggest(kind, name)
        listed = ", ".join(row.name for row in self.all(kind)) or "none"
        hint = f'did you mean "{near}"?' if near else f"there are: {listed}"
        if not self.enabled:
            hint += " (plugins are switched off)"
        raise UsageError(f"no {kind} is called {name!r}", hint=hint)

    def all(self, kind: str) -> tuple[PluginInfo, ...]:
        """The usable plugins of a kind, in order of discovery."""
        return tuple(row for row in self._usable.values() if row.kind == kind)

    def suggest(self, kind: str, name: str) -> str | None:
        """The usable name nearest to a misspelt one."""
        return nearest(name, [row.name for row in self.all(kind)])

    @property
    def faults(self) -> tuple[tuple[PluginInfo, FaultInfo], ...]:
        """Every plugin that cannot be used, with its reason; disabled ones are not faults."""
        return tuple((row, row.fault) for row in self.rows if row.fault and not row.disabled)

    def check_options(self, info: PluginInfo, given: Mapping[str, Any]) -> tuple[OptionProblem, ...]:
        """All that is wrong with options, from the index alone; a reference to a secret is some text."""
        return options.check(info.options, secrets.placeholders(given))

    # -- making -----------------------------------------------------------------------------------------------------

    def load_builtin(self, info: PluginInfo) -> type:
        """The class of a built-in; imports its module and no other plugin.

        Raises:
            ValueError: if it is not a built-in.
            PluginFault: if the shipped index names what its module does not register.
        """
        from lifecycle_tui.plugin_host import load
        from lifecycle_tui.plugin_host.info import Candidate

        if info.origin != "builtin":
            raise ValueError(f"{info.key} is not built in: make() gives a stand-in for it")
        if info.key not in self._classes:
            module = load.load(Candidate("builtin", info.name, info.home, info.module))
            for one in load.registrations(module):
                self._classes.setdefault(f"{one.kind}:{one.cls.name}", one.cls)
        try:
            return self._classes[info.key]
        except KeyError:
            message = "the shipped index names it, but its module does not register it"
            raise PluginFault(info.name, "import", message, file=info.file) from None

    def make(
        self,
        info: PluginInfo,
        given: Mapping[str, Any] | None = None,
        *,
        location: str | None = None,
        runner: Runner | None = None,
    ) -> Any:
        """An object that follows the protocol of the plugin's kind.

        Args:
            given: options as the file has them, checked before anything is imported or started; then references to
                secrets are read, here and nowhere before.
            location: absolute path, folder or glob, for a source.
            runner: where calls of a team's plugin go; not needed for a built-in.

        Raises:
            UsageError: if the options do not fit.
            PluginFault: if the plugin is broken, disabled, or a built-in's constructor refuses the options.
            ConfigError: a secret that they refer to is not there.
        """
        given = given or {}
        if info.disabled or info.fault:
            raise (info.fault or FaultInfo("disabled", "is disabled", info.file, info.line)).error(info.name)
        problems = self.check_options(info, given)
        if problems:
            said = "; ".join(f"{p.option}: {p.message}" for p in problems)
            hints = " ".join(p.hint for p in problems if p.hint)
            raise UsageError(f"options of {info.kind} {info.name!r}: {said}", hint=hints or None)
        fitted = options.complete(info.options, secrets.resolve(given, self.root))
        if info.origin != "builtin":
            if runner is None:
                raise ValueError(f"{info.key} is a team's plugin: calls to it need a runner")
            from lifecycle_tui.plugin_host.proxies import KINDS, Proxy

            return KINDS.get(info.kind, Proxy)(info, fitted, runner, location)
        return self._construct(info, fitted, location)

    def _construct(self, info: PluginInfo, fitted: Mapping[str, Any], location: str | None) -> Any:
        cls = self.load_builtin(info)
        try:
            return cls(*([location] if location is not None else []), **fitted)
        except LifecycleError:
            raise
        except Exception as exc:
            raise PluginFault(info.name, "options", str(exc), file=info.file, line=info.line) from exc


def _switched_off(row: PluginInfo, disabled: frozenset[str]) -> PluginInfo:
    return replace(row, disabled=True) if disabled & {row.key, row.name} else row


def _without_duplicates(rows: Sequence[PluginInfo]) -> tuple[PluginInfo, ...]:
    """A name that two files register stays with the first and is an error of the second, which names both."""
    first: dict[str, PluginInfo] = {}
    result = []
    for row in rows:
        owner = first.setdefault(row.key, row) if row.usable else row
        if owner is not row:
            message = f"{row.kind} {row.name!r} is registered by {owner.place} and {row.place}; the first is used"
            row = replace(row, problems=(FaultInfo("duplicate", message, row.file, row.line), *row.problems))
        result.append(row)
    return tuple(result)

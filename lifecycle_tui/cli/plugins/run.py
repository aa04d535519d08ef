"""`lifecycle plugins run NAME`: a command that a plugin brings, with its own options, on a view of the workspace."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, declared
from lifecycle_tui.domain.errors import LifecycleError, PluginFault, UsageError

if TYPE_CHECKING:
    from lifecycle_tui.domain.showing import Scalar
    from lifecycle_tui.domain.specs import WorkspaceSpec
    from lifecycle_tui.domain.views import View
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo

TYPES: dict[str, click.ParamType] = {"str": click.STRING, "int": click.INT, "float": click.FLOAT}


@click.command(
    name="run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@click.argument("name")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[MODEL] [--OPTION VALUE]...")
@click.pass_context
def command(ctx: click.Context, name: str, words: tuple[str, ...]) -> None:
    """Run a command that a plugin brings, and print its rows.

    It is shown the models as state knows them, or the MODEL alone. Its options are its own: `lifecycle plugins run
    NAME --help` lists them, and `--format table|json|csv` is one of every command. It runs in the plugins' process
    under the limits of a call; where it fails, the exit code is 3.

    \b
    Examples:
      lifecycle plugins run signals --last 3
      lifecycle plugins run signals bikes --format csv > signals.csv
    """
    root, folders, spec = declared()
    plugins = catalog(root, folders)
    info = plugins.find("command", name)

    def callback(model: str | None, fmt: str, **given: Any) -> None:
        if root is None:
            raise UsageError("there is no workspace here", hint="go to a folder with a lifecycle.toml")
        options = {n: list(v) if isinstance(v, tuple) else v for n, v in given.items() if v not in (None, ())}
        rows = _run(root, spec, plugins, info, model, options)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        output.rows_out(rows, columns, fmt)

    inner = _command(info, callback)
    code = inner.main(args=list(words), prog_name=f"lifecycle plugins run {name}", standalone_mode=False)
    ctx.exit(code if isinstance(code, int) else 0)


def _command(info: PluginInfo, callback: Any) -> click.Command:
    """The command as click has it: the options that the index knows, and ours."""
    parameters: list[click.Parameter] = [click.Argument(["model"], required=False)]
    parameters += [_option(option) for option in info.options]
    choice = click.Choice(["table", "json", "csv"])
    parameters.append(click.Option(["--format", "fmt"], type=choice, default="table", help="How to print."))
    help_ = "\n\n".join(part for part in (info.doc, info.about) if part)
    return click.Command(
        info.name, params=parameters, callback=callback, help=help_ or "It has no docstring.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )  # fmt: skip


def _option(option: OptionInfo) -> click.Option:
    flag = f"--{option.name.replace('_', '-')}"
    many = option.type.startswith("list[")
    kind = option.type[5:-1] if many else option.type
    default = "" if option.required or option.default in (None, [], (), "") else f"  [default: {option.default}]"
    more: dict[str, Any] = {"help": (option.about + default).strip() or "It is not documented."}
    if kind == "bool" and not many:
        return click.Option([f"{flag}/--no-{flag[2:]}", option.name], default=None, required=option.required, **more)
    of = click.Choice(list(option.choices)) if option.choices and kind == "str" else TYPES.get(kind, click.BOOL)
    return click.Option([flag, option.name], type=of, multiple=many, required=option.required, **more)


def _run(
    root: Path, spec: WorkspaceSpec | None, plugins: PluginCatalog, info: PluginInfo, model: str | None,
    options: Mapping[str, Any],
) -> list[dict[str, Scalar]]:  # fmt: skip
    from lifecycle_tui.agent.workers.ledger import Ledger
    from lifecycle_tui.plugin_host.limits import call_limits
    from lifecycle_tui.plugin_host.runner import Runner

    view = _view(root, spec, info, model)
    if info.origin == "builtin":
        return _own(info, plugins.make(info, options), view)
    ledger = Ledger()
    try:
        journal = root / ".lifecycle" / "plugin-calls.jsonl"
        with Runner(limits=call_limits(), journal=journal, on_end=ledger.note) as runner:
            try:
                rows: list[dict[str, Scalar]] = plugins.make(info, options, runner=runner).run(view)
                return rows
            finally:
                for use in runner.uses():
                    if use.printed.strip():
                        output.note(f"it printed: {output.plain(use.printed.strip()[-500:])}")
    except PluginFault as fault:
        raise LifecycleError(
            f"command {info.name}: {fault.message} ({fault.place})", hint=f"`lifecycle plugins show {info.key}`"
        ) from fault
    finally:
        _note(root, ledger)


def _own(info: PluginInfo, made: Any, view: View) -> list[dict[str, Scalar]]:
    from lifecycle_tui.plugin_host import shown
    from lifecycle_tui.plugin_host.results import BadResult

    try:
        return shown.as_rows(made.run(view))
    except BadResult as exc:
        raise LifecycleError(f"command {info.name}: run: {exc} ({info.place})") from exc


def _view(root: Path, spec: WorkspaceSpec | None, info: PluginInfo, model: str | None) -> View:
    from lifecycle_tui.agent.work.view import view
    from lifecycle_tui.state import clock, fleet
    from lifecycle_tui.state.database import State

    with State.view(root) as state, state.snapshot() as conn:
        known = [name for name, _ in fleet.names(conn)]
        names = known if spec is None else [m.name for m in spec.models]
        if model is not None:
            _refuse_unknown(model, names)
        return view(conn, root, clock.now(conn), names if model is None else [model], info.windows)


def _refuse_unknown(model: str, names: Sequence[str]) -> None:
    if model not in names:
        from difflib import get_close_matches

        near = get_close_matches(model, names, 1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
        raise UsageError(f"there is no model {model!r}", hint=hint)


def _note(root: Path, ledger: Any) -> None:
    """Who may write to state notes how it went; who may only look loses nothing by it."""
    from lifecycle_tui.domain.clock import SystemClock
    from lifecycle_tui.state.database import State

    if ledger:
        with (
            contextlib.suppress(LifecycleError, sqlite3.Error, OSError),
            State.open(root) as state,
            state.write() as tx,
        ):
            ledger.store(tx, None, None, SystemClock().now())

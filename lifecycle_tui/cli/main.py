"""The command group: names and one-line helps here, the commands in modules imported only when they run.

`--help` must stay as cheap as importing click (a benchmark holds it to a quarter of `import textual.app`), so the
helps are written out below; a test compares them with the commands' own.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from lifecycle_tui import __version__
from lifecycle_tui.domain.errors import LifecycleError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("lifecycle_tui.cli.demo:command", "Show the loop at work on four simulated models."),
    "init": ("lifecycle_tui.cli.init:command", "Write a lifecycle.toml from data files."),
    "check": ("lifecycle_tui.cli.check:command", "Observe and decide what is due, once."),
    "agent": ("lifecycle_tui.cli.agent:command", "Run the loop until stopped."),
    "status": ("lifecycle_tui.cli.status:command", "Show the fleet, from state alone."),
    "drift": ("lifecycle_tui.cli.drift:command", "Compare two files; no workspace needed."),
    "profile": ("lifecycle_tui.cli.profile:command", "Profile a file, to compare others with."),
    "retrain": ("lifecycle_tui.cli.act:retrain", "Train a new version and judge it."),
    "promote": ("lifecycle_tui.cli.act:promote", "Make a version the champion."),
    "approve": ("lifecycle_tui.cli.act:approve", "Say yes or no to a promotion that waits."),
    "rollback": ("lifecycle_tui.cli.act:rollback", "Go back to the champion before."),
    "versions": ("lifecycle_tui.cli.versions:group", "List, show, compare and register versions."),
    "explain": ("lifecycle_tui.cli.explain:command", "Say why a version scores rows as it does."),
    "report": ("lifecycle_tui.cli.report:command", "Write all that is known of a model as one HTML file."),
    "history": ("lifecycle_tui.cli.history:command", "Show what happened, newest first."),
    "pause": ("lifecycle_tui.cli.act:pause", "Watch a model, and set nothing off."),
    "resume": ("lifecycle_tui.cli.act:resume", "Let rules and schedules set things off again."),
    "audit": ("lifecycle_tui.cli.audit:command", "Show who did what, newest first."),
    "ack": ("lifecycle_tui.cli.act:ack", "Acknowledge alerts."),
    "unack": ("lifecycle_tui.cli.act:unack", "Take back that alerts are acknowledged."),
    "snooze": ("lifecycle_tui.cli.act:snooze", "Keep alerts silent for a while."),
    "unsnooze": ("lifecycle_tui.cli.act:unsnooze", "Wake alerts that are snoozed."),
    "assign": ("lifecycle_tui.cli.act:assign", "Say who looks after alerts."),
    "undo": ("lifecycle_tui.cli.act:undo", "Take back what an action did."),
    "notifications": (
        "lifecycle_tui.cli.notifications:group",
        "List messages about alerts, and send failed ones again.",
    ),
    "jobs": ("lifecycle_tui.cli.jobs:group", "List, follow and cancel jobs."),
    "config": ("lifecycle_tui.cli.config:group", "Check, explain and edit lifecycle.toml."),
    "policy": ("lifecycle_tui.cli.policy:group", "Ask what a policy would have done."),
    "plugins": ("lifecycle_tui.cli.plugins:group", "List, show, write, check and run plugins."),
    "keys": ("lifecycle_tui.cli.keys:command", "List the terminal's keys and what they do."),
    "info": ("lifecycle_tui.cli.info:command", "Show versions, paths and limits of this installation."),
}
"""Command → where it lives, and its one-line help."""


WRITES = ("demo", "init", "agent")
"""Commands that make files or processes before they write to state, which refuses by itself where it is read-only."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        found = getattr(import_module(module), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            more = f' Did you mean "{near[0]}"?' if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{more}", ctx)
        return super().resolve_command(ctx, args)


EPILOG = """\b
Exit codes: 0 fine · 1 a rule is firing, or a gate failed · 2 usage or
configuration · 3 something broke · 130 interrupted.
stdout is data, stderr is narration.

\b
Example:
  lifecycle demo              see it at work
  lifecycle init sales.csv    write lifecycle.toml from the data
  lifecycle check             profile what is new, decide, show what needs you
  lifecycle                   open the terminal"""


@click.command(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", message="lifecycle-tui %(version)s")
@click.option("--env", metavar="NAME", help="Lay lifecycle.NAME.toml over lifecycle.toml.")
@click.option("--read-only", is_flag=True, help="Look, and do nothing: actions say what they would do.")
@click.option("--no-plugins", is_flag=True, help="Leave out everything but the built-in plugins.")
@click.option("--fresh", is_flag=True, expose_value=False, help="Open the terminal on the fleet, not where you were.")
@click.pass_context
def group(ctx: click.Context, env: str | None, read_only: bool, no_plugins: bool) -> None:
    """A control room for machine-learning models that lives in the terminal.

    Without a command it opens the terminal on the workspace in this folder.
    """
    if env is not None:
        from lifecycle_tui.domain import environment

        # In the environment, so that agents and workers inherit it.
        os.environ[environment.VARIABLE] = environment.checked(env)
    if no_plugins:
        os.environ["LIFECYCLE_NO_PLUGINS"] = "1"  # `plugin_host.switched` asks for it, here and in children
    if read_only:
        os.environ["LIFECYCLE_READ_ONLY"] = "1"  # `domain.read_only` asks for it, here and in children
    if ctx.invoked_subcommand in WRITES:
        from lifecycle_tui.domain.read_only import refuse

        refuse()
    if ctx.invoked_subcommand is None:
        from lifecycle_tui import output

        # Reached only where stdout is no terminal: say what there is instead.
        output.say(ctx.get_help())
        output.note("stdout is not a terminal: use `lifecycle status` for the fleet as text.")
        ctx.exit(2)


def main() -> int:
    """Run the words on the command line and return the exit code."""
    try:
        code = group.main(standalone_mode=False, prog_name="lifecycle")
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _said("interrupted", 130)
    except LifecycleError as exc:
        return _said(exc, exc.exit_code)
    except Exception as exc:
        return _broken(exc)
    return code if isinstance(code, int) else 0


def _said(what: str | LifecycleError, code: int) -> int:
    # The output layer is loaded only where something is said: `--help` does without it.
    from lifecycle_tui import output

    if isinstance(what, LifecycleError):
        output.error(what)
    else:
        output.note(what)
    return code


def _broken(exc: Exception) -> int:
    """A bug of ours: say so in one line, and give the traceback to who asks for it."""
    import traceback

    from lifecycle_tui import output

    if os.environ.get("LIFECYCLE_DEBUG"):
        output.note(traceback.format_exc())
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    output.note(f"error: this should not have happened: {type(exc).__name__}: {output.plain(str(exc))} ({where})")
    output.note("  run it again with LIFECYCLE_DEBUG=1 for the traceback, and please report it")
    return 3


if __name__ == "__main__":
    sys.exit(main())

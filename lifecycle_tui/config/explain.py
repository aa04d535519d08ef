"""What a key means: type, unit, default, example, who reads it. For `config explain` and the terminal's form.

Everything comes from the tables that validate the file (`schema*`) and from the plugins' declared options, so that it
cannot part from them. Needs no workspace; imports no plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from lifecycle_tui.config import describe
from lifecycle_tui.config.extensions import KINDS, Option, Plugin, Plugins, Slot, slot_of
from lifecycle_tui.config.keypath import parse_key
from lifecycle_tui.config.nodes import ANY, Node, keys_at, keys_of, tables, walk
from lifecycle_tui.config.readers import readers_of
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable
from lifecycle_tui.config.shape import fields, homes, words_for
from lifecycle_tui.config.shape import tables as tables_in
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.config.values import words_of
from lifecycle_tui.config.words import near
from lifecycle_tui.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class Explained:
    """One key.

    Attributes:
        key: its whole path; NAME stands for a name where the question left it open.
        unit: what the value is counted in, or how its text is written; "" where there is nothing to say.
        default: as TOML, or in words; "needed" where there is none.
        readers: what behaves differently when it changes.
        choices: the only values, as TOML; empty where anything of the type goes.
        keys: of a table, the keys that it may have.
        place: of a plugin and its options, `file:line` of the plugin.
    """

    key: str
    type: str
    unit: str = ""
    default: str = ""
    example: str = ""
    meaning: str = ""
    readers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    place: str = ""


def explain(key: str, plugins: Plugins, *, use: str = "") -> Explained:
    """What a key means.

    Args:
        key: a whole path, with NAME or a name (`models.churn.rules.psi.when`), or the end of one that there is once.
        use: the plugin that the table names by its `use`, where the caller knows; else all of the kind are looked at.

    Raises:
        UsageError: there is no such key (the hint has the one that was probably meant), or it stands at several places.
    """
    found = explained(key, plugins, use=use)
    exact = [one for one in found if parse_key(one.key) == parse_key(key)]
    if len(found) == 1 or exact:
        return (exact or list(found))[0]
    raise UsageError(f'"{key}" stands at several places', hint=", ".join(one.key for one in found))


def explained(key: str, plugins: Plugins, *, use: str = "") -> tuple[Explained, ...]:
    """The same for every place where the key stands.

    Raises:
        UsageError: there is none.
    """
    path = parse_key(key)
    if path[0] in fields(FileTable) and (found := _at(path, plugins, use)):
        return found
    found = tuple(_plugin(path, plugins))
    if not found:
        found = tuple(one for above in tables() for one in _ending(above, path, plugins, use))
        found += tuple(_anywhere(path, plugins)) if len(path) == 1 else ()
    if not found:
        raise _unknown(key, path, plugins)
    return tuple({one.key + one.place: one for one in found}.values())


def every_key() -> tuple[str, ...]:
    """Every key of the program's own, NAME for names; those of `[defaults]` are those of a model."""
    return tuple(dotted((*above, key)) for above in tables() for key in keys_at(above))


def plugin_options(plugins: Plugins) -> tuple[Explained, ...]:
    """Every option of every plugin, at the place where it stands."""
    return tuple(
        _of_option(plugin, option, (*_where(kind, plugin.name), option.name))
        for kind in KINDS
        for plugin in plugins.all(kind)
        for option in plugin.options
    )


# -- what stands there ----------------------------------------------------------------------------------------------


def _at(path: KeyPath, plugins: Plugins, use: str) -> tuple[Explained, ...]:
    """What stands at a whole path; empty where nothing can."""
    slot = slot_of(path)
    nodes = walk(path)
    if slot is not None and slot.name is not None and slot.name not in ANY and not slot.rest:
        found = plugins.get(slot.kind, slot.name)
        return (_of_plugin(found, path),) if found else ()
    if nodes:
        return (_of_node(nodes),)
    return tuple(_options(slot, path, plugins, use)) if slot is not None else ()


def _of_node(nodes: list[Node]) -> Explained:
    first = nodes[0]
    info = first.info if first.own else None
    keys = tuple(dict.fromkeys(key for node in nodes for key in keys_of(node)))
    table = next(iter(tables_in(first.annotation)), None)
    if info is None:
        about = " ".join(((table.__doc__ if table else "") or (first.info and first.info.description) or "").split())
        return Explained(
            dotted(first.path), words_of(first.annotation), meaning=about, readers=readers_of(first.pattern), keys=keys
        )
    return Explained(
        dotted(first.path),
        words_for(info),
        describe.unit_of(info),
        describe.default_of(info),
        " or ".join(info.examples or ()),
        info.description or "",
        readers_of(first.pattern),
        tuple(f'"{choice}"' for choice in describe.choices_in(info)),
        keys,
    )


def _options(slot: Slot, path: KeyPath, plugins: Plugins, use: str) -> Iterator[Explained]:
    """The option at a path that no table of ours reads, of each plugin that may stand there."""
    if len(slot.rest) != 1:
        return
    name = slot.name if slot.name not in (None, *ANY) else use
    for plugin in plugins.all(slot.kind):
        if name in ("", plugin.name):
            for option in plugin.options:
                if option.name == slot.rest[0]:
                    yield _of_option(plugin, option, path)


def _of_option(plugin: Plugin, option: Option, path: KeyPath) -> Explained:
    return Explained(
        dotted(tuple("NAME" if part == "*" else part for part in path)),
        describe.option_type(option) + (" or nothing" if option.nullable and option.default is not None else ""),
        "",
        describe.option_default(option),
        describe.option_example(option),
        option.about or f"An option of the {plugin.kind} {plugin.name}, whose docstring says nothing of it.",
        (f"the {plugin.kind} {plugin.name}",),
        tuple(describe.option_type(option).split(" | ")) if option.choices else (),
        place=plugin.place,
    )


def _of_plugin(plugin: Plugin, path: KeyPath) -> Explained:
    slot = slot_of(path)
    ours = keys_at(("models", "NAME", "monitor", f"{plugin.kind}s", "NAME")) if slot and slot.name else ()
    return Explained(
        dotted(path),
        plugin.kind,
        meaning=plugin.doc,
        readers=readers_of(path if slot is None else ("models", "NAME", "monitor")),
        keys=(*(option.name for option in plugin.options), *ours),
        place=plugin.place,
    )


def _plugin(path: KeyPath, plugins: Plugins) -> Iterator[Explained]:
    """`psi`, `psi.bins`, `detectors.psi`, `strategies.warm-start.rounds`: a plugin, or its option, by its own name."""
    plural = {KINDS[kind]: kind for kind in KINDS} | {kind: kind for kind in KINDS}
    kinds: tuple[str, ...] = tuple(KINDS)
    if path[0] in plural and len(path) > 1:
        kinds, path = (plural[str(path[0])],), path[1:]
    for kind in kinds:
        plugin = plugins.get(kind, str(path[0]))
        if plugin is None or len(path) > 2:
            continue
        where = _where(kind, plugin.name)
        if len(path) == 1:
            yield _of_plugin(plugin, where)
        for option in plugin.options:
            if path[1:] == (option.name,):
                yield _of_option(plugin, option, (*where, option.name))


def _where(kind: str, name: str) -> KeyPath:
    """Where a plugin's options stand."""
    places: dict[str, KeyPath] = {
        "strategy": ("models", "NAME", "training", "strategy"),
        "deployer": ("models", "NAME", "rollout", "deployer"),
        "source": ("models", "NAME", "data", "table"),
        "notifier": ("notifiers", "NAME"),
    }
    return places.get(kind) or ("models", "NAME", "monitor", f"{kind}s", name)


def _ending(above: KeyPath, path: KeyPath, plugins: Plugins, use: str) -> Iterator[Explained]:
    """What stands at the path below one of our tables; the path must begin with a key of that table."""
    if path[0] in keys_at(above):
        yield from _at((*above, *path), plugins, use)


def _anywhere(path: KeyPath, plugins: Plugins) -> Iterator[Explained]:
    """The option of that name, of each plugin that has it."""
    for kind in KINDS:
        for plugin in plugins.all(kind):
            for option in plugin.options:
                if option.name == path[0]:
                    yield _of_option(plugin, option, (*_where(kind, plugin.name), option.name))


def _unknown(key: str, path: KeyPath, plugins: Plugins) -> UsageError:
    return UsageError(f'there is no key "{key}"', hint=_meant(path, plugins))


def _meant(path: KeyPath, plugins: Plugins) -> str:
    """The key that was probably meant: the first part that leads nowhere, among what may stand there."""
    starts = [()] if path[0] in fields(FileTable) else [t for t in tables() if path[0] in keys_at(t)]
    for start in starts:
        full = (*start, *path)
        for length in range(len(start) + 1, len(full) + 1):
            if _at(full[:length], plugins, ""):
                continue
            above, wrong = full[: length - 1], str(full[length - 1])
            choices = _below(above, plugins)
            if meant := near(wrong, choices):
                return f'did you mean "{dotted((*above[len(start) :], meant, *full[length:]))}"?'
            return f"keys of {dotted(above)}: {', '.join(choices)}" if choices else "see docs/configuration.md"
    named = {plugin.name: plugin for kind in KINDS for plugin in plugins.all(kind)}
    if (plugin := named.get(str(path[0]))) is not None:
        options = [option.name for option in plugin.options]
        meant = near(str(path[-1]), options)
        says = f"options of the {plugin.kind} {plugin.name}: {', '.join(options) or 'none'}"
        return f'did you mean "{dotted((plugin.name, meant))}"?' if meant else says
    words = [*homes(FileTable), *named]
    meant = near(str(path[0]), words) or next(iter(get_close_matches(str(path[-1]), words, 1)), None)
    return f'did you mean "{dotted((meant, *path[1:]))}"?' if meant else "`lifecycle config explain` lists all keys"


def _below(above: KeyPath, plugins: Plugins) -> tuple[str, ...]:
    """The keys that may stand in a table, options of plugins included."""
    slot = slot_of((*above, "?"))
    found = list(keys_at(above)) if walk(above) else []
    if above[-2:] in (("monitor", "detectors"), ("monitor", "metrics")):
        found += [plugin.name for plugin in plugins.all(str(above[-1])[:-1])]
    elif slot is not None:
        named = [p for p in plugins.all(slot.kind) if slot.name in (None, p.name, *ANY)]
        found += [option.name for plugin in named for option in plugin.options]
    return tuple(dict.fromkeys(found))

"""Where a key goes that is not there yet, in the manner of its neighbours. Called by `splice`, which tries each way.

Beside keys of the same table it takes their indentation, and their column of `=`; a table that is not there gets a
header, an inline table or dotted keys, whichever the tables beside it have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lifecycle_tui.config.document import Block, Document, Splice, get
from lifecycle_tui.config.scanner import KeyPath, Pair
from lifecycle_tui.config.sources import dotted, holds
from lifecycle_tui.config.splice_gone import COMMA
from lifecycle_tui.config.toml_text import EditError, dotted_text, key_text, literal, parsed

Way = list[Splice]

_ORDER = (
    "workspace", "notifiers", "defaults", "models",
    "data", "columns", "monitor", "rules", "training", "rollout",
)  # fmt: skip
"""The usual order of tables in the file, and of those in a model."""


def additions(doc: Document, key: KeyPath, value: str) -> Iterator[Way]:
    """The ways to write `key = value`, the best first.

    Raises:
        EditError: no such key can be there.
    """
    depth = next(n for n in range(len(key) - 1, -1, -1) if holds(doc.values, key[:n]))
    parent, rest = key[:depth], key[depth:]
    there = get(doc.values, parent)
    if isinstance(there, list):
        yield from _appended(doc, parent, rest, value, len(there))
        return
    if not isinstance(there, dict):
        raise EditError(f"{dotted(parent)} is no table: it has no {dotted(rest)}")
    names = [part for part in rest if isinstance(part, str)]
    if len(names) < len(rest):
        at = next(n for n, part in enumerate(rest) if isinstance(part, int))
        raise EditError(f"{dotted((*parent, *rest[:at]))} is not set: it has no items")
    for n in range(depth, -1, -1):
        if doc.opening(key[:n]) == "{":
            yield _into_braces(doc, key[:n], [str(part) for part in key[n:]], value)
            return
    if len(names) == 1:
        yield from _whole(doc, parent, names[0], value)
        yield from _own(doc, parent, names, value)
    else:
        yield from _deep(doc, parent, names, value)


# Tables in lines


def _whole(doc: Document, table: KeyPath, name: str, value: str) -> Iterator[Way]:
    """A table with its values, where those beside it have headers: below one of its own."""
    new = parsed(value)
    beside = any(len(b.path) > len(table) and b.path[: len(table)] == table for b in doc.blocks)
    if isinstance(new, dict) and new and beside:
        yield _header(doc, (*table, name), [f"{key_text(key)} = {literal(item)}" for key, item in new.items()])


def _own(doc: Document, table: KeyPath, names: Sequence[str], value: str) -> Iterator[Way]:
    """Behind the last key of the table's own block; else in dotted keys, as the table is; else below a new header."""
    block = doc.block(table)
    if block is not None and (table or block.pairs or len(doc.blocks) == 1):
        yield _below(doc, block, names, value)
    elif block is not None:
        yield _at_top(doc, names, value)
    yield from _dotted(doc, table, names, value)
    if table and block is None:
        yield _header(doc, table, [f"{dotted_text(names)} = {value}"])


def _deep(doc: Document, table: KeyPath, names: Sequence[str], value: str) -> Iterator[Way]:
    """A key of a table that is not there either."""
    ways: dict[str, Callable[[], Iterator[Way]]] = {
        "header": lambda: iter([_header(doc, (*table, *names[:-1]), [f"{key_text(names[-1])} = {value}"])]),
        "dotted": lambda: _own(doc, table, names, value),
        "inline": lambda: _own(doc, table, names[:1], f"{{ {dotted_text(names[1:])} = {value} }}"),
    }
    first = _manner(doc, table)
    for manner in (first, *(name for name in ways if name != first)):
        yield from ways[manner]()


def _manner(doc: Document, table: KeyPath) -> str:
    """How the tables in a table are written."""
    if table and doc.block(table) is None and next(_dotted(doc, table, ["x"], "0"), None) is not None:
        return "dotted"
    below = {b.path[len(table)] for b in doc.blocks if len(b.path) > len(table) and b.path[: len(table)] == table}
    inner = [name for name, value in get(doc.values, table).items() if isinstance(value, dict)]
    if below or not inner:
        return "header"
    return "inline" if doc.opening((*table, inner[-1])) else "dotted"


def _below(doc: Document, block: Block, names: Sequence[str], value: str) -> Way:
    """A line behind the block's last key."""
    if not block.pairs:
        at = block.last if block.path else _behind(doc)
        apart = doc.newline if not block.path and doc.alone(at) and doc.blank_after(at) else ""
        return [_line(doc, at, f"{block.indent}{dotted_text(names)} = {value}{apart}")]
    name, last = dotted_text(names), block.pairs[-1]
    columns = {_equals(doc, pair) for pair in block.pairs}
    indent = doc.indent(last.start)
    if len(block.pairs) > 1 and len(columns) == 1:
        name = name.ljust(columns.pop() - len(indent) - 1)
    return [_line(doc, block.last, f"{indent}{name} = {value}")]


def _equals(doc: Document, pair: Pair) -> int:
    """The column of a key's `=`."""
    return doc.text.rindex("=", pair.start, pair.value.start) - doc.line_start(pair.start)


def _behind(doc: Document) -> int:
    """Behind the last line that is not blank."""
    return doc.line_end(len(doc.text.rstrip())) if doc.text.strip() else 0


def _line(doc: Document, at: int, text: str) -> Splice:
    """A line of its own, where another begins."""
    if at == len(doc.text) and at and not doc.text.endswith("\n"):
        return Splice(at, at, doc.newline + text)
    return Splice(at, at, text + doc.newline)


def _at_top(doc: Document, names: Sequence[str], value: str) -> Way:
    """Above the first header and the comments that belong to it."""
    at = doc.above(doc.blocks[1].start)
    return [_line(doc, at, f"{dotted_text(names)} = {value}{doc.newline}")]


def _dotted(doc: Document, table: KeyPath, names: Sequence[str], value: str) -> Iterator[Way]:
    """Behind the last dotted key of a table that has only such."""
    for block in reversed(doc.blocks):
        base = len(block.path)
        if base >= len(table) or table[:base] != block.path:
            continue
        pairs = [p for p in block.pairs if p.path[: len(table)] == table]
        if pairs:
            at = doc.line_end(pairs[-1].value.end)
            full = [str(part) for part in table[base:]] + list(names)
            yield [_line(doc, at, f"{doc.indent(pairs[-1].start)}{dotted_text(full)} = {value}")]


def _header(doc: Document, table: KeyPath, keys: Sequence[str]) -> Way:
    """A new header with keys below it, beside its brothers."""
    title = "[" + dotted_text([part for part in table if isinstance(part, str)]) + "]"
    lines = [title, *keys]
    headers = doc.blocks[1:]
    near = next((n for n in range(len(table), -1, -1) if any(b.path[:n] == table[:n] for b in headers)), 0)
    family = [b for b in headers if b.path[:near] == table[:near]]
    part = table[near] if near < len(table) else None
    before = [b for b in family if _place(b.path, near) <= _rank(part)] if part is not None else []
    if not family or (not before and near == 0 and doc.blocks[0].pairs):
        block = doc.blocks[0]
        return [_behind_block(doc, block.end if block.pairs else _behind(doc), lines)]
    if not before:
        return [_before_block(doc, family[0], lines)]
    indent = before[-1].indent
    return [_behind_block(doc, before[-1].end, [indent + line for line in lines])]


def _place(path: KeyPath, depth: int) -> int:
    return _rank(path[depth]) if depth < len(path) else -1


def _rank(part: str | int) -> int:
    return _ORDER.index(part) if part in _ORDER else len(_ORDER)


def _behind_block(doc: Document, at: int, lines: Sequence[str]) -> Splice:
    """Lines behind a block's end, with a blank line above unless the file's tables have none between them."""
    text = doc.newline.join(lines)
    apart = at > 0 and (at == len(doc.text) or doc.blank_after(at) > 0)
    if at == len(doc.text) and at and not doc.text.endswith("\n"):
        return Splice(at, at, 2 * doc.newline + text)
    return Splice(at, at, (doc.newline if apart else "") + text + doc.newline)


def _before_block(doc: Document, block: Block, lines: Sequence[str]) -> Splice:
    at = doc.above(block.start)
    apart = doc.alone(at)
    text = "".join(block.indent + line + doc.newline for line in lines)
    return Splice(at, at, text + (doc.newline if apart else ""))


# Braces and brackets


def _into_braces(doc: Document, table: KeyPath, names: Sequence[str], value: str) -> Way:
    """At the end of an inline table."""
    entry = doc.entry(table)
    assert entry and entry.value
    start, close = entry.value.start + 1, entry.value.end - 1
    inner = doc.text[start:close]
    pair = f"{dotted_text(names)} = {value}"
    if not inner.strip():
        return [Splice(start, close, f" {pair} ")]
    end = start + len(inner.rstrip())
    return [Splice(end, end, f", {pair}")]


def _appended(doc: Document, parent: KeyPath, rest: KeyPath, value: str, length: int) -> Iterator[Way]:
    """An item more; the last item's commas, lines and comments show how."""
    if not isinstance(rest[0], int):
        raise EditError(f"{dotted(parent)} is a list: its items are {dotted((*parent, 0))} and so on")
    if rest[0] > length or len(rest) > 1:
        items = f"{length} item{'' if length == 1 else 's'}"
        raise EditError(f"{dotted(parent)} has {items}: there is no {dotted((*parent, rest[0]))}")
    entry = doc.entry(parent)
    if entry is None or entry.value is None:
        yield _table_more(doc, parent, value)
        return
    start, close = entry.value.start + 1, entry.value.end - 1
    if not length:
        inner = doc.text[start:close]
        yield (
            [Splice(start, close, f"{inner}{value}{inner}")]
            if not inner.strip(" \t")
            else [Splice(close, close, value)]
        )
        return
    last = doc.entry((*parent, length - 1))
    assert last and last.value
    first, end = last.value
    comma = COMMA.match(doc.text, end)
    begin = doc.line_start(first)
    own = begin >= start and not doc.text[begin:first].strip()
    if own and doc.line_end(comma.end() if comma else end) <= close:
        at = doc.line_end(comma.end() if comma else end)
        line = f"{doc.text[begin:first]}{value}{',' if comma else ''}{doc.newline}"
        yield [Splice(at, at, line)] if comma else [Splice(end, end, ","), Splice(at, at, line)]
    elif comma:
        yield [Splice(comma.end(), comma.end(), f" {value},")]
    else:
        yield [Splice(end, end, f", {value}")]


def _table_more(doc: Document, parent: KeyPath, value: str) -> Way:
    """Another `[[table]]`."""
    table = parsed(value)
    if not isinstance(table, dict):
        raise EditError(f"{dotted(parent)} is a list of tables")
    lines = ["[[" + dotted_text([part for part in parent if isinstance(part, str)]) + "]]"]
    lines += [f"{key_text(name)} = {literal(item)}" for name, item in table.items()]
    block = [b for b in doc.blocks if b.path[: len(parent)] == parent][-1]
    return [_behind_block(doc, block.end, [block.indent + line for line in lines])]

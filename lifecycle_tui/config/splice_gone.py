"""What to cut so that a key is gone: its lines, its place in braces, its place in a list. Called by `splice`."""

from __future__ import annotations

import re

from lifecycle_tui.config.document import Block, Document, Splice
from lifecycle_tui.config.scanner import KeyPath, Pair, Span

COMMA = re.compile(r"(?:[ \t\r\n]|#[^\n]*+)*+,")


def removal(doc: Document, key: KeyPath) -> list[Splice]:
    """The cuts; of dotted keys inside braces only the first. Empty where nothing is known."""
    above = key[:-1]
    if isinstance(key[-1], int) and doc.opening(above) == "[":
        return _item(doc, key)
    inside = [p for p in doc.scan.pairs if p.inside and p.path[: len(key)] == key]
    lines = [p for p in doc.scan.pairs if not p.inside and p.path[: len(key)] == key]
    blocks = [b for b in doc.blocks if b.path and b.path[: len(key)] == key]
    if inside and not lines and not blocks:
        outer = [p for p in inside if not any(_within(p, q) for q in inside)]
        return _pair(doc, min(outer, key=lambda p: p.start))
    covered = [_table(doc, block) for block in blocks]
    alone = [p for p in lines if not any(s.start <= p.start < s.end for s in covered)]
    return [*_joined(covered), *(_line(doc, p) for p in alone)]


def _within(inner: Pair, outer: Pair) -> bool:
    return outer.value.start < inner.start < outer.value.end


# Lines


def _line(doc: Document, pair: Pair) -> Splice:
    """A key's line or lines; with the blank line below, where it was a paragraph of its own."""
    start, end = doc.line_start(pair.start), doc.line_end(pair.value.end)
    if doc.alone(start) and end < len(doc.text) and doc.blank_after(end):
        end = doc.line_end(end)
    return _at_end(doc, start, end)


def _at_end(doc: Document, start: int, end: int) -> Splice:
    """Where the text ends without a line end, it goes on doing so."""
    if end == len(doc.text) and not doc.text.endswith("\n") and start:
        start = start - 2 if doc.text[:start].endswith("\r\n") else start - 1
    return Splice(start, end, "")


def _table(doc: Document, block: Block) -> Splice:
    """A header and its lines; of the blank lines around them as many go as would be left over."""
    start, end = block.start, block.end
    before, after = doc.blank_before(start), doc.blank_after(end)
    if end == len(doc.text):
        for _ in range(before):
            start = doc.line_start(start - 1)
        return _at_end(doc, start, end)
    if doc.alone(start) and not before:
        for _ in range(after):
            end = doc.line_end(end)
        return Splice(start, end, "")
    for _ in range(min(before, after)):
        start = doc.line_start(start - 1)
    return Splice(start, end, "")


def _joined(splices: list[Splice]) -> list[Splice]:
    """Cuts that overlap, as one."""
    found: list[Splice] = []
    for splice in sorted(splices):
        if found and splice.start <= found[-1].end:
            found[-1] = Splice(found[-1].start, max(found[-1].end, splice.end), "")
        else:
            found.append(splice)
    return found


# Inline tables: no line ends, no comments


def _pair(doc: Document, pair: Pair) -> list[Splice]:
    text, start, end = doc.text, pair.start, pair.value.end
    behind = re.compile(r"[ \t]*(,[ \t]*)?").match(text, end)
    assert behind
    before = re.search(r"(,?)[ \t]*\Z", text[doc.line_start(start) : start])
    left = doc.line_start(start) + before.start() if before else start
    if behind.group(1):
        return [Splice(start, behind.end(), "")]
    if before and before.group(1):
        left = len(text[:left].rstrip(" \t"))
        return [Splice(left, end, "")]
    return [Splice(left, behind.end(), "")]


# Lists


def _item(doc: Document, key: KeyPath) -> list[Splice]:
    """An item with its comma: its whole line where it has one of its own."""
    text, index = doc.text, key[-1]
    assert isinstance(index, int)
    above = key[:-1]
    item, past = _span(doc, key), doc.entry((*above, index + 1))
    before = _span(doc, (*above, index - 1)) if index else None
    comma = COMMA.match(text, item.end)
    after = comma.end() if comma else item.end
    left = _comma_end(text, before) if before else _span(doc, above).start + 1
    cuts = []
    if comma is None and before is not None:
        cuts.append(Splice(left - 1, left, ""))  # the comma that it no longer needs
    if _own_line(doc, item, after, left):
        return [*cuts, Splice(doc.line_start(item.start), doc.line_end(after), "")]
    gap = text[left : item.start]
    if "\n" not in gap and "#" not in gap and before is not None:
        return [*cuts, Splice(left, after, "")]
    if past is not None and past.value is not None and not set("\n#") & set(text[after : past.value.start]):
        after = past.value.start
    elif before is None and past is None:
        close = _span(doc, above).end - 1
        if not text[left : item.start].strip() and not text[after:close].strip():
            kept = text[left : item.start] if text[left : item.start] == text[after:close] else ""
            return [Splice(left, close, kept)]
    elif comma is None and before is not None and not gap.strip():
        return [*cuts, Splice(left, after, "")]
    return [*cuts, Splice(item.start, after, "")]


def _own_line(doc: Document, item: Span, after: int, left: int) -> bool:
    """Whether nothing but a comment stands beside an item and its comma on its lines."""
    begin = doc.line_start(item.start)
    rest = doc.text[after : doc.line_end(after)].strip()
    return left <= begin and not doc.text[begin : item.start].strip() and (not rest or rest.startswith("#"))


def _comma_end(text: str, item: Span) -> int:
    """Where the comma behind an item ends."""
    found = COMMA.match(text, item.end)
    assert found
    return found.end()


def _span(doc: Document, path: KeyPath) -> Span:
    entry = doc.entry(path)
    assert entry and entry.value
    return entry.value

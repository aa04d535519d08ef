"""What an edit changes, as a unified difference: signs, colours, line numbers. Pure; called by the dialog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lifecycle_tui.tui.policy.merge import matching
from lifecycle_tui.tui.text import Line, Span, fold, safe

CONTEXT = 3
TAB = 4


def lines(before: Mapping[Path, bytes | None], after: Mapping[Path, bytes], root: Path, cells: int) -> list[Line]:
    """Every file's difference, with line numbers of the text as it will be."""
    found: list[Line] = []
    for path, text in after.items():
        found += _file(_shown(path, root), before.get(path) or b"", text, cells)
    return found


def counted(before: Mapping[Path, bytes | None], after: Mapping[Path, bytes]) -> tuple[int, int]:
    """Lines that are added, and taken out."""
    more = less = 0
    for path, text in after.items():
        old, new = _split(before.get(path) or b""), _split(text)
        same = sum(size for _, _, size in matching(old, new))
        more, less = more + len(new) - same, less + len(old) - same
    return more, less


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _split(text: bytes) -> list[bytes]:
    return text.splitlines(keepends=True)


def _file(name: str, before: bytes, after: bytes, cells: int) -> Iterator[Line]:
    old, new = _split(before), _split(after)
    yield (Span(f" {name}", "bold"),)
    if before.replace(b"\r\n", b"\n") == after.replace(b"\r\n", b"\n"):
        yield (Span("   only line ends differ", "dim"),)
        return
    for start, stop, first, last in _hunks(old, new):
        yield (Span(f"   line {first + 1}", "info"),)
        yield from _hunk(old[start:stop], new[first:last], first, cells)


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """Spans of both texts around what differs: (start, stop) of the old, (first, last) of the new one."""
    spans: list[tuple[int, int, int, int]] = []
    a = b = 0
    for x, y, size in matching(old, new):
        if x > a or y > b:
            spans.append((a, x, b, y))
        a, b = x + size, y + size
    joined: list[tuple[int, int, int, int]] = []
    for start, stop, first, last in spans:
        wide = (
            max(0, start - CONTEXT),
            min(len(old), stop + CONTEXT),
            max(0, first - CONTEXT),
            min(len(new), last + CONTEXT),
        )
        if joined and wide[0] <= joined[-1][1]:
            joined[-1] = (joined[-1][0], wide[1], joined[-1][2], wide[3])
        else:
            joined.append(wide)
    yield from joined


def _hunk(old: Sequence[bytes], new: Sequence[bytes], first: int, cells: int) -> Iterator[Line]:
    a = b = 0
    for x, y, size in matching(old, new):
        for text in old[a:x]:
            yield from _line("-", "", text, "critical", cells)
        for number, text in enumerate(new[b:y], first + b + 1):
            yield from _line("+", str(number), text, "ok", cells)
        for number, text in enumerate(new[y : y + size], first + y + 1):
            yield from _line(" ", str(number), text, "dim", cells)
        a, b = x + size, y + size


def _line(sign: str, number: str, text: bytes, tone: str, cells: int) -> Iterator[Line]:
    said = safe(text.decode("utf-8", "replace").rstrip("\r\n").expandtabs(TAB))
    room = max(10, cells - 9)
    parts = [said[at : at + room] for at in range(0, max(1, len(said)), room)] if said.isascii() else fold(said, room)
    for n, part in enumerate(parts or [""]):
        yield (Span(f"{number if not n else '':>6} ", "dim"), Span(f"{sign} {part}", tone))

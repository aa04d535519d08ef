"""Writes a tree of values as TOML in a random style, and notes where every key, value and character of it stands.

The places are known because this wrote them, so they can be held against those that the program finds: nothing here
reads TOML. Styles: headers, dotted keys, inline tables, arrays of tables, all four kinds of strings with escapes and
continued lines, comments, blanks, tabs, quoted keys.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
Spot = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True)
class Raw:
    """A value that is written as it is: a date, a number with underscores."""

    text: str


@dataclass
class Written:
    """A text and its places.

    Attributes:
        keys: of the last part of each key path; a table's in its own header, else where it is first named.
        values: where each value begins; of tables only inline ones.
        headers: where the bracket of a table's header stands.
        chars: for each string, the place of each of its characters.
        again: where what was asked to be written twice stands for the second time.
    """

    text: str = ""
    keys: dict[Path, Spot] = field(default_factory=dict)
    values: dict[Path, Spot] = field(default_factory=dict)
    headers: dict[Path, Spot] = field(default_factory=dict)
    chars: dict[Path, list[Spot]] = field(default_factory=dict)
    again: Spot | None = None

    def table(self, path: Path) -> Spot:
        """Where a reader would look for a table as a whole."""
        return self.headers.get(path) or self.values.get(path) or self.keys.get(path) or (1, 1)


def write(tree: dict, rng: random.Random, twice: Path | None = None) -> Written:
    """Write a file.

    Args:
        twice: a key or table that is declared a second time.
    """
    writer = _Writer(rng, twice)
    writer.table((), tree, header=False)
    if twice is not None and writer.out.again is None and twice in writer.out.headers:
        writer.header(twice, many=False, again=True)
    writer.out.text = "".join(writer.parts)
    return writer.out


class _Writer:
    def __init__(self, rng: random.Random, twice: Path | None) -> None:
        self.rng = rng
        self.twice = twice
        self.out = Written()
        self.parts: list[str] = []
        self.line = self.column = 1

    @property
    def here(self) -> Spot:
        return self.line, self.column

    def put(self, text: str) -> None:
        self.parts.append(text)
        lines = text.count("\n")
        self.line += lines
        self.column = len(text) - text.rfind("\n") if lines else self.column + len(text)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # Tables

    def table(self, path: Path, tree: dict, *, header: bool = True, many: bool = False) -> None:
        below: list[tuple[Path, object]] = []
        rows: list[tuple[str, object, str]] = []
        for name, value in tree.items():
            style = self.style(value)
            if style in ("header", "tables"):
                below.append(((*path, name), value))
            else:
                rows.append((name, value, style))
        if header and (rows or not below or many or self.chance(0.5)):
            self.header(path, many=many)
        for name, value, style in rows:
            self.blank()
            if style == "dotted":
                self.dotted(path, (name,), value)
            else:
                self.statement(path, (name,), value)
        for where, value in below:
            if isinstance(value, list):
                for index, item in enumerate(value):
                    self.table((*where, index), item, many=True)
            else:
                self.table(where, value)

    def style(self, value: object) -> str:
        """How a value is written where headers are still possible."""
        if isinstance(value, dict):
            deep = sum(isinstance(v, dict) for v in value.values())
            return self.rng.choice(["header", "header", "header", "dotted" if value else "header",
                                    "inline" if len(value) < 5 and deep < 2 else "header"])  # fmt: skip
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return self.rng.choice(["tables", "inline"])
        return "inline"

    def header(self, path: Path, *, many: bool, again: bool = False) -> None:
        self.put("\n" * self.rng.randrange(3) + " " * (self.rng.randrange(4) if self.chance(0.2) else 0))
        start = self.here
        self.put("[[" if many else "[")
        pad = " " if self.chance(0.1) else ""
        self.put(pad)
        names = [(index, part) for index, part in enumerate(path) if isinstance(part, str)]
        for place, (index, name) in enumerate(names):
            if place:
                self.put(f"{pad}.{pad}")
            spot = self.here
            self.name(name)
            self.out.keys.setdefault(path[: index + 1], spot)
            if place == len(names) - 1:
                if again:
                    self.out.again = spot
                elif not many:
                    self.out.keys[path] = spot
        self.put(pad + ("]]" if many else "]"))
        self.out.headers.setdefault(path, start)
        self.end()

    def dotted(self, base: Path, names: tuple[str, ...], tree: object) -> None:
        if not isinstance(tree, dict) or not tree or (len(names) > 1 and self.chance(0.3)):
            self.statement(base, names, tree)
            return
        for name, value in tree.items():
            self.dotted(base, (*names, name), value)

    def blank(self) -> None:
        if self.chance(0.1):
            self.put(self.rng.choice(["\n", '# a = 1, "not" a [key]\n', "\t\n", "  # größe → 'x\n"]))

    # Statements

    def statement(self, base: Path, names: tuple[str, ...], value: object) -> None:
        indent = self.rng.choice(["  ", "\t"]) if self.chance(0.1) else ""
        self.put(indent)
        self.pair(base, names, value)
        self.end()
        if self.twice == (*base, *names):
            self.put(indent)
            self.out.again = self.here
            for index, name in enumerate(names):
                if index:
                    self.put(".")
                self.out.again = self.here
                self.name(name)
            self.put(" = 1\n")

    def pair(self, base: Path, names: tuple[str, ...], value: object) -> None:
        for index, name in enumerate(names):
            if index:
                self.put(self.rng.choice([".", ".", ".", " . "]))
            path = (*base, *names[: index + 1])
            self.out.keys.setdefault(path, self.here)
            self.name(name)
        self.put(self.rng.choice([" = ", " = ", "=", "  =  ", " =\t"]))
        self.value((*base, *names), value)

    def end(self) -> None:
        if self.chance(0.15):
            self.put(self.rng.choice(["  # why", " #", "\t# größe = 'x"]))
        self.put("\n")

    def name(self, name: str) -> None:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and not self.chance(0.03):
            self.put(name)
        elif "'" not in name and self.chance(0.4):
            self.put(f"'{name}'")
        else:
            self.put('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"')

    # Values

    def value(self, path: Path, value: object) -> None:
        self.out.values[path] = self.here
        if isinstance(value, Raw):
            self.put(value.text)
        elif isinstance(value, bool):
            self.put("true" if value else "false")
        elif isinstance(value, int | float):
            self.put(repr(value))
        elif isinstance(value, str):
            self.string(path, value)
        elif isinstance(value, dict):
            self.inline(path, value)
        else:
            assert isinstance(value, list)
            self.array(path, value)

    def inline(self, path: Path, tree: dict) -> None:
        gap = self.rng.choice([" ", ""])
        self.put("{" + gap)
        for index, (name, value) in enumerate(tree.items()):
            if index:
                self.put(self.rng.choice([", ", ","]))
            if isinstance(value, dict) and len(value) == 1 and self.chance(0.5):
                ((inner, below),) = value.items()
                self.pair(path, (name, inner), below)
            else:
                self.pair(path, (name,), value)
            if self.twice == (*path, name):
                self.put(", ")
                self.out.again = self.here
                self.name(name)
                self.put(" = 1")
        self.put(gap + "}")

    def array(self, path: Path, items: list) -> None:
        long = self.chance(0.3)
        self.put("[" + ("\n  " if long else ""))
        for index, item in enumerate(items):
            self.value((*path, index), item)
            if index < len(items) - 1 or (long and self.chance(0.5)):
                self.put(",")
                if index < len(items) - 1 and not long:
                    self.put(" ")
            if long:
                self.put("  # one, 'two\n  " if self.chance(0.2) else "\n  ")
        self.put("]")

    def string(self, path: Path, text: str) -> None:
        kinds = ["basic", "basic", "basic", "multi"]
        if "'" not in text:
            kinds += ["literal", "literal", "long"]
        kind = self.rng.choice(kinds)
        quotes = {"basic": '"', "literal": "'", "multi": '"""', "long": "'''"}[kind]
        self.put(quotes + ("\n" if len(quotes) == 3 and self.chance(0.4) else ""))
        spots: list[Spot] = []
        escape = self.rng.randrange(len(text)) if text and self.chance(0.15) else -1
        for index, char in enumerate(text):
            if kind == "multi" and char != " " and index and self.chance(0.05):
                self.put("\\" + self.rng.choice(["", "  "]) + "\n" + " " * self.rng.randrange(4))
            spots.append(self.here)
            if quotes[0] == "'":
                self.put(char)
            elif char in '"\\':
                self.put("\\" + char)
            elif index == escape:
                self.put(f"\\u{ord(char):04x}" if self.chance(0.5) else f"\\U{ord(char):08X}")
            else:
                self.put(char)
        self.out.chars[path] = [*spots, self.here]
        self.put(quotes)

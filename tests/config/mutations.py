"""Random faults put into valid files, each with the place where it must be reported, known from how it was made.

A mutation changes the tree of one file, or asks the writer for something twice; the writer then says where the changed
key, value or part of an expression came to stand.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.config.mutation_corpus import MAIN, Tree, files_of
from tests.config.toml_writer import Path, Raw, Spot, Written, write

LETTERS = string.ascii_lowercase + "_"
NOT_OURS = ("models", "rules", "notifiers", "detectors", "metrics", "score", "url", "keys")
"""Tables in which a key of ours would be taken for a name."""


@dataclass(frozen=True)
class Mutant:
    """Files with one fault.

    Attributes:
        texts: every file by name.
        file, spots: where it must be reported: in which file, at one of which places.
        codes: what it may be called; empty for any.
        word: what was meant, for the suggestion.
        hint: what the hint must hold.
        what: the kind of mutation and what it changed, for messages.
    """

    texts: dict[str, str]
    file: str
    spots: tuple[Spot, ...]
    codes: tuple[str, ...] = ()
    word: str | None = None
    hint: str | None = None
    what: str = ""


def at(tree: Any, path: Path) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def walk(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key and item of a tree with its value."""
    for part, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*path, part), value
        if isinstance(value, dict | list):
            yield from walk(value, (*path, part))


def is_ours(path: Path) -> bool:
    """Whether the last key is one of the program's or of a plugin's options, not a name that the team gave."""
    if not isinstance(path[-1], str) or path[-1] == "env":
        return False
    above = path[:-1]
    if not above:
        return True
    if above[-1] in ("detectors", "metrics", "keys"):
        return False
    if above[-1] == "columns" and len(above) > 1 and above[-3:-2] == ("detectors",):
        return False
    if above[-1] in ("models", "notifiers", "rules", "score"):
        return len(above) > 1 and above[-2] in ("models", "notifiers")  # a model called "rules" would be
    return True


def slip(rng: random.Random, word: str) -> str:
    """The word with one letter added, lost or changed, or two swapped."""
    at = rng.randrange(len(word))
    kind = rng.randrange(4)
    if kind == 0 and len(word) > 1:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + rng.choice(LETTERS) + word[at:]
    if kind == 2 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + rng.choice(LETTERS) + word[at + 1 :]


def renamed(tree: Tree, path: Path, name: str) -> None:
    """Another name for a key, in its place."""
    table = at(tree, path[:-1])
    items = [(name if key == path[-1] else key, value) for key, value in table.items()]
    table.clear()
    table.update(items)


class Maker:
    """Makes one mutant of a random kind; None where a draw gives nothing that is wrong for certain."""

    def __init__(self, seed: int, known: Callable[[Path], tuple[str, ...]]) -> None:
        self.rng = random.Random(seed)
        self.files = files_of(seed)
        self.name = self.rng.choice(list(self.files))
        self.tree = self.files[self.name]
        self.known = known
        """The keys that a table takes, by its path in the workspace: a slip may give another of them."""

    def full(self, path: Path) -> Path:
        """A path of this file in the workspace."""
        if self.name == MAIN:
            return path
        return ("models", self.name.removeprefix("models/").removesuffix(".toml"), *path)

    def texts(self, twice: Path | None = None) -> tuple[dict[str, str], Written]:
        written = {
            name: write(tree, self.rng, twice if name == self.name else None) for name, tree in self.files.items()
        }
        return {name: self.dressed(one.text) for name, one in written.items()}, written[self.name]

    def dressed(self, text: str) -> str:
        """Now and then with line ends and a mark as Windows writes them."""
        if self.rng.random() < 0.1:
            text = text.replace("\n", "\r\n")
        return "\ufeff" + text if self.rng.random() < 0.1 else text

    def pick(self, fits: Callable[[Path, Any], bool]) -> Path | None:
        found = [path for path, value in walk(self.tree) if fits(path, value)]
        return self.rng.choice(found) if found else None

    # Kinds

    def misspelt(self) -> Mutant | None:
        path = self.pick(lambda path, _: is_ours(path))
        assert path is not None
        word = str(path[-1])
        wrong = slip(self.rng, word)
        if wrong == word or wrong in self.known(self.full(path[:-1])) or wrong in at(self.tree, path[:-1]):
            return None
        renamed(self.tree, path, wrong)
        texts, written = self.texts()
        spots = (written.keys[(*path[:-1], wrong)],)
        return Mutant(texts, self.name, spots, ("unknown-key",), word, None, f"misspelt {path} as {wrong}")

    def moved(self) -> Mutant | None:
        path = self.pick(lambda path, value: is_ours(path) and not isinstance(value, dict))
        table = self.pick(lambda _, value: isinstance(value, dict))
        if path is None or table is None or table[-1] in NOT_OURS or "detectors" in table[:-2]:
            return None
        name, home = str(path[-1]), at(self.tree, table)
        if name in self.known(self.full(table)) or name in home or table == path[:-1]:
            return None
        home[name] = at(self.tree, path[:-1]).pop(name)
        texts, written = self.texts()
        hint = None
        if path[:-1] and path[-2] in ("columns", "training", "rollout", "monitor") and table[-1] in (
            "columns", "training", "rollout", "monitor", "data", "workspace", "keep"):  # fmt: skip
            hint = f"{path[-2]}]"
        return Mutant(texts, self.name, (written.keys[(*table, name)],), ("unknown-key",), None, hint,
                      f"moved {path} to {table}")  # fmt: skip

    def retyped(self) -> Mutant | None:
        path = self.pick(lambda path, _: True)
        assert path is not None
        value = at(self.tree, path)
        if isinstance(path[-1], int) and not isinstance(path[-2], str):
            return None
        wrong = self.other_type(path, value)
        if wrong is None:
            return None
        at(self.tree, path[:-1])[path[-1]] = wrong
        texts, written = self.texts()
        return Mutant(texts, self.name, (written.values[path],), (), None, None, f"retyped {path} as {wrong!r}")

    def other_type(self, path: Path, value: Any) -> Any:
        if path[-1] in ("positive", "absent"):
            return [1]
        if path[-1] == "url" or (len(path) > 1 and path[-2] == "url"):
            return True if path[-1] == "url" else None
        if isinstance(value, bool):
            return self.rng.choice(["true", 1])
        if isinstance(value, int | float):
            return self.rng.choice(["12", [3], Raw("2025-01-01")])
        if isinstance(value, Raw):
            return self.rng.choice([True, [1]])
        if isinstance(value, str):
            return self.rng.choice([True, 3, 0.5])
        return self.rng.choice([3, True])

    def boolean(self) -> Mutant | None:
        path = self.pick(
            lambda path, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and path[-1] not in ("positive", "absent")
            )
        )
        if path is None:
            return None
        at(self.tree, path[:-1])[path[-1]] = self.rng.choice([True, False])
        texts, written = self.texts()
        return Mutant(texts, self.name, (written.values[path],), ("type", "value"), None, None, f"boolean at {path}")

    def choice(self) -> Mutant | None:
        """A word that is none of those allowed, or a unit that is none."""
        keys = ("task", "severity", "engine", "agent", "unit", "not", "timezone", "estimator")
        times = ("every", "delay", "grace", "window", "time_limit", "cooldown", "hold", "group", "hours", "days",
                 "months", "false_alarms", "history")  # fmt: skip
        path = self.pick(lambda path, value: isinstance(value, str) and path[-1] in (*keys, *times))
        if path is None:
            return None
        value = at(self.tree, path)
        if path[-1] in keys:
            wrong, word = slip(self.rng, value), value
            if wrong == value or (path[-1] == "unit" and wrong in ("s", "ms", "us", "ns")) or wrong.strip() == "":
                return None
        elif value == "partition" or "per" in value:
            wrong, word = f"{value}z", None
        else:
            number = "".join(c for c in value if c.isdigit())
            wrong, word = (
                self.rng.choice([f"{number} dayz", f"{number} parsecs", f"{number} monht", "soon", number]),
                None,
            )
        at(self.tree, path[:-1])[path[-1]] = wrong
        texts, written = self.texts()
        hint = f'"{word}"' if word and path[-1] in ("task", "severity", "agent", "not") else None
        return Mutant(texts, self.name, (written.values[path],), ("value",), None, hint, f"choice {path} = {wrong!r}")

    def action(self) -> Mutant | None:
        path = self.pick(lambda path, _: len(path) > 1 and path[-2] == "then")
        if path is None:
            return None
        value = at(self.tree, path)
        wrong = slip(self.rng, value)
        if wrong in (value, "notify", "retrain", "rollback") or (wrong.startswith("notify:") and value == "notify"):
            return None
        at(self.tree, path[:-1])[path[-1]] = wrong
        texts, written = self.texts()
        return Mutant(texts, self.name, (written.values[path],), ("unknown-action", "unknown-notifier"), None, None,
                      f"action {path} = {wrong!r}")  # fmt: skip

    def twice(self) -> Mutant | None:
        path = self.pick(lambda path, _: all(isinstance(part, str) for part in path))
        texts, written = self.texts(path)
        if written.again is None:
            return None
        return Mutant(texts, self.name, (written.again,), ("duplicate-key",), None, None, f"twice {path}")

    def lost(self) -> Mutant | None:
        """A key without which a table means nothing."""
        needed = ("task", "reference", "use", "weight", "by", "from", "column", "dask")
        path = self.pick(
            lambda path, value: (
                path[-1] in needed
                and is_ours(path)
                and not (path[-1] == "use" and "data" in path)
                and not (path[-1] == "from" and path[-2] == "reference")
                and not (path[-1] == "column" and path[-2] != "timestamp")
            )
        )
        if path is None or len(at(self.tree, path[:-1])) < 2:
            return None
        del at(self.tree, path[:-1])[path[-1]]
        texts, written = self.texts()
        table = path[:-1]
        where = written.table(table) if table else (1, 1)
        return Mutant(texts, self.name, (where,), ("missing-key",), None, None, f"lost {path}")

    def signal(self) -> Mutant | None:
        """Another name in an expression: reported at its column inside the text, whatever quotes and escapes."""
        path = self.pick(lambda path, _: path[-1] == "when" or (len(path) > 1 and path[-2] in ("gates",)))
        if path is None:
            return None
        text = at(self.tree, path)
        words = (
            "auc",
            "recall",
            "mae",
            "r2",
            "psi",
            "ks",
            "drift",
            "labels",
            "accuracy",
            "mean_target",
            "unseen",
            "data",
        )
        found = [word for word in words if word in text]
        if not found:
            return None
        word = self.rng.choice(found)
        wrong = slip(self.rng, word)
        if wrong in (*words, "ks", "f1", "rmse") or not wrong.isidentifier() or wrong in ("if", "in", "is", "or", "as"):
            return None
        start = text.index(word)
        at(self.tree, path[:-1])[path[-1]] = text[:start] + wrong + text[start + len(word) :]
        texts, written = self.texts()
        # Where it is a part of a longer name (gain(auc), challenger.recall) the name as a whole is meant.
        begin = start
        while begin and (text[begin - 1].isalnum() or text[begin - 1] in "._"):
            begin -= 1
        spots = {written.chars[path][at] for at in (begin, start)}
        if "gain(" in text[:start]:
            spots.add(written.chars[path][text.index("gain(")])
        return Mutant(texts, self.name, tuple(spots), ("unknown-signal", "expression"), None, None,
                      f"signal {wrong} in {path}")  # fmt: skip

    def range(self) -> Mutant | None:
        """A threshold outside of what the signal can be."""
        path = self.pick(lambda path, value: path[-1] == "when" and isinstance(value, str) and "upper < 0." in value)
        if path is None:
            return None
        text = at(self.tree, path)
        start = text.index("upper < 0.") + 8
        end = start
        while end < len(text) and text[end] in "0123456789.":
            end += 1
        if "r2" in text:
            return None  # it has no lower end
        at(self.tree, path[:-1])[path[-1]] = f"{text[:start]}-0.1{text[end:]}"
        begin = text.rindex(" ", 0, start - 8) + 1 if " " in text[: start - 8] else 0
        texts, written = self.texts()
        return Mutant(texts, self.name, (written.chars[path][begin],), ("never-true",), None, None, f"range in {path}")

    def plugin(self) -> Mutant | None:
        """A detector, metric, strategy, deployer or notifier that there is none of."""
        path = self.pick(
            lambda path, value: (
                (len(path) > 1 and path[-2] in ("detectors", "metrics"))
                or (path[-1] in ("strategy", "deployer") and isinstance(value, str))
                or (path[-1] == "use" and "training" in path)
            )
        )
        if path is None:
            return None
        named = isinstance(path[-1], str) and path[-2] in ("detectors", "metrics")
        word = str(path[-1]) if named else at(self.tree, path)
        wrong = slip(self.rng, word)
        if wrong == word or wrong in ("ks", "r2", "f1") or not wrong.strip("_-"):
            return None
        if named:
            renamed(self.tree, path, wrong)
            path = (*path[:-1], wrong)
        else:
            at(self.tree, path[:-1])[path[-1]] = wrong
        texts, written = self.texts()
        spot = written.keys[path] if named else written.values[path]
        codes = ("unknown-detector", "unknown-metric", "unknown-strategy", "unknown-deployer")
        return Mutant(texts, self.name, (spot,), codes, None, None, f"plugin {wrong} at {path}")

    def reordered(self) -> dict[str, str]:
        """Nothing wrong: the keys of every table in another order, in another style."""

        def shuffled(value: Any) -> Any:
            if isinstance(value, dict):
                items = list(value.items())
                self.rng.shuffle(items)
                return {key: shuffled(item) for key, item in items}
            return [shuffled(item) for item in value] if isinstance(value, list) else value

        return {name: self.dressed(write(shuffled(tree), self.rng).text) for name, tree in self.files.items()}

    def make(self) -> Mutant | None:
        kinds = (self.misspelt, self.misspelt, self.misspelt, self.misspelt, self.moved, self.moved, self.retyped,
                 self.retyped, self.boolean, self.choice, self.action, self.twice, self.lost, self.signal, self.range,
                 self.plugin)  # fmt: skip
        return self.rng.choice(kinds)()

"""Random faults in valid files: each is reported at its exact line and column, and a slip of the fingers is understood.

The oracle is the writer of the files, which knows where it put what; see `mutations`. Rates are printed (`pytest -s`).
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui import config, workspace
from lifecycle_tui.config.explain import explained
from lifecycle_tui.domain.problems import Place, Problem
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from tests.config.mutation_corpus import CORPUS, MAIN, files_of
from tests.config.mutations import Maker, Mutant
from tests.config.toml_writer import Path as Keys
from tests.config.toml_writer import write

COUNTS = [pytest.param(80), pytest.param(10_000, marks=pytest.mark.slow)]
SIGNS = (b'"', b"'", b"[", b"{", b"\n", b"=", b"\\", b"\xff", b"]]", b'"""', b"#", b".")


@dataclass
class Tally:
    """What came of the mutants."""

    made: int = 0
    exact: int = 0
    slips: int = 0
    understood: int = 0
    alone: int = 0
    missed: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.made} mutants: {self.exact / self.made:.2%} at the exact line and column; of {self.slips} misspelt "
            f"keys {self.understood / max(1, self.slips):.2%} understood; {self.alone / self.made:.2%} without a "
            f"second error ({', '.join(f'{kind} {n}' for kind, n in sorted(self.kinds.items()))})"
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "plugins").mkdir()
    return tmp_path


def put(root: Path, texts: dict[str, str]) -> Path:
    for old in (root / "models").iterdir():
        old.unlink()
    for name, text in texts.items():
        (root / name).write_bytes(text.encode())
    return root / MAIN


def known(root: Path) -> Callable[[Keys], tuple[str, ...]]:
    """The keys that are valid in a table, options of all plugins included where it may have some."""
    options = tuple(o.name for info in PluginCatalog.open(root).rows for o in info.options)
    open_tables = {"detectors", "strategy", "deployer", "notifiers", "data"}
    return lambda path: config.known_keys(path) + (options if open_tables & set(path) else ())


def judge(tally: Tally, mutant: Mutant, problems: tuple[Problem, ...]) -> None:
    tally.made += 1
    tally.kinds[mutant.what.split()[0].lstrip("(")] += 1
    there = [
        p for p in problems
        if p.place and p.place.file == mutant.file and (p.place.line, p.place.column) in mutant.spots
    ]  # fmt: skip
    errors = [p for p in problems if p.level == "error"]
    if there and (not mutant.codes or any(p.code in mutant.codes for p in there)):
        tally.exact += 1
    else:
        tally.missed.append(
            f"{mutant.what}: {mutant.file} {mutant.spots}, not {[(p.code, str(p.place)) for p in errors]}"
        )
    tally.alone += len(errors) == 1 or mutant.what.startswith("moved")
    hints = [p.hint or "" for p in there]
    if mutant.word is not None:
        tally.slips += 1
        tally.understood += f'did you mean "{mutant.word}"?' in hints
    if mutant.hint is not None and not any(mutant.hint in hint for hint in hints):
        tally.missed.append(f"{mutant.what}: {mutant.hint} is not in {hints}")


def test_what_is_mutated_is_valid_and_has_every_key(place: Path) -> None:
    written: set[str] = set()
    for number in range(len(CORPUS)):
        rng = random.Random(number)
        texts = {name: write(tree, rng) for name, tree in files_of(number).items()}
        problems = workspace.check(put(place, {name: one.text for name, one in texts.items()}))
        assert not [p for p in problems if p.level == "error"]
        written |= {str(path[-1]) for one in texts.values() for path in one.keys}
    from lifecycle_tui.config.schema import FileTable
    from lifecycle_tui.config.shape import homes

    assert set(homes(FileTable)) - {"defaults"} <= written


@pytest.mark.parametrize("count", COUNTS)
def test_faults_are_reported_where_they_are(place: Path, count: int) -> None:
    tally, keys, seeds = Tally(), known(place), itertools.count()
    sees: set[str] = set()
    while tally.made < count:
        mutant = Maker(next(seeds), keys).make()
        if mutant is not None:
            problems = workspace.check(put(place, mutant.texts))
            judge(tally, mutant, problems)
            sees.update(problem.see for problem in problems if problem.level == "error")
    print(f"\n{tally}")
    assert tally.exact >= 0.995 * tally.made, tally.missed[:10]
    assert tally.understood >= 0.95 * tally.slips
    assert tally.alone >= 0.99 * tally.made
    assert len(tally.missed) <= 0.01 * tally.made, tally.missed[:10]
    plugins = PluginCatalog.open(place)
    for see in sees:
        if see.startswith("lifecycle config explain "):
            assert explained(see.rpartition(" ")[2], plugins), see


def plain(value: Any) -> Any:
    """A spec without places and digests, its models, rules and notifiers by name."""
    if isinstance(value, Place):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if f.name not in ("digest", "files")
        }
    if isinstance(value, tuple) and value and hasattr(value[0], "name"):
        return {item.name: plain(item) for item in value}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("count", [pytest.param(24), pytest.param(1500, marks=pytest.mark.slow)])
def test_the_order_of_keys_and_the_style_mean_nothing(place: Path, count: int) -> None:
    first: dict[int, Any] = {}
    for seed in range(count):
        spec, problems = config.check(put(place, Maker(seed, config.known_keys).reordered()))
        assert spec is not None, (seed, problems)
        assert plain(spec) == first.setdefault(seed % len(CORPUS), plain(spec)), seed


@pytest.mark.parametrize("count", [pytest.param(60), pytest.param(1000, marks=pytest.mark.slow)])
def test_files_that_are_cut_or_scrambled_break_nothing(place: Path, count: int) -> None:
    """Bytes lost, added and changed anywhere: there may be problems, and each has a place in a file."""
    for seed in range(count):
        rng = random.Random(seed)
        texts = Maker(seed, config.known_keys).reordered()
        name = rng.choice(list(texts))
        data = bytearray(texts[name].encode())
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data))
            change = rng.randrange(4)
            if change == 0:
                del data[at : at + rng.randrange(1, 20)]
            elif change == 1:
                data[at:at] = rng.choice(
                    [b'"', b"'", b"[", b"{", b"\n", b"=", b"\\", b"\xff", b"]]", b'"""', b"#", b"."]
                )
            elif change == 2:
                data[at] = rng.randrange(256)
            else:
                del data[at:]
            if not data:
                break
        put(place, texts)
        (place / name).write_bytes(bytes(data))
        for problem in workspace.check(place / MAIN):
            assert problem.place is not None and problem.place.line >= 1 and problem.place.column >= 1
            lines = (place / problem.place.file).read_bytes().decode("utf-8-sig", "replace").split("\n")
            assert problem.place.line <= len(lines), (seed, problem)
            assert problem.place.column <= len(lines[problem.place.line - 1]) + 1, (seed, problem)
            assert problem.see

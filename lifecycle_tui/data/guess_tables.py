"""Looks at the tables that `init` was pointed at, and says which is which: one wide table, or features, predictions
and labels that share a key. Called by `guess` and `lifecycle init`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle_tui.data.guess_roles import facts_of, guess_prediction, guess_score, named_like_id, target_points
from lifecycle_tui.domain.errors import DataError, UsageError
from lifecycle_tui.domain.guesses import TableGuess, TableRole
from lifecycle_tui.domain.protocols import Source

MOST_ROWS = 500_000
MOST_FRAGMENTS = 200

_REFERENCE = {"reference", "ref", "train", "training", "baseline", "old", "before"}
_LABEL_WORDS = ("label", "truth", "outcome", "target", "actual", "chargeback", "feedback")


@dataclass(frozen=True)
class Looked:
    """A table that was looked at.

    Attributes:
        location: as the source was opened: absolute path, folder or glob.
        table: its rows, or where they are too many, the first ones of each piece.
        whole: whether those are all rows.
        files: rows of each file, in order of their names (only complete where `whole`).
        partitions, values: names of the Hive partition columns, and the first one's values, sorted.
        total: rows that it has, where that is known without reading them.
        nameless: whether a column was left out because it has no name.
    """

    source: Source
    location: str
    table: pa.Table
    whole: bool
    files: tuple[int, ...] = ()
    partitions: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    total: int | None = None
    nameless: bool = False

    @property
    def rows(self) -> int:
        return self.table.num_rows

    @property
    def called_reference(self) -> bool:
        """Whether its name says that it is what others are compared with."""
        return bool(self.words & _REFERENCE)

    @property
    def words(self) -> set[str]:
        """The words of its file or folder name, in small letters."""
        stem = PurePath(self.location).name.lower().split(".")[0]
        return set(stem.replace("-", "_").replace(" ", "_").split("_"))


def look(source: Source, location: str, *, most: int = MOST_ROWS) -> Looked:
    """Read a table, or where it has more than `most` rows, a part of each of its pieces.

    Raises:
        DataError: if it cannot be read or has no rows.
    """
    fragments = source.fragments()
    chosen = fragments
    if len(fragments) > MOST_FRAGMENTS:
        chosen = [fragments[i] for i in np.linspace(0, len(fragments) - 1, MOST_FRAGMENTS).astype(int)]
    share = max(1, most // max(1, len(chosen)))
    if sum(f.rows if f.rows is not None else most + 1 for f in fragments) <= most or len(chosen) == 1:
        share = most
    pieces: list[pa.Table] = []
    whole = len(chosen) == len(fragments)
    by_file: dict[str, int] = {}
    for fragment in chosen:
        rows = 0
        for batch in source.read(fragment):
            pieces.append(pa.Table.from_batches([batch.data.slice(0, share - rows)]))
            whole = whole and rows + batch.data.num_rows <= share
            rows = min(share, rows + batch.data.num_rows)
            if rows >= share and not whole:
                break
        by_file[fragment.path] = by_file.get(fragment.path, 0) + rows
    table = _concat(pieces)
    blank = [name for name in table.column_names if not name.strip()]
    table = table.drop_columns(blank)
    if not table.num_rows:
        raise DataError(f"{location} has no rows", hint="init learns from rows: point it at a file that has some")
    names = list(dict.fromkeys(name for f in fragments for name in f.partitions))
    values = sorted({f.partitions[names[0]] for f in fragments if names[0] in f.partitions}) if names else []
    files = tuple(by_file[path] for path in sorted(by_file))
    known = [f.rows for f in fragments if f.rows is not None]
    total = table.num_rows if whole else sum(known) if len(known) == len(fragments) else None
    return Looked(source, location, table, whole, files, tuple(names), tuple(values), total, bool(blank))


def read_columns(source: Source, columns: Sequence[str]) -> pa.Table:
    """A few columns of all rows."""
    return _concat(
        [pa.Table.from_batches([batch.data]) for f in source.fragments() for batch in source.read(f, list(columns))]
    ).select(list(columns))


def _concat(pieces: Sequence[pa.Table]) -> pa.Table:
    """One table; a column that has different types in its pieces becomes the wider number, or text."""
    if not pieces:
        return pa.table({})
    plain = [_plain(piece) for piece in pieces]
    try:
        return pa.concat_tables(plain, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        types: dict[str, set[pa.DataType]] = {}
        for piece in plain:
            for f in piece.schema:
                types.setdefault(f.name, set()).add(f.type)
        mixed = {name for name, found in types.items() if not all(_is_number(t) for t in found) and len(found) > 1}
        return pa.concat_tables([_as_text(piece, mixed) for piece in plain], promote_options="permissive")


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionaries, whose differing codes cannot be put end to end."""
    for i, f in enumerate(table.schema):
        if pa.types.is_dictionary(f.type):
            table = table.set_column(i, f.name, table.column(i).cast(f.type.value_type))
    return table


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)


def _as_text(table: pa.Table, names: set[str]) -> pa.Table:
    for i, f in enumerate(table.schema):
        if f.name in names and not pa.types.is_null(f.type):
            table = table.set_column(i, f.name, table.column(i).cast(pa.string()))
    return table


# --- which table is which ---------------------------------------------------------------------------------


def same_columns(looked: Sequence[Looked]) -> bool:
    """Whether these are pieces of one table rather than tables that complete each other."""
    return all(
        len(set(a.table.column_names) & set(b.table.column_names))
        >= 0.8 * max(len(a.table.column_names), len(b.table.column_names))
        for a, b in pairwise(looked)
    )


def assign_roles(looked: Sequence[Looked]) -> tuple[TableGuess, ...]:
    """The part of each table, in the order given.

    Raises:
        UsageError: if they do not fit together.
    """
    if len(looked) == 1:
        return (_guess("table", looked[0], None, ""),)
    if same_columns(looked):
        return _reference_and_current(looked)
    if len(looked) > 3:
        raise UsageError("more than three tables", hint="a model has at most features, predictions and labels")
    key = _shared_key(looked)
    scored = [i for i, one in enumerate(looked) if _scored(one, key)]
    if len(scored) > 1:
        names = " and ".join(PurePath(looked[i].location).name for i in scored)
        raise UsageError(f"{names} both hold predictions", hint="point init at one table of predictions")
    parts: dict[int, tuple[TableRole, str]] = {}
    if scored:
        parts[scored[0]] = ("predictions", "it holds the predictions")
    rest = [i for i in range(len(looked)) if i not in parts]
    labels = _labels_among([looked[i] for i in rest], key, needed=len(rest) > 1)
    if labels is not None:
        parts[rest.pop(labels)] = ("labels", "it holds the labels")
    for i in rest:
        parts[i] = ("features", "it holds the features")
    if [role for role, _ in parts.values()].count("features") > 1:
        raise UsageError(
            "cannot tell which of the tables holds the labels", hint="call the file labels.…, or join them"
        )
    return tuple(_guess(parts[i][0], one, key, parts[i][1]) for i, one in enumerate(looked))


def _guess(role: TableRole, one: Looked, on: str | None, reason: str) -> TableGuess:
    partition = one.partitions[0] if one.partitions else None
    return TableGuess(role, one.location, on=on, partition=partition, reason=reason)


def _reference_and_current(looked: Sequence[Looked]) -> tuple[TableGuess, ...]:
    old = [i for i, one in enumerate(looked) if one.called_reference]
    if len(looked) == 2 and len(old) == 1:
        return tuple(
            _guess("reference", one, None, "named like a reference") if i in old else _guess("table", one, None, "")
            for i, one in enumerate(looked)
        )
    raise UsageError(
        "these files have the same columns: they are pieces of one table",
        hint='put them into a folder of their own, or quote a pattern: lifecycle init "data/*.csv"',
    )


def _shared_key(looked: Sequence[Looked]) -> str:
    """The column that all tables share and that tells rows apart in one of them at least."""
    shared = [c for c in looked[0].table.column_names if all(c in one.table.column_names for one in looked[1:])]
    good = []
    for name in shared:
        distinct = [len(pc.unique(one.table[name])) for one in looked]
        unique = any(d == one.rows for d, one in zip(distinct, looked, strict=True))
        if unique and (named_like_id(name) or min(d / one.rows for d, one in zip(distinct, looked, strict=True)) > 0.5):
            good.append(name)
    good.sort(key=lambda name: not named_like_id(name))
    if good:
        return good[0]
    names = ", ".join(PurePath(one.location).name for one in looked)
    raise UsageError(
        f"{names} share no column that joins their rows" + (f" (they share {', '.join(shared)})" if shared else ""),
        hint="the tables of one model need a key column of the same name, different in every row",
    )


def _scored(one: Looked, key: str) -> bool:
    facts = [f for f in facts_of(one.table).values() if f.name != key]
    return bool(guess_score(facts) or guess_prediction(facts))


def _labels_among(looked: Sequence[Looked], key: str, *, needed: bool) -> int | None:
    """Which of the tables holds the labels: by its file's name, else by its columns; None if none looks like it."""
    best: tuple[float, int] | None = None
    for i, one in enumerate(looked):
        columns = [c for c in one.table.column_names if c != key]
        named = any(word.startswith(part) for word in one.words for part in _LABEL_WORDS)
        points = 100 * named + max((target_points(c) for c in columns), default=0) - 5 * len(columns)
        if (named or needed or (points > 20 and len(columns) <= 5)) and (best is None or points > best[0]):
            best = (points, i)
    return best[1] if best else None


# --- the tables as one ------------------------------------------------------------------------------------


def joined(by_role: Mapping[TableRole, Looked], key: str | None) -> pa.Table:
    """All columns side by side, for the rows of the predictions (else the features, else the one table)."""
    main = by_role.get("predictions") or by_role.get("table") or by_role["features"]
    whole = main.table
    others: tuple[TableRole, ...] = ("features", "labels")
    for role in others:
        other = by_role.get(role)
        if other is None or other is main or key is None:
            continue
        places = _places(whole[key], other.table[key])
        for name in other.table.column_names:
            if name not in whole.column_names:
                whole = whole.append_column(name, pc.take(other.table[name], places))
    return whole


def _places(keys: pa.ChunkedArray, among: pa.ChunkedArray) -> pa.ChunkedArray:
    """For each key its row in `among`, null where it has none."""
    if keys.type != among.type:
        keys, among = keys.cast(pa.string()), among.cast(pa.string())
    return pc.index_in(keys, value_set=among.combine_chunks())


@dataclass(frozen=True, slots=True)
class LabelHabits:
    """How labels come: whole days after their rows, what a missing one means, and the sentence about it."""

    delay: int | None = None
    absent: int | bool | None = None
    reason: str = ""


def label_habits(
    main: Looked, labels: Looked, key: str, target: str, times: NDArray | None, arrived: NDArray | None
) -> LabelHabits:
    """What can be seen of when labels come and what none means.

    Args:
        times: (rows of main,) datetime64[us] of the rows, or None.
        arrived: (rows of labels,) datetime64[us] at which the labels came, or None.
    """
    places = _places(labels.table[key], main.table[key]).to_numpy()
    met = np.isfinite(places.astype(np.float64))
    delay = None
    if times is not None and arrived is not None and met.any():
        waited = (arrived[met] - times[places[met].astype(np.int64)]).astype(np.int64) / 86_400_000_000
        waited = waited[np.abs(waited) < 36500]
        delay = max(1, int(np.ceil(np.quantile(waited, 0.99)))) if len(waited) else None
    values = pc.unique(labels.table[target].drop_null()).to_pylist()
    # Only events are booked: the table has one label, "it happened", and rows for few of the predictions.
    if len(values) != 1 or labels.rows >= 0.9 * main.rows or values[0] not in (1, True):
        return LabelHabits(delay)
    absent = False if isinstance(values[0], bool) else 0
    after = f"{delay} days" if delay else "some days (set `delay`)"
    text = str(absent).lower()
    return LabelHabits(delay, absent, f"every label is {values[0]}: a row without one after {after} is read as {text}")

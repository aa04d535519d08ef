"""What a team's tables are: roles of tables and columns, task, windows and reference, each with its reason.

Called by `lifecycle init`, which writes the guess down (`config.draft`). Reads through the Source protocol. Tables that
are too large to be held are looked at in part; the guess then says of how many rows it speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from lifecycle_tui.data.guess_columns import ignored_columns
from lifecycle_tui.data.guess_roles import (
    Choice,
    Facts,
    facts_of,
    guess_class_scores,
    guess_id,
    guess_positive,
    guess_prediction,
    guess_score,
    guess_target,
    guess_task,
    guess_version,
    target_points,
)
from lifecycle_tui.data.guess_tables import Looked, assign_roles, joined, label_habits, read_columns
from lifecycle_tui.data.guess_times import (
    Instants,
    TimeGuess,
    guess_counts,
    guess_reference,
    guess_window,
    time_guesses,
)
from lifecycle_tui.data.kinds import infer_kinds
from lifecycle_tui.data.times import parse_times
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.guesses import ModelGuess, ReferenceGuess, TableGuess, TableRole
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ColumnsSpec, Task, TimestampSpec

_SAID = "you said so"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person has said already; it is taken, never guessed over.

    Attributes:
        time: column, or several that are joined by a space.
        until: end of the reference; a date includes its day.
    """

    target: str | None = None
    time: tuple[str, ...] = ()
    task: Task | None = None
    until: date | datetime | None = None
    window: str | None = None


@dataclass
class _Notes:
    """Reasons and doubts as they come up."""

    reasons: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def take(self, role: str, choice: Choice | None) -> str | None:
        """Note why a column was chosen, and return it."""
        if choice is None:
            return None
        self.reasons[role] = choice.reason
        if not choice.sure:
            self.doubts.append(f'{role} = "{choice.column}": {choice.reason}')
        return choice.column


def guess_model(looked: Sequence[Looked], wishes: Wishes) -> ModelGuess:
    """Everything that is needed to draft a model over these tables.

    Args:
        looked: one to three tables, as `guess_tables.look` read them.

    Raises:
        UsageError: if the tables cannot be one model's, or a column that was asked for is not there.
    """
    tables = assign_roles(looked)
    by_role = {guess.role: one for guess, one in zip(tables, looked, strict=True)}
    key = next((guess.on for guess in tables if guess.on), None)
    main = by_role.get("table") or by_role.get("predictions") or by_role["features"]
    whole = joined(by_role, key)
    facts = facts_of(whole)
    _known(facts, [*([wishes.target] if wishes.target else []), *wishes.time])
    notes = _Notes()
    times = _times(main, wishes)
    spec = _timestamp(times, notes)
    columns = _roles(facts, key, by_role, wishes, spec, notes)
    task, notes.reasons["task"] = _task(facts, columns, wishes)
    columns = _classes(columns, facts, task, notes)
    instants = _instants(main, spec)
    window, reference = _windows(main, instants, by_role.get("reference"), wishes, notes)
    booked = time_guesses(by_role["labels"].table) if "labels" in by_role else []
    spare = {c for g in [*times[1:], *booked] for c in g.spec.columns}
    # What else stands beside the labels came after the row: never a feature, and no need to say so.
    late = set(by_role["labels"].table.column_names) - set(main.table.column_names) if "labels" in by_role else set()
    features = whole.drop_columns(sorted(late & set(whole.column_names) - columns.roles()))
    said, drops = ignored_columns(
        features, facts, columns, task, spare=spare, partitions=main.partitions, instants=_aligned(whole, spec)
    )
    notes.doubts.extend(said)
    ignore = tuple(name for group in drops for name in group.columns)
    parts = _parts_of_day(spec, facts)
    columns = replace(columns, ignore=ignore, kinds={**_kinds(features, columns, ignore), **parts})
    if parts:
        notes.doubts.append(f"{' and '.join(parts)}: part of the time, and kept as a feature, for it comes round again")
    if any(one.nameless for one in looked):
        notes.doubts.append("a column has no name: the file cannot speak of it, so give it one")
    if not columns.kinds:
        notes.doubts.append("no feature is left: look at `ignore`")
    return ModelGuess(
        tables=_with_labels(tables, by_role, key, columns, booked[0].spec if booked else None, notes),
        rows=whole.num_rows,
        whole=all(one.whole for one in looked),
        task=task,
        columns=columns,
        window=window,
        reference=reference,
        ignored=drops,
        reasons=notes.reasons,
        doubts=tuple(notes.doubts),
    )


def _known(facts: Mapping[str, Facts], names: Sequence[str]) -> None:
    from difflib import get_close_matches

    for name in names:
        if name not in facts:
            near = get_close_matches(name, facts, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"the columns are {', '.join(facts)}"
            raise UsageError(f'there is no column "{name}"', hint=hint)


def _parts_of_day(spec: TimestampSpec | None, facts: Mapping[str, Facts]) -> dict[str, ColumnKind]:
    """Columns that the timestamp is made from and that come round again, such as the hour: a model learns from them."""
    names = spec.columns if spec and len(spec.columns) > 1 else ()
    return {n: "numeric" for n in names if n in facts and facts[n].kind != "time" and 1 < facts[n].distinct <= 60}


# --- time -------------------------------------------------------------------------------------------------


def _times(main: Looked, wishes: Wishes) -> list[TimeGuess]:
    found = time_guesses(main.table)
    if not wishes.time:
        return found
    table = main.table.select([name for name in wishes.time if name in main.table.column_names])
    mine = [g for g in found if g.spec.columns == wishes.time] or time_guesses(table)
    if len(wishes.time) == 1:
        mine = mine or [g for g in found if wishes.time[0] in g.spec.columns]
    if not mine or not set(wishes.time) <= set(mine[0].spec.columns):
        raise UsageError(
            f"cannot read {' and '.join(wishes.time)} as times",
            hint="leave --time out and write `timestamp = { from = […], format = … }` into the file",
        )
    rest = [g for g in found if not set(g.spec.columns) & set(mine[0].spec.columns)]
    return [replace(mine[0], reason=f"{_SAID}; {mine[0].reason}"), *rest]


def _timestamp(times: Sequence[TimeGuess], notes: _Notes) -> TimestampSpec | None:
    if not times:
        return None
    notes.reasons["timestamp"] = times[0].reason
    if times[0].doubt:
        notes.doubts.append(times[0].doubt)
    return times[0].spec


def _instants(main: Looked, spec: TimestampSpec | None) -> Instants | None:
    """The times of all rows, in no order, without those that cannot be read; None where there are no times."""
    if spec is None:
        return None
    table = main.table if main.whole else read_columns(main.source, spec.columns)
    instants = _parse(table, spec)
    instants = instants[~np.isnat(instants)]
    return instants if len(instants) else None


def _aligned(table: pa.Table, spec: TimestampSpec | None) -> Instants | None:
    return _parse(table, spec) if spec else None


def _parse(table: pa.Table, spec: TimestampSpec) -> Instants:
    times = parse_times([table[name] for name in spec.columns], spec)
    return times.values.astype(np.int64).astype("datetime64[us]")


def _windows(
    main: Looked, instants: Instants | None, own: Looked | None, wishes: Wishes, notes: _Notes
) -> tuple[str, ReferenceGuess]:
    """Window and reference, with their reasons noted; an empty reference where `own` data is the reference."""
    if instants is None and wishes.until is not None:
        raise UsageError("--reference-until needs a time column, and none was found", hint="name it with --time COLUMN")
    window, reference, why = _by_time(instants, wishes.window) or _without_time(main)
    notes.reasons["window"] = why[0]
    notes.reasons["reference"] = why[1]
    if wishes.window:
        window, notes.reasons["window"] = wishes.window, _SAID
    if own is not None:
        reference, notes.reasons["reference"] = ReferenceGuess(), "the table that is named like one"
    elif wishes.until is not None:
        reference, notes.reasons["reference"] = ReferenceGuess(until=wishes.until), _SAID
    return window, reference


def _by_time(instants: Instants | None, wished: str | None) -> tuple[str, ReferenceGuess, tuple[str, str]] | None:
    found = guess_window(instants) if instants is not None else None
    if found is None or instants is None:
        return None
    window, why = found
    by_clock = wished is not None and not wished.startswith(("partition", "file")) and "row" not in wished
    reference, because = guess_reference(instants, wished if wished and by_clock else window)
    return window, reference, (why, because)


def _without_time(main: Looked) -> tuple[str, ReferenceGuess, tuple[str, str]]:
    if main.partitions and len(main.values) > 1:
        half = main.values[: max(1, len(main.values) // 2)]
        why = (f"no timestamps, but {len(main.values)} partitions by {main.partitions[0]}", "the first half of them")
        return "partition", ReferenceGuess(partitions=half), why
    if len(main.files) > 1 and main.whole:
        half_rows = sum(main.files[: len(main.files) // 2])
        why = (f"no timestamps, but {len(main.files)} files", "the rows of the first half of the files, by name")
        return "file", ReferenceGuess(rows=half_rows), why
    window, reference, because = guess_counts(main.total or main.rows)
    return window, reference, ("no timestamps: so many rows, in the order of the file", because)


# --- roles ------------------------------------------------------------------------------------------------


def _roles(
    facts: Mapping[str, Facts],
    key: str | None,
    by_role: Mapping[TableRole, Looked],
    wishes: Wishes,
    spec: TimestampSpec | None,
    notes: _Notes,
) -> ColumnsSpec:
    taken = {*(spec.columns if spec else ()), *([key] if key else [])}
    free = [f for f in facts.values() if f.name not in taken and f.name != wishes.target]
    score = notes.take("score", guess_score(free))
    prediction = notes.take("prediction", guess_prediction(free, without=[score] if score else []))
    scored = bool(score or prediction)
    version = notes.take("version", guess_version(free) if scored else None)
    taken |= {c for c in (score, prediction, version, key) if c}
    choice = Choice(wishes.target, _SAID) if wishes.target else _target(facts, taken, by_role, last=not scored)
    target = notes.take("target", choice)
    taken |= {target} if target else set()
    if key:
        notes.reasons["id"] = "it joins the tables"
    ident = key or notes.take("id", guess_id(f for f in facts.values() if f.name not in taken))
    return ColumnsSpec(id=ident, timestamp=spec, version=version, target=target, prediction=prediction, score=score)


def _target(
    facts: Mapping[str, Facts], taken: set[str], by_role: Mapping[TableRole, Looked], *, last: bool
) -> Choice | None:
    """The target: from the labels' own table where there is one."""
    pool = [f for f in facts.values() if f.name not in taken]
    labels = by_role.get("labels")
    if labels is None:
        return guess_target(pool, last_resort=last)
    own = [f for f in pool if f.name in labels.table.column_names and f.kind != "time"]
    named = sorted((f for f in own if target_points(f.name)), key=lambda f: -target_points(f.name))
    if len(own) == 1:
        return Choice(own[0].name, "the only column of the labels that is no key and no time")
    if named:
        return Choice(named[0].name, "a column of the labels, named like a target", len(named) == 1)
    return Choice(own[0].name, "the first column of the labels", False) if own else None


def _task(facts: Mapping[str, Facts], columns: ColumnsSpec, wishes: Wishes) -> tuple[Task, str]:
    if wishes.task:
        return wishes.task, _SAID
    score = Choice(columns.score, "") if isinstance(columns.score, str) else None
    target = facts.get(columns.target or "")
    if target is not None and target.distinct == 1 and score:
        return "binary", f"{columns.score} is a score, and every label is {target.labels[0][0]}"
    return guess_task(target, score, facts.get(columns.prediction or ""))


def _classes(columns: ColumnsSpec, facts: Mapping[str, Facts], task: Task, notes: _Notes) -> ColumnsSpec:
    """What only classes have: the positive label, or one score a class. A number's score is its prediction."""
    target = facts.get(columns.target or "")
    if task == "regression" and isinstance(columns.score, str) and columns.prediction is None:
        notes.reasons["prediction"] = notes.reasons.pop("score")
        return replace(columns, score=None, prediction=columns.score)
    if task == "multiclass" and target is not None:
        taken = replace(columns, score=None).roles()
        free = {name: f for name, f in facts.items() if name not in taken}
        scores = guess_class_scores(free, [label for label, _ in target.labels])
        if scores:
            notes.reasons["score"] = "one score for each label"
            return replace(columns, score=scores)
    if task == "binary" and target is not None and target.labels:
        label, reason = guess_positive(target)
        if label.lower() in ("nan", "inf", "-inf"):
            return columns  # a table that odd has no event that could be guessed
        notes.reasons["positive"] = reason
        return replace(columns, positive=_typed(label, target))
    return columns


def _typed(label: str, facts: Facts) -> str | int | float | bool:
    """A label as TOML would write a value of its column."""
    if facts.kind == "boolean":
        return label == "true"
    if facts.kind == "integer":
        return int(label)
    return float(label) if facts.kind == "number" else label


def _kinds(table: pa.Table, columns: ColumnsSpec, ignore: Sequence[str]) -> dict[str, ColumnKind]:
    barred = columns.roles() | set(ignore)
    features = [name for name in table.column_names if name not in barred]
    kinds = infer_kinds(table.select(features)) if features else {}
    return {name: kinds[name] for name in features if kinds.get(name) in ("numeric", "categorical", "text")}


def _with_labels(
    tables: Sequence[TableGuess],
    by_role: Mapping[TableRole, Looked],
    key: str | None,
    columns: ColumnsSpec,
    arrived: TimestampSpec | None,
    notes: _Notes,
) -> tuple[TableGuess, ...]:
    """The tables, with what is known about when labels come."""
    if "labels" not in by_role or columns.target is None or key is None:
        return tuple(tables)
    main, labels = by_role.get("predictions") or by_role["features"], by_role["labels"]
    habits = label_habits(
        main, labels, key, columns.target, _aligned(main.table, columns.timestamp), _aligned(labels.table, arrived)
    )
    if habits.absent is not None:
        notes.doubts.append(habits.reason)
    column = arrived.columns[0] if arrived and len(arrived.columns) == 1 else None
    return tuple(
        replace(t, arrived=column, delay=habits.delay, absent=habits.absent) if t.role == "labels" else t
        for t in tables
    )

"""`columns` as written → `ColumnsSpec`; a column with two meanings is reported with both places."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lifecycle_tui.config.report import View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema_model import ColumnsSection, JoinedTimestamp
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ColumnsSpec, TimestampSpec

_KINDS: tuple[ColumnKind, ...] = ("numeric", "categorical", "text")
_OUTCOMES = ("target", "prediction", "score")


def build_columns(view: View, columns: ColumnsSection, task: str | None) -> ColumnsSpec:
    """The spec of a model's columns.

    Args:
        view: the `columns` table.
        task: the model's task, None where it is missing or wrong.
    """
    _check_roles(view, columns)
    _check_lists(view, columns)
    _check_task(view, columns, task)
    return ColumnsSpec(
        id=columns.id,
        timestamp=_timestamp(view, columns),
        version=columns.version,
        target=columns.target,
        positive=columns.positive,
        prediction=columns.prediction,
        score=columns.score,
        cutoff=columns.cutoff,
        kinds={name: kind for kind in _KINDS for name in getattr(columns, kind)},
        ignore=tuple(columns.ignore),
        protected=tuple(columns.protected),
        segments=tuple(columns.segments),
        query=columns.query,
    )


def _timestamp(view: View, columns: ColumnsSection) -> TimestampSpec | None:
    written = columns.timestamp
    if written is None or isinstance(written, str):
        return TimestampSpec((written,)) if written else None
    if written.format is not None and (fault := bad_format(written.format)):
        view.problem("value", ("timestamp", "format"), fault, hint='for example "%Y-%m-%d %H:%M:%S"')
    if isinstance(written, JoinedTimestamp):
        return TimestampSpec(tuple(written.from_), written.format)
    if written.unit is not None and written.format is not None:
        view.problem(
            "contradiction",
            ("timestamp", "format"),
            "a timestamp is a number with a unit or text with a format, not both",
            part="key",
            related=[("timestamp", "unit")],
        )
    return TimestampSpec((written.column,), written.format, written.unit)


def bad_format(text: str) -> str | None:
    """What is wrong with a strptime format, if anything."""
    try:
        datetime.strptime("", text)
    except ValueError as exc:
        if "bad directive" in str(exc):
            return f"{str(exc).split(' ')[0]} is no directive of strptime"
        if "stray" in str(exc):
            return "a % at the end is no directive of strptime"
    except Exception:  # a directive given twice ends in an error of the regular expression inside strptime
        return "a directive stands in it twice"
    return None


def _roles(columns: ColumnsSection) -> Iterator[tuple[str, KeyPath, str]]:
    """Role, where it is written, and the column that has it."""
    for role in ("id", "version", "target", "prediction", "query"):
        if name := getattr(columns, role):
            yield role, (role,), name
    if isinstance(columns.score, str):
        yield "score", ("score",), columns.score
    else:
        for label, name in (columns.score or {}).items():
            yield "score", ("score", label), name
    stamp = columns.timestamp
    if isinstance(stamp, str):
        yield "timestamp", ("timestamp",), stamp
    elif isinstance(stamp, JoinedTimestamp):
        for index, name in enumerate(stamp.from_):
            yield "timestamp", ("timestamp", "from", index), name
    elif stamp is not None:
        yield "timestamp", ("timestamp", "column"), stamp.column


def _check_roles(view: View, columns: ColumnsSection) -> None:
    """The target, the prediction and the score are columns of their own; no role is ignored."""
    seen: dict[str, tuple[str, KeyPath]] = {}
    ignored = {name: index for index, name in reversed(list(enumerate(columns.ignore)))}
    for role, path, name in _roles(columns):
        other, first = seen.setdefault(name, (role, path))
        if first != path and (role in _OUTCOMES or other in _OUTCOMES):
            view.problem("contradiction", path, f'"{name}" is {_the(other)} already', related=[first])
        if name in ignored:
            view.problem(
                "contradiction",
                ("ignore", ignored[name]),
                f'"{name}" is ignored, but it is {_the(role)}',
                hint="take it out of ignore",
                related=[path],
            )


def _the(role: str) -> str:
    return {"id": "the id", "score": "a score"}.get(role, f"the {role}")


def _check_lists(view: View, columns: ColumnsSection) -> None:
    """A column has one kind, stands once in a list, and is not ignored where something is wanted of it."""
    kinds: dict[str, KeyPath] = {}
    ignored = {name: index for index, name in reversed(list(enumerate(columns.ignore)))}
    for key in (*_KINDS, "ignore", "protected", "segments"):
        once: dict[str, int] = {}
        for index, name in enumerate(getattr(columns, key)):
            if once.setdefault(name, index) != index:
                view.problem(
                    "duplicate",
                    (key, index),
                    f'"{name}" stands twice in {key}',
                    related=[(key, once[name])],
                    level="warning",
                )
                continue
            if key in _KINDS and kinds.setdefault(name, (key, index)) != (key, index):
                other = kinds[name]
                view.problem("contradiction", (key, index), f'"{name}" is {other[0]} already', related=[other])
            if key != "ignore" and name in ignored:
                view.problem(
                    "contradiction",
                    (key, index),
                    f'"{name}" is in {key}, but it is ignored',
                    hint="take it out of one of them",
                    related=[("ignore", ignored[name])],
                )


def _check_task(view: View, columns: ColumnsSection, task: str | None) -> None:
    """Cutoffs are shares; and keys that only some tasks use are pointed out elsewhere."""
    cutoff = columns.cutoff
    if cutoff is not None and not 0 <= cutoff <= 1:
        view.problem(
            "out-of-range",
            ("cutoff",),
            f"a cutoff of {cutoff:g} is outside 0 to 1, where probabilities lie",
            hint="right only if the score is not a probability",
            level="warning",
        )
    if task is None:
        return
    for key in ("positive", "cutoff"):
        if task != "binary" and view.own(key):
            view.problem(
                "no-effect", (key,), f"{key} is for binary tasks, and this is {task}", part="key", level="warning"
            )
    if task != "ranking" and view.own("query"):
        view.problem(
            "no-effect", ("query",), f"query is for ranking tasks, and this is {task}", part="key", level="warning"
        )
    if isinstance(columns.score, dict) and task != "multiclass":
        view.problem("contradiction", ("score",), f"a score for each class is for multiclass tasks, and this is {task}")

"""Which column is the target, the prediction, the score, the id and the version, by its name and its values.

Called by `guess` (for `lifecycle init`). Names decide first, values confirm or refuse; every choice comes with the
sentence that says why it was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle_tui.domain.specs import Task

MOST_CLASSES = 50
SHOWN = 4

_TARGETS = {
    **dict.fromkeys(("target", "label", "labels", "y", "y_true", "ground_truth", "truth", "actual", "actuals"), 100),
    **dict.fromkeys(("class", "outcome", "response", "observed", "dependent"), 90),
    **dict.fromkeys(("cnt", "count", "churn", "churned", "fraud", "default", "defaulted", "converted", "clicked"), 60),
    **dict.fromkeys(("conversion", "click", "survived", "purchased", "bought", "cancelled", "returned", "rating"), 60),
    **dict.fromkeys(("price", "sales", "demand", "revenue", "quality", "credit", "medv", "diagnosis", "species"), 50),
}
_TARGET_PARTS = ((re.compile(r"(^|_)(target|label)(_|$)"), 80), (re.compile(r"^(is|has|was|will|did)_"), 40))
_PREDICTIONS = re.compile(r"^(y_?)?(pred|preds|predicted|prediction|predictions|hat|yhat|forecast|estimate)$|^y_?hat$")
_PREDICTION_PARTS = re.compile(r"(^|_)(pred|predicted|prediction|forecast|yhat)(_|$)")
_SCORES = re.compile(r"^(y_)?(score|scores|proba|prob|probability|p)$")
_SCORE_PARTS = re.compile(r"(^|_)(score|proba|prob|probability|likelihood)(_|$)|^p_")
_VERSIONS = re.compile(r"^(model_?version|version|model_?id|model_?name|model|variant|champion)$")
_IDS = re.compile(r"(^|_)(id|uuid|guid|key|ids|no|nr|number|ref)$|^(id|uuid|guid)_|[a-z](Id|ID|Key)$")
_POSITIVE = ("1", "true", "yes", "y", "positive", "pos", "t")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column.

    Attributes:
        kind: "number", "integer", "boolean", "text", "time" or "other".
        rows, missing, distinct: counts; `distinct` without the missing.
        low, high: ends of a number column.
        labels: the commonest values as text, with counts, commonest first (all of them up to `MOST_CLASSES`).
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    labels: tuple[tuple[str, int], ...] = ()

    @property
    def constant(self) -> bool:
        return self.distinct <= 1

    @property
    def unique(self) -> bool:
        """Every row has a value of its own."""
        return self.rows > 1 and self.missing == 0 and self.distinct == self.rows


@dataclass(frozen=True, slots=True)
class Choice:
    """A column for a role, the reason, and whether a person should look at it."""

    column: str
    reason: str
    sure: bool = True


def facts_of(table: pa.Table) -> dict[str, Facts]:
    """Facts of every column."""
    return {name: _facts(name, table[name]) for name in table.column_names}


def _facts(name: str, column: pa.ChunkedArray) -> Facts:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
        kind = column.type
    nested = pa.types.is_nested(kind) or pa.types.is_null(kind)
    counts = pc.value_counts(pa.array([], pa.string()) if nested else column.drop_null())
    distinct = len(counts)
    word, low, high = "other", None, None
    if pa.types.is_boolean(kind):
        word = "boolean"
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        ends = pc.min_max(column).as_py()
        low, high = ends["min"], ends["max"]
        whole = pa.types.is_integer(kind) or (distinct > 0 and _all_whole(counts.field("values")))
        word = "integer" if whole else "number"
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        word = "text"
    elif pa.types.is_temporal(kind):
        word = "time"
    labels: list[tuple[str, int]] = []
    if distinct <= MOST_CLASSES:
        labels = [(label_of(row["values"]), row["counts"]) for row in counts.to_pylist()]
        labels.sort(key=lambda item: (-item[1], item[0]))
    return Facts(name, word, len(column), column.null_count, distinct, low, high, tuple(labels))


def _all_whole(values: pa.Array) -> bool:
    finite = values.filter(pc.is_finite(values))
    return len(finite) > 0 and bool(pc.all(pc.equal(pc.floor(finite), finite)).as_py())


def label_of(value: object) -> str:
    """A category's label: true/false, `7` for 7 and 7.0, else the text (the same everywhere in the program)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


# --- the roles --------------------------------------------------------------------------------------------


def guess_score(facts: Iterable[Facts]) -> Choice | None:
    """The column that holds a probability (or another score), by name; `p_…` and `…_score` must lie in 0..1."""
    best: tuple[int, Choice] | None = None
    for f in facts:
        lower = f.name.lower()
        if f.kind not in ("number", "integer") or f.low is None or f.high is None:
            continue
        inside = f.low >= 0 and f.high <= 1
        points = 0
        if _SCORES.search(lower):
            points = 100 if inside else 60
        elif _SCORE_PARTS.search(lower) and inside and f.kind == "number":
            points = 80
        elif (_PREDICTIONS.search(lower) or _PREDICTION_PARTS.search(lower)) and inside and f.kind == "number":
            points = 50
        if points and (best is None or points > best[0]):
            where = "its values lie in 0 to 1" if inside else "no other column is one"
            best = (points, Choice(f.name, f"named like a score, and {where}", inside))
    return best[1] if best else None


def guess_prediction(facts: Iterable[Facts], *, without: Iterable[str] = ()) -> Choice | None:
    """The column that holds what the model said, by name."""
    barred = set(without)
    exact = [f for f in facts if f.name not in barred and _PREDICTIONS.search(f.name.lower())]
    parts = [f for f in facts if f.name not in barred and _PREDICTION_PARTS.search(f.name.lower())]
    found = exact or parts
    return Choice(found[0].name, "named like a prediction", len(found) == 1) if found else None


def guess_version(facts: Iterable[Facts]) -> Choice | None:
    """The column that names the version which scored the row: a telling name and few values."""
    for f in facts:
        if _VERSIONS.search(f.name.lower()) and 0 < f.distinct <= MOST_CLASSES and f.distinct < max(2, f.rows):
            values = ", ".join(label for label, _ in f.labels[:SHOWN])
            return Choice(f.name, f"named like a version, with {f.distinct} of them: {values}")
    return None


def named_like_id(name: str) -> bool:
    """Whether a column's name says that it identifies something."""
    return bool(_IDS.search(name) or _IDS.search(name.lower()))


def guess_id(facts: Iterable[Facts]) -> Choice | None:
    """The column that identifies the row: named so, and different in every row."""
    for f in facts:
        if named_like_id(f.name) and f.unique and f.kind in ("integer", "text"):
            return Choice(f.name, "named like an id, and different in every row")
    return None


def guess_target(facts: Sequence[Facts], *, last_resort: bool = True) -> Choice | None:
    """The column to be predicted: by name; else, where `last_resort`, the last one that can be a target."""
    scored: list[tuple[float, Facts, bool]] = []
    for place, f in enumerate(facts):
        points = target_points(f.name)
        if points and not f.constant and f.kind != "time" and not (f.kind == "text" and f.distinct > MOST_CLASSES):
            # Of several that could be meant, the last is likelier: that is where people put it.
            last = place == len(facts) - 1
            scored.append((points + 30 * last + place / len(facts), f, last))
    if scored:
        scored.sort(key=lambda item: -item[0])
        top, f, last = scored[0]
        rivals = [g.name for p, g, _ in scored[1:] if p > top - 15]
        reason = "named like a target" + (", and the last column" if last else "")
        if rivals:
            reason += f"; {' and '.join(rivals)} could be one too"
        return Choice(f.name, reason, not rivals and top >= 50)
    if not last_resort:
        return None
    for f in reversed(facts):
        usable = f.kind in ("number", "integer", "boolean") or (f.kind == "text" and f.distinct <= MOST_CLASSES)
        counter = f.unique and f.kind in ("integer", "text")
        if usable and not f.constant and not counter and not named_like_id(f.name):
            return Choice(f.name, "no column is named like a target; the last one often is it", False)
    return None


def target_points(name: str) -> int:
    """How much a name sounds like a target's: 0 (not at all) to 100."""
    lower = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip()
    if lower in _TARGETS:
        return _TARGETS[lower]
    return max((points for pattern, points in _TARGET_PARTS if pattern.search(lower)), default=0)


# --- the task ---------------------------------------------------------------------------------------------


def guess_task(target: Facts | None, score: Choice | None, prediction: Facts | None) -> tuple[Task, str]:
    """The task that these columns belong to, and why."""
    if target is None:
        if score:
            return "binary", f"{score.column} is a score, and there are no labels to say more"
        if prediction is None:
            return "regression", "nothing says what is predicted: only the columns' drift can be watched"
        target = prediction
    name = target.name
    if target.distinct == 2 or target.kind == "boolean":
        return "binary", f"{name} has two values, {_shown(target)}"
    if target.kind == "text":
        return "multiclass", f"{name} has {target.distinct} labels, {_shown(target)}"
    if target.kind == "integer" and target.distinct <= 10 and target.rows >= 20 * target.distinct:
        return "multiclass", f"{name} has only {target.distinct} values, {_shown(target)}"
    return "regression", f"{name} is a number with {target.distinct:,} values"


def _shown(f: Facts) -> str:
    labels = sorted((label for label, _ in f.labels), key=lambda text: (len(text), text))
    return ", ".join(labels[:SHOWN]) + (", …" if len(labels) > SHOWN else "")


def guess_positive(target: Facts) -> tuple[str, str]:
    """The label of a binary target that is the event, and why: 1, true or yes; else the rarer."""
    labels = dict(target.labels)
    for label in labels:
        if label.lower() in _POSITIVE and not ("2" in labels and "0" not in labels):
            return label, "the usual way to write yes"
    rare = target.labels[-1][0]
    share = labels[rare] / max(1, sum(labels.values()))
    return rare, f"the rarer of the two ({100 * share:.0f} % of rows)"


def guess_class_scores(facts: Mapping[str, Facts], labels: Iterable[str]) -> dict[str, str]:
    """Multiclass: one score column a label, such as `proba_cat` and `proba_dog`; empty if a label has none."""
    found = {}
    for label in labels:
        ends = [n for n in facts if re.fullmatch(rf"(p|prob|proba|probability|score|pred)_?{re.escape(label)}", n)]
        if len(ends) != 1:
            return {}
        found[label] = ends[0]
    return found

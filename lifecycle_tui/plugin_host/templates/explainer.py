"""The explainer `template`: `lifecycle explain MODEL --by template` says with it what a score is made of."""

from __future__ import annotations

import pyarrow as pa
from lifecycle_tui.api import ExplainRequest, Explanation, Register, hookimpl


class Template:
    """How far the score falls when one feature takes its value from a row that is usual.

    Args:
        usual: which of the background rows stands in, from 0.
    """

    name = "template"
    tasks = ("binary", "multiclass", "regression", "ranking")

    def __init__(self, *, usual: int = 0) -> None:
        self.usual = usual

    def probe(self, request: ExplainRequest) -> pa.Table:  # rows to be scored: the version itself is never here
        rows, tables = request.rows, [request.rows]
        for place, name in enumerate(rows.column_names):
            row = self.usual % request.background.num_rows  # of up to 100 rows of the reference
            stand_in = request.background.column(name).take(pa.array([row] * rows.num_rows, pa.int64()))
            tables.append(rows.set_column(place, rows.schema.field(place), stand_in))
        return pa.concat_tables(tables).unify_dictionaries()

    def explain(self, request: ExplainRequest, scores: pa.Array) -> Explanation:  # a score for each row of probe
        n, names = request.rows.num_rows, request.rows.column_names
        said = scores.to_pylist()  # the rows as they are, then once for each feature
        found = {name: [said[i] - said[(place + 1) * n + i] for i in range(n)] for place, name in enumerate(names)}
        return Explanation(sum(said[n:]) / len(said[n:]), found, "one feature at a time; they need not add up")


@hookimpl
def register_explainers(register: Register) -> None:
    register(Template)

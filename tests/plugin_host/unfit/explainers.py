"""Explainers that each fail one check, the one that `fails` names."""

import random

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle_tui.api import Explanation, hookimpl


class Fair:
    """The mean score of all rows, and nothing beyond it, with nothing wrong; the others spoil it."""

    name, tasks, fails = "fair", ("binary", "regression"), ""

    def probe(self, request):
        return request.rows

    def explain(self, request, scores):
        base = pc.mean(scores).as_py()
        parts = [score - base for score in scores.to_pylist()]
        return Explanation(base, {request.rows.column_names[0]: parts})


class Narrow(Fair):
    """Wants one column scored."""

    name, fails = "narrow", "probes"

    def probe(self, request):
        return request.rows.select([0]) if request.rows.num_columns > 1 else request.rows


class Remembers(Fair):
    """Takes itself for the object that was asked before."""

    name, fails = "remembers", "explains"

    def probe(self, request):
        self.rows = request.rows
        return self.rows

    def explain(self, request, scores):
        return super().explain(request, scores.slice(0, self.rows.num_rows))


class Drawn(Fair):
    """Draws by chance, whatever the seed."""

    name, fails = "drawn", "same-twice"

    def explain(self, request, scores):
        found = super().explain(request, scores)
        flat = len(set(scores.to_pylist())) == 1
        return Explanation(found.base + (0 if flat else random.random()), found.contributions)


class Prejudiced(Fair):
    """Always blames the first feature."""

    name, fails = "prejudiced", "constant"

    def explain(self, request, scores):
        return Explanation(0.0, {request.rows.column_names[0]: scores.to_pylist()})


class Brittle(Fair):
    """Adds numbers up without looking at what is missing."""

    name, fails = "brittle", "missing-values"

    def explain(self, request, scores):
        weight = sum(request.rows.column(0).to_pylist())
        found = super().explain(request, scores)
        return Explanation(found.base, {n: [v + 0 * weight for v in p] for n, p in found.contributions.items()})


class Compares(Fair):
    """Needs two background rows."""

    name, fails = "compares", "one-row"

    def probe(self, request):
        one, two = request.background.slice(0, 2).to_pylist()
        return request.rows if one != two else request.background


class Helps(Fair):
    """Puts something of its own into the request."""

    name, fails = "helps", "input-unchanged"

    def explain(self, request, scores):
        request.kinds["mine"] = "numeric"
        return super().explain(request, scores)


class Greedy(Fair):
    """Asks for more the wider the rows are, and takes its time over it."""

    name, fails = "greedy", "fast"

    def probe(self, request):
        if request.rows.num_columns < 10:
            return request.rows
        return pa.concat_tables([request.rows] * (9_000_000 // request.rows.num_columns // request.rows.num_rows))


@hookimpl
def register_explainers(register):
    register(Fair, Narrow, Remembers, Drawn, Prejudiced, Brittle, Compares, Helps, Greedy)

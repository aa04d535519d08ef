"""The explainer `occlusion`: what the score would be if one feature were as it is in other rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lifecycle_tui import api

CELLS = 6_000_000
"""Rows times columns that it asks for at most: fewer background rows stand in where a row is wide."""


class Occlusion:
    """How far the score falls, on average, when one feature takes its values from background rows.

    One feature at a time, the others stay as they are (as in Zeiler and Fergus 2014, where patches of a picture are
    hidden). What two features do only together is counted for both or for neither, so contributions need not add up to
    the score: `additive` shares it out. Rows in which a feature takes another one's value may be rows that never occur.
    The base is the mean score of the background rows.

    Args:
        samples: background rows that stand in, at most 100.
    """

    name = "occlusion"
    tasks = ("binary", "multiclass", "regression", "ranking")

    def __init__(self, *, samples: int = 30) -> None:
        if not 1 <= samples <= 100:
            raise ValueError(f"samples is from 1 to 100, not {samples}")
        self.samples = samples

    def probe(self, request: api.ExplainRequest) -> pa.Table:
        """The rows, the drawn background rows, then each row with each feature of each drawn row in turn."""
        n, names, drawn = request.rows.num_rows, request.rows.column_names, self._drawn(request)
        own = np.arange(n)
        again = np.tile(np.repeat(own, len(drawn)), len(names))  # feature by feature, row by row, draw by draw
        source = np.tile(n + drawn, n)
        both = pa.concat_tables([request.rows, request.background]).unify_dictionaries()
        columns = {}
        for place, name in enumerate(names):
            at = np.concatenate([own, n + drawn, again])
            begin = n + len(drawn) + place * len(source)
            at[begin : begin + len(source)] = source
            columns[name] = both.column(name).take(pa.array(at))
        return pa.table(columns)

    def explain(self, request: api.ExplainRequest, scores: pa.Array) -> api.Explanation:
        n, names, drawn = request.rows.num_rows, request.rows.column_names, self._drawn(request)
        said = scores.to_numpy(zero_copy_only=False)
        own, usual = said[:n], said[n : n + len(drawn)]
        hidden = said[n + len(drawn) :].reshape(len(names), n, len(drawn)).mean(axis=2)
        found = {name: (own - hidden[place]).tolist() for place, name in enumerate(names)}
        note = f"one feature at a time took its values from {len(drawn)} background rows; effects need not add up"
        return api.Explanation(float(usual.mean()), found, note)

    def _drawn(self, request: api.ExplainRequest) -> np.ndarray:
        """Positions of the background rows that stand in."""
        n, features, there = request.rows.num_rows, request.rows.num_columns, request.background.num_rows
        most = CELLS // max(1, n * features * features)
        if not there or not most:
            why = "there is no background row" if not there else f"{features:,} features are too many for it"
            raise api.DataError(f"occlusion cannot explain this: {why}")
        random = np.random.default_rng(request.seed)
        return np.sort(random.permutation(there)[: min(self.samples, most)])


@api.hookimpl
def register_explainers(register: api.Register) -> None:
    register(Occlusion)
